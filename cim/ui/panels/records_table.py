"""The rows of a list of records: what stands in each cell, which rows are ticked, which one is opened."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import streamlit as st

from cim.config import settings
from cim.i18n import _, format_date, format_datetime, format_money, format_number
from cim.models.record_list import CellKind, RecordColumn, RecordRow
from cim.service.custom_values import PREFIX as OWN
from cim.ui import state

COLORS: dict[str, str] = {
    **dict.fromkeys(("paid", "completed", "delivered", "active", "resolved"), "green"),
    **dict.fromkeys(("confirmed", "open", "request"), "blue"),
    **dict.fromkeys(("unpaid", "new", "high"), "orange"),
    **dict.fromkeys(("partial", "waiting"), "yellow"),
    **dict.fromkeys(("urgent", "complaint"), "red"),
    **dict.fromkeys(("draft", "cancelled", "ended", "closed", "low", "normal", "refunded"), "gray"),
    "suggestion": "violet",
}
"""Colours of codes; of any other one none."""
_RIGHT = (CellKind.MONEY, CellKind.NUMBER)


def picked(rows: Sequence[RecordRow], *, key: str) -> list[int]:
    """The ids of the rows that are ticked, before the table is drawn."""
    ticked = (st.session_state.get(key_of(rows, key)) or {}).get("selection", {}).get("rows", [])
    return [rows[number].id for number in ticked if number < len(rows)]


def show(rows: Sequence[RecordRow], columns: Sequence[RecordColumn], *, key: str, ticked: bool) -> int | None:
    """The table; the id of the record whose name was pressed, or None. `ticked` gives it boxes."""
    import pyarrow as pa  # a table of Arrow's own needs no pandas on its way

    own = key_of(rows, key)
    more: dict[str, Any] = {"on_select": "rerun", "selection_mode": "multi-row"} if ticked else {}
    st.dataframe(
        pa.table({column.name: [cell(column, row) for row in rows] for column in columns}),
        column_config={column.name: _config(column, own) for column in columns},
        hide_index=True,
        key=own,
        height="content",
        alt=_("List of records"),
        **more,
    )
    pressed = st.session_state.get(f"{own}.open")
    return rows[pressed["row"]].id if pressed and pressed["row"] < len(rows) else None


def cell(column: RecordColumn, row: RecordRow) -> Any:
    """A value as it is read; a code as a list of its name, for a coloured label."""
    own = column.name.startswith(OWN)
    value = row.custom.get(column.name.removeprefix(OWN)) if own else row.values.get(column.name)
    if column.kind is CellKind.CHOICE:
        return [column.choices.get(str(value), str(value))] if value else []
    if value in (None, "", []):
        return "—" if column.opens else ""
    return _written(column.kind, value, row.currency)


def _written(kind: CellKind, value: Any, currency: str) -> str:
    match kind:
        case CellKind.YESNO:
            return _("yes") if value else _("no")
        case CellKind.MONEY if currency:
            return format_money(Decimal(value), currency)
        case CellKind.PERCENT:
            return f"{format_number(Decimal(value))}%"
        case CellKind.MOMENT if isinstance(value, datetime):
            return format_datetime(value, settings().zone)
        case CellKind.DATE if isinstance(value, date):
            return format_date(value)
        case CellKind.NUMBER if not isinstance(value, str):
            return format_number(Decimal(value))
    return ", ".join(value) if isinstance(value, list) else str(value)


def _config(column: RecordColumn, own: str) -> Any:
    width: Any = column.width or None
    if column.opens:
        return st.column_config.ButtonColumn(
            column.label,
            type="tertiary",
            alignment="left",
            pinned=True,
            width=width,
            key=f"{own}.open",
            on_click=_noted,
        )
    if column.kind is CellKind.CHOICE:
        colors: Any = [COLORS.get(code, "gray") for code in column.choices]
        names = list(column.choices.values())
        return st.column_config.MultiselectColumn(column.label, width=width, options=names, color=colors)
    if column.kind in _RIGHT:
        return st.column_config.TextColumn(column.label, width=width, alignment="right")
    return st.column_config.TextColumn(column.label, width=width)


def key_of(rows: Sequence[RecordRow], key: str) -> str:
    """Names the table of exactly these rows: a press or a tick in a list that has changed meanwhile means nothing. After a
    bulk action another round begins, with nothing ticked."""
    print_ = zlib.crc32(",".join(str(row.id) for row in rows).encode())
    round_ = st.session_state.get(state.LIST_ROUND, 0)
    return f"{key}.list.{round_}.{print_:08x}"


def _noted() -> None:
    """A button column rings only when it has a callback; the panel reads the click."""
