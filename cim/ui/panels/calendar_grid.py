"""The calendar drawn: seven columns that stand under each other on a phone, where they are the agenda; one day in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import streamlit as st

from cim import clock, words
from cim.i18n import _, format_weekday
from cim.models.calendar_view import CalendarEntry, EntryKind
from cim.ui.panels import calendar_days
from cim.ui.panels.calendar_days import DAY, MONTH, Shown
from cim.ui.text import safe

ICONS = {
    EntryKind.BIRTHDAY: "cake",
    EntryKind.ANNIVERSARY: "celebration",
    EntryKind.CONTRACT: "contract",
    EntryKind.CLOSE: "flag",
    EntryKind.STEP: "stairs",
    EntryKind.VISIT: "directions_walk",
    EntryKind.RETURN_VISIT: "directions_walk",
    EntryKind.CALL: "call",
    EntryKind.MEETING: "groups",
    EntryKind.TODO: "check_box_outline_blank",
}
COLORS = {
    EntryKind.BIRTHDAY: "violet",
    EntryKind.ANNIVERSARY: "violet",
    EntryKind.CONTRACT: "orange",
    EntryKind.CLOSE: "orange",
    EntryKind.STEP: "blue",
    EntryKind.VISIT: "green",
    EntryKind.RETURN_VISIT: "green",
    EntryKind.CALL: "blue",
    EntryKind.MEETING: "blue",
    EntryKind.TODO: "blue",
}
NAMED = (EntryKind.CONTRACT, EntryKind.CLOSE, EntryKind.STEP)
"""Kinds whose title alone does not say what happens on the day."""
MOST_IN_A_CELL = 4
Off = Mapping[date, tuple[str, bool]]
"""Public holidays and days worked instead: name, and whether the day is free."""


def weeks(shown: Shown, entries: Sequence[CalendarEntry], off: Off, *, someone: bool) -> None:
    """A month or a week as rows of seven days; the name of a day opens it."""
    brief = shown.view == MONTH
    by_day = {day: [entry for entry in entries if entry.day == day] for day in _days(shown.first, shown.last)}
    for start in _days(shown.first, shown.last)[::7]:
        with st.container(border=True, key=f"calendar.row.{start.isoformat()}"):
            for column, day in zip(st.columns(7, gap="xsmall"), _days(start, start + timedelta(days=6)), strict=True):
                with column, st.container(gap="xxsmall"):
                    outside = brief and (day.year, day.month) != (shown.on.year, shown.on.month)
                    _cell(day, by_day[day], off, brief=brief, outside=outside, someone=someone)


def agenda(day: date, entries: Sequence[CalendarEntry], off: Off, *, someone: bool) -> None:
    """One day in full."""
    if day in off:
        st.markdown(_day_off(day, off))
    if not entries:
        st.caption(_("Nothing stands on this day."))
    for entry in entries:
        facts = [safe(entry.place), safe(entry.assignee) if someone else "", safe(entry.person)]
        if entry.years:
            old = entry.kind is EntryKind.BIRTHDAY
            facts.append(_("{years} years old", years=entry.years) if old else _("{years} years", years=entry.years))
        facts += [_("comes back on this day") if entry.expected else ""]
        more = " · ".join(fact for fact in facts if fact)
        st.markdown(line(entry, brief=False) + (f"  \n:gray[:small[{more}]]" if more else ""))


def line(entry: CalendarEntry, *, brief: bool) -> str:
    """One entry as Markdown: time, symbol, words, with the way to its record. `brief` leaves the customer's name to the
    record, unless there is no other word."""
    kind = words.value("calendar", entry.kind)
    said = entry.title or kind
    if entry.kind is EntryKind.BIRTHDAY:
        said = f"{kind} {entry.person or entry.customer}"
    elif not brief and entry.title and entry.kind in NAMED:
        said = f"{kind}: {entry.title}"
    if entry.customer and (not brief or not entry.title) and entry.customer not in said:
        said = f"{said} · {entry.customer}"
    color = "red" if entry.overdue else "gray" if entry.done or entry.expected else COLORS[entry.kind]
    icon = "check_circle" if entry.done else "repeat" if entry.expected else ICONS[entry.kind]
    hour = f"{clock.local(entry.at):%H:%M} " if entry.at else ""
    until = f"–{clock.local(entry.until):%H:%M} " if entry.until and not brief else ""
    return f":{color}[:material/{icon}:] :gray[{hour.strip()}{until}]{' ' if hour else ''}[{safe(said)}]({_address(entry)})"


def _address(entry: CalendarEntry) -> str:
    if entry.task_id is not None:
        return f"/tasks?task={entry.task_id}"
    if entry.opportunity_id is not None:
        return f"/opportunity?id={entry.opportunity_id}"
    return f"/customer?id={entry.customer_id}"


def _cell(day: date, entries: Sequence[CalendarEntry], off: Off, *, brief: bool, outside: bool, someone: bool) -> None:
    name = f"{day.day} {format_weekday(day)}"
    label = f":gray[{name}]" if outside else f"**{name}**"
    press = {"key": f"calendar.open.{day.isoformat()}", "type": "primary" if day == clock.today() else "tertiary"}
    st.button(label, on_click=calendar_days.go, args=(day, DAY), **press)  # type: ignore[arg-type]
    shown = entries[:MOST_IN_A_CELL] if brief else entries
    lines = [_day_off(day, off)] if day in off else []
    for entry in shown:
        whose = f" :gray[{safe(entry.assignee)}]" if someone and entry.assignee else ""
        lines.append(f":small[{line(entry, brief=brief)}{whose}]")
    if len(entries) > len(shown):
        count = _("{count} more", count=len(entries) - len(shown))
        lines.append(f":small[[{count}](/calendar?view=day&day={day.isoformat()})]")
    if lines:
        st.markdown("  \n".join(lines))


def _day_off(day: date, off: Off) -> str:
    name, free = off[day]
    return f":{'red' if free else 'gray'}-badge[{safe(name)}{'' if free else ' ' + _('working day')}]"


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
