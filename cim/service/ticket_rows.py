"""Tickets on their way out: the names beside them, and how they stand at this moment."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, select
from sqlalchemy.orm import aliased

from cim.models import Contact, Customer, Product, SalesOrder, Ticket, User
from cim.models.base import columns
from cim.models.ticket import TicketStatus
from cim.models.ticket_view import TicketRow, TicketView
from cim.permissions import Permission
from cim.service import custom_values
from cim.work import Work

TICKETS = columns(Ticket)
CUSTOMERS = columns(Customer)
USERS = columns(User)
PRODUCTS = columns(Product)
ORDERS = columns(SalesOrder)
CONTACTS = columns(Contact)
OWNER: Any = aliased(User)
OPENER: Any = aliased(User)

RUNNING = (TicketStatus.NEW, TicketStatus.OPEN)
"""The clock runs."""
UNFINISHED = (*RUNNING, TicketStatus.WAITING)
FINISHED = (TicketStatus.RESOLVED, TicketStatus.CLOSED)
_PLAIN = set(TicketRow.model_fields) - {"customer", "handler", "overdue", "late_answer"}
_WHOLE = set(TicketView.model_fields) & set(Ticket.model_fields) - {"handler", "custom"}


def listed(work: Work, *, few: bool = False) -> Select[Any]:
    """Visible tickets: (Ticket, customer's name, handler's name); `few` as in `access.visible`."""
    return (
        select(Ticket, CUSTOMERS.name, USERS.name)
        .join(Customer, CUSTOMERS.id == TICKETS.customer_id)
        .outerjoin(User, USERS.id == TICKETS.handler_id)
        .where(work.visible(Ticket, few=few))
    )


def standing() -> ColumnElement[bool]:
    """Tickets that stand, of customers that do, as SQL: for the server, which sees all."""
    customers = select(CUSTOMERS.id).where(CUSTOMERS.deleted_at.is_(None))
    return and_(TICKETS.deleted_at.is_(None), TICKETS.customer_id.in_(customers))


def by_due(statement: Select[Any]) -> Select[Any]:
    """Due first on top; those that wait for the customer, and those without a due time, behind them."""
    last = case((TICKETS.status == TicketStatus.WAITING, 1), (TICKETS.due_at.is_(None), 2), else_=0)
    return statement.order_by(last, TICKETS.due_at, TICKETS.id)


def overdue(work: Work) -> ColumnElement[bool]:
    """Not resolved in time, as SQL."""
    return and_(TICKETS.status.in_(RUNNING), TICKETS.due_at < work.now)


def late_answer(work: Work) -> ColumnElement[bool]:
    """Not answered in time, as SQL."""
    return and_(TICKETS.status.in_(RUNNING), TICKETS.responded_at.is_(None), TICKETS.respond_by < work.now)


def line(work: Work, row: Ticket, customer: str, handler: str | None) -> TicketRow:
    """One line of a list."""
    return TicketRow(
        **row.model_dump(include=_PLAIN), **_now(work, row), customer=customer, handler=handler or row.handler
    )


def lines(work: Work, statement: Select[Any]) -> list[TicketRow]:
    """The lines of a statement that begins as `listed`."""
    return [line(work, row, customer, handler) for row, customer, handler, *_ in work.session.execute(statement)]


def whole(work: Work, ticket_id: int) -> TicketView | None:
    """One ticket with everything beside it, None out of reach. Two queries."""
    wanted = (
        listed(work, few=True)
        .add_columns(CUSTOMERS.owner_id, OWNER.name, OPENER.name, PRODUCTS.name, ORDERS.order_no, CONTACTS.name)
        .outerjoin(OWNER, OWNER.id == CUSTOMERS.owner_id)
        .outerjoin(OPENER, OPENER.id == TICKETS.opened_by_id)
        .outerjoin(Product, PRODUCTS.id == TICKETS.product_id)
        .outerjoin(SalesOrder, ORDERS.id == TICKETS.order_id)
        .outerjoin(Contact, CONTACTS.id == TICKETS.contact_id)
        .where(TICKETS.id == ticket_id)
    )
    found = work.session.execute(wanted).first()
    if found is None:
        return None
    row, customer, handler, owner_id, owner, opener, product, order, contact = found
    handles = work.owns(Permission.TICKET_HANDLE, owner_id)
    return TicketView(
        **row.model_dump(include=_WHOLE),
        **_now(work, row),
        customer=customer,
        handler=handler or row.handler,
        owner=owner or "",
        opened_by=opener or "",
        product=product or "",
        order=order or "",
        contact=contact or "",
        custom=custom_values.of(work, row, seen=work.may_see_clear(owner_id)),
        may_edit=handles or work.owns(Permission.TICKET_OPEN, owner_id),
        may_handle=handles,
        may_assign=work.owns(Permission.TICKET_ASSIGN, owner_id),
        may_comment=work.actor.can(Permission.ACTIVITY_WRITE),
    )


def _now(work: Work, row: Ticket) -> dict[str, Any]:
    running = row.status in RUNNING
    late = row.responded_at is None and row.respond_by is not None and row.respond_by < work.now
    return {
        "overdue": running and row.due_at is not None and row.due_at < work.now,
        "late_answer": running and late,
    }
