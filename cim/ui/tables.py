"""Tables of records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import streamlit as st

from cim import clock, words
from cim.i18n import _, format_date, format_relative
from cim.models.customer_view import CustomerRow

IDLE_DAYS = 30


def customers(rows: Sequence[CustomerRow], *, key: str) -> int | None:
    """A list of customers; the id of the one whose name was pressed, or None."""
    data = [_cells(row) for row in rows]
    config: dict[str, Any] = {
        "name": st.column_config.ButtonColumn(
            words.field("name"), type="tertiary", alignment="left", pinned=True, key=f"{key}.open", on_click=_noted
        ),
        "grade": st.column_config.TextColumn(words.field("grade"), width=60),
        "phone": st.column_config.TextColumn(words.field("phone"), width=115),
        "owner": st.column_config.TextColumn(words.field("owner"), width=80),
        "region": st.column_config.TextColumn(words.field("region"), width=125),
        "last": st.column_config.TextColumn(_("Last contact"), width=95),
        "next": st.column_config.TextColumn(_("Next follow-up"), width=135),
        "complete": st.column_config.ProgressColumn(
            _("Completeness"), min_value=0, max_value=100, format="%d%%", width=95
        ),
        "code": st.column_config.TextColumn(words.field("code"), width=80),
    }
    st.dataframe(data, column_config=config, hide_index=True, key=key, height="content", alt=_("List of customers"))
    pressed = st.session_state.get(f"{key}.open")
    return rows[pressed["row"]].id if pressed and pressed["row"] < len(rows) else None


def _cells(row: CustomerRow) -> dict[str, Any]:
    now = clock.now()
    last = format_relative(_day(row.last_contact_at), clock.today()) if row.last_contact_at else _("never")
    idle = row.last_contact_at is None or (now - row.last_contact_at).days >= IDLE_DAYS
    due = format_date(_day(row.next_due_at)) if row.next_due_at else "—"
    late = row.next_due_at is not None and row.next_due_at < clock.start_of(clock.today())
    return {
        "name": row.name,
        "grade": row.grade.value,
        "phone": row.phone,
        "owner": row.owner or _("Public pool"),
        "region": row.region,
        "last": f"⚠ {last}" if idle else last,
        "next": f"⚠ {due}" if late else due,
        "complete": row.completeness,
        "code": row.code,
    }


def _day(moment: datetime) -> date:
    return clock.local(moment).date()


def _noted() -> None:
    """A button column rings only when it has a callback; the page reads the click."""
