"""The form of an order: recording one, and changing one in place."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import streamlit as st

from cim import clock, service, words
from cim.errors import OverLimit
from cim.i18n import _
from cim.models.custom import Noun
from cim.models.order import OrderDraft, OrderStatus
from cim.models.order_view import OrderView
from cim.service import currency
from cim.ui import feedback, state
from cim.ui.panels import custom_inputs, order_grid
from cim.ui.text import safe
from cim.work import Actor

BEGINNINGS = (OrderStatus.CONFIRMED, OrderStatus.DRAFT, OrderStatus.COMPLETED)


def add(me: Actor, customer_id: int) -> int | None:
    """Draw the form for another order of a customer; its id right after it was recorded."""
    token = state.token(f"order.{customer_id}")
    key = f"order.{token}"
    typed = _inputs(me, key, None, customer_id)
    lines = order_grid.draw(me, key=key)
    order_grid.total(me, customer_id, lines, typed["currency"])
    if not lines:
        typed["amount"] = _amount(key, Decimal(0))
    codes = [status.value for status in BEGINNINGS]
    status = st.segmented_control(
        _("Begins as"),
        codes,
        format_func=lambda code: words.value("order_status", code),
        default=codes[0],
        required=True,
        help=_("Completed: delivered and paid already."),
        key=f"{key}.status",
    )
    draft = OrderDraft.model_validate(typed | {"lines": lines, "status": status or codes[0]})
    reason = _reason(key)
    if not st.button(_("Record the order"), type="primary", icon=":material/check:", key=f"order.save.{token}"):
        return None
    made: int | None = _attempt(
        key, lambda: service.orders.record(me, customer_id, draft, token=token, over_limit_reason=reason)
    )
    if made is not None:
        state.spend(f"order.{customer_id}")
    return made


def edit(me: Actor, view: OrderView, *, done: Callable[[], None]) -> None:
    """Draw the form for changing an order; `done` closes it. Only what was changed here is saved."""
    key = f"order.edit.{view.id}.{view.version}"
    typed = _inputs(me, key, view, view.customer_id)
    lines = order_grid.draw(me, view.lines, key=key)
    before = order_grid.of(view.lines)
    if not lines:
        typed["amount"] = _amount(key, view.amount)
    given = {name: value for name, value in typed.items() if value != getattr(view, name)}
    if lines != before:
        given["lines"] = lines
    reason = _reason(key)
    with st.container(horizontal=True):
        pressed = st.button(_("Save"), type="primary", icon=":material/check:", key="order.save")
        if st.button(_("Cancel"), key="order.close"):
            done()
            st.rerun()
    if not pressed:
        return
    draft = OrderDraft.model_validate(given)
    update = service.orders.update
    changed = _attempt(key, lambda: update(me, view.id, draft, version=view.version, over_limit_reason=reason))
    if changed is not None:
        feedback.flash(_("Saved.") if changed else _("No changes."), kind="success")
        done()
        st.rerun()


def _inputs(me: Actor, key: str, view: OrderView | None, customer_id: int) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    one, two, three, four = st.columns(4)
    first = view.ordered_on if view else clock.today()
    with one:
        day = st.date_input(_("Order date"), first, max_value=clock.today(), key=f"{key}.ordered_on")
        typed["ordered_on"] = day or first
    with two:
        typed["due_on"] = st.date_input(_("Payment due on"), view.due_on if view else None, key=f"{key}.due_on")
    with three:
        now = view.currency if view else currency.base()
        codes = list(dict.fromkeys([now, *service.currency.codes(me)]))
        typed["currency"] = st.selectbox(_("Currency"), codes, key=f"{key}.currency") or now
    with four:
        number, hint = view.order_no if view else "", _("Given out when empty")
        typed["order_no"] = st.text_input(
            _("Order number"), number, key=f"{key}.order_no", max_chars=40, placeholder=hint
        )
    for name in ("ordered_on", "due_on", "currency", "order_no"):
        feedback.at_field(name)
    with st.expander(_("More: contact person, contract, notes")):
        people = {person.id: person.name for person in service.contacts.list(me, customer_id)}
        typed["contact_id"] = _choice(_("Contact person"), people, view.contact_id if view else None, f"{key}.contact")
        held = {row.id: f"{row.title} · {row.number}" for row in service.contracts.of_customer(me, customer_id)}
        typed["contract_id"] = _choice(_("Contract"), held, view.contract_id if view else None, f"{key}.contract")
        typed["notes"] = st.text_area(_("Notes"), view.notes if view else "", key=f"{key}.notes", max_chars=2000)
        own = custom_inputs.fields(me, Noun.ORDER)
        if own:
            custom_inputs.prime(key, view.custom if view else {})
            typed["custom"] = custom_inputs.draw(key, own)
    return typed


def _choice(label: str, offered: dict[int, str], now: int | None, key: str) -> int | None:
    if now is not None:
        offered.setdefault(now, str(now))
    ids = list(offered)
    index = ids.index(now) if now is not None else None
    return st.selectbox(label, ids, index=index, format_func=lambda i: offered.get(i, str(i)), key=key)


def _amount(key: str, held: Decimal) -> Decimal:
    label = _("Amount (without lines)")
    value = st.number_input(label, min_value=0.0, value=float(held), step=100.0, format="%.2f", key=f"{key}.amount")
    feedback.at_field("amount")
    return Decimal(str(round(value or 0, 2)))


def _reason(key: str) -> str:
    """Why an order above the credit limit goes through, once that was asked."""
    asked = st.session_state.get(f"{key}.over", "")
    if not asked:
        return ""
    st.warning(safe(asked), icon=":material/credit_card_off:")
    return str(st.text_input(_("Why it goes through"), key=f"{key}.reason", max_chars=200) or "")


def _attempt(key: str, save: Callable[[], Any]) -> Any:
    """As feedback.attempt; the question about the credit limit stays with the form."""

    def asked() -> Any:
        try:
            return save()
        except OverLimit as over:
            st.session_state[f"{key}.over"] = feedback.translated(over)
            st.rerun()

    return feedback.attempt(asked)
