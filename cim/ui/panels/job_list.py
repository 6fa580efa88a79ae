"""Scheduled work: what the server does by itself, when it is due next, how it ended last, and running it at once."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock
from cim.i18n import N_, _, format_datetime, format_number, format_relative
from cim.models.chore import ChoreView
from cim.models.job import JobStatus
from cim.permissions import Permission
from cim.service import chores
from cim.ui import feedback, gate
from cim.ui.text import safe
from cim.work import Actor

STATUS = {
    JobStatus.RUNNING: (N_("running"), "blue"),
    JobStatus.DONE: (N_("done"), "green"),
    JobStatus.FAILED: (N_("failed"), "red"),
    JobStatus.STOPPED: (N_("stopped"), "gray"),
    JobStatus.LOST: (N_("lost"), "orange"),
}
RESULTS = {
    "count": N_("{count} records"),
    "warned": N_("{count} warned"),
    "returned": N_("{count} returned"),
    "withdrawn": N_("{count} withdrawn"),
    "sent": N_("{count} sent"),
    "later": N_("{count} put off"),
    "failed": N_("{count} failed"),
    "unsure": N_("{count} unsure"),
    "skipped": N_("{count} not needed"),
}


def show(me: Actor) -> None:
    """Each kind of scheduled work, those that did not end well first."""
    found = feedback.attempt(chores.everything, me) or []
    for view in sorted(found, key=lambda view: view.status not in (JobStatus.FAILED, JobStatus.LOST)):
        _row(me, view)


def badge(status: JobStatus) -> str:
    """How a run stands, in its colour, as Markdown."""
    label, color = STATUS[status]
    return f":{color}-badge[{_(label)}]"


def _row(me: Actor, view: ChoreView) -> None:
    key = f"jobs.{view.name}"
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(gap=None, width="content"):
                st.markdown(f"**{safe(_(view.label))}** " + (badge(view.status) if view.status else ""))
                if view.about:
                    st.caption(safe(_(view.about)))
                st.caption(_when(view))
            with st.container(horizontal=True, width="content", gap="small"):
                running = view.status is JobStatus.RUNNING
                act: dict[str, Any] = {"on_click": _run, "args": (view.name,), "disabled": running}
                st.button(_("Run now"), icon=":material/play_arrow:", key=f"{key}.run", **act)
                box = st.popover(_("Runs"), type="tertiary", key=f"{key}.runs", on_change="rerun")
        if view.problem:
            st.error(safe(view.problem), icon=":material/error:")
        if box.open:
            with box:
                _runs(me, view.name)


def _when(view: ChoreView) -> str:
    """Last run, its result and how long it took; and the next one."""
    told = []
    if view.started_at:
        told.append(_("Last: {when}", when=format_relative(view.started_at, clock.now())))
        if view.finished_at:
            told.append(_took((view.finished_at - view.started_at).total_seconds()))
        told.append(_result(view.result))
    if view.next_at and view.next_at > clock.now():
        told.append(_("next: {when}", when=format_datetime(view.next_at)))
    elif view.due:
        told.append(_("due"))
    elif view.next_at is None:
        told.append(_("runs when there is something to do"))
    return " · ".join(safe(word) for word in told if word)


def _took(seconds: float) -> str:
    return _("{seconds} s", seconds=format_number(seconds, 1 if seconds < 10 else 0))


def _result(result: dict[str, Any]) -> str:
    """What a run brought, in words: figures that are not zero, names of files."""
    told = []
    for name, value in result.items():
        if name == "file":
            told.append(str(value))
        elif isinstance(value, int) and value:
            count = format_number(value)
            told.append(_(RESULTS[name], count=count) if name in RESULTS else f"{name.replace('_', ' ')}: {count}")
    return ", ".join(told) or (_("nothing to do") if result else "")


def _runs(me: Actor, name: str) -> None:
    rows = [
        {
            _("Begun"): format_datetime(run.started_at),
            _("Took"): _took((run.finished_at - run.started_at).total_seconds()) if run.finished_at else "",
            _("State"): _(STATUS[run.status][0]),
            _("Result"): run.problem or _result(run.result),
            _("Asked for by"): run.user or _("the server"),
        }
        for run in chores.runs(me, name)
    ]
    if rows:
        st.dataframe(rows, hide_index=True, key=f"jobs.{name}.table", height="content", alt=_("Runs of this work"))
    else:
        st.caption(_("It has not run yet."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _run(me: Actor, name: str) -> None:
    done = feedback.attempt(chores.run, me, name)
    if done is not None and done.status is JobStatus.DONE:
        feedback.toast(_("Done: {result}", result=_result(done.result) or _("nothing to do")))
