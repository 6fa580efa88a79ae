"""Delimited text to records: delimiter, quotes and row numbers. What the rows mean is decided in reading.py."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from cim.errors import Invalid
from cim.tabular.table import Record, fold, shown

DELIMITERS = ",\t;|"
_LOOK = 20
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SEPARATOR = re.compile(r"sep=([,;\t|])\s*$", re.IGNORECASE)

# The reader's own limit (131,072 characters) would end in an exception; long cells are judged later, by row and column.
csv.field_size_limit(2**31 - 1)


def detect_delimiter(text: str, *, known_headers: frozenset[str] | None = None) -> str:
    """The delimiter of the header line: the sign that yields most known headers, else the most frequent one.

    A file whose first line is one known header, or which has no sign in its first line when no headers are known, has
    one column. A title above the header is passed over only in the search for known headers.
    """
    lines = [line for line in islice(io.StringIO(text, newline=""), _LOOK) if line.strip()]
    if lines and (declared := _SEPARATOR.match(lines[0])):
        return declared[1]
    if known_headers:
        names = {fold(name) for name in known_headers}
        scores = {sign: _known_cells(lines, sign, names) for sign in DELIMITERS}
        best = max(DELIMITERS, key=lambda sign: scores[sign])
        if scores[best] > 1:
            return best
        if lines and fold(lines[0].strip().strip('"')) in names:
            return ","
    for line in lines if known_headers else lines[:1]:
        bare = _QUOTED.sub("", line.rstrip("\r\n"))
        best = max(DELIMITERS, key=bare.count)
        if bare.count(best):
            return best
    return ","


def _known_cells(lines: list[str], sign: str, names: set[str]) -> int:
    return max((sum(fold(cell.strip('"')) in names for cell in line.split(sign)) for line in lines), default=0)


def records(text: str, *, delimiter: str) -> Iterator[Record]:
    """Every record with the number a spreadsheet would show for it; blank lines count but are not yielded.

    Raises Invalid("file") for a quote that is never closed or is followed by text, naming the row where it opened.
    """
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error:
            raise _broken_quote(text, delimiter, number) from None
        if number == 1 and len(cells) <= 2 and _SEPARATOR.match(delimiter.join(cells)):
            continue
        if cells:
            yield Record(number, cells)


def _broken_quote(text: str, delimiter: str, number: int) -> Invalid:
    """The record in which the strict reader gave up is where the quote opened; the forgiving one shows it."""
    forgiving = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    cells = next(islice(forgiving, number - 1, None), [])
    long = next((cell for cell in cells if "\n" in cell or "\r" in cell), cells[0] if cells else "")
    return Invalid(
        "file",
        'A quotation mark opens in row {row} and is not closed properly (near "{value}"). '
        "Close it, or double it inside the text.",
        row=number,
        value=shown(long.splitlines()[0][:20] if long else ""),
    )
