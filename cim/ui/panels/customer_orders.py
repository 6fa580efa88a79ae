"""The orders of a customer on its page: what is owed against the limit, the last orders, what it buys and how often."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, format_date, format_month, format_number
from cim.models.customer_view import CustomerView
from cim.models.order_view import Purchases
from cim.permissions import Permission
from cim.ui import feedback, state
from cim.ui.panels import order_words
from cim.ui.text import safe
from cim.work import Actor

SHOWN = 5
PRODUCTS = 12


def show(me: Actor, view: CustomerView) -> None:
    """Draw the panel; nothing for who does not see sales."""
    if not me.can(Permission.SALES_READ):
        return
    rows = feedback.attempt(service.orders.of_customer, me, view.id)
    if rows is None:
        return
    count = f" :gray[{format_number(len(rows))}]" if rows else ""
    st.subheader(_("Orders") + count, anchor=False)
    _money(me, view)
    if not rows:
        st.caption(_("No orders yet."))
    else:
        st.markdown("\n\n".join(order_words.line(row) for row in rows[:SHOWN]))
    if len(rows) > SHOWN:
        with st.expander(_("{count} more", count=len(rows) - SHOWN)):
            st.markdown("\n\n".join(order_words.line(row) for row in rows[SHOWN:]))
    if view.order_count:
        box = st.expander(
            _("What this customer buys"), icon=":material/bar_chart:", key="customer.bought", on_change="rerun"
        )
        if box.open:
            with box:
                _bought(me, view.id)
    if me.can(Permission.SALES_WRITE) and view.may_edit:
        query = {"new": "1", "customer": str(view.id)}
        st.page_link("pages/orders.py", label=_("Record an order"), icon=":material/add:", query_params=query)


def _money(me: Actor, view: CustomerView) -> None:
    """What was bought, what is owed, and the limit."""
    told = []
    if view.order_total:
        told.append(_("bought for {amount}", amount=f"**{order_words.money(view.order_total)}**"))
    if view.owed:
        over = view.credit_limit is not None and view.owed > view.credit_limit
        owed = _("owes {amount}", amount=f"**{order_words.money(view.owed)}**")
        told.append(f":red[{owed}]" if over else f":orange[{owed}]")
    if view.credit_limit is not None:
        told.append(_("credit limit {amount}", amount=order_words.money(view.credit_limit)))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if told:
            st.markdown(" · ".join(told), width="content")
        if me.can(Permission.CUSTOMER_ASSIGN) and view.may_edit:
            _limit(me, view)


def _limit(me: Actor, view: CustomerView) -> None:
    token = state.token(f"credit.{view.id}.{view.version}")
    label = _("Credit limit")
    with (
        st.popover(label, icon=":material/credit_score:", type="tertiary"),
        st.form(f"credit.{token}.form", border=False),
    ):
        held = float(view.credit_limit) if view.credit_limit is not None else None
        value = st.number_input(
            _("At most owed ({currency}); empty: no limit", currency=service.currency.base()),
            min_value=0.0,
            value=held,
            step=1000.0,
            format="%.2f",
            key=f"credit.limit.{token}",
        )
        feedback.at_field("credit_limit")
        reason = st.text_input(_("Reason"), key=f"credit.reason.{token}", max_chars=200)
        if not st.form_submit_button(_("Save"), type="primary", key=f"credit.save.{token}"):
            return
    exact = None if value is None else Decimal(str(round(value, 2)))
    saved = feedback.attempt(service.credit.set_limit, me, view.id, exact, version=view.version, reason=reason or "")
    if saved is not None:
        feedback.flash(_("Saved.") if saved else _("No changes."), kind="success")
        st.rerun()


def _bought(me: Actor, customer_id: int) -> None:
    found = feedback.attempt(service.purchases.of_customer, me, customer_id)
    if found is None or not found.orders:
        return
    st.markdown(" · ".join(_facts(found)))
    if found.products:
        st.table([_product(row) for row in found.products[:PRODUCTS]], border="horizontal", hide_index=True)
    months = found.months[-24:]
    if len(months) > 1:
        st.bar_chart(
            {_("Month"): [format_month(m.month) for m in months], _("Amount"): [float(m.amount) for m in months]},
            x=_("Month"),
            y=_("Amount"),
            sort=False,
            height=180,
        )


def _facts(found: Purchases) -> list[str]:
    facts = [_("{count} orders", count=format_number(found.orders)), order_words.money(found.amount)]
    if found.usual_gap is not None:
        facts.append(_("usually every {days} days", days=found.usual_gap))
    if found.last_on is not None:
        facts.append(_("last on {date}", date=safe(format_date(found.last_on))))
    return facts


def _product(row: Any) -> dict[str, str]:
    return {
        _("Product"): safe(row.name),
        _("Quantity"): safe(f"{order_words.quantity(row.quantity)} {row.unit}".strip()),
        _("Amount"): order_words.money(row.amount),
        _("Mean price"): order_words.money(row.price),
        _("Orders"): str(row.orders),
        _("Last"): safe(format_date(row.last_on)),
    }
