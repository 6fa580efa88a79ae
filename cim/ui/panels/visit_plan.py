"""The visit plan of a day or a week: where to go in which order, arriving and leaving, and what came of each visit."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_date, format_relative
from cim.models.task import TaskView
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.panels import task_edit, task_row
from cim.ui.panels.calendar_whose import Whose
from cim.ui.text import safe
from cim.work import Actor

SPAN = "span"


def show(me: Actor, whose: Whose, *, key: str = "visits") -> None:
    """The plan of the days that the address names (`?span=`)."""
    first, last = _span(key)
    _plan(first, last, whose, key)


@st.fragment
@gate.guarded(Permission.TASK_WRITE)
def _plan(me: Actor, first: date, last: date, whose: Whose, key: str) -> None:
    """A fragment: arriving and leaving redraw the plan alone."""
    visits = feedback.attempt(service.tasks.visits, me, first, last, assignee=whose.person, everybody=whose.team)
    if visits is None:
        return
    if not visits:
        st.caption(_("No visits are planned for these days. Plan one as a task of the kind “visit”."))
    for day, inside in groupby(visits, lambda task: clock.local(task.due_at).date()):
        late = day < clock.today()
        name = f"{format_date(day)} ({format_relative(day, clock.today())})"
        st.markdown(f":red[**{name}**]" if late else f"**{name}**")
        for task in inside:
            _visit(me, task, key, whose.team)


def _visit(me: Actor, task: TaskView, key: str, someone: bool) -> None:
    with st.container(border=True, key=f"{key}.{task.id}.box"):
        st.markdown(task_row.described(task, someone=someone))
        if task.done_at is not None:
            st.caption(f":green[:material/check_circle: {_('Done')}]{_stay(task)}")
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            held = f"{key}.{task.id}.{task.version}"
            if task.checked_in_at is None:
                label, icon = _("I have arrived"), ":material/location_on:"
                st.button(label, icon=icon, key=f"{held}.in", on_click=_arrive, args=(task.id,))
            elif task.checked_out_at is None:
                label, icon = _("I am leaving"), ":material/logout:"
                st.button(label, icon=icon, key=f"{held}.out", on_click=_leave, args=(task.id,))
            if stay := _stay(task):
                st.caption(stay.removeprefix(" · "), width="content")
            if task.customer_id is not None:
                with st.popover(_("Log the visit"), icon=":material/edit_note:", type="tertiary"):
                    if task_edit.finishing(me, task, key=f"{key}.finish"):
                        feedback.toast(_("Saved."))
                        st.rerun()


def _stay(task: TaskView) -> str:
    """From when to when, as a part of a line."""
    if task.checked_in_at is None:
        return ""
    came = f"{clock.local(task.checked_in_at):%H:%M}"
    if task.checked_out_at is None:
        return " · " + _("there since {time}", time=came)
    minutes = round((task.checked_out_at - task.checked_in_at).total_seconds() / 60)
    left = f"{clock.local(task.checked_out_at):%H:%M}"
    return " · " + safe(_("{came}–{left}, {minutes} minutes", came=came, left=left, minutes=minutes))


def _span(key: str) -> tuple[date, date]:
    today = clock.today()
    sunday = today + timedelta(days=6 - today.weekday())
    spans = {
        "today": (_("Today"), today, today),
        "tomorrow": (_("Tomorrow"), today + timedelta(days=1), today + timedelta(days=1)),
        "week": (_("This week"), today, sunday),
        "next_week": (_("Next week"), sunday + timedelta(days=1), sunday + timedelta(days=7)),
    }
    asked = st.query_params.get(SPAN, "today")
    chosen = st.segmented_control(
        _("Days"),
        list(spans),
        default=asked if asked in spans else "today",
        format_func=lambda code: spans[code][0],
        required=True,
        key=f"{key}.span",
        label_visibility="collapsed",
    )
    st.query_params[SPAN] = chosen or "today"
    _label, first, last = spans[chosen or "today"]
    return first, last


@gate.guarded(Permission.TASK_WRITE)
def _arrive(me: Actor, task_id: int) -> None:
    feedback.attempt(service.tasks.check_in, me, task_id)


@gate.guarded(Permission.TASK_WRITE)
def _leave(me: Actor, task_id: int) -> None:
    feedback.attempt(service.tasks.check_out, me, task_id)
