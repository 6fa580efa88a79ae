"""How the customers of each person stand; every number opens the rows it counts."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service, words
from cim.i18n import _, format_number
from cim.models.listing import CustomerFilter
from cim.models.team_view import Behind, StateRow
from cim.ui import feedback, links
from cim.ui.panels import worklist_sentences
from cim.ui.panels.team_list import linked
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor) -> None:
    """A row per person: what is to be done, then stage of life and grade."""
    rows = feedback.attempt(service.team.state, me)
    if rows is None:
        return
    st.table([_cells(row) for row in rows], border="horizontal", hide_index=True)
    st.markdown(f"**{_('By lifecycle')}**")
    st.table([_parts(row, "lifecycle", row.lifecycle) for row in rows], border="horizontal", hide_index=True)
    st.markdown(f"**{_('By grade')}**")
    st.table([_parts(row, "grade", row.grades) for row in rows], border="horizontal", hide_index=True)


def _cells(row: StateRow) -> dict[str, str]:
    tickets, amount = format_number(row.open_tickets), safe(worklist_sentences.money(row.open_amount))
    return {
        _("Colleague"): safe(row.name),
        _("Customers"): _customers(row, row.customers),
        _("Forgotten"): _customers(row, row.forgotten, forgotten=True),
        _("No next step"): _customers(row, row.no_next_step, no_next_step=True),
        _("Open tickets"): linked(tickets, Behind.TICKETS, row.user_id) if row.open_tickets else "0",
        _("Open opportunities"): linked(amount, Behind.OPPORTUNITIES, row.user_id) if row.open_amount else "0",
    }


def _parts(row: StateRow, kind: str, counts: dict[str, int]) -> dict[str, str]:
    cells = {_("Colleague"): safe(row.name)}
    for code, count in counts.items():
        cells[words.value(kind, code)] = _customers(row, count, **{kind: code})
    return cells


def _customers(row: StateRow, count: int, **asked: Any) -> str:
    if not count:
        return "0"
    query = links.customers(CustomerFilter(owner=row.user_id, **asked))
    return f"[{format_number(count)}]({links.address(links.SEARCH, query)})"
