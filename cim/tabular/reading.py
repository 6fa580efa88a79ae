"""A file somebody uploaded becomes a Table: header found, rows judged one by one, damage named by row and column."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from cim.errors import Invalid
from cim.tabular import archive, table
from cim.tabular.decode import decode, readings
from cim.tabular.table import LONGEST_CELL, MEGABYTE, Limits, Preview, Problem, Record, Row, Table, fold, letter, shown
from cim.tabular.text import DELIMITERS, detect_delimiter, records
from cim.tabular.workbook import read_sheet
from cim.tabular.writing import unguarded

_HEADER_SEARCH = 20
_PREVIEW_ROWS = 5
_MANY_CONTROLS = 8
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read(
    source: str | os.PathLike[str] | bytes,
    *,
    filename: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    known_headers: frozenset[str] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Table:
    """Read CSV, TSV, TXT, XLSX or XLS into rows of text; what the bytes are decides, not the name.

    `source` is a path or the bytes themselves; `encoding` (one of decode.CHOICES) and `delimiter` (one of
    text.DELIMITERS) overrule detection; `sheet` picks a sheet; `known_headers` finds a header below a title (the first
    row with two values of which one is known; else the first row that is not blank). Cells come as they stand, except
    that the apostrophe our own CSV export puts before formula signs is taken away once. Blank rows are passed over,
    short rows are filled with "".
    Raises Invalid("file") when the file as a whole cannot be trusted; a damaged row only becomes a Problem.
    """
    data = _load(source, limits)
    if archive.kind(data, filename=filename) == "text":
        decoded = decode(data, encoding=encoding)
        _refuse_binary(decoded.text, filename)
        if delimiter not in tuple(DELIMITERS):
            delimiter = detect_delimiter(decoded.text, known_headers=known_headers)
        lines = (_unguard(record) for record in records(decoded.text, delimiter=delimiter))
        return _assemble(lines, known_headers, limits, encoding=decoded.encoding, delimiter=delimiter)
    name, others, found = read_sheet(data, sheet=sheet, limits=limits)
    return _assemble(found, known_headers, limits, sheet=name, other_sheets=others)


def preview(
    source: str | os.PathLike[str] | bytes,
    *,
    filename: str,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> list[Preview]:
    """The first five rows under every encoding the bytes fit, most plausible first; for a workbook one entry without.

    Raises Invalid("file") like read(). Control characters are written out, so that the rows are safe to show.
    """
    data = _load(source, limits)
    if archive.kind(data, filename=filename) != "text":
        return [
            Preview("", [_visible(record) for record in read_sheet(data, sheet=None, limits=limits)[2][:_PREVIEW_ROWS]])
        ]
    result = []
    for decoded in readings(data):
        lines = records(decoded.text, delimiter=detect_delimiter(decoded.text))
        try:
            rows = [_visible(record) for record in islice(lines, _PREVIEW_ROWS)]
        except Invalid:
            continue
        result.append(Preview(decoded.encoding, rows))
    return result


def _visible(record: Record) -> list[str]:
    return [shown(cell) for cell in record.cells]


def _load(source: str | os.PathLike[str] | bytes, limits: Limits) -> bytes:
    size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    if size > limits.max_bytes:
        raise Invalid(
            "file",
            "The file has {size} MB; at most {limit} MB can be read. Split it into smaller files.",
            size=f"{size / MEGABYTE:.1f}",
            limit=limits.max_bytes // MEGABYTE,
        )
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    if not data.strip(b" \t\r\n\xef\xbb\xbf\xff\xfe\0"):
        raise Invalid("file", "The file is empty.")
    return data


def _refuse_binary(text: str, filename: str) -> None:
    """Text has next to no control characters; a few are damage and are named by row, many mean that this is no text."""
    controls = len(_CONTROL.findall(text[:100_000]))
    if controls >= _MANY_CONTROLS and controls * 20 > min(len(text), 100_000):
        raise Invalid("file", "{filename} is not a table. Choose a CSV, TSV, TXT, XLSX or XLS file.", filename=filename)


def _unguard(record: Record) -> Record:
    if any(cell.startswith("'") for cell in record.cells):
        return Record(record.number, [unguarded(cell) for cell in record.cells])
    return record


def _assemble(
    found: Iterable[Record],
    known_headers: frozenset[str] | None,
    limits: Limits,
    *,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    other_sheets: list[str] | None = None,
) -> Table:
    lines = (record for record in found if record.formulas or any(map(str.strip, record.cells)))
    header, following = _find_header(lines, known_headers)
    headers = _headers(header, limits)
    rows: list[Row] = []
    problems: list[Problem] = []
    damaged: list[Row] = []
    for count, record in enumerate(following, 1):
        if count > limits.max_rows:
            raise Invalid(
                "file", "The file has more than {limit} rows. Split it into smaller files.", limit=limits.max_rows
            )
        flaws = _flaws(record, headers)
        cells = record.cells[: len(headers)]
        row = Row(record.number, cells + [""] * (len(headers) - len(cells)))
        (damaged if flaws else rows).append(row)
        problems += flaws
    if not rows and not problems:
        raise Invalid("file", "The file has a header in row {row} but no rows below it.", row=header.number)
    return Table(headers, rows, encoding, delimiter, sheet, problems, other_sheets or [], header.number, damaged)


def _find_header(lines: Iterator[Record], known_headers: frozenset[str] | None) -> tuple[Record, Iterable[Record]]:
    first = list(islice(lines, _HEADER_SEARCH))
    if not first:
        raise Invalid("file", "The file is empty.")
    known = {fold(name) for name in known_headers or ()}
    at = next((at for at, record in enumerate(first) if _is_header(record, known)), 0)
    return first[at], (record for part in (first[at + 1 :], lines) for record in part)


def _is_header(record: Record, known: set[str]) -> bool:
    names = [name for name in map(fold, record.cells) if name]
    return len(names) > 1 and not known.isdisjoint(names)


def _headers(record: Record, limits: Limits) -> list[str]:
    names = [cell.strip().removeprefix("\ufeff") for cell in record.cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > limits.max_columns:
        raise Invalid(
            "file",
            "The file has {columns} columns; at most {limit} can be read.",
            columns=len(names),
            limit=limits.max_columns,
        )
    for index, name in enumerate(names):
        if table.damage(name) or len(name) > LONGEST_CELL or index in record.formulas:
            raise Invalid(
                "file",
                "The header in row {row}, column {column} is damaged, too long or a formula: {value}. Type it again.",
                row=record.number,
                column=letter(index),
                value=shown(name),
            )
    folded = [fold(name) for name in names]
    twice = dict.fromkeys(name for name, key in zip(names, folded, strict=True) if key and folded.count(key) > 1)
    if twice:
        raise Invalid(
            "file",
            "Row {row} has the same header more than once: {headers}. Give every column its own name.",
            row=record.number,
            headers=", ".join(map(shown, twice)),
        )
    return names


def _flaws(record: Record, headers: list[str]) -> list[Problem]:
    """What keeps this row out; [] for nearly every row, so the cheap test of the whole row comes first."""
    extra = [index for index in range(len(headers), len(record.cells)) if record.cells[index].strip()]
    whole = "".join(record.cells)
    if not (extra or record.formulas or len(whole) > LONGEST_CELL or table.damage(whole)):
        return []
    errors = [_extra(record, headers, extra)] if extra else []
    errors += [_formula(record, headers, index) for index in record.formulas]
    for index, cell in enumerate(record.cells):
        column = _column(headers, index)
        if code := table.damage(cell):
            errors.append(
                (
                    cell,
                    Invalid(
                        column,
                        "Row {row}, column {column} contains the invisible or damaged character {code}. "
                        "Type the value again.",
                        row=record.number,
                        column=column,
                        code=code,
                    ),
                )
            )
        if len(cell) > LONGEST_CELL:
            errors.append(
                (
                    cell,
                    Invalid(
                        column,
                        "Row {row}, column {column} holds more than {limit} characters.",
                        row=record.number,
                        column=column,
                        limit=LONGEST_CELL,
                    ),
                )
            )
    return [Problem(record.number, error.field, shown(value), error.msgid, error.params) for value, error in errors]


def _extra(record: Record, headers: list[str], extra: list[int]) -> tuple[str, Invalid]:
    column = letter(extra[0])
    error = Invalid(
        column,
        "Row {row} has values in {found} columns, but there are only {expected} headers. "
        "Quote values that contain the separator.",
        row=record.number,
        found=extra[-1] + 1,
        expected=len(headers),
    )
    return record.cells[extra[0]], error


def _formula(record: Record, headers: list[str], index: int) -> tuple[str, Invalid]:
    column = _column(headers, index)
    value = record.cells[index] if index < len(record.cells) else ""
    return value, Invalid(
        column,
        "Row {row}, column {column} contains a formula. Copy the column and paste it as values.",
        row=record.number,
        column=column,
    )


def _column(headers: list[str], index: int) -> str:
    return headers[index] if index < len(headers) and headers[index] else letter(index)
