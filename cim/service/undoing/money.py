"""What undoing must not do to money: leave an order with more paid than it costs, or more given back than was paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from cim.errors import Conflict
from cim.models import Payment, SalesOrder
from cim.models.base import columns
from cim.models.order import OrderStatus, PaymentKind
from cim.service import payments
from cim.service.undoing import entries, values
from cim.work import Work

ORDERS, PAYMENTS = columns(SalesOrder), columns(Payment)
PAID = "{paid} {currency} are paid already. Leave the amount, and give the difference back as a refund."
GIVEN_BACK = "This payment was given back: take the refund out first."
KEPT = "Money was paid for this order: give it back as a refund first, then cancel."
NOT_CHANGED = "A cancelled order is not changed. Confirm it again first."
# all of them are said by cim/service/orders.py too, and marked for translation there


def look(work: Work, found: Sequence[tuple[str, str, list[int]]]) -> None:
    """Raise Conflict, before anything is written, where an order would get an amount back that is below what is paid. Only
    a change of one order changes an amount."""
    parts = [part for part in found if part[0] == "sales_order"]
    if len(parts) != 1:
        return
    [step] = entries.steps(work, parts)
    if step.created or step.deleted or "amount" not in (step.changes or {}):
        return
    before, after = (step.changes or {})["amount"]
    row = work.session.get(SalesOrder, step.identity)
    if row is None or before is None or not values.same(values.present(work, row, "amount"), after):
        return
    made = {key for table, key, _seqs in found if table == "payment"}
    held = select(Payment).where(PAYMENTS.order_id == row.id, PAYMENTS.deleted_at.is_(None))
    standing = [each for each in work.session.execute(held).scalars() if str(each.id) not in made]
    paid = payments.total(standing, PaymentKind.PAYMENT)
    if Decimal(before) < paid:
        raise Conflict(PAID, paid=f"{paid:,.2f}", currency=row.currency)


def orders_of(work: Work, rows: Iterable[Any]) -> dict[int, SalesOrder]:
    """The orders of payments that stand."""
    ids = sorted({row.order_id for row in rows if isinstance(row, Payment)})
    wanted = select(SalesOrder).where(ORDERS.id.in_(ids), ORDERS.deleted_at.is_(None))
    return {row.id or 0: row for row in work.session.execute(wanted).scalars()} if ids else {}


def out(row: Any, orders: Mapping[int, SalesOrder]) -> str:
    """Why a payment cannot be taken out of its order; "" where it can."""
    order = orders.get(row.order_id) if isinstance(row, Payment) else None
    if order is None:
        return ""
    if row.kind is PaymentKind.PAYMENT:
        return GIVEN_BACK if order.paid - row.amount < order.refunded else ""
    return NOT_CHANGED if order.status is OrderStatus.CANCELLED else ""


def back(work: Work, row: Any, told: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Why these values cannot be given to an order or a payment; None where they can."""
    if isinstance(row, SalesOrder) and told.get("status") == OrderStatus.CANCELLED and row.paid > row.refunded:
        return KEPT, {}
    if not isinstance(row, Payment) or told.get("deleted_at", row) is not None:
        return None
    order = work.session.get_one(SalesOrder, row.order_id)
    open_ = order.amount - order.paid if row.kind is PaymentKind.PAYMENT else order.paid - order.refunded
    if row.amount <= open_:
        return None
    if row.kind is PaymentKind.PAYMENT:
        return payments.TOO_MUCH, {"open": f"{max(open_, Decimal(0)):,.2f}", "currency": order.currency}
    return payments.NOT_PAID, {"paid": f"{open_:,.2f}", "currency": order.currency}
