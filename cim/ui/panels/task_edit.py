"""One task opened: what it is, what came of it, changing it, ending its series, taking it off."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock, service, words
from cim.i18n import _, format_datetime
from cim.models.activity import ActivityDraft, Outcome
from cim.models.task import TaskView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import task_form, task_row
from cim.ui.text import safe, safe_lines
from cim.work import Actor

PARAMETER = "task"


def show(me: Actor, asked: str) -> None:
    """The task that the address names (`?task=`), with the way back to the list."""
    task = feedback.attempt(service.tasks.get, me, int(asked)) if asked.isdecimal() and len(asked) < 10 else None
    with st.container(border=True, key="task.box"):
        if task is not None:
            _head(task)
            if task.done_at is None:
                _open(me, task)
            else:
                st.button(
                    _("Open it again"), icon=":material/undo:", key="task.reopen", on_click=_reopen, args=(task.id,)
                )
        st.button(_("Close"), icon=":material/close:", key="task.close", on_click=_close, type="tertiary")


def finishing(me: Actor, task: TaskView, *, key: str) -> bool:
    """What came of a visit or call, as a follow-up of its customer; True after a save."""
    held = f"{key}.{task.id}.{state.token(f'{key}.{task.id}')}"
    with st.form(f"{held}.form", border=False):
        said = st.text_area(_("What was said or done"), key=f"{held}.content", height=90, max_chars=5000)
        codes = [outcome.value for outcome in Outcome if outcome]
        result = st.pills(_("Outcome"), codes, format_func=lambda c: words.value("outcome", c), key=f"{held}.outcome")
        pressed = st.form_submit_button(
            _("Done, and log it"), key=f"{held}.save", type="primary", icon=":material/check:"
        )
    if not pressed:
        return False
    given: dict[str, Any] = {"content": said or "", "outcome": Outcome(result or "")}
    token = state.token(f"{key}.{task.id}")
    feedback.attempt(service.tasks.finish, me, task.id, ActivityDraft.model_validate(given), token=token)
    if feedback.succeeded():
        state.spend(f"{key}.{task.id}")
        return True
    return False


def _head(task: TaskView) -> None:
    st.markdown(task_row.described(task, someone=True))
    facts = [task_form.how_often(task.repeat)] if task.repeat else []
    zone = clock.local(task.due_at).tzinfo
    for label, moment in (
        (_("Arrived"), task.checked_in_at),
        (_("Left"), task.checked_out_at),
        (_("Done"), task.done_at),
    ):
        if moment is not None and zone is not None:
            facts.append(f"{label} {format_datetime(moment, zone)}")
    if facts:
        st.caption(" · ".join(safe(fact) for fact in facts))
    if task.notes:
        st.markdown(safe_lines(task.notes))


def _open(me: Actor, task: TaskView) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(_("Done"), icon=":material/check_circle:", key="task.done", on_click=_done, args=(task.id,))
        if task.repeat is not None:
            label, icon = _("Stop the series"), ":material/event_busy:"
            st.button(label, icon=icon, key="task.stop", on_click=_stop, args=(task.id, task.version))
        with st.popover(_("Remove"), icon=":material/delete:", type="tertiary"):
            label = _("Remove this one only") if task.repeat else _("Remove the task")
            st.button(label, key="task.remove", on_click=_remove, args=(task.id, False))
            if task.repeat:
                st.button(_("Remove all of the series"), key="task.remove.all", on_click=_remove, args=(task.id, True))
    if task.customer_id is not None:
        with st.expander(_("Log what came of it"), icon=":material/edit_note:"):
            if finishing(me, task, key="task.finish"):
                _say(_("Saved."))
    if task_form.change(me, task, key="task.edit"):
        _say(_("The task was changed."))


def _say(text: str) -> None:
    _close()
    feedback.flash(text, kind="success")
    st.rerun()


def _close() -> None:
    st.query_params.pop(PARAMETER, None)


@gate.guarded(Permission.TASK_WRITE)
def _done(me: Actor, task_id: int) -> None:
    feedback.attempt(service.tasks.done, me, task_id)
    if feedback.succeeded():
        st.session_state["tasks.list.undo"] = task_id
        _close()


@gate.guarded(Permission.TASK_WRITE)
def _reopen(me: Actor, task_id: int) -> None:
    feedback.attempt(service.tasks.undo_done, me, task_id)


@gate.guarded(Permission.TASK_WRITE)
def _stop(me: Actor, task_id: int, version: int) -> None:
    feedback.attempt(service.tasks.stop_series, me, task_id, version=version)


@gate.guarded(Permission.TASK_WRITE)
def _remove(me: Actor, task_id: int, series: bool) -> None:
    feedback.attempt(service.tasks.remove, me, task_id, series=series)
    if feedback.succeeded():
        _close()
        feedback.flash(_("The task was removed."), kind="success")
