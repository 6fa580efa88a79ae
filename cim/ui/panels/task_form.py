"""The form of a task: what, when, with whom, how often; for a new one and for one that is changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

from cim import clock, service
from cim.i18n import N_, _, format_date
from cim.models.task import Frequency, Repeat, TaskDraft, TaskKind, TaskView
from cim.permissions import Permission
from cim.ui import feedback, gate, pickers, state
from cim.ui.panels import task_row
from cim.ui.text import safe
from cim.work import Actor

ALL_DAY_HOUR = time(9)
"""When a task of a whole day stands on its day: what is due by the morning."""
AS_IT_IS = "as_it_is"
REPEATS: dict[str, tuple[str, Repeat | None]] = {
    "": (N_("Does not repeat"), None),
    "daily": (N_("Every day"), Repeat(frequency=Frequency.DAILY)),
    "workdays": (N_("Monday to Friday"), Repeat(frequency=Frequency.WEEKLY, weekdays=[0, 1, 2, 3, 4])),
    "weekly": (N_("Every week"), Repeat(frequency=Frequency.WEEKLY)),
    "fortnight": (N_("Every 2 weeks"), Repeat(frequency=Frequency.WEEKLY, interval=2)),
    "monthly": (N_("Every month"), Repeat(frequency=Frequency.MONTHLY)),
    "quarterly": (N_("Every 3 months"), Repeat(frequency=Frequency.MONTHLY, interval=3)),
    "yearly": (N_("Every year"), Repeat(frequency=Frequency.YEARLY)),
}
REMINDERS: dict[int, str] = {
    -1: N_("No reminder"),
    0: N_("When it is due"),
    15: N_("15 minutes before"),
    60: N_("1 hour before"),
    1440: N_("1 day before"),
    10080: N_("1 week before"),
}
LENGTHS: dict[int, str] = {
    0: N_("No end"),
    30: N_("30 minutes"),
    60: N_("1 hour"),
    120: N_("2 hours"),
    240: N_("4 hours"),
}


@st.fragment
@gate.guarded(Permission.TASK_WRITE)
def new(me: Actor, key: str, day: date | None = None, kind: TaskKind = TaskKind.TODO) -> None:
    """The form of a new task, due on `day` (today without one). A fragment: looking a customer up redraws it alone."""
    held = f"{key}.{state.token(key)}"
    customer_id = pickers.customer(me, key=f"{key}.customer")
    with st.form(f"{held}.form", border=False):
        values = _fields(me, held, None, day, kind)
        pressed = st.form_submit_button(_("Plan"), key=f"{held}.save", type="primary", icon=":material/add_task:")
    if pressed:
        draft = TaskDraft(**values, customer_id=customer_id)
        feedback.attempt(service.tasks.add, me, draft, token=state.token(key))
        if feedback.succeeded():
            state.spend(key)
            pickers.clear(f"{key}.customer")
            feedback.flash(_("The task is planned."), kind="success")
            st.rerun()


def change(me: Actor, task: TaskView, *, key: str) -> bool:
    """The form of a task that exists; True after a save."""
    held = f"{key}.{task.id}.{task.version}"
    with st.form(f"{held}.form", border=False):
        values = _fields(me, held, task, None, task.kind)
        if not st.form_submit_button(_("Save"), key=f"{held}.save", type="primary"):
            return False
    feedback.attempt(service.tasks.update, me, task.id, TaskDraft(**values), version=task.version)
    return feedback.succeeded()


def _fields(me: Actor, held: str, task: TaskView | None, day: date | None, kind: TaskKind) -> dict[str, Any]:
    """The inputs, filled from a task, and what they say."""
    title = st.text_input(_("What to do"), value=task.title if task else "", key=f"{held}.title", max_chars=200)
    kinds = [one.value for one in TaskKind]
    chosen = st.pills(
        _("Kind"),
        kinds,
        default=kind.value,
        format_func=lambda code: task_row.kind_name(TaskKind(code)),
        required=True,
        key=f"{held}.kind",
    )
    due = clock.local(task.due_at) if task else None
    first = day or (due.date() if due else clock.today())
    with st.container(horizontal=True, gap="small"):
        on = st.date_input(_("Day"), value=first, key=f"{held}.day", min_value=min(first, clock.today()), width=150)
        at = None if task is None or task.all_day or due is None else due.time()
        hour = st.time_input(_("Time (empty: all day)"), value=at, key=f"{held}.time", step=900, width=150)
    with st.expander(_("More: duration, reminder, repetition, place, notes"), expanded=task is not None):
        with st.container(horizontal=True, gap="small"):
            lasts = _choice(_("Takes"), LENGTHS, _length_of(task), key=f"{held}.length")
            remind = _choice(_("Reminder"), REMINDERS, _reminder_of(task), key=f"{held}.remind")
            repeat, until = _repeat(held, task)
        place = st.text_input(_("Place"), value=task.place if task else "", key=f"{held}.place", max_chars=120)
        notes = st.text_area(
            _("Notes"), value=task.notes if task else "", key=f"{held}.notes", max_chars=2000, height=80
        )
        who = _assignee(me, held, task)
    due_at = datetime.combine(on or first, hour or ALL_DAY_HOUR)
    values = {"title": title, "kind": TaskKind(chosen or TaskKind.TODO), "due_at": due_at, "all_day": hour is None}
    values |= {"remind_at": None if remind < 0 else due_at - timedelta(minutes=remind), "place": place, "notes": notes}
    values |= {"ends_at": due_at + timedelta(minutes=lasts) if lasts and hour else None, "assignee_id": who}
    if repeat != AS_IT_IS:
        rule = REPEATS[repeat][1]
        values["repeat"] = rule and rule.model_copy(update={"until": until})
    return values


def _choice(label: str, names: Mapping[int, str], now: int, *, key: str) -> int:
    listed = dict(names) if now in names else {now: _minutes(now), **names}
    chosen = st.selectbox(
        label,
        list(listed),
        index=list(listed).index(now),
        format_func=lambda code: _(names[code]) if code in names else listed[code],
        key=key,
        width=150,
    )
    return now if chosen is None else chosen


def _minutes(count: int) -> str:
    return _("{count} minutes", count=count)


def _length_of(task: TaskView | None) -> int:
    return 0 if task is None or task.ends_at is None else int((task.ends_at - task.due_at).total_seconds() // 60)


def _reminder_of(task: TaskView | None) -> int:
    return -1 if task is None or task.remind_at is None else int((task.due_at - task.remind_at).total_seconds() // 60)


def _repeat(held: str, task: TaskView | None) -> tuple[str, date | None]:
    names = {code: _(label) for code, (label, _rule) in REPEATS.items()}
    now = _code_of(task.repeat if task else None)
    if now == AS_IT_IS:
        names = {AS_IT_IS: _("As it is"), **names}
    code = st.selectbox(
        _("Repeats"),
        list(names),
        index=list(names).index(now),
        format_func=names.__getitem__,
        key=f"{held}.repeat",
        width=150,
    )
    last = task.repeat.until if task and task.repeat else None
    until = st.date_input(_("Until (empty: no end)"), value=last, key=f"{held}.until", width=150)
    return code or "", until


def _code_of(repeat: Repeat | None) -> str:
    """The choice that a stored repetition is; a weekly one on its own day is "every week"."""
    if repeat is None:
        return ""
    plain = repeat.model_copy(update={"until": None})
    for code, (_label, known) in REPEATS.items():
        single = known is not None and not known.weekdays and len(plain.weekdays) == 1
        if known == (plain.model_copy(update={"weekdays": []}) if single else plain):
            return code
    return AS_IT_IS


def _assignee(me: Actor, held: str, task: TaskView | None) -> int | None:
    people = {planner.id: planner.name for planner in service.calendar.people(me)}
    now = task.assignee_id if task else me.user_id
    if task is not None and now is not None:
        people.setdefault(now, task.assignee)
    if len(people) < 2:
        return now
    ids = list(people)
    chosen = st.selectbox(
        _("Who does it"),
        ids,
        index=ids.index(now) if now in ids else 0,
        format_func=lambda number: safe(people[number]),
        key=f"{held}.who",
    )
    return chosen or now


def how_often(repeat: Repeat) -> str:
    """How often a task comes back, in words."""
    code = _code_of(repeat)
    often = _(REPEATS[code][0]) if code in REPEATS else _("Repeats")
    return often if repeat.until is None else _("{often}, until {day}", often=often, day=format_date(repeat.until))
