"""The figures of satisfaction over a time, and their trend by month."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_month
from cim.models.survey import SatisfactionView, SurveyKind
from cim.ui import charts, feedback
from cim.ui.panels import satisfaction_words as words
from cim.work import Actor

_DAYS = (30, 90, 365)


def show(me: Actor) -> None:
    """Three cards with the number of answers, then the trend with a table behind it."""
    first = clock.today() - timedelta(days=days(365) - 1)
    found = feedback.attempt(service.surveys.overview, me, first=first)
    if found is None:
        return
    for column, figure in zip(st.columns(3), found.figures, strict=True):
        label, meaning = _(words.KINDS[figure.kind]), _(words.MEANINGS[figure.kind])
        column.metric(label, words.figure(figure), help=meaning, border=True)
        column.caption(words.count(figure))
    if not found.trend:
        st.info(_("No answers yet. Send a survey from a customer's page, or a rating link from a ticket."))
        return
    _trend(found)


def days(usual: int) -> int:
    """How far back one looks."""
    chosen = st.segmented_control(
        _("Time"),
        _DAYS,
        default=usual,
        required=True,
        format_func=lambda count: _("Last {count} days", count=count),
        key="satisfaction.days",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen if chosen in _DAYS else usual


def _trend(found: SatisfactionView) -> None:
    kinds = [figure.kind for figure in found.figures if figure.n]
    st.subheader(_("Trend"), anchor=False)
    kind = st.segmented_control(
        _("Figure"),
        kinds,
        default=kinds[0],
        required=True,
        format_func=lambda code: _(words.KINDS[SurveyKind(code)]),
        key="satisfaction.kind",
        label_visibility="collapsed",
    )
    points = [(p.month, figure) for p in found.trend for figure in p.figures if figure.kind == kind and figure.n]
    if len(points) > 1:
        scale = 100 if kind == SurveyKind.CSAT else 1
        most = {SurveyKind.CSAT: 100.0, SurveyKind.NPS: 100.0, SurveyKind.CES: 7.0}[SurveyKind(kind or kinds[0])]
        drawn = charts.line(
            [month.isoformat() for month, _figure in points],
            [round(scale * (figure.value or 0), 1) for _month, figure in points],
            most=most,
            span=most / 5,
        )
        drawn["layout"]["xaxis"]["tickformat"] = "%Y-%m"
        if kind == SurveyKind.NPS:
            drawn["layout"]["yaxis"]["range"] = [-100, 100]
        charts.show(
            drawn, alt=_("{figure} by month", figure=_(words.KINDS[SurveyKind(kind)])), key="satisfaction.trend"
        )
    rows = [
        {_("Month"): format_month(month), _("Value"): words.figure(figure), _("Answers"): figure.n}
        for month, figure in reversed(points)
    ]
    st.dataframe(rows, hide_index=True, key="satisfaction.table")
