"""What was said about an opportunity and what is planned for it, and logging another talk on the spot."""

from __future__ import annotations

from datetime import datetime, time

import streamlit as st

from cim import clock, service
from cim.config import settings
from cim.i18n import _, format_date, format_datetime
from cim.models.activity import ActivityDraft, ActivityType, ActivityView
from cim.models.opportunity_view import OpportunityView
from cim.permissions import Permission
from cim.ui import feedback, gate, pickers, state
from cim.ui.text import safe
from cim.work import Actor

SHOWN = 10
DUE_HOUR = time(9)


def show(me: Actor, view: OpportunityView) -> None:
    """Draw the open tasks and the newest follow-ups of an opportunity, and the form for another one."""
    talks = feedback.attempt(service.activities.timeline, me, opportunity_id=view.id, limit=SHOWN)
    tasks = feedback.attempt(service.tasks.for_customer, me, view.customer_id)
    if talks is None or tasks is None:
        return
    st.subheader(_("Follow-ups"), anchor=False)
    planned = [
        f":material/event: **{safe(format_date(clock.local(task.due_at).date()))}** {safe(task.title)} "
        f":gray[:small[{safe(task.assignee)}]]"
        for task in tasks
        if task.opportunity_id == view.id
    ]
    if planned or talks:
        st.markdown("\n\n".join([*planned, *(_line(talk) for talk in talks)]))
    if me.can(Permission.ACTIVITY_WRITE):
        box = st.popover(
            _("Log a follow-up"), icon=":material/edit_note:", type="tertiary", key="opportunity.log", on_change="rerun"
        )
        if box.open:
            with box:
                _form(view.id)


def _line(talk: ActivityView) -> str:
    head = f"{pickers.type_name(talk.type)} :gray[:small[{safe(format_datetime(talk.at, settings().zone))} · {safe(talk.author)}]]"
    return f"{head}  \n{safe(talk.content)}"


def _form(opportunity_id: int) -> None:
    token = state.token(f"opportunity.log.{opportunity_id}")
    key = f"opportunity.log.{token}"
    with st.form(f"{key}.form", border=False):
        st.pills(
            _("Type"),
            [kind.value for kind in ActivityType],
            format_func=lambda code: pickers.type_name(ActivityType(code)),
            default=ActivityType.CALL.value,
            required=True,
            key=f"{key}.type",
            wrap=True,
        )
        st.text_area(_("What was said or done"), key=f"{key}.content", height=100, max_chars=5000)
        st.date_input(_("Next follow-up on"), value=None, min_value=clock.today(), key=f"{key}.day")
        st.form_submit_button(
            _("Save follow-up"), type="primary", key=f"{key}.save", on_click=_log, args=(opportunity_id, token, key)
        )


@gate.guarded(Permission.ACTIVITY_WRITE)
def _log(me: Actor, opportunity_id: int, token: str, key: str) -> None:
    view = feedback.attempt(service.opportunities.get, me, opportunity_id)
    if view is None:
        return
    held, day = st.session_state, st.session_state.get(f"{key}.day")
    draft = ActivityDraft(
        type=ActivityType(held.get(f"{key}.type") or ActivityType.CALL),
        content=str(held.get(f"{key}.content") or ""),
        next_at=datetime.combine(day, DUE_HOUR) if day else None,
        next_title=view.name if day else "",
        opportunity_id=opportunity_id,
    )
    if feedback.attempt(service.activities.log, me, view.customer_id, draft, token=token):
        state.spend(f"opportunity.log.{opportunity_id}")
        feedback.toast(_("Saved."))
