"""A customer reduced to what matching compares, and the keys under which its possible doubles are filed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cim import normalize

# More members than this under one key and the key says nothing: such a block is passed over. Exact identifiers may be
# shared by a family or a switchboard, whole names are rarely shared by many, parts of names are the loosest.
KEY_CAPS = MappingProxyType(
    {
        "phone": 100,
        "email": 100,
        "uscc": 100,
        "address": 60,
        "name": 60,
        "start": 30,
        "end": 30,
        "contact": 30,
        "letters": 60,
        "place": 30,
        "line": 30,
        "tail": 30,
        "person": 100,
        "surname": 30,
        "order": 60,
    }
)
# Keys with a part of a phone number, an e-mail or a postal address: stored only as blind indexes.
PERSONAL_KEYS = frozenset({"phone", "email", "address", "contact", "place", "line", "tail", "surname", "order"})
_CHINA = "+86"
_DIGITS = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Party:
    """The comparable form of a customer; whatever is not known is "" or ()."""

    kind: Literal["company", "person"]
    core: str
    place: str
    form: str
    pinyin: tuple[str, ...]
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    uscc: str
    address: str
    contact: str


def prepare(
    kind: Literal["company", "person"],
    name: str,
    *,
    phones: Iterable[str] = (),
    emails: Iterable[str] = (),
    uscc: str = "",
    address: str = "",
    contact: str = "",
) -> Party:
    """Return the comparable form of a customer from values in any spelling, canonical or as typed.

    Never raises: what is no valid phone number keeps its digits (a mistyped one may still be a digit away from the
    right one), and what cannot be compared is left out.
    """
    firm = normalize.company(name) if kind == "company" else normalize.CompanyName(normalize.person(name), "", "")
    return Party(
        kind=kind,
        core=firm.core,
        place=firm.place,
        form=firm.form,
        pinyin=normalize.pinyin(firm.core),
        phones=_distinct(number for raw in phones for number in _phones(raw)),
        emails=_distinct(_email(raw) for raw in emails),
        uscc=_uscc(uscc),
        address=normalize.address_key(address),
        contact=normalize.person(contact),
    )


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _phones(raw: str) -> list[str]:
    """Return numbers without extension, Chinese ones without +86."""
    if raw.startswith("+") and raw[1:].isdigit():
        return [raw.removeprefix(_CHINA)]
    try:
        found = normalize.phones(raw)
    except normalize.Bad:
        digits = _DIGITS.sub("", normalize.fold(raw))
        return [digits] if 7 <= len(digits) <= 20 else []
    return [number.partition(";")[0].removeprefix(_CHINA) for number in found]


def _email(raw: str) -> str:
    try:
        return normalize.email(raw)
    except normalize.Bad:
        return ""


def _uscc(raw: str) -> str:
    value = normalize.squeeze(raw).replace("-", "").upper()
    return value if len(value) == 18 else ""


def keys(party: Party) -> list[tuple[str, str]]:
    """Return the (kind of key, value) pairs under which a double of this customer would also be filed.

    Values of the kinds in PERSONAL_KEYS hold personal data: store and look them up blinded. A block with more members
    than KEY_CAPS[kind] is passed over. Two customers are candidates when they share any pair.
    """
    own = _company_keys(party) if party.kind == "company" else _person_keys(party)
    return list(
        dict.fromkeys((kind, f"{party.kind[0]}{value}") for kind, value in [*_identifiers(party), *own] if value)
    )


def _identifiers(party: Party) -> Iterator[tuple[str, str]]:
    yield from (("phone", number) for number in party.phones)
    yield from (("email", address) for address in party.emails)
    yield "uscc", party.uscc
    if any(character.isdigit() for character in party.address):
        yield "address", party.address


def _company_keys(party: Party) -> Iterator[tuple[str, str]]:
    sounds = party.pinyin
    if not sounds:
        return
    first = sounds[0]
    yield "name", " ".join(sounds)
    yield "start", "".join(sounds[:3]) + party.place
    yield "end", "".join(sounds[-4:]) + party.place + first
    yield "letters", "".join(sorted(party.core))
    if party.contact:
        yield "contact", "".join(sounds[:2]) + party.contact
    if party.address:
        yield "place", party.address[:16] + first
    for number in party.phones:
        yield "line", first + number[:7]
        yield "tail", first + number[3:8]


def _person_keys(party: Party) -> Iterator[tuple[str, str]]:
    sounds = party.pinyin
    if not sounds:
        return
    yield "person", " ".join(sounds)
    yield "order", "".join(sorted(sounds)) + (party.phones[0][:3] if party.phones else "")
    for number in party.phones:
        yield "line", sounds[0] + number[:7]
        yield "surname", sounds[0] + number[-4:]
