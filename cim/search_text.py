"""Search: the text and grams kept for a customer, what a query may mean, and which hit is the better one.

Phone numbers, e-mails and identity numbers are never in the text: they are found through blind indexes (`Term`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from cim import normalize
from cim.normalize import fold
from cim.normalize.reading import HAN

__all__ = [
    "Query",
    "SearchDocument",
    "Term",
    "compact",
    "document",
    "fold",
    "grams",
    "lookup",
    "pattern",
    "phone_terms",
    "query",
    "rank",
]

Field = Literal["phone", "phone_last", "phone_first", "email", "id_number", "uscc", "code"]
# Chinese characters, kana and Hangul: scripts without spaces, in which one character is already a word.
_DENSE = f"{HAN}\u3040-\u30ff\u3105-\u312f\uac00-\ud7af"
_RUN = re.compile(f"[{_DENSE}]+|[^\\W_{_DENSE}]+")
_DENSE_START = re.compile(f"[{_DENSE}]")
_QUIET = re.compile(r"[\W_]+")
_PHONE_LIKE = re.compile(r"\+?[\d\s()\-.]+(?:ext\.? ?\d+|转\d+)?")
_CODE = re.compile(r"[a-z]{1,3}-?\d{4,}")
_SECTION, _LINE = "\n\n", "\n"
EXACT, PREFIX, SUBSTRING, PINYIN, INITIALS, NO_MATCH = 5, 4, 3, 2, 1, 0


class Term(NamedTuple):
    """An exact value to look up: of which field, and the value before it is blinded."""

    field: Field
    value: str


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """What is kept to find a customer: `text` to verify a hit with LIKE; its `grams` go into the index."""

    text: str

    @property
    def grams(self) -> tuple[str, ...]:
        return tuple(grams(self.text))


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody typed: its kind, exact values to look up, and the words that must all stand in the text.

    `words` is also filled for phones and codes, because "1688" may be part of a name.
    """

    kind: Literal["empty", "phone", "email", "identity", "code", "text"]
    terms: tuple[Term, ...]
    words: tuple[str, ...]


def compact(text: str) -> str:
    """Return folded text without spaces and punctuation: 欧阳·娜娜 and 歐陽 娜娜 are equal, ü is v as in pinyin."""
    folded = fold(text).replace("ü", "v")
    return _QUIET.sub("", folded) or folded.replace(" ", "")


def grams(text: str, sizes: tuple[int, ...] = (1, 2, 3)) -> list[str]:
    """Return the distinct grams of a text, sorted: of runs of Chinese characters in every size of `sizes`, of runs of
    other letters and digits in the sizes from 2 on (one Latin letter is in nearly every text).
    """
    found: set[str] = set()
    for run, least in _runs(text):
        for size in sizes:
            if size >= least:
                found.update([run[start : start + size] for start in range(len(run) - size + 1)])
    return sorted(found)


def lookup(words: Iterable[str], sizes: tuple[int, ...] = (1, 2, 3)) -> list[str]:
    """Return the fewest grams a document must all have to hold every word; [] when a word is too short to have any.

    The index then only proposes: each hit must be verified with the words themselves.
    """
    found: set[str] = set()
    for word in words:
        for run, least in _runs(word):
            size = max((size for size in sizes if least <= size <= len(run)), default=0)
            if size:
                found.update([run[start : start + size] for start in range(len(run) - size + 1)])
    return sorted(found)


def _runs(text: str) -> Iterator[tuple[str, int]]:
    for run in set(_RUN.findall(text.casefold())):
        yield run, 1 if not run.isascii() and _DENSE_START.match(run) else 2


def document(
    name: str,
    *,
    short_name: str = "",
    contacts: Iterable[str] = (),
    place: str = "",
    company: bool = False,
    others: Iterable[str] = (),
) -> SearchDocument:
    """Return what to keep for a customer: names, their pinyin, its initials (all readings), and the place's full name.

    A firm's name also stands without place and legal form; its pinyin is that of the name without the form.
    `others` are further texts to be found by, such as the words of custom fields; a hit there counts as SUBSTRING.
    Lines of one section are parted by one newline and sections by two; nothing a query holds can cross a line.
    """
    written = [name, short_name, *contacts]
    names = [compact(text) for text in written]
    if company:
        firm = normalize.company(name)
        names.append(compact(firm.core))
        if not name.isascii():
            written[0] = names[0].removesuffix(firm.form) or name  # nobody types the legal form in pinyin
    readings = [reading for text in written if text for reading in normalize.pinyin_readings(text)]
    sections = (
        names,
        ("".join(reading) for reading in readings),
        (normalize.initials(reading) for reading in readings),
        (compact(place),),
        *([[compact(text) for text in others]] if others else ()),
    )
    text = _SECTION.join(_LINE.join(dict.fromkeys(line for line in lines if line)) for lines in sections)
    return SearchDocument(text)


