"""The dashboard's numbers by person: every number opens the rows it counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_number
from cim.models.kpi import FollowUpsView, RepView
from cim.models.listing import CustomerFilter
from cim.ui import feedback, links
from cim.ui.text import safe
from cim.work import Actor


def render(me: Actor) -> None:
    """Draw the table, a row per person in reach and one for the public pool; nothing where there is nobody."""
    rows = feedback.attempt(service.kpis.by_rep, me)
    if not rows:
        return
    st.subheader(_("By person"), anchor=False)
    st.table([_cells(row) for row in rows], border="horizontal", hide_index=True)


def _cells(row: RepView) -> dict[str, str]:
    today = clock.today()
    month: dict[str, Any] = {"created_from": today.replace(day=1), "created_to": today}
    return {
        _("Colleague"): safe(row.name) if row.owner_id else _("Public pool"),
        _("Customers"): _linked(row, row.customers),
        _("New this month"): _linked(row, row.new, **month),
        _("Follow-ups this week"): _spoken(row),
        _("No contact for 30 days"): _linked(row, row.idle, idle_days=30),
        _("Overdue follow-ups"): _linked(row, row.overdue, overdue=True),
    }


def _spoken(row: RepView) -> str:
    if not row.follow_ups:
        return "—" if row.follow_ups is None else "0"
    today = clock.today()
    week = FollowUpsView(since=today - timedelta(days=today.weekday()), until=today, author=row.owner_id)
    return f"[{format_number(row.follow_ups)}]({links.address(links.TIMELINE, links.follow_ups(week))})"


def _linked(row: RepView, count: int, **more: Any) -> str:
    if not count:
        return "0"
    query = links.customers(CustomerFilter(owner=row.owner_id, **more))
    return f"[{format_number(count)}]({links.address(links.SEARCH, query)})"
