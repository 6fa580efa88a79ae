"""What a team is to expect next month, and how its figures grow."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import streamlit as st

from cim import clock, service
from cim.analytics import periods
from cim.i18n import _, format_month, format_number, format_percent
from cim.models.team_view import Behind, GrowthRow, Metric, PotentialRow
from cim.ui import feedback, pickers
from cim.ui.panels import worklist_sentences
from cim.ui.panels.team_list import linked
from cim.ui.text import safe
from cim.work import Actor


def metric_name(metric: Metric) -> str:
    """What a figure is called."""
    names = {
        Metric.SALES: _("Sales"),
        Metric.NEW_CUSTOMERS: _("New customers"),
        Metric.FOLLOW_UPS: _("Follow-ups"),
        Metric.VISITS: _("Visits"),
        Metric.CALLS: _("Calls"),
        Metric.WON: _("Opportunities won"),
    }
    return names[metric]


def figure(metric: Metric, value: Decimal) -> str:
    """A value of a metric: money for sales, else a number."""
    return worklist_sentences.money(value) if metric is Metric.SALES else format_number(value)


def show(me: Actor) -> None:
    """Next month's potential sales by person, then the growth of each figure."""
    month = periods.within("next_month", clock.today()).first
    _potential(me, month)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.subheader(_("Growth"), anchor=False, width="content")
        with st.container(width=220):
            person = pickers.person(me, key="team.person", url="of", everybody=_("Whole team"))
    rows = feedback.attempt(service.team.growth, me, person=person)
    if rows is not None:
        st.table([_cells(row) for row in rows], border="horizontal", hide_index=True)
        st.caption(
            _("This month so far is compared with the same days of last month. From zero there is no percentage.")
        )


def _potential(me: Actor, month: date) -> None:
    rows = feedback.attempt(service.team.potential, me, month=month)
    if rows is None:
        return
    st.subheader(_("Potential sales in {month}", month=format_month(month)), anchor=False)
    amount, weighted = (sum((getattr(row, n) for row in rows), Decimal(0)) for n in ("amount", "weighted"))
    with st.grid(3, min_column_width=150, gap="small", border=True, key="team.potential"):
        st.metric(_("Expected by probability"), worklist_sentences.money(weighted))
        st.metric(_("Sum of amounts"), worklist_sentences.money(amount))
        st.metric(_("Opportunities"), format_number(sum(row.count for row in rows)))
    if rows:
        st.table([_expected(row, month) for row in rows], border="horizontal", hide_index=True)
    else:
        st.caption(_("No open opportunity is expected to close in that month."))


def _expected(row: PotentialRow, month: date) -> dict[str, str]:
    count = format_number(row.count)
    asked = {"month": month.isoformat()}
    return {
        _("Colleague"): safe(row.name) or _("Others"),
        _("Opportunities"): linked(count, Behind.POTENTIAL, row.user_id, **asked) if row.user_id else count,
        _("Sum of amounts"): safe(worklist_sentences.money(row.amount)),
        _("Expected by probability"): safe(worklist_sentences.money(row.weighted)),
    }


def _cells(row: GrowthRow) -> dict[str, str]:
    return {
        _("Figure"): metric_name(row.metric),
        _("This month so far"): safe(figure(row.metric, row.value)),
        _("Same days last month"): safe(figure(row.metric, row.previous)),
        _("Against last month"): _change(row.change),
        _("Last month"): safe(figure(row.metric, row.last_month)),
        _("The month before"): safe(figure(row.metric, row.month_before)),
        _("Last month against the one before"): _change(row.month_change),
    }


def _change(fraction: float | None) -> str:
    if fraction is None:
        return "—"
    shown = format_percent(fraction)
    return f":green[+{shown}]" if fraction > 0 else f":red[{shown}]" if fraction < 0 else shown
