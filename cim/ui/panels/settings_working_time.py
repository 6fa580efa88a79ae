"""Settings, working time: hours of the week, and days that differ from their weekday."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import streamlit as st

from cim import clock
from cim.i18n import _, format_date
from cim.models.ticket import DayKind
from cim.models.working_day import HoursView, WorkingDayView
from cim.permissions import Permission
from cim.service import working_days
from cim.ui import feedback, gate
from cim.ui.text import safe
from cim.work import Actor

_STRETCHES = 2
"""Stretches of a day that the form offers: before and after the pause at noon."""


def show(me: Actor) -> None:
    """The tab: what the service desk counts as working time."""
    st.caption(_("Due times of tickets are counted in working time. What was promised already stays as it is."))
    _known(me)
    st.subheader(_("Hours of the week"), anchor=False)
    _hours(working_days.hours(me))
    st.subheader(_("Days off and make-up working days"), anchor=False)
    _days(me)


def weekdays() -> list[str]:
    """The names of the weekdays, Monday first."""
    names = _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")
    return list(names)


def _known(me: Actor) -> None:
    known = working_days.known(me)
    years = ", ".join(str(year) for year in known.years)
    if known.missing is not None:
        st.warning(
            _(
                "The holidays of {year} are not known here yet: due times treat its holidays as working days. Enter them "
                "below when the State Council has published them. Known: {years}.",
                year=known.missing,
                years=years,
            ),
            icon=":material/event_busy:",
        )
    else:
        st.caption(_("Public holidays are known for {years}.", years=years))


def _hours(week: list[HoursView]) -> None:
    mark = "-".join("".join(f"{a}.{b}" for a, b in day.stretches) for day in week)
    with st.form(f"hours.{mark}", border=True):
        for day, name in zip(week, weekdays(), strict=True):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"**{name}**", width=90)
                for number in range(_STRETCHES):
                    held = day.stretches[number] if number < len(day.stretches) else (None, None)
                    for place, label in enumerate((_("from"), _("to"))):
                        st.time_input(
                            f"{name}: {label} {number + 1}",
                            _time(held[place]),
                            key=f"hours.{mark}.{day.weekday}.{number}.{place}",
                            label_visibility="collapsed",
                            width=120,
                        )
                feedback.at_field(str(day.weekday))
        st.caption(_("Two stretches a day at most; empty fields are no working time."))
        st.form_submit_button(_("Save"), type="primary", on_click=_save_hours, args=(mark,), key="hours.save")


def _days(me: Actor) -> None:
    this_year = clock.today().year
    years = [*range(this_year - 1, this_year + 3)]
    year = st.segmented_control(_("Year"), years, default=this_year, required=True, key="days.year") or this_year
    found = working_days.days(me, date(year, 1, 1), date(year, 12, 31))
    if not found:
        st.caption(_("No day of this year differs from its weekday."))
    if found:
        st.markdown("  \n".join(_line(run) for run in _runs(found)))
        if source := next((day.source for day in found if day.source), ""):
            st.caption(_("Source: {source}", source=safe(source)))
    with st.form("days.add", border=True), st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.date_input(_("Day"), date(year, clock.today().month, 1), key="days.day")
        st.selectbox(_("It is"), [*DayKind], format_func=_kind, key="days.kind")
        st.text_input(_("Name (optional)"), key="days.name", max_chars=60)
        st.form_submit_button(_("Save"), icon=":material/add:", on_click=_save_day, key="days.save")
    own = [day for day in found if day.own]
    if own:
        options = {day.day.isoformat(): f"{format_date(day.day)} {_(day.name)}" for day in own}
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.selectbox(_("Take back"), [*options], format_func=options.__getitem__, key=f"days.own.{year}")
            act: dict[str, Any] = {"on_click": _unset, "args": (f"days.own.{year}",)}
            st.button(_("Take back"), icon=":material/undo:", key="days.unset", **act)


def _runs(days: list[WorkingDayView]) -> list[list[WorkingDayView]]:
    """Days in a row that are the same stand on one line."""
    runs: list[list[WorkingDayView]] = []
    for day in days:
        last = runs[-1][-1] if runs else None
        same = last is not None and (last.kind, last.name, last.own) == (day.kind, day.name, day.own)
        if same and last is not None and last.day + timedelta(days=1) == day.day:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _line(run: list[WorkingDayView]) -> str:
    first, last = run[0], run[-1]
    color = "red" if first.kind is DayKind.OFF else "green"
    text = f":{color}-badge[{_kind(first.kind)}] {format_date(first.day)} {weekdays()[first.day.weekday()]}"
    if len(run) > 1:
        text += (
            f" – {format_date(last.day)} {weekdays()[last.day.weekday()]} :gray[({_('{count} days', count=len(run))})]"
        )
    text += f" · {safe(_(first.name))}" if first.name else ""
    return text + (f" :blue-badge[{_('set here')}]" if first.own else "")


def _kind(kind: DayKind) -> str:
    return _("Day off") if kind is DayKind.OFF else _("Working day")


def _time(minutes: int | None) -> time | None:
    return None if minutes is None else time(min(minutes, 1439) // 60, min(minutes, 1439) % 60)


@gate.guarded(Permission.SETTINGS_MANAGE)
def _save_hours(me: Actor, mark: str) -> None:
    week: dict[int, list[tuple[int, int]]] = {}
    for day in range(7):
        week[day] = []
        for number in range(_STRETCHES):
            begin, end = (st.session_state.get(f"hours.{mark}.{day}.{number}.{place}") for place in (0, 1))
            if begin is not None and end is not None:
                last = end.hour * 60 + end.minute
                week[day].append((begin.hour * 60 + begin.minute, 1440 if last in (0, 1439) else last))
    changed = feedback.attempt(working_days.set_hours, me, week)
    if changed is not None:
        feedback.toast(_("Saved.") if changed else _("Nothing was different."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _save_day(me: Actor) -> None:
    state = st.session_state
    changed = feedback.attempt(
        working_days.set_day, me, state["days.day"], state["days.kind"], state["days.name"] or ""
    )
    if changed is not None:
        state["days.name"] = ""
        feedback.toast(_("Saved.") if changed else _("Nothing was different."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _unset(me: Actor, key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen and feedback.attempt(working_days.unset_day, me, date.fromisoformat(chosen)):
        feedback.toast(_("Saved."))
