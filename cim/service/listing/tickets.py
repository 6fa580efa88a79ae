"""The list of tickets, as data."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func
from sqlalchemy.orm import aliased

from cim.i18n import N_
from cim.models import Product, Ticket
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.record_list import CellKind
from cim.models.ticket import Priority, TicketStatus
from cim.permissions import Permission
from cim.service.listing.deals import products
from cim.service.listing.kinds import CUSTOMER, OWNER, Column, Facet, Kind, Settable, customer_column
from cim.work import Work

TICKETS = columns(Ticket)
PRODUCT: Any = aliased(Product)
_WORKING = (TicketStatus.NEW, TicketStatus.OPEN)
_URGENCY = case({priority.value: place for place, priority in enumerate(Priority)}, value=TICKETS.priority)


def _open(_work: Work) -> ColumnElement[bool]:
    held: ColumnElement[bool] = TICKETS.status.in_([*_WORKING, TicketStatus.WAITING])
    return held


def _overdue(work: Work) -> ColumnElement[bool]:
    """The clock of a ticket that waits for the customer stands still."""
    return and_(TICKETS.status.in_(_WORKING), TICKETS.due_at < work.now)


def _marks(_work: Work) -> dict[str, str]:
    return {str(mark): "★" * mark for mark in range(1, 6)}


TICKET = Kind(
    noun=Noun.TICKET,
    table=Ticket,
    permission=Permission.TICKET_READ,
    writes=Permission.TICKET_HANDLE,
    joins=(
        customer_column(TICKETS),
        (OWNER, OWNER.id == TICKETS.handler_id),
        (PRODUCT, PRODUCT.id == TICKETS.product_id),
    ),
    columns=(
        Column("subject", N_("Subject"), TICKETS.subject, opens=True, width=0, order=TICKETS.subject_folded),
        Column("number", N_("Ticket number"), TICKETS.number, width=90),
        Column("customer", N_("Customer"), CUSTOMER.name, width=170, order=CUSTOMER.name_order),
        Column("type", N_("Type"), TICKETS.type, CellKind.CHOICE, words="ticket_type", width=70),
        Column(
            "priority", N_("Priority"), TICKETS.priority, CellKind.CHOICE, words="priority", width=70, order=_URGENCY
        ),
        Column("status", N_("Status"), TICKETS.status, CellKind.CHOICE, words="ticket_status", width=85),
        # of an imported ticket whose handler has no account, the name that the file told
        Column("handler", N_("Handler"), func.coalesce(OWNER.name, TICKETS.handler), width=80),
        Column("due_at", N_("Due"), TICKETS.due_at, CellKind.MOMENT, width=140),
        Column("opened_at", N_("Opened on"), TICKETS.opened_at, CellKind.MOMENT, shown=False, width=140),
        Column("category", N_("Category"), TICKETS.category, shown=False),
        Column("product", N_("Product"), PRODUCT.name, shown=False),
        Column("source", N_("Source"), TICKETS.source, CellKind.CHOICE, words="ticket_source", shown=False),
        Column("closed_at", N_("Closed on"), TICKETS.closed_at, CellKind.MOMENT, shown=False, width=140),
        Column("satisfaction", N_("Satisfaction"), TICKETS.satisfaction, CellKind.NUMBER, shown=False),
        Column("reopened", N_("Times reopened"), TICKETS.reopened, CellKind.NUMBER, shown=False),
        Column("escalation", N_("Escalation level"), TICKETS.escalation, CellKind.NUMBER, shown=False),
    ),
    facets=(
        Facet("status", N_("Status"), TICKETS.status, words="ticket_status"),
        Facet("open", N_("Still to be resolved"), holds=_open),
        Facet("overdue", N_("Overdue"), holds=_overdue),
        Facet("type", N_("Type"), TICKETS.type, words="ticket_type"),
        Facet("priority", N_("Priority"), TICKETS.priority, words="priority"),
        Facet("category", N_("Category"), TICKETS.category),
        Facet("source", N_("Source"), TICKETS.source, words="ticket_source"),
        Facet("product", N_("Product"), TICKETS.product_id, choices=products, number=True),
        Facet("satisfaction", N_("Satisfaction"), TICKETS.satisfaction, choices=_marks, number=True),
    ),
    main=TICKETS.opened_at,
    main_is_moment=True,
    main_label=N_("Opened on"),
    name=TICKETS.subject,
    number=TICKETS.number,
    own=TICKETS.handler_id,
    own_label=N_("Handler"),
    searched=(TICKETS.subject_folded,),
    numbers=(TICKETS.number,),
    order="-opened_at",
    state="status",
    views={
        "all": (N_("All tickets"), {}),
        "mine": (N_("Mine"), {"mine": True, "facets": {"open": "true"}}),
        "unassigned": (N_("Without handler"), {"owner": 0, "facets": {"open": "true"}}),
        "overdue": (N_("Overdue"), {"facets": {"overdue": "true"}}),
        "complaints": (N_("Open complaints"), {"facets": {"open": "true", "type": "complaint"}}),
    },
    settable=(
        Settable("priority", N_("Priority"), CellKind.CHOICE, words="priority", emptied=False),
        Settable("type", N_("Type"), CellKind.CHOICE, words="ticket_type", emptied=False),
        Settable("category", N_("Category")),
    ),
)
