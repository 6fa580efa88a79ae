"""Return visits after closed tickets: whom to ask how it went, and by when."""

from __future__ import annotations

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_date
from cim.permissions import Permission
from cim.service import ticket_desk
from cim.ui import feedback, gate
from cim.ui.panels import ticket_words
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor) -> None:
    """The tab: closed tickets whose return visit is open."""
    mine = st.toggle(_("Only mine"), key="visits_mine", bind="query-params")
    found = feedback.attempt(ticket_desk.return_visits, me, mine=bool(mine))
    if found is None:
        return
    if not found:
        st.info(_("No return visit is open. Closing a ticket plans one."), icon=":material/task_alt:")
    for visit in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
            day = format_date(clock.local(visit.due_at).date())
            color = "red" if visit.overdue else "gray"
            when = _("return visit on {day} by {name}", day=day, name=safe(visit.assignee or "–"))
            text = f"{ticket_words.line(visit.ticket)}  \n:{color}[:material/event: {when}]"
            st.markdown(text, width="stretch")
            if visit.may_finish:
                act = {"on_click": _done, "args": (visit.task_id, visit.task_version)}
                key = f"visits.done.{visit.task_id}.{visit.task_version}"
                st.button(_("Done"), key=key, icon=":material/check_circle:", **act)  # type: ignore[arg-type]


@gate.guarded(Permission.TASK_WRITE)
def _done(me: Actor, task_id: int, version: int) -> None:
    feedback.attempt(service.tasks.done, me, task_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("Done"))
