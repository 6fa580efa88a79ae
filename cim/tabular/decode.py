"""From bytes to text, strictly: the right encoding, or a refusal that names the row; never a guess that loses."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass

from cim.errors import Invalid
from cim.tabular.likelihood import likelihood
from cim.tabular.table import fold, letter

CHOICES = ("utf-8", "gb18030", "big5", "utf-16")

# Measured on 600 tables of 1 to 50 Chinese rows: the right reading scores 0.90 or more, a wrong one 0.90 or less
# and at least 0.10 below the right one.
_PLAUSIBLE = 0.85
_MARGIN = 0.08
# Big5 names of up to four characters may read as GB18030 by chance; tables of more never did. The reverse is common.
_MANY_CHARACTERS = 8
_SAMPLE = 500_000
_ALIASES = {
    "utf8": "utf-8",
    "utf8sig": "utf-8",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp950": "big5",
    "utf16": "utf-16",
    "utf16le": "utf-16",
    "utf16be": "utf-16",
}
_CODEC = {"utf-8": "utf-8", "gb18030": "gb18030", "big5": "cp950"}
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_LINE = re.compile(rb"[^\r\n]+")
# GB18030 and EUC-JP share the places of kana, which Big5 reads as common characters: a person must judge.
_KANA = re.compile("[\u3041-\u30ff]{4,}")
_THREE_BYTES = re.compile("[\u0800-\uffff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file and the encoding it was read in (a Python codec name)."""

    text: str
    encoding: str


def decode(data: bytes, *, encoding: str | None = None) -> Decoded:
    """Text of a whole file: byte order mark, NUL pattern of UTF-16, strict UTF-8, then GB18030 or Big5 if plausible.

    With `encoding` (one of CHOICES or a usual alias) only that one is tried. Raises Invalid("file") when the bytes do
    not fit, when lines differ in encoding, and when no reading is convincing; the message names the row if one is odd.
    """
    for mark, codec in _MARKS:
        if data.startswith(mark) and (encoding is None or codec.startswith(_name(encoding))):
            return _strict(data[len(mark) :], codec)
    if encoding is not None:
        return _chosen(data, _name(encoding))
    sixteen = _utf16(data)
    text = attempt(data, "utf-8")
    if sixteen and (text is None or data.count(0) * 5 > len(data)):
        return _strict(data, sixteen)
    if text is not None:
        return Decoded(text, "utf-8")
    _refuse_mixed(data)
    return _chinese(data)


def attempt(data: bytes, codec: str) -> str | None:
    """Text under a strict codec, None when the bytes do not fit it."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def readings(data: bytes) -> list[Decoded]:
    """Every choice the bytes fit without loss, the most plausible first; for a preview, never to be taken unseen."""
    found: list[tuple[float, Decoded]] = []
    for choice in CHOICES:
        try:
            decoded = decode(data, encoding=choice)
        except Invalid:
            continue
        if decoded.text.count("\0") * 10 <= len(decoded.text):
            score = likelihood(decoded.text)
            found.append((1.0 if score is None else score, Decoded(decoded.text, choice)))
    return [decoded for _, decoded in sorted(found, key=lambda pair: -pair[0])]


def _name(encoding: str) -> str:
    known = _ALIASES.get(re.sub("[^a-z0-9]", "", encoding.casefold()))
    if known is None:
        raise Invalid(
            "file", "Encoding {encoding} is not one of {choices}.", encoding=encoding, choices=", ".join(CHOICES)
        )
    return known


def _chosen(data: bytes, name: str) -> Decoded:
    if name == "utf-16":
        return _strict(data, _utf16(data) or "utf-16-le")
    decoded = _strict(data, _CODEC[name])
    return Decoded(decoded.text, name)


def _strict(data: bytes, codec: str) -> Decoded:
    try:
        return Decoded(data.decode(codec), codec)
    except UnicodeDecodeError as error:
        row, column = _place(data[: error.start], codec)
        raise Invalid(
            "file",
            "Row {row}, column {column} is not valid {encoding}. "
            "Save the file again as CSV UTF-8, or choose another encoding.",
            row=row,
            column=column,
            encoding=codec,
        ) from None


def _utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: every line end and comma has a NUL, always on the same side."""
    if len(data) % 2 or not (nuls := data.count(0)):
        return None
    odd = data[1::2].count(0)
    codec = "utf-16-le" if odd * 2 > nuls else "utf-16-be"
    text = attempt(data, codec)
    if text is None or "\0" in text or not re.search(r"[\r\n,;\t]", text):
        return None
    # One stray NUL in another encoding would make CJK rubbish of the rest: the ASCII signs must carry the NULs.
    signs = sum(text.count(sign) for sign in "\n\r,;\t0123456789")
    return codec if signs * 2 >= min(odd, nuls - odd) + nuls / 2 or nuls * 5 > len(data) else None


