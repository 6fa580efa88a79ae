"""Passwords: which are accepted, and how they are stored (argon2id). Knows no users and no database."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cim.errors import Invalid

SHORTEST, LONGEST = 12, 128
FEWEST_DIFFERENT = 5
COMMON = Path(__file__).parent / "data" / "common_passwords.txt"

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)  # each verification takes 19 MiB and a core: a flood must queue


def check(password: str, *, username: str = "", field: str = "password") -> None:
    """Accept a new password or raise Invalid naming `field`: 12 to 128 characters of any script, at least 5 different
    ones, not a common password, not containing the user name (OWASP ASVS 5.0, 6.2: length and blocklist)."""
    text = _canonical(password)
    plain = text.casefold()
    if len(text) < SHORTEST:
        raise Invalid(field, "Use at least {count} characters.", count=SHORTEST)
    if len(text) > LONGEST:
        raise Invalid(field, "Use at most {count} characters.", count=LONGEST)
    if len(set(plain)) < FEWEST_DIFFERENT:
        raise Invalid(field, "Use at least {count} different characters.", count=FEWEST_DIFFERENT)
    if len(username) > 2 and username.casefold() in plain:
        raise Invalid(field, "The password must not contain the user name.")
    if plain in _common() or plain.rstrip("0123456789!@#$%.") in _common():
        raise Invalid(field, "This password is on the list of common ones. Choose another.")


def hashed(password: str) -> str:
    """The argon2id hash to store (PHC string; about 50 ms)."""
    with _AT_ONCE:
        return _HASHER.hash(_canonical(password))


def matches(password: str, stored: str | None) -> bool:
    """Whether a password fits a stored hash. Takes the same time for None (an unknown name) and for what is no hash."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(stored or _nobodys(), _canonical(password)[: LONGEST * 2]) and stored is not None
        except InvalidHashError:
            stored = None
        except VerificationError:
            return False
        try:
            _HASHER.verify(_nobodys(), "")
        except VerificationError:
            return False
        return False


def generated() -> str:
    """A one-time password that is easily read aloud: four groups of four letters and digits (75 bits)."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def warm() -> None:
    """Prepare what the first sign-in would wait for."""
    _nobodys()
    _common()


def _canonical(password: str) -> str:
    # the same characters typed by two input methods must be the same password; blanks at the ends are copying accidents
    return unicodedata.normalize("NFKC", password).strip()


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))


@cache
def _common() -> frozenset[str]:
    return frozenset(line for line in COMMON.read_text("utf-8").splitlines() if line and not line.startswith("#"))
