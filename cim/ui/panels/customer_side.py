"""The right column of a customer: one of its kinds of record at a time, so that a page draws no more than is looked at."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cim.i18n import N_, _
from cim.models.customer_view import CustomerView
from cim.permissions import Permission
from cim.ui import gate
from cim.ui import tabs as choose
from cim.ui.panels import (
    contacts,
    customer_contracts,
    customer_dates,
    customer_opportunities,
    customer_orders,
    customer_satisfaction,
    customer_tickets,
    files,
)
from cim.work import Actor

Shown = Callable[[Actor, CustomerView], None]
KINDS: dict[str, tuple[str, Permission, Shown]] = {
    "contacts": (N_("Contacts"), Permission.CUSTOMER_READ, contacts.show),
    "opportunities": (N_("Opportunities"), Permission.SALES_READ, customer_opportunities.show),
    "orders": (N_("Orders"), Permission.SALES_READ, customer_orders.show),
    "contracts": (N_("Contracts"), Permission.SALES_READ, customer_contracts.show),
    "tickets": (N_("Tickets"), Permission.TICKET_READ, customer_tickets.show),
    "satisfaction": (N_("Satisfaction"), Permission.TICKET_READ, customer_satisfaction.show),
    "dates": (N_("Days to remember"), Permission.CUSTOMER_READ, customer_dates.show),
    "files": (N_("Files"), Permission.CUSTOMER_READ, files.show),
}


def show(me: Actor, view: CustomerView) -> None:
    """The kinds to choose from, with what waits in each where the customer's own row says so, and the chosen one."""
    if me.can(Permission.CUSTOMER_READ):
        _column(view)


@st.fragment
@gate.guarded(Permission.CUSTOMER_READ)
def _column(me: Actor, view: CustomerView) -> None:
    waiting = {"tickets": view.open_tickets}
    tabs = {
        kind: f"{_(label)} {waiting[kind]}" if waiting.get(kind) else _(label)
        for kind, (label, needed, _shown) in KINDS.items()
        if me.can(needed)
    }
    chosen = choose.chosen(tabs, key="customer.side", label=_("What belongs to the customer"), draw=st.pills, wrap=True)
    KINDS[chosen][2](me, view)
