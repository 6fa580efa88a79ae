"""The tickets of a customer on its page: what is open first, and the way to a new one."""

from __future__ import annotations

import streamlit as st

from cim.i18n import _
from cim.models.customer_view import CustomerView
from cim.permissions import Permission
from cim.service import tickets
from cim.ui import feedback
from cim.ui.panels import ticket_words
from cim.work import Actor

SHOWN = 5


def show(me: Actor, view: CustomerView) -> None:
    """Draw the tickets; nothing for who may not read them."""
    if not me.can(Permission.TICKET_READ):
        return
    found = feedback.attempt(tickets.of_customer, me, view.id)
    if found is None:
        return
    waiting = sum(row.status not in ticket_words.FINISHED for row in found)
    st.subheader(f"{_('Tickets')} :gray[{len(found)}]" if found else _("Tickets"), anchor=False)
    if waiting:
        st.caption(_("{count} not finished", count=waiting))
    if not found:
        st.caption(_("No complaint and no request so far."))
    if found:
        st.markdown("\n\n".join(ticket_words.line(row, customer=False) for row in found[:SHOWN]))
    if len(found) > SHOWN:
        label = _("{count} more", count=len(found) - SHOWN)
        with st.expander(label, key=f"customer.tickets.more.{view.id}", on_change="rerun") as rest:
            if rest.open:
                st.markdown("\n\n".join(ticket_words.line(row, customer=False) for row in found[SHOWN:]))
    if me.can(Permission.TICKET_OPEN):
        query = {"tab": "new", "customer": str(view.id)}
        st.page_link("pages/tickets.py", label=_("Open a ticket"), icon=":material/add:", query_params=query)
