"""An opportunity becomes an order, and the orders that came of it."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.errors import OverLimit
from cim.i18n import _, format_date
from cim.models.opportunity import StageKind
from cim.models.opportunity_view import OpportunityView
from cim.models.order import OrderStatus
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import opportunity_dialog, opportunity_words
from cim.ui.text import safe
from cim.work import Actor


def button(me: Actor, view: OpportunityView) -> None:
    """The button, where no order came of it yet."""
    if view.kind is StageKind.LOST or _standing(me, view):
        return
    act = {"on_click": opportunity_dialog.ask, "args": (opportunity_dialog.ORDER, view.id, view.version)}
    st.button(_("To order"), icon=":material/shopping_cart:", key="opportunity.order", **act)  # type: ignore[arg-type]
    asked = opportunity_dialog.asked(view.id)
    if asked is not None and asked[0] == opportunity_dialog.ORDER:
        opportunity_dialog.show(_("Make an order of it"), _ask, view.id)


def orders(me: Actor, view: OpportunityView) -> None:
    """The orders that came of it, where there are any."""
    found = feedback.attempt(service.opportunities.ordered, me, view.id)
    if not found:
        return
    st.subheader(_("Orders"), anchor=False)
    lines = [
        f"[{safe(order.order_no)}](/order?id={order.id}) · {safe(format_date(order.ordered_on))} · "
        f"**{opportunity_words.money(order.amount, order.currency)}**"
        for order in found
    ]
    st.markdown("\n\n".join(lines))


def _standing(me: Actor, view: OpportunityView) -> bool:
    found = feedback.attempt(service.opportunities.ordered, me, view.id)
    return any(order.status is not OrderStatus.CANCELLED for order in found or [])


@gate.guarded(Permission.SALES_WRITE)
def _ask(me: Actor, opportunity_id: int) -> None:
    view = feedback.attempt(service.opportunities.get, me, opportunity_id)
    if view is None:
        return
    key = f"opportunity.order.{opportunity_id}"
    money = opportunity_words.money(view.amount, view.currency)
    st.markdown(_("An order over **{amount}** with the products of this opportunity.", amount=money))
    if view.kind is StageKind.OPEN:
        st.caption(_("The opportunity is won by that."))
    over = st.session_state.get(f"{key}.over", "")
    if over:
        st.warning(safe(over))
        st.text_input(_("Reason"), key=f"{key}.reason", max_chars=200)
    if st.button(_("Record the order"), type="primary", key=f"{key}.save"):
        _record(me, opportunity_id, key)


def _record(me: Actor, opportunity_id: int, key: str) -> None:
    reason = str(st.session_state.get(f"{key}.reason") or "")
    token = state.token(key)
    st.session_state.pop(state.FIELD_ERRORS, None)
    try:
        service.opportunities.convert_to_order(me, opportunity_id, token=token, over_limit_reason=reason)
    except OverLimit as over:
        st.session_state[f"{key}.over"] = feedback.translated(over)
        st.rerun(scope="fragment")
    except Exception as error:  # shown in the dialog, or as an incident
        feedback.attempt(_raise, error)
        return
    state.spend(key)
    st.session_state.pop(f"{key}.over", None)
    opportunity_dialog.saved(_("The order is recorded."))


def _raise(error: Exception) -> None:
    raise error
