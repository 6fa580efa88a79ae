"""What orders and customers derive from their payments, orders, opportunities and tickets: columns that lists, lifecycle
and figures read instead of adding up."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Numeric, and_, case, cast, func, literal, select

from cim import db
from cim.models import Customer, Opportunity, Payment, SalesOrder, Ticket
from cim.models.order import OrderStatus, PaymentKind
from cim.service import worklist_stale
from cim.work import Work

COUNTED = (OrderStatus.PAID, OrderStatus.COMPLETED)
"""Orders that count as business (DATA.md section 5)."""
OWING = (OrderStatus.CONFIRMED, OrderStatus.PAID, OrderStatus.COMPLETED)
"""Orders of which what is not paid is owed."""
CHUNK = 500
HALF_UP = Decimal("0.000000001")
"""Added before rounding: a half that a binary fraction holds a little too small is rounded up as in exact arithmetic."""
ONE = Decimal("1.0")
FIGURES = ("order_count", "order_total", "first_order_on", "last_order_on", "owed", "open_amount", "open_tickets")


def touch(work: Work, customer_ids: Sequence[int]) -> None:
    """Recompute the figures of these customers and of their orders, by two statements per 500. They are no history and no
    version: an open form stays valid."""
    work.session.flush()
    ids = sorted(set(customer_ids))
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        _lock(work, part)
        _orders(work, part)
        _customers(work, part)
    worklist_stale.stale(work, ids)
    for row in work.session.identity_map.values():
        if isinstance(row, Customer):
            work.session.expire(row, FIGURES)
        elif isinstance(row, SalesOrder):
            work.session.expire(row, ["paid", "refunded", "base_net"])


def _lock(work: Work, ids: Sequence[int]) -> None:
    """The update sees what was committed when it began: so wait for the others before it, not in it."""
    if not db.is_sqlite(work.session):
        customer = _table(Customer)
        held = select(customer.c.id).where(customer.c.id.in_(ids)).order_by(customer.c.id)
        work.session.execute(held.with_for_update(key_share=True))


def _orders(work: Work, ids: Sequence[int]) -> None:
    order, payment = _table(SalesOrder), _table(Payment)
    own = and_(payment.c.order_id == order.c.id, payment.c.deleted_at.is_(None))

    def total(kind: PaymentKind) -> Any:
        return select(_cents(func.coalesce(func.sum(payment.c.amount), 0))).where(own, payment.c.kind == kind)

    refunded = total(PaymentKind.REFUND).scalar_subquery()
    share = case((order.c.amount == 0, 0), else_=_part(order.c.base_amount, refunded, order.c.amount))
    values = {
        "paid": total(PaymentKind.PAYMENT).scalar_subquery(),
        "refunded": refunded,
        "base_net": _cents(order.c.base_amount - share),
    }
    work.session.execute(order.update().where(order.c.customer_id.in_(ids)).values(values))


def _customers(work: Work, ids: Sequence[int]) -> None:
    customer, order = _table(Customer), _table(SalesOrder)
    opportunity, ticket = _table(Opportunity), _table(Ticket)
    live = and_(order.c.customer_id == customer.c.id, order.c.deleted_at.is_(None))
    business = and_(live, order.c.status.in_(COUNTED))
    owed = case(
        (order.c.amount == 0, 0),
        else_=_part(order.c.base_amount, order.c.amount - order.c.paid, order.c.amount),
    )
    working = and_(opportunity.c.customer_id == customer.c.id, opportunity.c.deleted_at.is_(None))
    waiting = and_(ticket.c.customer_id == customer.c.id, ticket.c.deleted_at.is_(None), ticket.c.closed_at.is_(None))

    def total(what: Any, where: Any, table: Any) -> Any:
        summed = _cents(func.coalesce(func.sum(what), 0))
        return select(summed).select_from(table).where(where).scalar_subquery()

    values = {
        "order_count": select(func.count()).select_from(order).where(business).scalar_subquery(),
        "order_total": total(order.c.base_net, business, order),
        "first_order_on": select(func.min(order.c.ordered_on)).where(business).scalar_subquery(),
        "last_order_on": select(func.max(order.c.ordered_on)).where(business).scalar_subquery(),
        "owed": total(owed, and_(live, order.c.status.in_(OWING)), order),
        "open_amount": total(opportunity.c.base_amount, and_(working, opportunity.c.closed_at.is_(None)), opportunity),
        "open_tickets": select(func.count()).select_from(ticket).where(waiting).scalar_subquery(),
    }
    work.session.execute(customer.update().where(customer.c.id.in_(ids)).values(values))


def _part(worth: Any, part: Any, whole: Any) -> Any:
    """What a part of an amount is worth in the base currency. As a fraction: SQLite divides whole numbers to whole
    numbers, whatever the type of their columns."""
    return worth * part * literal(ONE, Numeric(18, 9)) / whole


def _cents(amount: Any) -> Any:
    """A sum to the cent, the same on both databases."""
    return cast(func.round(cast(amount + literal(HALF_UP, Numeric(18, 9)), Numeric(30, 9)), 2), Numeric(18, 2))


def _table(model: type[Any]) -> Any:
    return model.__table__
