"""What can be done with a ticket: take, assign, answer, wait, resolve, close, reopen, escalate, rate, remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cim.i18n import _
from cim.models.ticket import TicketStatus
from cim.models.ticket_view import TicketView
from cim.permissions import Permission
from cim.service import skills, tickets
from cim.ui import feedback, gate, state
from cim.ui.panels import ticket_words
from cim.work import Actor

RULE = 0


def show(me: Actor, view: TicketView) -> None:
    """The buttons that fit the ticket's state and the actor's rights."""
    finished = view.status in ticket_words.FINISHED
    with st.container(horizontal=True, gap="small"):
        if view.may_handle and not finished:
            _handling(me, view)
        if view.may_handle and view.status is TicketStatus.RESOLVED:
            _button(view, "close", _("Close"), "task_alt", primary=True)
        if view.may_assign and not finished:
            _assign(me, view)
        if view.may_edit and finished:
            _reasoned(view, "reopen", _("Reopen"), "replay", _("What is still wrong"))
            _rate(view)
        if view.may_edit and not finished:
            _reasoned(view, "escalate", _("Escalate"), "campaign", _("Why help is needed"))
        if view.may_edit:
            label, icon = _("Edit"), ":material/edit:"
            st.button(label, icon=icon, key=_key(view, "edit"), on_click=_edit)
        if view.may_assign:
            _reasoned(view, "remove", _("Remove"), "delete", _("Reason"), optional=True)


def _handling(me: Actor, view: TicketView) -> None:
    if view.handler_id != me.user_id:
        _button(view, "take", _("Take it"), "pan_tool", primary=view.handler_id is None)
    with st.popover(_("Answer"), icon=":material/reply:", key=_key(view, "answering"), type="secondary"):
        name = _key(view, "answer")
        st.text_area(_("What the customer was told"), key=name, max_chars=2000)
        token = state.token(name)
        act = {"on_click": _respond, "args": (view.id, view.version, name, token)}
        st.button(_("Save"), key=f"{name}.save.{token}", type="primary", **act)  # type: ignore[arg-type]
    if view.status is TicketStatus.WAITING:
        _button(view, "resume", _("Go on"), "play_arrow")
    else:
        _button(view, "wait", _("Wait for the customer"), "pause")
    with st.popover(_("Resolve"), icon=":material/check:", key=_key(view, "resolving"), type="primary"):
        name = _key(view, "resolution")
        st.text_area(_("Resolution"), value=view.resolution, key=name, max_chars=5000)
        closing = st.checkbox(_("Close at once and plan the return visit"), key=f"{name}.close")
        act = {"on_click": _resolve, "args": (view.id, view.version, name, closing)}
        st.button(_("Resolve"), key=f"{name}.save", type="primary", **act)  # type: ignore[arg-type]


def _assign(me: Actor, view: TicketView) -> None:
    with st.popover(_("Assign"), icon=":material/assignment_ind:", key=_key(view, "assigning")):
        mates = feedback.attempt(skills.everyone, me) or []
        names = {RULE: _("By the rule")} | {
            mate.user_id: _("{name}: {open} open", name=mate.name, open=mate.open) for mate in mates
        }
        name = _key(view, "handler")
        st.selectbox(_("Handler"), [*names], format_func=names.__getitem__, key=name)
        act = {"on_click": _assigned, "args": (view.id, view.version, name)}
        st.button(_("Assign"), key=f"{name}.save", type="primary", **act)  # type: ignore[arg-type]


def _rate(view: TicketView) -> None:
    with st.popover(_("Enter the rating"), icon=":material/star:", key=_key(view, "rating")):
        st.caption(_("What the customer said of how it was handled."))
        name = _key(view, "score")
        st.feedback("stars", key=name)
        st.text_input(_("In the customer's words"), key=f"{name}.comment", max_chars=500)
        act = {"on_click": _rated, "args": (view.id, view.version, name)}
        st.button(_("Save"), key=f"{name}.save", type="primary", **act)  # type: ignore[arg-type]


def _reasoned(view: TicketView, verb: str, label: str, icon: str, asked: str, *, optional: bool = False) -> None:
    with st.popover(label, icon=f":material/{icon}:", key=_key(view, f"{verb}ing"), type="tertiary"):
        name = _key(view, f"{verb}.reason")
        st.text_input(f"{asked} ({_('optional')})" if optional else asked, key=name, max_chars=500)
        act = {"on_click": _did, "args": (verb, view.id, view.version, name)}
        st.button(label, key=f"{name}.save", type="primary", **act)  # type: ignore[arg-type]


def _button(view: TicketView, verb: str, label: str, icon: str, *, primary: bool = False) -> None:
    look = {"type": "primary" if primary else "secondary", "icon": f":material/{icon}:"}
    act: dict[str, Any] = {"on_click": _did, "args": (verb, view.id, view.version)}
    st.button(label, key=_key(view, verb), **look, **act)  # type: ignore[arg-type]


def _key(view: TicketView, name: str) -> str:
    """The version is part of the key: a press on what has changed meanwhile means nothing."""
    return f"ticket.{name}.{view.id}.{view.version}"


@gate.guarded(Permission.TICKET_READ)
def _did(me: Actor, verb: str, ticket_id: int, version: int, reason: str = "") -> None:
    verbs: dict[str, tuple[Callable[..., Any], str]] = {
        "take": (tickets.take, _("The ticket is yours.")),
        "wait": (tickets.wait, _("The clock stands still.")),
        "resume": (tickets.resume, _("The clock goes on.")),
        "close": (tickets.close, _("The ticket is closed.")),
        "reopen": (tickets.reopen, _("The ticket is open again.")),
        "escalate": (tickets.escalate, _("Those who lead were told.")),
        "remove": (tickets.remove, _("Removed. The recycle bin keeps it.")),
    }
    act, told = verbs[verb]
    text = str(st.session_state.get(reason) or "") if reason else ""
    if verb == "remove":
        feedback.attempt(act, me, ticket_id, version=version, reason=text)
    elif reason:
        feedback.attempt(act, me, ticket_id, text, version=version)
    else:
        feedback.attempt(act, me, ticket_id, version=version)
    if feedback.succeeded():
        feedback.flash(told, kind="success")


@gate.guarded(Permission.TICKET_HANDLE)
def _respond(me: Actor, ticket_id: int, version: int, key: str, token: str) -> None:
    text = str(st.session_state.get(key) or "")
    feedback.attempt(tickets.respond, me, ticket_id, text, version=version, token=token)
    if feedback.succeeded():
        state.spend(key)
        feedback.flash(_("The answer is noted."), kind="success")


@gate.guarded(Permission.TICKET_HANDLE)
def _resolve(me: Actor, ticket_id: int, version: int, key: str, closing: bool) -> None:
    text = str(st.session_state.get(key) or "")
    if feedback.attempt(tickets.resolve, me, ticket_id, text, version=version, close=closing):
        feedback.flash(_("The ticket is closed.") if closing else _("The ticket is resolved."), kind="success")


@gate.guarded(Permission.TICKET_ASSIGN)
def _assigned(me: Actor, ticket_id: int, version: int, key: str) -> None:
    feedback.attempt(tickets.assign, me, ticket_id, st.session_state.get(key) or None, version=version)
    if feedback.succeeded():
        feedback.flash(_("Assigned."), kind="success")


@gate.guarded(Permission.TICKET_OPEN)
def _rated(me: Actor, ticket_id: int, version: int, key: str) -> None:
    score = st.session_state.get(key)
    comment = str(st.session_state.get(f"{key}.comment") or "")
    if score is None:
        feedback.flash(_("Choose from 1 to 5 stars."))
    elif feedback.attempt(tickets.rate, me, ticket_id, int(score) + 1, comment, version=version):
        feedback.flash(_("The rating is noted."), kind="success")


def _edit() -> None:
    st.query_params["edit"] = "1"
