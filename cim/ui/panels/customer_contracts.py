"""The contracts of a customer on its page."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.models.customer_view import CustomerView
from cim.permissions import Permission
from cim.ui import feedback
from cim.ui.panels import order_words
from cim.work import Actor

SHOWN = 5


def show(me: Actor, view: CustomerView) -> None:
    """Draw the panel; nothing for who does not see sales."""
    if not me.can(Permission.SALES_READ):
        return
    rows = feedback.attempt(service.contracts.of_customer, me, view.id)
    if rows is None:
        return
    count = f" :gray[{format_number(len(rows))}]" if rows else ""
    st.subheader(_("Contracts") + count, anchor=False)
    if not rows:
        st.caption(_("No contracts yet."))
    else:
        st.markdown("\n\n".join(order_words.contract_line(row) for row in rows[:SHOWN]))
    if len(rows) > SHOWN:
        with st.expander(_("{count} more", count=len(rows) - SHOWN)):
            st.markdown("\n\n".join(order_words.contract_line(row) for row in rows[SHOWN:]))
    if me.can(Permission.SALES_WRITE) and view.may_edit:
        query = {"new": "1", "customer": str(view.id)}
        st.page_link("pages/contracts.py", label=_("Add a contract"), icon=":material/add:", query_params=query)
