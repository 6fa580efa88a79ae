"""Tables as CSV and XLSX that no spreadsheet will run as formulas, and that reading.py gives back unchanged."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Sequence

from cim.errors import Invalid
from cim.tabular.table import LONGEST_CELL

# Signs that make a spreadsheet take a CSV cell for a formula, after any apostrophes that are already there.
_RISKY = re.compile("'*[=+\\-@\t\r\n\0＝＋－＠]")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LAST_ROW = 1_048_575
_WIDTH = 18


def guarded(cell: str) -> str:
    """The cell with one apostrophe before it if a spreadsheet might run it as a formula (OWASP, CSV injection)."""
    return f"'{cell}" if _RISKY.match(cell) else cell


def unguarded(cell: str) -> str:
    """The inverse of guarded(): exactly one apostrophe is taken away."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell) else cell


def write_csv(headers: Sequence[str], rows: Iterable[Sequence[str]], *, bom: bool = True) -> bytes:
    """CSV in UTF-8 with \\r\\n line ends; `bom` adds the mark without which Excel reads Chinese as rubbish."""
    packed = io.BytesIO()
    out = io.TextIOWrapper(packed, "utf-8-sig" if bom else "utf-8", newline="", write_through=False)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([guarded(cell) for cell in row] for row in _chained(headers, rows))
    out.flush()
    return packed.getvalue()


def _chained(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[Sequence[str]]:
    yield headers
    yield from rows


def write_xlsx(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    sheet: str,
    about: Iterable[tuple[str, str]] | None = None,
    about_sheet: str = "About",
) -> bytes:
    """A workbook with every cell as text; `about` adds a sheet of facts (who exported what, when and why)
    named `about_sheet`, and is read after the rows.

    Rows go through a private temporary folder, so memory holds the packed file only.
    Raises Invalid("file") for more rows or longer cells than a sheet can hold: nothing is cut off in silence.
    """
    import xlsxwriter  # loaded here: only exports pay for it

    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        xlsxwriter.Workbook(out, {**options, "tmpdir": folder}) as book,
    ):
        bold = book.add_format({"bold": True})
        page = book.add_worksheet(_sheet_name(sheet, "Sheet1"))
        page.freeze_panes(1, 0)
        page.set_column(0, max(len(headers) - 1, 0), _WIDTH)
        _fill(page, _chained(headers, rows), bold)
        if about:
            facts = book.add_worksheet(_sheet_name(about_sheet, "About"))
            facts.set_column(0, 1, 2 * _WIDTH)
            _fill(facts, about, None)
    return out.getvalue()


def _fill(page: object, rows: Iterable[Sequence[str]], first_format: object) -> None:
    write = page.write_string  # type: ignore[attr-defined]
    for number, row in enumerate(rows):
        if number > _LAST_ROW:
            raise Invalid(
                "file", "A sheet holds at most {limit} rows. Narrow the export, or choose CSV.", limit=_LAST_ROW
            )
        for column, cell in enumerate(row):
            if len(cell) > LONGEST_CELL:
                raise Invalid(
                    "file",
                    "Row {row} holds a value of more than {limit} characters, which Excel cannot keep. Choose CSV.",
                    row=number + 1,
                    limit=LONGEST_CELL,
                )
            write(number, column, cell, first_format if number == 0 else None)


def _sheet_name(name: str, otherwise: str) -> str:
    return _SHEET_NAME.sub(" ", name).strip(" '")[:31] or otherwise
