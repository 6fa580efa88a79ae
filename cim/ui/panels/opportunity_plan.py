"""The development plan of an opportunity: its steps with day and owner, ticked off by one press."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, format_date
from cim.models.opportunity_view import OpportunityView, StepDraft, StepView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor, view: OpportunityView) -> None:
    """Draw the plan, and the field for another step where the actor may write."""
    steps = feedback.attempt(service.opportunity_steps.of, me, view.id)
    if steps is None:
        return
    finished = sum(step.done_at is not None for step in steps)
    st.subheader(_("Development plan"), anchor=False)
    if steps:
        st.progress(finished / len(steps), _("{done} of {count} steps done", done=finished, count=len(steps)))
    else:
        st.caption(_("No steps yet: what has to happen for the customer to say yes?"))
    people = {who.id: who.name for who in service.users.colleagues(me)} if view.may_edit else {}
    with st.container(gap="xsmall", key="opportunity.plan"):
        for step in steps:
            _row(step, people, editable=view.may_edit)
    if view.may_edit:
        _add(view, people)


def _row(step: StepView, people: dict[int, str], *, editable: bool) -> None:
    done = step.done_at is not None
    day = safe(format_date(step.due_on)) if step.due_on else ""
    facts = " · ".join(fact for fact in (f":red[{day}]" if step.late else day, safe(step.owner)) if fact)
    title = f":gray[~~{safe(step.title)}~~]" if done else f"**{safe(step.title)}**"
    if not editable:
        st.markdown(f"{':material/check:' if done else '○'} {title} :gray[:small[{facts}]]")
        return
    key = f"opportunity.step.{step.id}.{step.version}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        press: dict[str, Any] = {"on_click": _tick, "args": (step.id, not done), "type": "tertiary"}
        icon = ":material/check_circle:" if done else ":material/radio_button_unchecked:"
        st.button(icon, key=f"{key}.done", help=_("Reopen") if done else _("Done"), **press)
        st.markdown(f"{title}  \n:gray[:small[{facts}]]" if facts else title, width="stretch")
        box = st.popover(":material/edit:", type="tertiary", key=key, on_change="rerun", help=_("Change"))
        if box.open:
            with box:
                _editor(step, people, key)


def _editor(step: StepView, people: dict[int, str], key: str) -> None:
    names = people | ({step.owner_id: step.owner} if step.owner_id else {})
    with st.form(f"{key}.form", border=False):
        _fields(key, names, step.title, step.due_on, step.owner_id)
        args = (step.id, step.version, key)
        st.form_submit_button(_("Save"), type="primary", key=f"{key}.save", on_click=_change, args=args)
    act = {"on_click": _remove, "args": (step.id, step.version)}
    st.button(_("Delete"), icon=":material/delete:", key=f"{key}.remove", **act)  # type: ignore[arg-type]


def _add(view: OpportunityView, people: dict[int, str]) -> None:
    token = state.token(f"opportunity.step.{view.id}")
    key = f"opportunity.step.{token}"
    with st.popover(_("Add a step"), icon=":material/add:", type="tertiary"), st.form(f"{key}.form", border=False):
        _fields(key, people, "", None, view.owner_id if view.owner_id in people else None)
        st.form_submit_button(_("Add"), type="primary", key=f"{key}.add", on_click=_added, args=(view.id, token, key))


def _fields(key: str, people: dict[int, str], title: str, day: date | None, owner: int | None) -> None:
    ids = list(people)
    st.text_input(_("What is to be done"), title, key=f"{key}.title", max_chars=200)
    st.date_input(_("Until"), day, key=f"{key}.day")
    index = ids.index(owner) if owner in people and owner is not None else None
    st.selectbox(_("By whom"), ids, index=index, format_func=people.__getitem__, key=f"{key}.owner")


def _typed(key: str) -> StepDraft:
    held = st.session_state
    return StepDraft(
        title=str(held.get(f"{key}.title") or ""), due_on=held.get(f"{key}.day"), owner_id=held.get(f"{key}.owner")
    )


@gate.guarded(Permission.SALES_WRITE)
def _added(me: Actor, opportunity_id: int, token: str, key: str) -> None:
    if feedback.attempt(service.opportunity_steps.add, me, opportunity_id, _typed(key), token=token):
        state.spend(f"opportunity.step.{opportunity_id}")


@gate.guarded(Permission.SALES_WRITE)
def _change(me: Actor, step_id: int, version: int, key: str) -> None:
    if feedback.attempt(service.opportunity_steps.change, me, step_id, _typed(key), version=version):
        feedback.toast(_("Saved."))


@gate.guarded(Permission.SALES_WRITE)
def _tick(me: Actor, step_id: int, done: bool) -> None:
    steps = service.opportunity_steps
    feedback.attempt(steps.done if done else steps.undo_done, me, step_id)


@gate.guarded(Permission.SALES_WRITE)
def _remove(me: Actor, step_id: int, version: int) -> None:
    feedback.attempt(service.opportunity_steps.remove, me, step_id, version=version)
