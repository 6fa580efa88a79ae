"""Orders: what customers bought, what was delivered, what was paid.

Statuses and what moves them (`-`: refused, blank: nothing changes). Paid in full is judged on what came in, before
refunds; refunds change no status, and a cancelled order may be taken up again by `confirm`.

              draft       confirmed              paid                   completed              cancelled
    confirm   confirmed                                                                        confirmed
    pay       -           paid, when in full;    -                      stays, on credit       -
                          completed, delivered
    deliver   -           stays; completed,      completed              back, when taken back  -
                          when paid in full
    complete  -           completed (on credit)  completed                                     -
    cancel    cancelled   cancelled, once what was paid is given back   the same
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from cim.errors import Invalid
from cim.models import Customer, OrderLine, Payment, SalesOrder
from cim.models.custom import Noun
from cim.models.order import DeliveryStatus, OrderDraft, OrderLineDraft, OrderStatus, PaymentDraft, PaymentKind
from cim.models.order_view import OrderPreview, OrderRow, OrderView, PricedLine
from cim.permissions import Permission
from cim.service import currency, custom_values, numbering, order_lines, order_record, payments, totals
from cim.work import Work, command, query

ORDERS = order_record.ORDERS
SHOWN = 200
REASON = 500
STANDING = (OrderStatus.CONFIRMED, OrderStatus.PAID, OrderStatus.COMPLETED)


# ---- writing
@command(Permission.SALES_WRITE)
def record(
    work: Work, customer_id: int, draft: OrderDraft, *, token: str | None = None, over_limit_reason: str = ""
) -> int:
    """Record an order and return its id. A draft that says "paid" or "completed" is paid in full (and delivered) that day.

    Raises Invalid at the field; OverLimit where it would take what the customer owes above its credit limit, unless
    `over_limit_reason` says why; NotFound outside the actor's scope, Denied for a customer of somebody else. A second
    call with the same `token` returns the first one's id.
    """
    if (done := work.replayed(token)) is not None:
        return done
    customer = work.get(Customer, customer_id, to=Permission.SALES_WRITE, held=True)
    facts = order_record.facts(work, customer, draft)
    own = custom_values.weigh(work, Noun.ORDER, draft.custom, stage="")
    lines = order_lines.read(work, customer, draft.lines, facts["currency"])
    amount = order_lines.total(lines) if lines else currency.money("amount", draft.amount)
    worth = currency.in_base(work, amount, facts["currency"])
    if draft.status is OrderStatus.CONFIRMED:
        order_record.check_limit(work, customer, worth, over_limit_reason)
    [number] = work.next_ids(SalesOrder, 1)
    row = SalesOrder(
        id=number,
        customer_id=customer_id,
        order_no=order_record.number(work, number, draft.order_no, facts["ordered_on"].year),
        amount=amount,
        base_amount=worth,
        status=OrderStatus.DRAFT if draft.status is OrderStatus.DRAFT else OrderStatus.CONFIRMED,
        created_by_id=work.actor.user_id,
        created_at=work.now,
        updated_at=work.now,
        **facts,
    )
    work.add(row)
    order_lines.write(work, row, [], lines)
    custom_values.settle(work, row, own)
    _delivered(row, draft.delivery, draft.delivered_on)
    _bring_to(work, row, draft.status, row.ordered_on)
    totals.touch(work, [customer_id])
    work.remember(token, number)
    return number


@command(Permission.SALES_WRITE)
def update(work: Work, order_id: int, draft: OrderDraft, *, version: int, over_limit_reason: str = "") -> bool:
    """Change the fields that the draft sets; False when nothing differed, and then nothing is written. `lines` replace all
    lines, `status` and `delivery` act as the verbs do. The amount in the base currency is worked out anew when amount,
    currency or day change.

    Raises as `record`; Conflict with the values now stored when somebody changed the order since `version`; Invalid for
    a cancelled order and for an amount below what is paid.
    """
    row, customer = order_record.held(work, order_id, version=version)
    if row.status is OrderStatus.CANCELLED:
        raise Invalid("status", "A cancelled order is not changed. Confirm it again first.")
    told = order_record.facts(work, customer, draft, row)
    if "order_no" in draft.model_fields_set:
        told["order_no"] = numbering.change(work, row, "order_no", draft.order_no)
    own = custom_values.weigh(work, row, draft.custom, stage="")
    held = order_lines.of(work, order_id)
    lines = _lines(work, customer, draft, told.get("currency", row.currency), held)
    told |= _amounts(work, row, draft, told, held, lines)
    owed, settled = order_record.owing(row), row.paid >= row.amount
    resized = told["amount"] != row.amount
    more = told["base_amount"] * (told["amount"] - row.paid) / told["amount"] - owed if told["amount"] else Decimal(0)
    if row.status in STANDING:
        order_record.check_limit(work, customer, more.quantize(currency.CENT), over_limit_reason)
    changed = _set(row, told)
    changed |= lines is not None and order_lines.write(work, row, held, lines)
    changed |= custom_values.settle(work, row, own)
    if resized:
        payments.follow(row, row.paid, was_settled=settled)
    if "delivery" in draft.model_fields_set and _delivered(row, draft.delivery, draft.delivered_on):
        payments.follow(row, row.paid, was_settled=settled)
        changed = True
    if "status" in draft.model_fields_set:
        changed |= _bring_to(work, row, draft.status, None)
    if changed:
        row.updated_at = work.now
        totals.touch(work, [row.customer_id])
    return changed


@command(Permission.SALES_WRITE)
def confirm(work: Work, order_id: int, *, version: int | None = None, over_limit_reason: str = "") -> bool:
    """Make a draft, or an order that was cancelled, one that stands. False when it stands already. Raises OverLimit as
    `record` does."""
    row, customer = order_record.held(work, order_id, version=version)
    if row.status in STANDING:
        return False
    more = row.base_amount * (row.amount - row.paid) / row.amount if row.amount else Decimal(0)
    order_record.check_limit(work, customer, more.quantize(currency.CENT), over_limit_reason)
    row.status = OrderStatus.CONFIRMED
    if row.paid:
        payments.follow(row, row.paid, was_settled=False)
    return _saved(work, row)


@command(Permission.SALES_WRITE)
def deliver(
    work: Work,
    order_id: int,
    to: DeliveryStatus = DeliveryStatus.DELIVERED,
    *,
    on: date | None = None,
    version: int | None = None,
) -> bool:
    """Say how far an order is delivered: wholly (on a day, today unless said), in part, or not at all after all. False
    when that is so already. Raises Invalid for a draft and a cancelled order, and for a day to come."""
    row, _customer = order_record.held(work, order_id, version=version)
    _standing(row)
    settled = row.paid >= row.amount
    if not _delivered(row, to, on):
        return False
    payments.follow(row, row.paid, was_settled=settled)
    return _saved(work, row)


@command(Permission.SALES_WRITE)
def complete(work: Work, order_id: int, *, version: int | None = None) -> bool:
    """Close an order: it is delivered, and counts as business even where it is still to be paid (sold on credit). False
    when it is completed. Raises Invalid for a draft and a cancelled order."""
    row, _customer = order_record.held(work, order_id, version=version)
    _standing(row)
    if row.status is OrderStatus.COMPLETED:
        return False
    _delivered(row, DeliveryStatus.DELIVERED, None)
    row.status = OrderStatus.COMPLETED
    return _saved(work, row)


@command(Permission.SALES_WRITE)
def cancel(work: Work, order_id: int, *, version: int | None = None, reason: str = "") -> bool:
    """Let an order count no more. False when it is cancelled. Raises Invalid while money for it is kept."""
    row, _customer = order_record.held(work, order_id, version=version)
    work.reason = reason.strip()[:REASON] or work.reason
    return _cancelled(row) and _saved(work, row)


@command(Permission.SALES_WRITE)
def remove(work: Work, order_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Take an order out of every list and figure, with its payments. The rows are kept and can be restored."""
    row, _customer = order_record.held(work, order_id, version=version)
    work.reason = reason.strip()[:REASON]
    row.deleted_at = work.now
    _saved(work, row)


