"""The mean data quality, its parts, its course, and who stands where. Every row opens the customers it counts."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, format_date, format_number
from cim.models.listing import CustomerFilter
from cim.models.quality import GroupQuality
from cim.service.quality import LOW
from cim.ui import charts, feedback, links
from cim.ui.panels.quality_badge import PARTS
from cim.ui.text import safe
from cim.work import Actor

DAYS = (30, 90, 365)
TILE = 150


def show(me: Actor) -> None:
    """Draw it all; a hint where there is nobody to count."""
    base = feedback.attempt(service.quality.overview, me)
    if base is None:
        return
    if base.score is None:
        st.info(_("No customers yet. Add the first one, or import your list."))
        return
    with st.grid(5, min_column_width=TILE, gap="small", border=True, key="quality.parts"):
        st.metric(
            _("Data quality"),
            format_number(base.score),
            help=_("Mean of all customers you look after or lead, 0 to 100, as it is now."),
        )
        for part, points in base.parts.items():
            st.metric(_(PARTS[part]), f"{format_number(points)} / {base.most[part]}", help=_help(part))
    if base.day is not None:
        st.caption(_("The parts as they were counted on {day}.", day=format_date(base.day)))
    course, groups = st.columns([5, 4], gap="medium")
    with course:
        _trend(me)
    with groups:
        _groups(me)


def card(me: Actor) -> None:
    """On the dashboard of those who lead: the mean with its course, and the way to the page."""
    points = feedback.attempt(service.quality.trend, me)
    if not points:
        return
    with st.container(border=True, key="dashboard.quality"):
        change = points[-1].score - points[0].score
        st.metric(
            _("Data quality"),
            format_number(points[-1].score),
            f"{change:+.1f}" if len(points) > 1 else None,
            delta_color="normal" if change else "off",
            delta_arrow="auto" if change else "off",
            delta_description=_("since {day}", day=format_date(points[0].day)) if len(points) > 1 else None,
            help=_("Mean of all customers you look after or lead, 0 to 100, as it is now."),
            chart_data=[point.score for point in points] if len(points) > 1 else None,
            chart_type="area",
        )
        st.page_link("pages/quality.py", label=_("What to repair first"), icon=":material/arrow_forward:")


def _help(part: str) -> str:
    return {
        "complete": _("Name, a way to reach them, region, industry, owner and source are filled in."),
        "valid": _("Phone, e-mail, credit code, identity number, birthday and region are right and fit together."),
        "unique": _("Not stored twice, as far as anybody can tell."),
        "fresh": _("Changed, confirmed or spoken about lately."),
    }[part]


def _trend(me: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(_("Course"), anchor=False, width="content")
        days = st.segmented_control(
            _("Days"),
            DAYS,
            format_func=lambda n: _("{count} days", count=n),
            default=DAYS[1],
            required=True,
            key="quality.days",
            label_visibility="collapsed",
        )
    points = feedback.attempt(service.quality.trend, me, days=days or DAYS[1]) or []
    if len(points) < 2:
        st.caption(_("Counted every night: the line begins tomorrow."))
        return
    figure = charts.line(
        [point.day.isoformat() for point in points], [point.score for point in points], most=100, span=10
    )
    first, last = points[0], points[-1]
    alt = _("Data quality from {first} on {start} to {last} today", first=first.score, start=first.day, last=last.score)
    charts.show(figure, alt=alt, key="quality.trend")
    with st.expander(_("Table")):
        st.dataframe(
            [{_("Day"): p.day.isoformat(), _("Data quality"): p.score, _("Customers"): p.customers} for p in points],
            hide_index=True,
        )


def _groups(me: Actor) -> None:
    teams = feedback.attempt(service.quality.by_team, me) or []
    owners = feedback.attempt(service.quality.by_owner, me) or []
    if len(teams) > 1:
        st.subheader(_("By team"), anchor=False)
        rows = [{_("Team"): safe(g.name), _("Customers"): format_number(g.customers), **_score(g)} for g in teams]
        st.table(rows, border="horizontal", hide_index=True)
    st.subheader(_("By person"), anchor=False)
    st.table([_owner(group) for group in owners], border="horizontal", hide_index=True)


def _owner(group: GroupQuality) -> dict[str, str]:
    return {
        _("Colleague"): safe(group.name) or _("Public pool"),
        _("Customers"): _linked(format_number(group.customers), owner=group.id),
        **_score(group),
        _("Below 60"): _linked(format_number(group.low), owner=group.id, quality_most=LOW) if group.low else "0",
    }


def _score(group: GroupQuality) -> dict[str, str]:
    return {_("Data quality"): format_number(group.score)}


def _linked(label: str, **asked: Any) -> str:
    return f"[{label}]({links.address(links.SEARCH, links.customers(CustomerFilter(**asked)))})"
