"""What orders and customers derive from their payments, orders, opportunities and tickets: columns that lists, lifecycle
and figures read instead of adding up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Numeric, and_, case, cast, func, select

from cim import db
from cim.models import Customer, Opportunity, Payment, SalesOrder, Ticket
from cim.models.order import OrderStatus, PaymentKind
from cim.work import Work

COUNTED = (OrderStatus.PAID, OrderStatus.COMPLETED)
"""Orders that count as business (DATA.md section 5)."""
OWING = (OrderStatus.CONFIRMED, OrderStatus.PAID, OrderStatus.COMPLETED)
"""Orders of which what is not paid is owed."""
CHUNK = 500


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
    for row in work.session.identity_map.values():
        if isinstance(row, Customer):
            work.session.expire(
                row,
                [
                    "order_count",
                    "order_total",
                    "first_order_on",
                    "last_order_on",
                    "owed",
                    "open_amount",
                    "open_tickets",
                ],
            )
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
        summed = func.coalesce(func.sum(payment.c.amount), 0)
        return select(cast(summed, Numeric(18, 2))).where(own, payment.c.kind == kind).scalar_subquery()

    refunded = total(PaymentKind.REFUND)
    share = case((order.c.amount == 0, 0), else_=order.c.base_amount * refunded / order.c.amount)
    values = {
        "paid": total(PaymentKind.PAYMENT),
        "refunded": refunded,
        "base_net": cast(func.round(cast(order.c.base_amount - share, Numeric(18, 6)), 2), Numeric(18, 2)),
    }
    work.session.execute(order.update().where(order.c.customer_id.in_(ids)).values(values))


def _customers(work: Work, ids: Sequence[int]) -> None:
    customer, order = _table(Customer), _table(SalesOrder)
    opportunity, ticket = _table(Opportunity), _table(Ticket)
    live = and_(order.c.customer_id == customer.c.id, order.c.deleted_at.is_(None))
    business = and_(live, order.c.status.in_(COUNTED))
    owed = case(
        (order.c.amount == 0, 0),
        else_=order.c.base_amount * (order.c.amount - order.c.paid + order.c.refunded) / order.c.amount,
    )
    working = and_(opportunity.c.customer_id == customer.c.id, opportunity.c.deleted_at.is_(None))
    waiting = and_(ticket.c.customer_id == customer.c.id, ticket.c.deleted_at.is_(None), ticket.c.closed_at.is_(None))

    def total(what: Any, where: Any, table: Any) -> Any:
        return (
            select(cast(func.coalesce(func.sum(what), 0), Numeric(18, 2)))
            .select_from(table)
            .where(where)
            .scalar_subquery()
        )

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


def _table(model: type[Any]) -> Any:
    return model.__table__
