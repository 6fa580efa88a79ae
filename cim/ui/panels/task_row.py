"""One open task in a list: tick it off, put it off, open it; the undo of the last one that was ticked off."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from cim import clock, service, words
from cim.i18n import _, format_date, format_relative
from cim.models.task import TaskGroup, TaskKind, TaskView
from cim.permissions import Permission
from cim.service.tasks import Later
from cim.ui import feedback, gate
from cim.ui.text import safe
from cim.work import Actor

ICONS = {
    TaskKind.TODO: "check_box_outline_blank",
    TaskKind.CALL: "call",
    TaskKind.VISIT: "directions_walk",
    TaskKind.MEETING: "groups",
    TaskKind.RETURN_VISIT: "directions_walk",
}
A_DAY = "a_day"
NEAR = timedelta(days=7)


def draw(me: Actor, task: TaskView, key: str, *, named: bool, someone: bool = False) -> None:
    """A task and what this actor may do with it. `named` shows its customer, `someone` whose it is."""
    text = described(task, named=named, someone=someone or not named)
    if not me.can(Permission.TASK_WRITE):
        st.markdown(text)
        return
    held = f"{key}.{task.id}.{task.version}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False, key=f"{held}.row"):
        press = {"key": f"{key}.done.{task.id}.{task.version}", "type": "tertiary", "icon": ":material/check_circle:"}
        st.button(_("Done"), on_click=_done, args=(key, task.id), **press)  # type: ignore[arg-type]
        st.markdown(text, width="stretch")
        names = {Later.TOMORROW.value: _("Tomorrow"), Later.NEXT_WEEK.value: _("Next week"), A_DAY: _("A day…")}
        menu = f"{key}.later.{task.id}.{task.version}"
        st.menu_button(
            _("Postpone"),
            list(names),
            format_func=names.__getitem__,
            key=menu,
            type="tertiary",
            on_click=_postpone,
            args=(key, menu, task.id),
        )
    if st.session_state.get(f"{key}.day") == task.id:
        _to_a_day(key, task)


def described(task: TaskView, *, named: bool = True, someone: bool = False) -> str:
    """Title and facts of a task, as Markdown. The title opens it."""
    icon = f":material/{ICONS[task.kind]}: " if task.kind is not TaskKind.TODO else ""
    text = f"{icon}[**{safe(task.title)}**](/tasks?task={task.id})"
    if named and task.customer_id is not None:
        text += f" · [{safe(task.customer)}](/customer?id={task.customer_id})"
    color = "red" if task.group is TaskGroup.OVERDUE and task.done_at is None else "gray"
    facts = [when(task), safe(task.place), safe(task.assignee) if someone else ""]
    facts += [f":material/repeat: {_('repeats')}" if task.repeat else ""]
    facts += [f":material/notifications: {_('reminder')}" if task.remind_at and task.done_at is None else ""]
    return text + f"  \n:{color}[:small[{' · '.join(fact for fact in facts if fact)}]]"


def when(task: TaskView) -> str:
    """The day of a task, in words when it is near, and its time."""
    due, today = clock.local(task.due_at), clock.today()
    near = abs(due.date() - today) <= NEAR
    day = f"{format_date(due.date())} ({format_relative(due.date(), today)})" if near else format_date(due.date())
    if task.all_day:
        return day
    until = f"–{clock.local(task.ends_at):%H:%M}" if task.ends_at else ""
    return f"{day} {due:%H:%M}{until}"


def kind_name(kind: TaskKind) -> str:
    """A kind of task with its symbol, as Markdown."""
    return f":material/{ICONS[kind]}: {words.value('task', kind)}"


def undo_bar(key: str) -> None:
    """What was ticked off last, with the way back."""
    if (last := st.session_state.get(f"{key}.undo")) is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":green[:material/check_circle: {_('Done')}]", width="content")
            press = {"key": f"{key}.undo.{last}", "type": "tertiary", "icon": ":material/undo:"}
            st.button(_("Undo"), on_click=_undo, args=(key, last), **press)  # type: ignore[arg-type]


def _to_a_day(key: str, task: TaskView) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        held = f"{key}.day.{task.id}.{task.version}"
        first = clock.today() + timedelta(days=1)
        st.date_input(_("Postpone to"), value=first, min_value=clock.today(), key=held, width=180)
        st.button(_("Postpone"), key=f"{held}.save", on_click=_postpone_to, args=(key, held, task.id), type="primary")
        st.button(_("Cancel"), key=f"{held}.cancel", on_click=st.session_state.pop, args=(f"{key}.day", None))


@gate.guarded(Permission.TASK_WRITE)
def _done(me: Actor, key: str, task_id: int) -> None:
    feedback.attempt(service.tasks.done, me, task_id)
    if feedback.succeeded():
        st.session_state[f"{key}.undo"] = task_id


@gate.guarded(Permission.TASK_WRITE)
def _undo(me: Actor, key: str, task_id: int) -> None:
    feedback.attempt(service.tasks.undo_done, me, task_id)
    st.session_state.pop(f"{key}.undo", None)


@gate.guarded(Permission.TASK_WRITE)
def _postpone(me: Actor, key: str, menu: str, task_id: int) -> None:
    chosen = st.session_state.get(menu)
    if chosen == A_DAY:
        st.session_state[f"{key}.day"] = task_id
    elif chosen in {later.value for later in Later}:
        feedback.attempt(service.tasks.postpone, me, task_id, Later(chosen))


@gate.guarded(Permission.TASK_WRITE)
def _postpone_to(me: Actor, key: str, held: str, task_id: int) -> None:
    if isinstance(day := st.session_state.get(held), date):
        feedback.attempt(service.tasks.postpone, me, task_id, day)
        st.session_state.pop(f"{key}.day", None)
