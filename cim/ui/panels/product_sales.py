"""What was sold of each product in a period, to customers in reach."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_date
from cim.ui import feedback
from cim.ui.panels import order_words
from cim.ui.text import safe
from cim.work import Actor

DAYS = {"30": 30, "90": 90, "365": 365, "all": 0}


def show(me: Actor) -> None:
    """The table, with a choice of the period."""
    names = {"30": _("30 days"), "90": _("90 days"), "365": _("12 months"), "all": _("All")}
    chosen = st.pills(
        _("Period"),
        list(DAYS),
        format_func=lambda code: names[code],
        default="365",
        required=True,
        key="products.period",
        label_visibility="collapsed",
    )
    days = DAYS[chosen or "365"]
    since = clock.today() - timedelta(days=days - 1) if days else None
    found = feedback.attempt(service.purchases.by_product, me, since=since)
    if found is None:
        return
    if not found:
        st.info(_("Nothing was sold in this period."))
        return
    st.table(
        [
            {
                _("Product"): safe(f"{row.name} · {row.code}") if row.product_id else _("Without product"),
                _("Category"): safe(row.category),
                _("Quantity"): safe(f"{order_words.quantity(row.quantity)} {row.unit}".strip()),
                _("Amount"): order_words.money(row.amount),
                _("Orders"): str(row.orders),
                _("Customers"): str(row.customers),
                _("Last sold"): safe(format_date(row.last_on)),
            }
            for row in found
        ],
        border="horizontal",
        hide_index=True,
    )
    st.caption(_("Orders that are paid or completed, in {currency}.", currency=service.currency.base()))
