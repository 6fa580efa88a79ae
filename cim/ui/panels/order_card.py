"""One order: header with what can be done, its lines, and what else is known of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cim import clock, service, words
from cim.errors import OverLimit
from cim.i18n import _, format_date
from cim.models.custom import Noun
from cim.models.order import DeliveryStatus, OrderStatus
from cim.models.order_view import OrderView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import custom_inputs, custom_shown, order_words
from cim.ui.text import safe, safe_lines
from cim.work import Actor

STANDING = (OrderStatus.CONFIRMED, OrderStatus.PAID, OrderStatus.COMPLETED)


def header(me: Actor, view: OrderView, *, actions: bool = True) -> None:
    """Number, customer, where the order stands, and the actions this actor has."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.header(safe(view.order_no), anchor=False, width="content")
            st.markdown(order_words.badges(view), width="content")
        if actions and view.may_edit and me.can(Permission.SALES_WRITE):
            with st.container(horizontal=True, width="content"):
                _actions(view)
    day = safe(format_date(view.ordered_on))
    st.caption(f"[{safe(view.customer)}](/customer?id={view.customer_id}) · {day} · {_('Owner')}: {safe(view.owner)}")
    _asked(view)


def lines(view: OrderView) -> None:
    """What was ordered, and what it comes to."""
    st.subheader(_("Lines"), anchor=False)
    if view.lines:
        st.table([_line(line, view.currency) for line in view.lines], border="horizontal", hide_index=True)
    figures = [(_("Amount"), view.amount), (_("Paid"), view.paid), (_("To be paid"), view.open)]
    figures += [(_("Refunded"), view.refunded)] if view.refunded else []
    with st.container(horizontal=True):
        for label, amount in figures:
            st.metric(label, order_words.money(amount, view.currency), width="content", border=True)
    if view.currency != service.currency.base():
        worth = _("Worth {amount} at the rate of the last save", amount=order_words.money(view.base_amount))
        st.caption(worth)


def details(me: Actor, view: OrderView) -> None:
    """Days, contact person, where it comes from, notes, custom fields."""
    st.subheader(_("Details"), anchor=False)
    delivered = f" · {format_date(view.delivered_on)}" if view.delivered_on else ""
    shown = {
        _("Delivery"): safe(words.value("delivery", view.delivery) + delivered),
        _("Payment"): safe(words.value("payment", view.payment)),
        _("Payment due on"): safe(format_date(view.due_on)) if view.due_on else "",
        _("Contact person"): safe(view.contact),
        _("Opportunity"): _linked(view.opportunity, "opportunity", view.opportunity_id),
        _("Contract"): _linked(view.contract, "contract", view.contract_id),
        _("Recorded by"): safe(view.created_by),
    }
    st.markdown("\n\n".join(f":gray[:small[{name}]]  \n{told}" for name, told in shown.items() if told))
    if view.custom:
        st.markdown(custom_shown.brief(custom_inputs.fields(me, Noun.ORDER), view.custom))
    if view.notes:
        st.caption(_("Notes"))
        st.markdown(safe_lines(view.notes))


def _line(line: Any, code: str) -> dict[str, str]:
    unit = f" {line.unit}" if line.unit else ""
    return {
        _("Product"): safe(f"{line.name} · {line.code}" if line.code else line.name),
        _("Quantity"): safe(order_words.quantity(line.quantity) + unit),
        _("Unit price"): order_words.money(line.unit_price, code),
        _("Amount"): order_words.money(line.amount, code),
    }


def _linked(name: str, page: str, key: int | None) -> str:
    return f"[{safe(name)}](/{page}?id={key})" if name else ""


