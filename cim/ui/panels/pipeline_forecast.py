"""What the coming months are expected to bring: a chart, its table, and what has no month."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from cim import service
from cim.i18n import _, format_money, format_month, format_number
from cim.models.opportunity_view import Expected, Forecast, PipelineFilter
from cim.ui import charts, feedback
from cim.ui.panels import opportunity_words
from cim.ui.text import safe
from cim.work import Actor

MONTHS = (3, 6, 12)


def show(me: Actor, asked: PipelineFilter) -> None:
    """Draw the forecast of the opportunities that the filters ask for, whatever their expected close and stage."""
    count = st.segmented_control(
        _("Months ahead"), MONTHS, default=MONTHS[0], required=True, key="pipeline.months", label_visibility="collapsed",
        format_func=lambda months: _("{count} months", count=months),
    )  # fmt: skip
    narrowed = PipelineFilter(owner_id=asked.owner_id, team_id=asked.team_id)
    told = feedback.attempt(service.pipeline.forecast, me, months=count or MONTHS[0], narrowed=narrowed)
    if told is None:
        return
    _chart(told)
    st.table(_rows(told), border="horizontal", hide_index=True)
    st.caption(
        _(
            "Best case: all of it. Weighted: each by its chance. Committed: those of 80 % and more. "
            "An expected close that is over counts for no month: set another day or close the opportunity."
        )
    )


def figure(told: Forecast) -> charts.Figure:
    """Bars by month: won so far, committed, what else is weighted in, and the best case behind them."""
    months = [charts.label(format_month(each.month)) for each in told.months]
    series = (
        (_("Best case"), [each.best for each in told.months], "#c9d6da"),
        (_("Weighted"), [each.weighted for each in told.months], charts.COLOR),
        (_("Committed"), [each.committed for each in told.months], charts.COLORS[1]),
        (_("Won so far"), [each.won for each in told.months], charts.COLORS[3]),
    )
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": months,
            "y": [float(value) for value in values],
            "marker": {"color": color},
            "hovertemplate": "%{x} · " + name + ": %{y:,.0f}<extra></extra>",
        }
        for name, values, color in series
    ]
    layout = {
        "height": 300,
        "barmode": "group",
        "margin": {"l": 8, "r": 8, "t": 8, "b": 24},
        "xaxis": {"type": "category", "fixedrange": True},
        "yaxis": {"automargin": True, "fixedrange": True, "nticks": 5, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": 1.15},
        "dragmode": False,
    }
    return {"data": traces, "layout": layout}


def _chart(told: Forecast) -> None:
    weighted = sum((each.weighted for each in told.months), Decimal(0))
    best = sum((each.best for each in told.months), Decimal(0))
    if not best and not any(each.won for each in told.months):
        st.info(_("Nothing is expected to close in these months."), icon=":material/monitoring:")
        return
    alt = _(
        "Expected in {count} months: {weighted} weighted, {best} at best",
        count=len(told.months),
        weighted=format_money(weighted, told.currency, decimals=0),
        best=format_money(best, told.currency, decimals=0),
    )
    charts.show(figure(told), alt=alt, key="pipeline.forecast")


def _rows(told: Forecast) -> list[dict[str, str]]:
    rows = [_row(format_month(each.month), each, told.currency, each.won) for each in told.months]
    if told.overdue.count:
        rows.append(_row(_("Expected close is over"), told.overdue, told.currency, color="orange"))
    if told.later.count:
        rows.append(_row(_("Later"), told.later, told.currency))
    if told.undated.count:
        rows.append(_row(_("Without a day"), told.undated, told.currency))
    return rows


def _row(name: str, each: Expected, code: str, won: Decimal | None = None, *, color: str = "") -> dict[str, str]:
    money = opportunity_words.money
    return {
        _("Expected close"): f":{color}[{safe(name)}]" if color else safe(name),
        _("In progress"): format_number(each.count),
        _("Weighted"): money(each.weighted, code),
        _("Best case"): money(each.best, code),
        _("Committed"): money(each.committed, code),
        _("Won so far"): money(won, code) if won else "—",
    }