def query(text: str) -> Query:
    """Return what a typed text may mean. Never raises: what fits no pattern is plain text.

    Phone-like input gives the full number when it is one, else its last four (4 digits) or first seven (from 7 on).
    """
    words = tuple(dict.fromkeys(word for part in fold(text).split() if (word := compact(part))))
    for kind, reader in _READERS:
        terms = reader(fold(text))
        if terms:
            return Query(kind, terms, words)
    return Query("text" if words else "empty", (), words)


def _accepted(reader: Callable[[str], str], text: str) -> str:
    try:
        return reader(text)
    except normalize.Bad:
        return ""


def _as_email(text: str) -> tuple[Term, ...]:
    value = _accepted(normalize.email, text) if "@" in text else ""
    return (Term("email", value),) if value else ()


def _as_identity(text: str) -> tuple[Term, ...]:
    found = (
        Term("id_number", _accepted(normalize.id_number, text)),
        Term("uscc", _accepted(normalize.uscc, text)),
    )
    return tuple(term for term in found if term.value)


def _as_phone(text: str) -> tuple[Term, ...]:
    if not _PHONE_LIKE.fullmatch(text):
        return ()
    number = _accepted(normalize.phone, text)
    if number:
        return phone_terms(number)[:1]
    digits = re.sub(r"\D", "", text)
    if text.startswith(("+86", "0086")):
        digits = digits.removeprefix("00").removeprefix("86")
    if len(digits) == 4:
        return (Term("phone_last", digits),)
    return (Term("phone_first", digits[:7]),) if 7 <= len(digits) <= 11 else ()


def _as_code(text: str) -> tuple[Term, ...]:
    return (Term("code", text.upper()),) if _CODE.fullmatch(text) else ()


_READERS: tuple[tuple[Literal["email", "identity", "phone", "code"], Callable[[str], tuple[Term, ...]]], ...] = (
    ("email", _as_email),
    ("identity", _as_identity),
    ("phone", _as_phone),
    ("code", _as_code),
)


def phone_terms(e164: str) -> tuple[Term, ...]:
    """Return the values under which a canonical number is to be found: in full, its last four, its first seven digits.

    The extension is left out, and +86 does not count as digits.
    """
    number = e164.partition(";")[0]
    digits = number.removeprefix("+86").removeprefix("+")
    return Term("phone", number), Term("phone_last", digits[-4:]), Term("phone_first", digits[:7])


def pattern(word: str) -> str:
    r"""Return the LIKE pattern that finds a word anywhere in a document's text; the escape character is \."""
    escaped = re.sub(r"([\\%_])", r"\\\1", word)
    return f"%{escaped}%"


def rank(asked: Query, text: str) -> int:
    """Return how well the text of a document answers: EXACT 5, PREFIX 4, SUBSTRING 3, PINYIN 2, INITIALS 1, else 0.

    The words together are compared with each line first; a hit in the place counts as SUBSTRING.
    """
    whole = "".join(asked.words)
    if not whole or not all([word in text for word in asked.words]):
        return NO_MATCH
    # a word holds no line break, so it stands in a line of a section exactly when it stands in the section
    names, sounds, letters, place = (*text.split(_SECTION, 4), "", "", "", "")[:4]
    if whole in names:
        lines = f"{_LINE}{names}{_LINE}"
        if f"{_LINE}{whole}{_LINE}" in lines:
            return EXACT
        if f"{_LINE}{whole}" in lines:
            return PREFIX
    if all([word in names or word in place for word in asked.words]):
        return SUBSTRING
    for section, found in ((sounds, PINYIN), (letters, INITIALS)):
        if all([word in section for word in asked.words]):
            return found
    return SUBSTRING
