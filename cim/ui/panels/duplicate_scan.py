"""For who manages duplicates: the scan of the whole base, in the background, and the bulk merge."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock, matching, service
from cim.i18n import _, format_number, format_relative
from cim.models.job import JobStatus, JobView
from cim.permissions import Permission
from cim.service import jobs
from cim.ui import feedback, gate, state
from cim.ui.panels import job_progress
from cim.work import Actor

KIND = "duplicates.scan"


def show(me: Actor) -> None:
    """The buttons, and how far a scan is or what the last one found."""
    last = next(iter(jobs.mine(me, kind=KIND, limit=1)), None)
    running = last is not None and last.status is JobStatus.RUNNING
    with st.container(horizontal=True, vertical_alignment="center"):
        icon = ":material/radar:"
        st.button(_("Scan all customers"), icon=icon, key="duplicates.scan", on_click=_start, disabled=running)
        bulk = st.popover(_("Bulk merge"), icon=":material/done_all:", key="duplicates.bulk", on_change="rerun")
        if last is not None and last.status is JobStatus.DONE:
            st.caption(_told(last), width="content")
    if last is not None and last.status is not JobStatus.DONE:
        job_progress.show(me, last.id)
    if bulk.open:
        with bulk:
            _bulk(me)


@gate.guarded(Permission.DUPLICATE_MANAGE)
def _start(me: Actor) -> None:
    def scan(telling: jobs.Telling) -> dict[str, Any]:
        report = service.duplicates.scan(me, progress=telling.tell)
        return report.model_dump(exclude={"pairs"})

    feedback.attempt(jobs.start, me, KIND, _("Looking for duplicates"), scan)


def _told(last: JobView) -> str:
    count = {name: format_number(last.result.get(name, 0)) for name in ("found", "new", "dismissed")}
    told = _("Last scan: {found} pairs, {new} of them new, {dismissed} judged before", **count)
    return f"{told} · {format_relative(last.finished_at, clock.now())}" if last.finished_at else told


def _bulk(me: Actor) -> None:
    """Say how many records a bulk merge takes, and merge them on a second press."""
    lowest = feedback.attempt(service.duplicates.accept, me)
    if lowest is None:
        return
    least = st.number_input(
        _("Points from"), lowest.least, matching.HIGHEST, value=max(lowest.least, 90), key="duplicates.accept.least"
    )
    seen = feedback.attempt(service.duplicates.accept, me, least=int(least))
    if seen is None:
        return
    count = {"groups": format_number(seen.groups), "records": format_number(seen.records + seen.groups)}
    st.markdown(_("**{records}** records become **{groups}** customers. The most complete record stands.", **count))
    if seen.left:
        st.caption(_("{count} groups are left for you to look at.", count=format_number(seen.left)))
    sure = st.checkbox(_("I have looked at some of these pairs"), key="duplicates.accept.sure")
    label = _("Merge {count} records", count=format_number(seen.records + seen.groups))
    blocked = not seen.groups or not sure
    if st.button(label, type="primary", key="duplicates.accept.run", disabled=blocked):
        with st.spinner(_("Merging …")):
            done = feedback.attempt(service.duplicates.accept, me, least=int(least), dry_run=False)
        if done is not None and done.change_set is not None:
            st.session_state[state.MERGED] = (0, done.change_set, done.records + done.groups)
            st.rerun()
