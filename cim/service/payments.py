"""Payments of an order, and the status that follows from them and from its delivery."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from cim import clock
from cim.errors import Invalid
from cim.i18n import N_
from cim.models import Payment, SalesOrder
from cim.models.order import DeliveryStatus, OrderStatus, PaymentDraft, PaymentKind, PaymentStatus
from cim.service import currency, typed
from cim.work import Work

TOO_MUCH = N_("Only {open} {currency} of this order are still to be paid.")
NOT_PAID = N_("Only {paid} {currency} were paid and can be given back.")


def status_of(amount: Decimal, paid: Decimal, refunded: Decimal) -> PaymentStatus:
    """The payment status that follows from the payments. An order of nothing is paid."""
    if refunded > 0 and refunded >= paid:
        return PaymentStatus.REFUNDED
    if paid >= amount:
        return PaymentStatus.PAID
    return PaymentStatus.PARTIAL if paid > 0 else PaymentStatus.UNPAID


def follow(row: SalesOrder, paid: Decimal, *, was_settled: bool) -> None:
    """Give an order the status that follows from what is paid by now and from its delivery: confirmed, paid when paid in
    full, completed when delivered too. One that was completed on credit stays so while it is paid bit by bit."""
    if row.status in (OrderStatus.DRAFT, OrderStatus.CANCELLED):
        return
    settled, delivered = paid >= row.amount, row.delivery is DeliveryStatus.DELIVERED
    if row.status is OrderStatus.COMPLETED and delivered and not (settled or was_settled):
        return
    row.status = OrderStatus.CONFIRMED
    if settled:
        row.status = OrderStatus.COMPLETED if delivered else OrderStatus.PAID


def add(work: Work, row: SalesOrder, draft: PaymentDraft) -> Payment:
    """Put a payment or refund to an order. Raises Invalid at the field for one that is no more than nothing, or more than
    is open (or was paid), and for a day to come."""
    amount = currency.money("amount", draft.amount)
    if amount <= 0:
        raise Invalid("amount", "The amount must be above zero.")
    open_, back = row.amount - row.paid, row.paid - row.refunded
    if draft.kind is PaymentKind.PAYMENT and amount > open_:
        raise Invalid("amount", TOO_MUCH, open=f"{max(open_, Decimal(0)):,.2f}", currency=row.currency)
    if draft.kind is PaymentKind.REFUND and amount > back:
        raise Invalid("amount", NOT_PAID, paid=f"{back:,.2f}", currency=row.currency)
    return work.add(
        Payment(
            order_id=row.id or 0,
            customer_id=row.customer_id,
            kind=draft.kind,
            amount=amount,
            paid_on=day("paid_on", draft.paid_on),
            method=typed.line("method", draft.method, 40),
            note=typed.line("note", draft.note, 200),
            created_by_id=work.actor.user_id,
            created_at=work.now,
            updated_at=work.now,
        )
    )


def total(payments: Iterable[Payment], kind: PaymentKind) -> Decimal:
    """The sum of the payments of one kind."""
    return sum((row.amount for row in payments if row.kind is kind), Decimal("0.00"))


def day(field: str, raw: date | None) -> date:
    """A local day that has come; today where none was typed. Raises Invalid for one to come or out of reason."""
    wanted = raw or clock.today()
    if wanted > clock.today() or wanted.year < 1990:
        raise Invalid(field, "Choose today or a day before.")
    return wanted


def later(field: str, raw: date | None, first: date | None) -> date | None:
    """A local day that does not lie before another one. Raises Invalid at the field."""
    if raw is not None and (raw.year < 1990 or raw.year > 2100):
        raise Invalid(field, "Check the year of this date.")
    if raw is not None and first is not None and raw < first:
        raise Invalid(field, "This day lies before the first one.")
    return raw
