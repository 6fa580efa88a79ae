"""Reads one workbook in a process that may run out of memory or time without harm: bytes in, JSON lines out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import IO, Any

from cim.errors import Invalid
from cim.tabular.archive import damaged, opened, password
from cim.tabular.scan import Extent, extent, refuse_declarations, sheets
from cim.tabular.table import LONGEST_CELL, Limits

# Rows above the header (title, blank lines) do not count as data.
_HEADROOM = 20
_MOST_TEXT = 64 * 1024 * 1024
# A double holds 15 digits for certain: an identity number stored as a number has lost its end.
_EXACT = 10**15


def main() -> None:
    """Read the workbook on stdin as the JSON argument says; write a head line, one line per row, and an end line.

    A refusal is written as a line with `refused` instead of the end line. Anything else that goes wrong ends the
    process without an end line, and the parent says that the file could not be read safely.
    """
    order = json.loads(sys.argv[1])
    limits = Limits(**order["limits"])
    _confine(limits)
    out = sys.stdout.buffer
    try:
        for line in read_workbook(sys.stdin.buffer.read(), sheet=order["sheet"], limits=limits):
            _write(out, line)
    except Invalid as refusal:
        _write(out, {"refused": refusal.msgid, "params": refusal.params})


def _write(out: IO[bytes], line: object) -> None:
    out.write(json.dumps(line, ensure_ascii=False).encode("utf-8") + b"\n")


def _confine(limits: Limits) -> None:
    """Bound memory and processor time and leave no core file. On Windows only the parent's clock ends a reader."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read_workbook(data: bytes, *, sheet: str | None, limits: Limits) -> Iterator[Any]:
    """Head {"sheet", "others"}, then [row number, cells, formula indexes] per row with content, then {"end": rows}.

    Without `sheet` the first visible sheet with content is read. Raises Invalid("file").
    """
    # Loaded here: the limits must stand before the parser does.
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    found = _survey(data, sheet, limits) if data.startswith(b"PK") else None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = (
            list(found[0]) if found else [m.name for m in book.sheets_metadata if m.visible == SheetVisibleEnum.Visible]
        )
        name = found[1] if found else _choose(book, names, sheet)
        page = book.get_sheet_by_name(name)
    except PasswordError:
        raise password() from None
    except (CalamineError, OSError, ValueError):
        raise damaged() from None
    bottom, right = page.end or (-1, -1)
    _refuse_large(bottom + 1, right + 1, limits)
    yield {"sheet": name, "others": [other for other in names if other != name]}
    formulas: dict[int, list[int]] = {}
    for row, column in sorted(found[2].formulas) if found else ():
        formulas.setdefault(row, []).append(column - 1)
    yield from _rows(page, formulas)


def _survey(data: bytes, sheet: str | None, limits: Limits) -> tuple[list[str], str, Extent]:
    """Visible sheets, the one to read, and its extent: what can be known before the parser is trusted with the file."""
    archive = opened(data)
    if archive is None:
        raise damaged()
    refuse_declarations(archive)
    parts = sheets(archive)
    if not parts:
        raise damaged()
    if sheet is not None and sheet not in parts:
        raise _no_sheet(sheet, list(parts))
    size = Extent()
    chosen = next(iter(parts))
    for name in [sheet] if sheet is not None else list(parts):
        size = extent(archive, parts[name], rows=limits.max_rows + _HEADROOM, columns=limits.max_columns)
        if size.rows:
            chosen = name
            break
    _refuse_large(size.rows, size.columns, limits)
    return list(parts), sheet or chosen, size


def _choose(book: Any, names: list[str], sheet: str | None) -> str:
    if sheet is not None and sheet not in names:
        raise _no_sheet(sheet, names)
    if sheet is not None or not names:
        return sheet or ""
    return next((name for name in names if book.get_sheet_by_name(name).height), names[0])


def _no_sheet(sheet: str, names: list[str]) -> Invalid:
    return Invalid(
        "file", "There is no sheet {sheet}. The workbook has: {sheets}.", sheet=sheet, sheets=", ".join(names)
    )


def _refuse_large(rows: int, columns: int, limits: Limits) -> None:
    if rows > limits.max_rows + _HEADROOM or columns > limits.max_columns:
        raise Invalid(
            "file",
            "The sheet reaches to row {rows} and column {columns}; at most {max_rows} rows and {max_columns} columns "
            "can be read. Copy the data to a new sheet, or split it.",
            rows=rows,
            columns=columns,
            max_rows=limits.max_rows,
            max_columns=limits.max_columns,
        )


def _rows(page: Any, formulas: dict[int, list[int]]) -> Iterator[Any]:
    # The rows of the parser begin at row 1, but its columns at the first used one.
    margin = [""] * (page.start or (0, 0))[1]
    budget = _MOST_TEXT
    count = 0
    for number, values in enumerate(page.iter_rows(), 1):
        cells = margin + [text(value) for value in values]
        budget -= sum(map(len, cells))
        if budget < 0:
            raise Invalid("file", "The sheet holds too much text. Split it into smaller files.")
        if any(cells) or number in formulas:
            count += 1
            yield [number, cells, formulas.get(number, [])]
    yield {"end": count}


def text(value: object) -> str:
    """A cell as a person would type it: ISO dates, whole numbers without a point, TRUE and FALSE.

    Numbers of more than 15 digits have already lost digits in the workbook and are left in scientific notation, so that
    whatever reads the text sees that they are not to be trusted.
    """
    if isinstance(value, str):
        return value[: LONGEST_CELL + 1]
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        if abs(value) >= _EXACT:
            return f"{value:.14E}"
        return str(int(value)) if value == int(value) else repr(round(float(value), 12))
    if isinstance(value, datetime):
        return _nearest_second(value).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()[:10] if isinstance(value, date) else value.isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        return str(value)
    return ""


def _nearest_second(value: datetime) -> datetime:
    """A serial date is a fraction of a day: 08:09:00 may come as 08:08:59.999."""
    return (value + timedelta(milliseconds=500)).replace(microsecond=0)


if __name__ == "__main__":
    main()
