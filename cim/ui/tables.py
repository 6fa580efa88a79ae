"""Tables of records."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.customer_view import CustomerRow
from cim.permissions import Permission
from cim.ui import columns, feedback, gate, state
from cim.work import Actor


def key_of(rows: Sequence[CustomerRow], *, key: str) -> str:
    """The name of the table of exactly these rows: a press or a tick in a list that has changed meanwhile means nothing.
    After a bulk action another round begins, with nothing ticked."""
    print_ = zlib.crc32(",".join(str(row.id) for row in rows).encode())
    return f"{key}.{st.session_state.get(state.LIST_ROUND, 0)}.{print_:08x}"


def picked(rows: Sequence[CustomerRow], *, key: str) -> list[int]:
    """The ids of the rows that are ticked, before the table is drawn."""
    ticked = (st.session_state.get(key_of(rows, key=key)) or {}).get("selection", {}).get("rows", [])
    return [rows[number].id for number in ticked if number < len(rows)]


def customers(
    rows: Sequence[CustomerRow],
    names: Sequence[str] = columns.DEFAULT,
    *,
    key: str,
    labels: dict[str, str] | None = None,
    ticked: bool = False,
) -> int | None:
    """A list of customers; the id of the one whose name was pressed, or None. `names` are its columns, `ticked` gives it
    boxes (`picked` says which)."""
    import pyarrow as pa  # a table of Arrow's own needs no pandas on its way

    own = key_of(rows, key=key)
    buttons: dict[str, dict[str, Any]] = {
        "open": {"key": f"{own}.open", "on_click": _noted},
        "star": {"key": f"{own}.star", "on_click": _star, "args": (f"{own}.star", _stars(rows))},
    }
    more: dict[str, Any] = {"on_select": "rerun", "selection_mode": "multi-row"} if ticked else {}
    st.dataframe(
        pa.table(columns.values(rows, names)),
        column_config=columns.config(names, labels or {}, buttons),
        hide_index=True,
        key=own,
        height="content",
        alt=_("List of customers"),
        **more,
    )
    pressed = st.session_state.get(f"{own}.open")
    return rows[pressed["row"]].id if pressed and pressed["row"] < len(rows) else None


def _stars(rows: Sequence[CustomerRow]) -> list[tuple[int, bool]]:
    return [(row.id, row.starred) for row in rows]


@gate.guarded(Permission.CUSTOMER_READ)
def _star(me: Actor, key: str, stars: list[tuple[int, bool]]) -> None:
    pressed = st.session_state.get(key)
    if pressed and pressed["row"] < len(stars):
        customer_id, starred = stars[pressed["row"]]
        feedback.attempt(service.customers.star, me, customer_id, on=not starred)


def _noted() -> None:
    """A button column rings only when it has a callback; the page reads the click."""