def _actions(view: OrderView) -> None:
    if view.status in (OrderStatus.DRAFT, OrderStatus.CANCELLED):
        _button(_("Confirm"), "check", "confirm", view, kind="primary")
    if view.status in STANDING and view.delivery is not DeliveryStatus.DELIVERED:
        with st.popover(_("Delivery"), icon=":material/local_shipping:"):
            day = st.date_input(_("Delivered on"), clock.today(), max_value=clock.today(), key="order.delivered_on")
            press: dict[str, Any] = {"on_click": _deliver, "key": "order.deliver", "type": "primary"}
            st.button(_("Delivered wholly"), args=(view.id, view.version, DeliveryStatus.DELIVERED, day), **press)
            if view.delivery is DeliveryStatus.OPEN:
                part: dict[str, Any] = {"on_click": _deliver, "key": "order.deliver.part"}
                st.button(_("Delivered in part"), args=(view.id, view.version, DeliveryStatus.PARTIAL, None), **part)
    if view.status in (OrderStatus.CONFIRMED, OrderStatus.PAID):
        _button(_("Complete"), "done_all", "complete", view)
    if view.status is not OrderStatus.CANCELLED:
        open_form: dict[str, Any] = {"on_click": _open, "args": (view.id,), "key": "order.edit"}
        st.button(_("Edit"), icon=":material/edit:", **open_form)
    with st.popover(_("More"), icon=":material/more_horiz:"):
        st.text_input(_("Reason"), key="order.reason", max_chars=200)
        if view.delivery is not DeliveryStatus.OPEN and view.status is not OrderStatus.CANCELLED:
            back: dict[str, Any] = {"on_click": _deliver, "key": "order.deliver.back", "icon": ":material/undo:"}
            st.button(_("Not delivered after all"), args=(view.id, view.version, DeliveryStatus.OPEN, None), **back)
        if view.status is not OrderStatus.CANCELLED:
            _button(_("Cancel the order"), "block", "cancel", view)
        _button(_("Delete"), "delete", "remove", view)


def _button(label: str, icon: str, verb: str, view: OrderView, *, kind: str = "secondary") -> None:
    press: dict[str, Any] = {"on_click": _act, "args": (verb, view.id, view.version), "type": kind}
    st.button(label, icon=f":material/{icon}:", key=f"order.{verb}", **press)


def _asked(view: OrderView) -> None:
    """The question of the credit limit, when confirming brought it up."""
    held = st.session_state.get(state.ORDER_OVER)
    if held and held[0] == view.id:
        st.warning(safe(held[1]), icon=":material/credit_card_off:")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(_("Why it goes through"), key="order.over_limit_reason", max_chars=200)
            _button(_("Confirm all the same"), "check", "confirm", view, kind="primary")


@gate.guarded(Permission.SALES_WRITE)
def _act(me: Actor, verb: str, order_id: int, version: int) -> None:
    reason = str(st.session_state.get("order.reason") or "")
    over = str(st.session_state.get("order.over_limit_reason") or "")
    verbs: dict[str, Callable[[], Any]] = {
        "confirm": lambda: service.orders.confirm(me, order_id, version=version, over_limit_reason=over),
        "complete": lambda: service.orders.complete(me, order_id, version=version),
        "cancel": lambda: service.orders.cancel(me, order_id, version=version, reason=reason),
        "remove": lambda: service.orders.remove(me, order_id, version=version, reason=reason),
    }
    st.session_state.pop(state.ORDER_OVER, None)
    try:
        verbs[verb]()
    except OverLimit as asked:
        st.session_state[state.ORDER_OVER] = (order_id, feedback.translated(asked))
    except Exception as error:  # shown above the page, or as an incident
        feedback.attempt(_raise, error)
    else:
        if verb == "remove":
            feedback.flash(_("The order was removed."), kind="success")


@gate.guarded(Permission.SALES_WRITE)
def _deliver(me: Actor, order_id: int, version: int, to: DeliveryStatus, _day: Any) -> None:
    day = st.session_state.get("order.delivered_on") if to is DeliveryStatus.DELIVERED else None
    feedback.attempt(service.orders.deliver, me, order_id, to, on=day, version=version)


def editing(view: OrderView) -> bool:
    """Whether this order is open for editing in this tab."""
    return bool(view.may_edit and st.session_state.get(state.ORDER_EDITING) == view.id)


def close() -> None:
    """Close the form."""
    st.session_state.pop(state.ORDER_EDITING, None)


def _open(order_id: int) -> None:
    st.session_state[state.ORDER_EDITING] = order_id


def _raise(error: Exception) -> None:
    raise error
