"""Free text: what may be stored at all, and the folded form in which two spellings of one word are equal."""

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from cim.normalize.bad import Bad

if TYPE_CHECKING:
    from opencc import OpenCC

# Left-to-right and right-to-left marks, embeddings, overrides and isolates: they make a name show as another one.
BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ZERO_WIDTH = re.compile("[\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff]")
_INVISIBLE = re.compile(f"[\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff{BIDI}\ud800-\udfff]")
_FORBIDDEN = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x9f{BIDI}\ud800-\udfff]")
_NEWLINE = re.compile("\r\n|[\r\n\x0b\x0c\u2028\u2029]")
_BLANK = re.compile(r"[^\S\n]+")
_REMEMBERED = 4_000  # one record asks for the same few texts a dozen times, in search, matching and checks


def text(raw: str, *, limit: int) -> str:
    """Return one line of text as it is stored: NFC, no invisible characters, single inner spaces, at most `limit`.

    Raises Bad on control characters, on characters that change the writing direction, and when it is too long.
    """
    return _within(" ".join(_allowed(raw).split()), limit)


def multiline(raw: str, *, limit: int) -> str:
    """Return text of several lines as it is stored: like `text`, but line breaks stay, as single newlines."""
    lines = _NEWLINE.sub("\n", _allowed(raw)).split("\n")
    return _within("\n".join(_BLANK.sub(" ", line).strip() for line in lines).strip("\n"), limit)


def _allowed(raw: str) -> str:
    found = _FORBIDDEN.search(raw)
    if found:
        raise Bad("The text holds the forbidden character {code}: delete it and type it again", code=_code(found[0]))
    return unicodedata.normalize("NFC", _ZERO_WIDTH.sub("", raw))


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


def _within(value: str, limit: int) -> str:
    if len(value) > limit:
        raise Bad("The text has {count} characters, {limit} are allowed", count=len(value), limit=limit)
    return value


@lru_cache(maxsize=_REMEMBERED)
def half_width(raw: str) -> str:
    """Return the NFKC form without invisible, direction and broken characters: full-width digits become plain."""
    if raw.isascii():
        return raw.strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", raw)).strip()


@lru_cache(maxsize=_REMEMBERED)
def fold(raw: str) -> str:
    """Return the form for comparing and searching: NFKC, traditional to simplified Chinese, casefold, single spaces.

    Never stored in place of what the user typed.
    """
    return " ".join(_simplified(half_width(raw)).casefold().split())


def squeeze(raw: str) -> str:
    """Return `fold` without any space."""
    return fold(raw).replace(" ", "")


def _simplified(value: str) -> str:
    return value if value.isascii() else _converter().convert(value)


@lru_cache(maxsize=1)
def _converter() -> "OpenCC":
    from opencc import OpenCC  # imported where used: the sign-in page does not need it

    return OpenCC("t2s")
