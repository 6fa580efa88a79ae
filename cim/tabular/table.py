"""What a file becomes: rows of text, and what was wrong with the rows left out. No reading or writing here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

MEGABYTE = 1024 * 1024
LONGEST_CELL = 32_767  # what a spreadsheet cell can hold

# C0 without tab and line ends, DEL, C1, the Unicode bidirectional controls, and U+FFFD, the scar of a wrong decoding.
_DAMAGE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask of the machine; every default is the house limit.

    Sizes are bytes, `seconds` is wall clock for opening a workbook, `max_rows` counts rows below the header.
    `max_unpacked` and `max_ratio` bound what a workbook claims to unpack to, `memory` what its reader may map.
    """

    max_bytes: int = 20 * MEGABYTE
    max_rows: int = 100_000
    max_columns: int = 100
    max_entries: int = 200
    max_unpacked: int = 100 * MEGABYTE
    max_ratio: int = 100
    seconds: int = 60
    memory: int = 1024 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Record:
    """One line as it stands in the file: 1-based row number, cells, and the indexes of cells that hold a formula."""

    number: int
    cells: list[str]
    formulas: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One good row: the number a spreadsheet shows beside it, and one cell per header."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row was left out: where, the value in a form that is safe to show, and a message with its parameters."""

    row: int
    column: str
    value: str
    msgid: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A file read: headers, good rows, and the problems of the rows left out.

    `encoding` and `delimiter` are empty for workbooks; `sheet` and `other_sheets` are empty for text files. `damaged`
    are the rows left out as they stand, for a person to mend.
    """

    headers: list[str]
    rows: list[Row]
    encoding: str
    delimiter: str
    sheet: str
    problems: list[Problem]
    other_sheets: list[str] = field(default_factory=list)
    header_row: int = 1
    damaged: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a file as one encoding would read them, for a person to choose by eye."""

    encoding: str
    rows: list[list[str]]


def fold(text: str) -> str:
    """Header text for comparison: full-width to half-width, no case, no white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def shown(text: str) -> str:
    """A value that may be shown in a message: damage written out as <U+202E>, long text cut."""
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return _DAMAGE.sub(lambda found: f"<U+{ord(found[0]):04X}>", cut)


def damage(text: str) -> str | None:
    """The first character no cell may hold (control, direction control, lost character) as U+XXXX, or None."""
    found = _DAMAGE.search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def letter(index: int) -> str:
    """Spreadsheet name of a 0-based column: 0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
