"""A job in the background: how far it is, a button to stop it, and how it ended. It goes on when the page is left."""

from __future__ import annotations

import streamlit as st

from cim.i18n import _, format_number
from cim.models.job import JobStatus, JobView
from cim.permissions import Permission
from cim.service import jobs
from cim.ui import feedback, gate
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor, job_id: int) -> JobView | None:
    """The job as it stands: while it runs a bar that moves by itself, and one rerun of the page when it ends; then a
    sentence unless it ended well. Returns the job, None when there is none for this user."""
    job = feedback.attempt(jobs.get, me, job_id)
    if job is None:
        return None
    title = safe(job.title)
    if job.status is JobStatus.RUNNING:
        _watch(job_id)
    elif job.status is JobStatus.STOPPED:
        st.info(_("{title} was stopped. What was not finished was not saved.", title=title), icon=":material/stop:")
    elif job.status is JobStatus.LOST:
        st.warning(f"{title}: {safe(job.problem)}", icon=":material/restart_alt:")
    elif job.status is JobStatus.FAILED:
        st.error(f"{title}: {safe(job.problem)}", icon=":material/error:")
    return job


@st.fragment(run_every="1s")
def _watch(job_id: int) -> None:
    # the bar moves by itself, which is no use of the session: an idle tab still ends
    me = gate.current(touch=False)
    job = feedback.attempt(jobs.get, me, job_id) if me else None
    if me is None or job is None or job.status is not JobStatus.RUNNING:
        st.rerun(scope="app")
    with st.container(border=True):
        st.progress(min(job.done / job.total, 1.0) if job.total else 0.0, f"**{safe(job.title)}** · {_far(job)}")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                _("Stop"), key=f"job.stop.{job_id}", icon=":material/stop_circle:", on_click=_stop, args=(job_id,)
            )
            st.caption(_("You can leave this page: the work goes on, and you find it here again."))


def _far(job: JobView) -> str:
    if not job.total:
        return _("in preparation")
    if job.done >= job.total:
        return _("finishing")
    return _("{done} of {count}", done=format_number(job.done), count=format_number(job.total))


@gate.guarded(Permission.ACCOUNT)
def _stop(me: Actor, job_id: int) -> None:
    if feedback.attempt(jobs.stop, me, job_id):
        feedback.toast(_("It stops at its next step."))
