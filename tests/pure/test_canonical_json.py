"""The bytes that the audit log signs are those of json.dumps, whoever makes them: an upgrade must not change old entries."""

import json
import random

import phonenumbers
from pydantic_core import to_json

from cim import normalize


def test_json_is_byte_for_byte_that_of_the_standard_library() -> None:
    chance = random.Random(3)
    alphabet = [*map(chr, range(0x250)), *'客户信息，。😀\u2028\u2029\ufeff"\\/']
    for _ in range(3000):
        word = "".join(chance.choices(alphabet, k=chance.randrange(30)))
        value = [word, chance.randrange(-(10**18), 10**18), None, True, [{word: [None, word]}]]
        assert to_json(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def test_the_short_way_for_mobiles_agrees_with_the_numbering_plan() -> None:
    chance = random.Random(4)
    for _ in range(3000):
        typed = f"1{chance.randrange(3, 10)}{chance.randrange(10**9):09d}"
        valid = phonenumbers.is_valid_number(phonenumbers.parse(typed, "CN"))
        try:
            found = normalize.phones(typed)
        except normalize.Bad:
            found = []
        assert found == ([f"+86{typed}"] if valid else [])