@command(Permission.SALES_WRITE)
def pay(work: Work, order_id: int, draft: PaymentDraft, *, token: str | None = None) -> int:
    """Put a payment to an order and return the payment's id. Raises Invalid for more than is open, and for an order that
    is a draft or cancelled."""
    return _money(work, order_id, draft.model_copy(update={"kind": PaymentKind.PAYMENT}), token)


@command(Permission.SALES_WRITE)
def refund(work: Work, order_id: int, draft: PaymentDraft, *, token: str | None = None) -> int:
    """Give money of an order back and return the refund's id: what the order counts for is less by it, its status stays.
    Raises Invalid for more than was paid."""
    return _money(work, order_id, draft.model_copy(update={"kind": PaymentKind.REFUND}), token)


@command(Permission.SALES_WRITE)
def remove_payment(work: Work, payment_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Take out a payment or refund that was put down by mistake; the status of its order follows. The row is kept. Raises
    Invalid for a payment that was given back since: its refund goes first."""
    found = work.get(Payment, payment_id)
    row, _customer = order_record.held(work, found.order_id)
    money = work.get(Payment, payment_id, version=version, held=True)
    paid = row.paid - money.amount if money.kind is PaymentKind.PAYMENT else row.paid
    if paid < row.refunded and money.kind is PaymentKind.PAYMENT:
        raise Invalid("id", "This payment was given back: take the refund out first.")
    if row.status is OrderStatus.CANCELLED and money.kind is PaymentKind.REFUND:
        raise Invalid("status", "A cancelled order is not changed. Confirm it again first.")
    work.reason = reason.strip()[:REASON]
    money.deleted_at = money.updated_at = work.now
    payments.follow(row, paid, was_settled=row.paid >= row.amount)
    totals.touch(work, [row.customer_id])


# ---- reading
@query(Permission.SALES_READ)
def get(work: Work, order_id: int) -> OrderView:
    """The whole order with its lines and payments. NotFound outside the actor's scope."""
    return order_record.whole(work, work.get(SalesOrder, order_id))


@query(Permission.SALES_READ)
def preview(work: Work, customer_id: int, lines: Sequence[OrderLineDraft], *, code: str = "") -> OrderPreview:
    """What these lines of a new order come to, each with where its price comes from. Writes nothing. Raises Invalid as
    `record` does."""
    customer = work.get(Customer, customer_id)
    wanted = currency.code("currency", code)
    read = order_lines.read(work, customer, lines, wanted)
    amount = order_lines.total(read)
    worth = currency.in_base(work, amount, wanted)
    over = customer.credit_limit is not None and worth > 0 and customer.owed + worth > customer.credit_limit
    priced = [
        PricedLine(
            **{name: getattr(line, name) for name in ("name", "quantity", "unit_price", "amount")},
            why=line.listed.reason if line.listed else "",
            params=line.listed.params if line.listed else {},
        )
        for line in read
    ]
    return OrderPreview(lines=priced, amount=amount, currency=wanted, base_amount=worth, over_limit=over)


@query(Permission.SALES_READ)
def of_customer(work: Work, customer_id: int, *, most: int = SHOWN) -> list[OrderRow]:
    """The orders of a customer, newest first, at most 200. NotFound outside the actor's scope."""
    work.get(Customer, customer_id)
    wanted = order_record.listed(work).where(ORDERS.customer_id == customer_id)
    found = work.session.execute(wanted.order_by(ORDERS.ordered_on.desc(), ORDERS.id.desc()).limit(min(most, SHOWN)))
    return [order_record.line_of_list(row) for row in found]


# ---- below the doors
def move(work: Work, customer_ids: Sequence[int], *, giver: int | None, taker: int | None) -> int:
    """Give a user's open orders with these customers (some hundred) to another one; returns how many. What is paid or
    completed keeps who sold it. None stands for nobody, as with tasks."""
    theirs = ORDERS.owner_id.is_(None) if giver is None else ORDERS.owner_id == giver
    open_ = ORDERS.status.in_((OrderStatus.DRAFT, OrderStatus.CONFIRMED))
    wanted = select(SalesOrder).where(ORDERS.customer_id.in_(customer_ids), theirs, open_, ORDERS.deleted_at.is_(None))
    rows = work.session.execute(wanted).scalars().all()
    for row in rows:
        row.owner_id, row.updated_at = taker, work.now
    return len(rows)


def _lines(
    work: Work, customer: Customer, draft: OrderDraft, code: str, held: Sequence[OrderLine]
) -> list[order_lines.Line] | None:
    """What the lines shall be; None where the draft leaves them alone."""
    if "lines" not in draft.model_fields_set:
        return None
    return order_lines.read(work, customer, draft.lines, code, held)


def _amounts(
    work: Work,
    row: SalesOrder,
    draft: OrderDraft,
    told: dict[str, object],
    held: Sequence[OrderLine],
    lines: Sequence[order_lines.Line] | None,
) -> dict[str, Decimal]:
    """Amount and its worth in the base currency after a change. Raises Invalid where what is paid forbids it."""
    amount, code = row.amount, str(told.get("currency", row.currency))
    if lines:
        amount = order_lines.total(lines)
    elif "amount" in draft.model_fields_set and (lines is not None or not held):
        amount = currency.money("amount", draft.amount)
    if row.paid and code != row.currency:
        raise Invalid("currency", "There are payments in {currency}: take them out first.", currency=row.currency)
    if amount < row.paid:
        raise Invalid(
            "amount",
            "{paid} {currency} are paid already. Leave the amount, and give the difference back as a refund.",
            paid=f"{row.paid:,.2f}",
            currency=code,
        )
    dated = told.get("ordered_on", row.ordered_on) != row.ordered_on
    same = amount == row.amount and code == row.currency and not dated
    return {"amount": amount, "base_amount": row.base_amount if same else currency.in_base(work, amount, code)}


def _set(row: SalesOrder, values: dict[str, object]) -> bool:
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


def _standing(row: SalesOrder) -> None:
    if row.status not in STANDING:
        raise Invalid("status", "Confirm the order first.")


def _delivered(row: SalesOrder, to: DeliveryStatus, on: date | None) -> bool:
    day = payments.day("delivered_on", on) if to is DeliveryStatus.DELIVERED else None
    if row.delivery is to and (on is None or row.delivered_on == day):
        return False
    row.delivery, row.delivered_on = to, day
    return True


def _cancelled(row: SalesOrder) -> bool:
    if row.status is OrderStatus.CANCELLED:
        return False
    if row.paid > row.refunded:
        raise Invalid("status", "Money was paid for this order: give it back as a refund first, then cancel.")
    row.status = OrderStatus.CANCELLED
    return True


def _bring_to(work: Work, row: SalesOrder, to: OrderStatus, on: date | None) -> bool:
    """Let an order come to a status that a draft says: what is open is paid, what is to come delivered, on that day."""
    if to is row.status:
        return False
    if to is OrderStatus.CANCELLED:
        return _cancelled(row)
    if to is OrderStatus.CONFIRMED and row.status is OrderStatus.DRAFT:
        row.status = to
        return True
    if to in (OrderStatus.DRAFT, OrderStatus.CONFIRMED) or row.status is OrderStatus.COMPLETED:
        raise Invalid("status", "The order is further on: take out payments, delivery, or cancel it.")
    row.status = OrderStatus.CONFIRMED
    if to is OrderStatus.COMPLETED:
        _delivered(row, DeliveryStatus.DELIVERED, row.delivered_on or on)
    if row.amount > row.paid:
        payments.add(work, row, PaymentDraft(amount=row.amount - row.paid, paid_on=on))
    payments.follow(row, row.amount, was_settled=False)
    return True


def _money(work: Work, order_id: int, draft: PaymentDraft, token: str | None) -> int:
    if (done := work.replayed(token)) is not None:
        return done
    row, _customer = order_record.held(work, order_id)
    if draft.kind is PaymentKind.PAYMENT:
        _standing(row)
    paid = payments.add(work, row, draft)
    if draft.kind is PaymentKind.PAYMENT:
        payments.follow(row, row.paid + paid.amount, was_settled=row.paid >= row.amount)
    totals.touch(work, [row.customer_id])
    work.remember(token, paid.id or 0)
    return paid.id or 0


def _saved(work: Work, row: SalesOrder) -> bool:
    row.updated_at = work.now
    totals.touch(work, [row.customer_id])
    return True
