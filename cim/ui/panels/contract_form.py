"""The form of a contract: putting one down, and changing one in place."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.contract import ContractDraft
from cim.models.custom import Noun
from cim.models.order_view import ContractView
from cim.service import currency
from cim.ui import feedback, state
from cim.ui.panels import custom_inputs
from cim.work import Actor

DAYS = 30


def add(me: Actor, customer_id: int, *, key: str = "contract") -> int | None:
    """Draw the form for another contract of a customer; its id right after it was saved."""
    token = state.token(f"{key}.{customer_id}")
    with st.form(f"{key}.{token}.form", border=False):
        typed = _inputs(me, f"{key}.{token}", None, customer_id)
        label, icon = _("Save contract"), ":material/check:"
        if not st.form_submit_button(label, type="primary", icon=icon, key=f"{key}.save.{token}"):
            return None
    draft = ContractDraft.model_validate(typed)
    made = feedback.attempt(service.contracts.create, me, customer_id, draft, token=token)
    if made is not None:
        state.spend(f"{key}.{customer_id}")
    return made


def edit(me: Actor, view: ContractView, *, done: Callable[[], None]) -> None:
    """Draw the form for changing a contract; `done` closes it. Only what was changed here is saved."""
    key = f"contract.edit.{view.id}.{view.version}"
    with st.form(f"{key}.form", border=False):
        typed = _inputs(me, key, view, view.customer_id)
        with st.container(horizontal=True):
            pressed = st.form_submit_button(_("Save"), type="primary", icon=":material/check:", key="contract.save")
            left = st.form_submit_button(_("Cancel"), key="contract.close")
    if left:
        done()
        st.rerun()
    if not pressed:
        return
    given = {name: value for name, value in typed.items() if name == "title" or value != getattr(view, name)}
    draft = ContractDraft.model_validate(given)
    changed = feedback.attempt(service.contracts.update, me, view.id, draft, version=view.version)
    if changed is not None:
        feedback.flash(_("Saved.") if changed else _("No changes."), kind="success")
        done()
        st.rerun()


def _inputs(me: Actor, key: str, view: ContractView | None, customer_id: int) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    left, right = st.columns([2, 1])
    with left:
        title = view.title if view else ""
        typed["title"] = st.text_input(_("What it is about"), title, key=f"{key}.title", max_chars=120)
        feedback.at_field("title")
    with right:
        number, hint = view.number if view else "", _("Given out when empty")
        typed["number"] = st.text_input(
            _("Contract number"), number, key=f"{key}.number", max_chars=40, placeholder=hint
        )
        feedback.at_field("number")
    one, two, three = st.columns(3)
    for column, name, label in (
        (one, "signed_on", _("Signed on")),
        (two, "starts_on", _("Starts on")),
        (three, "ends_on", _("Ends on")),
    ):
        with column:
            typed[name] = st.date_input(label, getattr(view, name) if view else None, key=f"{key}.{name}")
            feedback.at_field(name)
    typed |= _terms(me, key, view, (one, two, three))
    typed["contact_id"] = _contact(me, key, view, customer_id)
    typed["notes"] = st.text_area(_("Notes"), view.notes if view else "", key=f"{key}.notes", max_chars=2000)
    own = custom_inputs.fields(me, Noun.CONTRACT)
    if own:
        custom_inputs.prime(key, view.custom if view else {})
        typed["custom"] = custom_inputs.draw(key, own)
    return typed


def _terms(me: Actor, key: str, view: ContractView | None, columns: Any) -> dict[str, Any]:
    """Amount, currency, and when to remind."""
    typed: dict[str, Any] = {}
    one, two, three = columns
    with one:
        amount = float(view.amount) if view else 0.0
        value = st.number_input(
            _("Amount"), min_value=0.0, value=amount, step=1000.0, format="%.2f", key=f"{key}.amount"
        )
        typed["amount"] = Decimal(str(round(value or 0, 2)))
        feedback.at_field("amount")
    with two:
        now = view.currency if view else currency.base()
        codes = list(dict.fromkeys([now, *service.currency.codes(me)]))
        typed["currency"] = st.selectbox(_("Currency"), codes, key=f"{key}.currency") or now
        feedback.at_field("currency")
    with three:
        days = view.remind_days if view else DAYS
        label, told = _("Remind (days before)"), _("0 is never.")
        typed["remind_days"] = int(st.number_input(label, 0, 3650, days, help=told, key=f"{key}.remind_days"))
    return typed


def _contact(me: Actor, key: str, view: ContractView | None, customer_id: int) -> int | None:
    people = {person.id: person.name for person in service.contacts.list(me, customer_id)}
    held = view.contact_id if view else None
    if held is not None:
        people.setdefault(held, view.contact if view else "")
    ids = list(people)
    index = ids.index(held) if held is not None else None
    return st.selectbox(
        _("Contact person"), ids, index=index, format_func=lambda i: people.get(i, str(i)), key=f"{key}.contact_id"
    )
