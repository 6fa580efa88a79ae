"""An empty table for people to fill in: XLSX with a note and a list of choices at each header, and a filled-in example."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

ROWS = 2000
"""How far down the lists of choices reach."""
_MOST_CHOICES = 500


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """One column: its header, what the note says, the choices offered (`strict`: nothing else is accepted), and the
    cell of the example."""

    header: str
    note: str = ""
    choices: Sequence[str] = ()
    strict: bool = False
    example: str = ""
    required: bool = False


def write_template(
    columns: Sequence[TemplateColumn], *, sheet: str, example_sheet: str, stop: str, required: str
) -> bytes:
    """A workbook whose first sheet is to be filled in; every cell is text, so that no number loses its digits. `stop` is
    what the spreadsheet says to a value that is not among strict choices, `required` stands before such a note."""
    import xlsxwriter  # loaded here: only who takes a template pays for it

    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        plain = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True, "num_format": "@"})
        must = book.add_format({"bold": True, "num_format": "@", "bg_color": "#FDE9D9"})
        page, example = book.add_worksheet(sheet), book.add_worksheet(example_sheet)
        lists = book.add_worksheet("lists")
        lists.hide()
        for place, column in enumerate(columns):
            width = max(12, min(30, 2 * len(column.header) + 4))
            for one in (page, example):
                one.set_column(place, place, width, plain)
                one.write_string(0, place, column.header, must if column.required else bold)
            example.write_string(1, place, column.example)
            note = f"{required}{column.note}" if column.required else column.note
            if note:
                page.write_comment(0, place, note, {"x_scale": 1.6, "y_scale": 1.2})
            _offer(page, lists, place, column, stop)
        for one in (page, example):
            one.freeze_panes(1, 0)
    return out.getvalue()


def _offer(page: object, lists: object, place: int, column: TemplateColumn, stop: str) -> None:
    choices = [choice for choice in dict.fromkeys(column.choices) if choice][:_MOST_CHOICES]
    if not choices:
        return
    for row, choice in enumerate(choices):
        lists.write_string(row, place, choice)  # type: ignore[attr-defined]
    from xlsxwriter.utility import xl_col_to_name

    letters = xl_col_to_name(place)
    rule = {
        "validate": "list",
        "source": f"=lists!${letters}$1:${letters}${len(choices)}",
        "error_type": "stop" if column.strict else "information",
        "show_error": column.strict,
        "error_message": stop,
    }
    page.data_validation(1, place, ROWS, place, rule)  # type: ignore[attr-defined]
