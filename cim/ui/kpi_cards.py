"""The numbers of the dashboard as tiles: value, change, line, definition, and a link to exactly the rows counted."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_date, format_number, format_percent
from cim.models.kpi import Direction, KpiView
from cim.permissions import Permission
from cim.ui import charts, feedback, gate, links
from cim.ui.text import safe
from cim.work import Actor

REFRESH = "60s"
TILE = 160
"""Pixels a tile needs at least: two stand side by side on a phone."""
FITS = 9
"""Characters beside the change that such a tile has room for."""
_COLORS: dict[Direction, Literal["normal", "inverse", "off"]] = {
    Direction.UP: "normal",
    Direction.DOWN: "inverse",
    Direction.NEITHER: "off",
}


def render() -> None:
    """Draw the tiles; they count anew every minute while the page is open."""
    _tiles()


@st.fragment(run_every=REFRESH)
def _tiles() -> None:
    # a run by the clock is no sign of life: it must not keep an idle session alive
    me = gate.current(touch=False)
    if me is None or not me.can(Permission.DASHBOARD_READ):
        return
    numbers = feedback.attempt(_numbers, me)
    if numbers is None:
        return
    with st.grid(4, min_column_width=TILE, gap="small", border=True, key="dashboard.kpis"):
        for kpi in numbers:
            with st.container(gap="xsmall", key=f"dashboard.kpi.{kpi.key}"):
                _tile(me, kpi)
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        st.caption(_("Updated {time}", time=f"{clock.local(clock.now()):%H:%M:%S}"), width="content")
        # pressing it reruns this fragment alone, which is all it takes
        st.button(_("Refresh"), key="dashboard.refresh", icon=":material/refresh:", type="tertiary")


def _numbers(me: Actor) -> list[KpiView]:
    """The numbers of this minute, counted again as soon as anything has changed. Their past is looked up once an hour:
    it costs ten times as much and hardly moves."""
    hour = f"{clock.now():%Y-%m-%dT%H}"
    past = charts.kept(("past", me.user_id, me.role, me.team_id, hour), lambda: service.kpis.history(me))
    moment = (service.kpis.data_version(me), f"{clock.now():%Y-%m-%dT%H:%M}")
    return charts.kept(("now", me.user_id, me.role, me.team_id, *moment), lambda: service.kpis.current(me, past=past))


def _tile(me: Actor, kpi: KpiView) -> None:
    delta, described = change(kpi)
    st.metric(
        _(kpi.label),
        format_number(kpi.value),
        delta,
        _COLORS[kpi.direction] if kpi.value != kpi.previous else "off",
        delta_arrow="off" if kpi.value == kpi.previous else "auto",
        delta_description=described,
        help=definition(kpi),
        chart_data=kpi.spark or None,
        chart_type="area",
    )
    page, query = (links.SEARCH, links.customers(kpi.filter)) if kpi.filter else (links.TIMELINE, _follow_ups(kpi))
    label = _("Open {count}", count=format_number(kpi.value)) if kpi.value else _("Nothing here")
    st.page_link(page, label=label, icon=":material/arrow_forward:", disabled=not kpi.value, query_params=query)


def change(kpi: KpiView) -> tuple[str | None, str | None]:
    """What to say about the change and what it is measured against: "-12.5%" ("before: 8"), or "0 → 5" where no percentage
    exists; (None, None) for a number without past."""
    if kpi.previous is None:
        return None, None
    steps = f"{format_number(kpi.previous)} → {format_number(kpi.value)}"
    if kpi.change is None:
        return steps, None
    percent = format_percent(kpi.change)
    if len(steps) > FITS:
        steps = _("before: {number}", number=format_number(kpi.previous))
    return (percent if kpi.change <= 0 else f"+{percent}"), steps


def definition(kpi: KpiView) -> str:
    """The sentence that says what is counted, with its dates, as Markdown."""
    return safe(_(kpi.definition, **{name: _shown(value) for name, value in kpi.params.items()}))


def _shown(value: Any) -> str:
    return format_date(value) if isinstance(value, date) else str(value)


def _follow_ups(kpi: KpiView) -> dict[str, str]:
    return links.follow_ups(kpi.follow_ups) if kpi.follow_ups else {}
