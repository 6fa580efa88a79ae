"""One order below the doors: what a draft says of it, the credit limit, and how it leaves the service."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select

from cim import clock
from cim.errors import Conflict, Invalid, OverLimit
from cim.i18n import N_
from cim.models import Contact, Contract, Customer, Opportunity, OrderLine, Payment, Product, SalesOrder, User
from cim.models.base import columns
from cim.models.order import OrderDraft
from cim.models.order_view import OrderLineView, OrderRow, OrderView, PaymentView
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import currency, custom_values, numbering, payments, totals, typed
from cim.work import Work

ORDERS = columns(SalesOrder)
LINES = columns(OrderLine)
PAYMENTS = columns(Payment)
PRODUCTS = columns(Product)
CUSTOMERS = columns(Customer)
USERS = columns(User)

OVER = N_(
    "{owed} {currency} owed and {amount} {currency} of this order are above the credit limit of {limit} {currency}. "
    "Say why it goes through."
)
PREFIX = "SO{year}"
BELOW: dict[str, type[Any]] = {"contact_id": Contact, "opportunity_id": Opportunity, "contract_id": Contract}


# ---- writing
def held(work: Work, order_id: int, *, version: int | None = None) -> tuple[SalesOrder, Customer]:
    """An order that the actor may write, and its customer, both locked: whoever writes money waits for the customer
    first. Raises NotFound, Denied, Conflict for one that is no longer at `version`."""
    row = work.get(SalesOrder, order_id)
    customer = work.get(Customer, row.customer_id, to=Permission.SALES_WRITE, held=True)
    row = work.get(SalesOrder, order_id, held=True)
    if version is not None and row.version != version:
        current = row.model_dump(mode="json", exclude={"version"})
        raise Conflict("Somebody changed this order while you were editing it.", current=current)
    return row, customer


def facts(work: Work, customer: Customer, draft: OrderDraft, row: SalesOrder | None = None) -> dict[str, Any]:
    """The plain values a draft says, checked; of an order that stands only those that it sets. Raises Invalid at the
    field."""
    given = draft.model_fields_set if row is not None else set(OrderDraft.model_fields)
    told: dict[str, Any] = {}
    if "ordered_on" in given and (row is None or draft.ordered_on is not None):
        told["ordered_on"] = payments.day("ordered_on", draft.ordered_on)
    if "due_on" in given:
        first = told.get("ordered_on", row.ordered_on if row else None)
        told["due_on"] = payments.later("due_on", draft.due_on, first)
    if "currency" in given:
        told["currency"] = currency.code("currency", draft.currency or (row.currency if row else ""))
    if "notes" in given:
        told["notes"] = typed.lines("notes", draft.notes, 2000)
    for name in BELOW.keys() & given:
        wanted = getattr(draft, name)
        if row is None or wanted != getattr(row, name):  # what it names already may have gone since
            told[name] = of_customer(work, BELOW[name], name, wanted, customer.id or 0)
    if "owner_id" in given and (row is None or draft.owner_id not in (None, row.owner_id)):
        told["owner_id"] = seller(work, customer, draft.owner_id)
    return told


def of_customer(work: Work, model: type[Any], field: str, key: int | None, customer_id: int) -> int | None:
    """The number of something that belongs to this customer. Raises Invalid at the field for anything else."""
    if key is None:
        return None
    row = work.find(model, key)
    if row is None or row.customer_id != customer_id or row.deleted_at is not None:
        raise Invalid(field, "This does not belong to the customer.")
    return key


def seller(work: Work, customer: Customer, asked: int | None) -> int | None:
    """Who sold: whoever was asked for, else who looks after the customer, else the actor. Raises Invalid("owner_id") for
    somebody who is not active or out of the actor's reach."""
    if asked is None or asked in (customer.owner_id, work.actor.user_id):
        return asked or customer.owner_id or work.actor.user_id
    user = work.find(User, asked)
    if user is None or user.status is not UserStatus.ACTIVE or not work.owns(Permission.SALES_WRITE, asked):
        raise Invalid("owner_id", "Choose an active colleague of your team.")
    return asked


def number(work: Work, row_id: int, asked: str, year: int) -> str:
    """The number of a new order: as asked, else given out. Raises Invalid("order_no") for one that is taken."""
    return numbering.one(work, SalesOrder, "order_no", row_id, asked, prefix=PREFIX.format(year=year))


