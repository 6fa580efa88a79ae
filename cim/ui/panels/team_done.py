"""What each person of a team did in some days; every number opens its list."""

from __future__ import annotations

import streamlit as st

from cim import service, words
from cim.i18n import _, format_number
from cim.models.team_view import Behind, DoneRow
from cim.service.team import PERIODS
from cim.ui import feedback, url_choice
from cim.ui.panels.team_list import linked
from cim.ui.text import safe
from cim.work import Actor

COLUMNS = (Behind.CALLS, Behind.VISITS, Behind.OTHERS, Behind.CUSTOMERS, Behind.DONE, Behind.OVERDUE)


def show(me: Actor) -> None:
    """The days to choose, and a row per person."""
    period = st.segmented_control(
        _("Days"),
        list(PERIODS),
        format_func=words.within,
        required=True,
        label_visibility="collapsed",
        **url_choice.bound("team.period", "period", PERIODS, PERIODS[0]),
    )
    rows = feedback.attempt(service.team.done, me, period=period or PERIODS[0])
    if rows is None:
        return
    if not rows:
        st.info(_("Nobody of sales is in your team yet."))
        return
    st.table([_cells(row, period or PERIODS[0]) for row in rows], border="horizontal", hide_index=True)


def _cells(row: DoneRow, period: str) -> dict[str, str]:
    names = {
        Behind.CALLS: _("Calls"),
        Behind.VISITS: _("Visits"),
        Behind.OTHERS: _("Others"),
        Behind.CUSTOMERS: _("Customers"),
        Behind.DONE: _("Tasks done"),
        Behind.OVERDUE: _("Overdue"),
    }
    cells = {_("Colleague"): safe(row.name)}
    for what in COLUMNS:
        count = int(getattr(row, what.value))
        cells[names[what]] = linked(format_number(count), what, row.user_id, period=period) if count else "0"
    return cells
