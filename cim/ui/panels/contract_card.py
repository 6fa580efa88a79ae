"""One contract: header with what can be done, what is known of it, and the orders under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, format_date
from cim.models.contract import ContractStatus
from cim.models.custom import Noun
from cim.models.order_view import ContractView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import custom_inputs, custom_shown, order_words
from cim.ui.text import safe, safe_lines
from cim.work import Actor


def header(me: Actor, view: ContractView, *, actions: bool = True) -> None:
    """Title, customer, where the contract stands, and the actions this actor has."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.header(safe(view.title), anchor=False, width="content")
            st.markdown(order_words.contract_badges(view), width="content")
        if actions and view.may_edit and me.can(Permission.SALES_WRITE):
            with st.container(horizontal=True, width="content"):
                _actions(view)
    customer = f"[{safe(view.customer)}](/customer?id={view.customer_id})"
    st.caption(f"{customer} · {safe(view.number)} · {_('Owner')}: {safe(view.owner)}")


def details(me: Actor, view: ContractView) -> None:
    """Days, money, contact person, notes, custom fields."""
    days = {
        _("Signed on"): view.signed_on,
        _("Starts on"): view.starts_on,
        _("Ends on"): view.ends_on,
    }
    shown = {name: safe(format_date(day)) for name, day in days.items() if day}
    if view.amount:
        shown[_("Amount")] = order_words.money(view.amount, view.currency)
    if view.remind_days and view.ends_on:
        shown[_("Reminder")] = _("{days} days before it ends", days=view.remind_days)
    shown |= {_("Contact person"): safe(view.contact), _("Recorded by"): safe(view.created_by)}
    if view.opportunity:
        shown[_("Opportunity")] = f"[{safe(view.opportunity)}](/opportunity?id={view.opportunity_id})"
    st.markdown("\n\n".join(f":gray[:small[{name}]]  \n{told}" for name, told in shown.items() if told))
    if view.custom:
        st.markdown(custom_shown.brief(custom_inputs.fields(me, Noun.CONTRACT), view.custom))
    if view.notes:
        st.caption(_("Notes"))
        st.markdown(safe_lines(view.notes))


def orders(view: ContractView) -> None:
    """The orders under it."""
    st.subheader(_("Orders"), anchor=False)
    if not view.orders:
        st.caption(_("No orders under this contract yet."))
    else:
        st.markdown("\n\n".join(order_words.line(row) for row in view.orders))


def editing(view: ContractView) -> bool:
    """Whether this contract is open for editing in this tab."""
    return bool(view.may_edit and st.session_state.get(state.CONTRACT_EDITING) == view.id)


def close() -> None:
    """Close the form."""
    st.session_state.pop(state.CONTRACT_EDITING, None)


def _actions(view: ContractView) -> None:
    open_form: dict[str, Any] = {"on_click": _open, "args": (view.id,), "key": "contract.edit"}
    if view.status is not ContractStatus.ACTIVE:
        _button(_("Put in force"), "check", "activate", view)
    st.button(_("Edit"), icon=":material/edit:", **open_form)
    with st.popover(_("More"), icon=":material/more_horiz:"):
        st.text_input(_("Reason"), key="contract.reason", max_chars=200)
        if view.status is ContractStatus.ACTIVE:
            _button(_("It is over"), "event_available", "end", view)
        if view.status in (ContractStatus.ACTIVE, ContractStatus.DRAFT):
            _button(_("Call it off"), "block", "cancel", view)
        _button(_("Delete"), "delete", "remove", view)


def _button(label: str, icon: str, verb: str, view: ContractView) -> None:
    press: dict[str, Any] = {"on_click": _act, "args": (verb, view.id, view.version)}
    st.button(label, icon=f":material/{icon}:", key=f"contract.{verb}", **press)


@gate.guarded(Permission.SALES_WRITE)
def _act(me: Actor, verb: str, contract_id: int, version: int) -> None:
    reason = str(st.session_state.get("contract.reason") or "")
    contracts = service.contracts
    verbs: dict[str, Callable[[], Any]] = {
        "activate": lambda: contracts.activate(me, contract_id, version=version),
        "end": lambda: contracts.end(me, contract_id, version=version, reason=reason),
        "cancel": lambda: contracts.cancel(me, contract_id, version=version, reason=reason),
        "remove": lambda: contracts.remove(me, contract_id, version=version, reason=reason),
    }
    feedback.attempt(verbs[verb])
    if verb == "remove" and feedback.succeeded():
        feedback.flash(_("The contract was removed."), kind="success")


def _open(contract_id: int) -> None:
    st.session_state[state.CONTRACT_EDITING] = contract_id
