"""Tasks: the worklist by day, and the next step of one customer. Done by one press, with an undo; put off by two."""

from __future__ import annotations

from datetime import datetime, time

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_date
from cim.models.task import TaskDraft, TaskGroup
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import task_row
from cim.work import Actor

SHOWN = 6
DUE_HOUR = time(9)
_COLORS = {TaskGroup.OVERDUE: "red", TaskGroup.TODAY: "orange"}


def render(
    me: Actor, *, key: str = "tasks", assignee: int | None = None, everybody: bool = False, most: int = SHOWN
) -> None:
    """Draw the open tasks of the actor (of `assignee`, of everybody in reach) by day, with what can be done with
    each; `most` at first."""
    if me.can(Permission.TASK_WRITE):
        _worklist(key, assignee, everybody, most)


def next_step(me: Actor, customer_id: int, *, due: datetime | None = None, key: str = "next") -> None:
    """Draw what is planned with a customer, or a warning that nothing is, and the way to plan it. `due` is the
    customer's next follow-up by anybody: a task of a colleague out of reach shows as its day."""
    tasks = feedback.attempt(service.tasks.for_customer, me, customer_id)
    if tasks is None:
        return
    with st.container(border=True, key=f"{key}.box"):
        task_row.undo_bar(key)
        if not tasks and due is not None:
            day = format_date(clock.local(due).date())
            st.markdown(f":material/event: {_('A colleague has planned the next step for {date}.', date=day)}")
        elif not tasks:
            st.markdown(f":orange[:material/warning: **{_('No next step is planned.')}**]")
        for task in tasks:
            task_row.draw(me, task, key, named=False)
        if me.can(Permission.TASK_WRITE):
            with st.popover(_("Plan the next step"), icon=":material/add_task:", type="tertiary"):
                _plan(me, customer_id, key)


@st.fragment
@gate.guarded(Permission.TASK_WRITE)
def _worklist(me: Actor, key: str, assignee: int | None, everybody: bool, most: int) -> None:
    """A fragment: ticking off redraws the list alone."""
    work = feedback.attempt(service.tasks.mine, me, assignee=assignee, everybody=everybody)
    if work is None:
        return
    task_row.undo_bar(key)
    if not work.tasks:
        st.caption(_("Nothing is due. Plan the next step when you log a call or visit."))
    all_of_them = bool(st.session_state.get(f"{key}.all"))
    shown = work.tasks if all_of_them else work.tasks[:most]
    for group in TaskGroup:
        inside = [task for task in shown if task.group is group]
        if inside:
            name = f"{group_name(group)} ({work.counts[group]})"
            st.markdown(f":{_COLORS[group]}[**{name}**]" if group in _COLORS else f"**{name}**")
            for task in inside:
                task_row.draw(me, task, key, named=True, someone=everybody)
    if len(work.tasks) > len(shown):
        st.button(
            _("Show all {count}", count=sum(work.counts.values())), key=f"{key}.more", on_click=_show_all, args=(key,)
        )


def group_name(group: TaskGroup) -> str:
    """What a group of the worklist is called."""
    names = {
        TaskGroup.OVERDUE: _("Overdue"),
        TaskGroup.TODAY: _("Today"),
        TaskGroup.TOMORROW: _("Tomorrow"),
        TaskGroup.WEEK: _("This week"),
        TaskGroup.LATER: _("Later"),
    }
    return names[group]


def _show_all(key: str) -> None:
    st.session_state[f"{key}.all"] = True


def _plan(me: Actor, customer_id: int, key: str) -> None:
    token = state.token(f"{key}.{customer_id}")
    with st.form(f"{key}.form.{token}", border=False):
        title = st.text_input(_("What to do"), key=f"{key}.title.{token}", max_chars=200)
        day = st.date_input(_("Due on"), key=f"{key}.day.{token}", value=clock.today(), min_value=clock.today())
        if not st.form_submit_button(_("Plan"), key=f"{key}.save.{token}", type="primary"):
            return
    due_at = datetime.combine(day or clock.today(), DUE_HOUR)
    draft = TaskDraft(title=title or _("Follow up"), due_at=due_at, all_day=True, customer_id=customer_id)
    feedback.attempt(service.tasks.add, me, draft, token=token)
    if feedback.succeeded():
        state.spend(f"{key}.{customer_id}")
        feedback.flash(_("The next step is planned."), kind="success")
        st.rerun()