def _refuse_mixed(data: bytes) -> None:
    """Refuse a file in which some lines are surely UTF-8 and others are not, naming the first odd one."""
    lines = (line for line in _LINE.finditer(data) if not line[0].isascii())
    kinds = [(line.start(), _surely_utf8(line[0])) for line in lines]
    if len({kind for _, kind in kinds}) < 2:
        return
    codec = "utf-8" if kinds[0][1] else "gb18030"
    odd = next(at for at, kind in kinds if kind != kinds[0][1])
    prefix = data[:odd]
    if codec == "utf-8":
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            prefix = data[: error.start]
    row, column = _place(prefix, codec)
    raise Invalid(
        "file",
        "Row {row}, column {column} is in another encoding than the rows above. "
        "Save the whole file as CSV UTF-8 and try again.",
        row=row,
        column=column,
    )


def _surely_utf8(line: bytes) -> bool:
    text = attempt(line, "utf-8")
    if text is None or not _THREE_BYTES.search(text):
        return False
    other = attempt(line, "gb18030")
    rival = likelihood(other) if other is not None else None
    return (likelihood(text) or 0.0) > (rival or 0.0)


def _chinese(data: bytes) -> Decoded:
    """GB18030 or Big5, whichever reads as Chinese, provided the other does not read as well."""
    texts = {name: text for name in ("gb18030", "big5") if (text := attempt(data, _CODEC[name])) is not None}
    if not texts:
        return _strict(data, "gb18030")  # raises, naming the row
    samples = {name: text[:_SAMPLE] for name, text in texts.items()}
    scores = {name: likelihood(text) or 0.0 for name, text in samples.items()}
    best = max(scores, key=lambda name: scores[name])
    rival = max((score for name, score in scores.items() if name != best), default=0.0)
    gb_text = samples.get("gb18030", "")
    if best == "gb18030" and sum(not sign.isascii() for sign in set(gb_text)) >= _MANY_CHARACTERS:
        rival = 0.0
    japanese = sum(map(len, _KANA.findall(gb_text))) * 5 > len(samples[best])
    if scores[best] < _PLAUSIBLE or scores[best] - rival < _MARGIN or japanese:
        raise Invalid(
            "file",
            "The encoding of this file is not clear. "
            "Look at the preview and choose one of {choices}, or save it as CSV UTF-8.",
            choices=", ".join(CHOICES),
        )
    return Decoded(texts[best], best)


def _place(prefix: bytes, codec: str) -> tuple[int, str]:
    """Row number and column name of the byte after `prefix`."""
    text = prefix.decode(codec, "ignore")
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",\t;|", key=first.count)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        records = []
    if not records:
        return 1, letter(0)
    if text[-1:] in "\r\n":
        row, index = len(records) + 1, 0
    else:
        row, index = len(records), len(records[-1]) - 1
    header = records[0][index] if row > 1 and index < len(records[0]) else ""
    return row, header.strip() if fold(header) else letter(index)