def check_limit(work: Work, customer: Customer, more: Decimal, reason: str) -> None:
    """Raise OverLimit where `more` (in the base currency) takes what the customer owes above its credit limit, unless a
    reason says why it goes through: that one is recorded."""
    limit = customer.credit_limit
    if limit is None or more <= 0 or customer.owed + more <= limit:
        return
    if len(reason.strip()) < 2:
        raise OverLimit(
            OVER,
            owed=f"{customer.owed:,.2f}",
            amount=f"{more:,.2f}",
            limit=f"{limit:,.2f}",
            currency=currency.base(),
        )
    work.reason = reason.strip()[:500]


def owing(row: SalesOrder) -> Decimal:
    """What of an order adds to what its customer owes, in the base currency."""
    if row.status not in totals.OWING or not row.amount:
        return Decimal(0)
    return (row.base_amount * (row.amount - row.paid) / row.amount).quantize(currency.CENT)


# ---- reading
def listed(work: Work) -> Select[Any]:
    """(order, customer's name, seller's name) of the orders in reach, for the few of one customer or contract."""
    wanted: Select[Any] = (
        select(SalesOrder, CUSTOMERS.name, USERS.name)
        .join(Customer, CUSTOMERS.id == ORDERS.customer_id)
        .outerjoin(User, USERS.id == ORDERS.owner_id)
        .where(work.visible(SalesOrder, few=True))
    )
    return wanted


def line_of_list(found: Any) -> OrderRow:
    """A line of a list, of a row of `listed`."""
    return OrderRow(**_row(found))


def whole(work: Work, row: SalesOrder) -> OrderView:
    """The whole order, as it leaves the service."""
    found = work.session.execute(listed(work).where(ORDERS.id == row.id)).one()
    customer = work.session.get_one(Customer, row.customer_id)
    below = {name: work.find(model, getattr(row, name) or 0) for name, model in BELOW.items()}
    author = work.find(User, row.created_by_id or 0)
    return OrderView(
        **_row(found),
        lines=_lines(work, row.id or 0),
        payments=_payments(work, row.id or 0),
        contact_id=row.contact_id,
        contact=name_of(below["contact_id"], "name"),
        opportunity_id=row.opportunity_id,
        opportunity=name_of(below["opportunity_id"], "name"),
        contract_id=row.contract_id,
        contract=name_of(below["contract_id"], "number"),
        delivered_on=row.delivered_on,
        notes=row.notes,
        created_by=author.name if author else "",
        created_at=row.created_at,
        updated_at=row.updated_at,
        may_edit=work.owns(Permission.SALES_WRITE, customer.owner_id),
        custom=custom_values.of(work, row, seen=work.may_see_clear(customer.owner_id)),
    )


def _row(found: Sequence[Any]) -> dict[str, Any]:
    row, customer, owner = found
    open_ = max(row.amount - row.paid, Decimal(0)) if row.status in totals.OWING else Decimal(0)
    plain: dict[str, Any] = row.model_dump(include=set(OrderRow.model_fields))
    return plain | {
        "customer": customer,
        "owner": owner or "",
        "payment": payments.status_of(row.amount, row.paid, row.refunded),
        "open": open_,
        "overdue": bool(open_ and row.due_on is not None and row.due_on < clock.today()),
    }


def _lines(work: Work, order_id: int) -> list[OrderLineView]:
    wanted = (
        select(OrderLine, PRODUCTS.code, PRODUCTS.unit)
        .outerjoin(Product, PRODUCTS.id == LINES.product_id)
        .where(LINES.order_id == order_id)
        .order_by(LINES.position, LINES.id)
    )
    return [
        OrderLineView(**row.model_dump(include=set(OrderLineView.model_fields)), code=code or "", unit=unit or "")
        for row, code, unit in work.session.execute(wanted)
    ]


def _payments(work: Work, order_id: int) -> list[PaymentView]:
    wanted = (
        select(Payment, USERS.name)
        .outerjoin(User, USERS.id == PAYMENTS.created_by_id)
        .where(PAYMENTS.order_id == order_id, PAYMENTS.deleted_at.is_(None))
        .order_by(PAYMENTS.paid_on, PAYMENTS.id)
    )
    return [
        PaymentView(**row.model_dump(include=set(PaymentView.model_fields)), created_by=author or "")
        for row, author in work.session.execute(wanted)
    ]


def name_of(row: Any, name: str) -> str:
    """What something that belongs to an order is called; nothing when it is gone."""
    return "" if row is None or row.deleted_at is not None else str(getattr(row, name))
