"""Which days the calendar shows, from the address (`?view=week&day=2026-11-22`), and the buttons that move it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import streamlit as st

from cim import clock
from cim.i18n import _, format_date, format_month

MONTH, WEEK, DAY = "month", "week", "day"
VIEW, ON = "view", "day"
EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 1)


class Shown(NamedTuple):
    """`on` is the day in front; `first` to `last` are whole weeks for a month."""

    view: str
    on: date
    first: date
    last: date


def read() -> Shown:
    """What the address asks for; this week without one."""
    view = st.query_params.get(VIEW, WEEK)
    view = view if view in (MONTH, WEEK, DAY) else WEEK
    try:
        on = min(max(date.fromisoformat(st.query_params.get(ON, "")), EARLIEST), LATEST)
    except ValueError:
        on = clock.today()
    if view == DAY:
        return Shown(view, on, on, on)
    if view == WEEK:
        first = monday(on)
        return Shown(view, on, first, first + timedelta(days=6))
    last = month_after(on) - timedelta(days=1)
    return Shown(view, on, monday(on.replace(day=1)), monday(last) + timedelta(days=6))


def monday(day: date) -> date:
    """The first day of a week."""
    return day - timedelta(days=day.weekday())


def month_after(day: date) -> date:
    """The first day of the next month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def bar(shown: Shown) -> None:
    """Back, today, on, what is shown, and the choice of the view."""
    # as wide as what is in it: on a telephone the choice of the person stands below, not beside
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content", key="calendar.bar"):
        before, after = _neighbours(shown)
        _to(":material/chevron_left:", before, shown.view, "calendar.earlier", _("Earlier days"))
        _to(_("Today"), clock.today(), shown.view, "calendar.today", "")
        _to(":material/chevron_right:", after, shown.view, "calendar.later", _("Later days"))
        st.markdown(f"**{_name(shown)}**", width="content")
        names = {MONTH: _("By month"), WEEK: _("By week"), DAY: _("By day")}
        st.segmented_control(
            _("View"),
            list(names),
            default=shown.view,
            format_func=names.__getitem__,
            required=True,
            key=f"calendar.view.{shown.view}.{shown.on.isoformat()}",
            on_change=_chosen,
            args=(shown,),
            label_visibility="collapsed",
            width="content",
        )


def go(day: date, view: str) -> None:
    """Show another day or view. In a callback."""
    st.query_params[VIEW], st.query_params[ON] = view, day.isoformat()


def _to(label: str, day: date, view: str, key: str, told: str) -> None:
    st.button(label, key=key, on_click=go, args=(day, view), help=told or None)


def _chosen(shown: Shown) -> None:
    view = st.session_state.get(f"calendar.view.{shown.view}.{shown.on.isoformat()}")
    go(shown.on, view if view in (MONTH, WEEK, DAY) else shown.view)


def _neighbours(shown: Shown) -> tuple[date, date]:
    if shown.view == MONTH:
        return (shown.on.replace(day=1) - timedelta(days=1)).replace(day=1), month_after(shown.on)
    step = timedelta(days=1 if shown.view == DAY else 7)
    return shown.on - step, shown.on + step


def _name(shown: Shown) -> str:
    if shown.view == MONTH:
        return format_month(shown.on)
    if shown.view == DAY:
        return format_date(shown.on)
    return f"{format_date(shown.first)} – {format_date(shown.last)}"
