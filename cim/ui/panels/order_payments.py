"""The payments of an order: what came in, what went back, and putting down more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_date
from cim.models.order import OrderStatus, PaymentDraft, PaymentKind
from cim.models.order_view import OrderView, PaymentView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import order_words
from cim.ui.text import safe
from cim.work import Actor

STANDING = (OrderStatus.CONFIRMED, OrderStatus.PAID, OrderStatus.COMPLETED)


def show(me: Actor, view: OrderView) -> None:
    """The list, and the forms for who may."""
    st.subheader(_("Payments"), anchor=False)
    if not view.payments:
        st.caption(_("Nothing was paid yet."))
    for payment in view.payments:
        _line(me, view, payment)
    if not (view.may_edit and me.can(Permission.SALES_WRITE)):
        return
    with st.container(horizontal=True, gap="small"):
        if view.open and view.status in STANDING:
            with st.popover(_("Record a payment"), icon=":material/payments:", key="order.pay"):
                _form(me, view, PaymentKind.PAYMENT, view.open)
        if view.paid > view.refunded:
            with st.popover(
                _("Give money back"), icon=":material/currency_exchange:", type="tertiary", key="order.refund"
            ):
                _form(me, view, PaymentKind.REFUND, view.paid - view.refunded)


def _line(me: Actor, view: OrderView, payment: PaymentView) -> None:
    back = payment.kind is PaymentKind.REFUND
    amount = order_words.money(-payment.amount if back else payment.amount, view.currency)
    facts = [format_date(payment.paid_on), payment.method, payment.note, payment.created_by]
    told = " · ".join(safe(fact) for fact in facts if fact)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        color = "violet" if back else "green"
        label = f":{color}-badge[{_('Refund')}] " if back else ""
        st.markdown(f"{label}**{amount}**  \n:gray[:small[{told}]]", width="stretch")
        if view.may_edit and me.can(Permission.SALES_WRITE):
            press: dict[str, Any] = {"on_click": _remove, "args": (payment.id, payment.version), "type": "tertiary"}
            name = f"payment.remove.{payment.id}"
            st.button(_("Take this payment out"), icon=":material/delete:", key=name, **press)


def _form(me: Actor, view: OrderView, kind: PaymentKind, most: Decimal) -> None:
    token = state.token(f"payment.{kind}.{view.id}")
    key = f"payment.{kind}.{token}"
    with st.form(f"{key}.form", border=False):
        value = st.number_input(
            _("Amount ({currency})", currency=view.currency),
            min_value=0.0,
            value=float(most),
            format="%.2f",
            key=f"{key}.amount",
        )
        feedback.at_field("amount")
        day = st.date_input(_("Paid on"), clock.today(), max_value=clock.today(), key=f"{key}.paid_on")
        method = st.text_input(_("Way of payment"), key=f"{key}.method", max_chars=40)
        note = st.text_input(_("Note"), key=f"{key}.note", max_chars=200)
        label = _("Save payment") if kind is PaymentKind.PAYMENT else _("Save refund")
        if not st.form_submit_button(label, type="primary", key=f"{key}.save"):
            return
    amount = Decimal(str(round(value or 0, 2)))
    draft = PaymentDraft(amount=amount, paid_on=day, method=method or "", note=note or "")
    save = service.orders.pay if kind is PaymentKind.PAYMENT else service.orders.refund
    if feedback.attempt(save, me, view.id, draft, token=token) is not None:
        state.spend(f"payment.{kind}.{view.id}")
        feedback.flash(_("Saved."), kind="success")
        st.rerun()


@gate.guarded(Permission.SALES_WRITE)
def _remove(me: Actor, payment_id: int, version: int) -> None:
    feedback.attempt(service.orders.remove_payment, me, payment_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("The payment was taken out."))
