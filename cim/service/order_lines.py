"""The lines of orders: read from what was typed, priced, and kept in step with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from cim.errors import Invalid
from cim.models import Customer, OrderLine, Product, ProductPrice, SalesOrder
from cim.models.base import columns
from cim.models.order import OrderLineDraft
from cim.models.product import Price
from cim.service import currency, prices, typed
from cim.work import Work

LINES = columns(OrderLine)
PRODUCTS = columns(Product)
MOST = 200
"""Lines of one order."""
STORED = ("product_id", "name", "quantity", "unit_price", "amount")


@dataclass(frozen=True)
class Line:
    """One line as it will be stored."""

    product_id: int | None
    name: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    listed: Price | None = None


def of(work: Work, order_id: int) -> list[OrderLine]:
    """The stored lines of an order, in order."""
    wanted = select(OrderLine).where(LINES.order_id == order_id).order_by(LINES.position, LINES.id)
    return list(work.session.execute(wanted).scalars())


def read(
    work: Work, customer: Customer, drafts: Sequence[OrderLineDraft], code: str, held: Sequence[OrderLine] = ()
) -> list[Line]:
    """The lines that a draft means, in a currency. `held` are those the order has: a product among them may be retired or
    removed meanwhile. Raises Invalid("lines") with the number of the line."""
    if len(drafts) > MOST:
        raise Invalid("lines", "An order has at most {most} lines.", most=MOST)
    ids = {draft.product_id for draft in drafts if draft.product_id is not None}
    known = {line.product_id for line in held}
    found = select(Product).where(PRODUCTS.id.in_(sorted(ids & known | {i for i in ids if 0 < i < 2**31})))
    products = {row.id or 0: row for row in work.session.execute(found).scalars()} if ids else {}
    special = prices.special(work, ids) if any(draft.unit_price is None for draft in drafts) else {}
    lines = []
    for number, draft in enumerate(drafts, 1):
        product = products.get(draft.product_id or 0)
        if draft.product_id is not None and (
            product is None or ((product.retired or product.deleted_at is not None) and product.id not in known)
        ):
            raise Invalid("lines", "Line {number}: this product is not sold any more.", number=number)
        lines.append(_line(work, customer, draft, number, product, special, code))
    return lines


def _line(
    work: Work,
    customer: Customer,
    draft: OrderLineDraft,
    number: int,
    product: Product | None,
    special: dict[int, list[ProductPrice]],
    code: str,
) -> Line:
    name = typed.line("lines", draft.name, 120) or (product.name if product else "")
    if not name:
        raise Invalid("lines", "Line {number}: choose a product, or say what it is.", number=number)
    quantity = currency.money("lines", draft.quantity, step=currency.THOUSANDTH)
    if quantity <= 0:
        raise Invalid("lines", "Line {number}: the quantity must be above zero.", number=number)
    listed = None
    if draft.unit_price is not None:
        price = draft.unit_price
    elif product is not None:
        listed = prices.best(product, special.get(product.id or 0, []), customer.grade, quantity)
        price = currency.converted(work, listed.price, listed.currency, code)
    else:
        raise Invalid("lines", "Line {number}: what does one cost?", number=number)
    price = currency.money("lines", price, step=currency.FRACTION, negative=True)  # a discount is a line below zero
    amount = currency.money("lines", quantity * price, negative=True)
    return Line(product.id if product else None, name, quantity, price, amount, listed)


def total(lines: Sequence[Line]) -> Decimal:
    """The sum of lines. Raises Invalid("lines") when discounts exceed it."""
    return currency.money("lines", sum((line.amount for line in lines), Decimal(0)))


def write(work: Work, order: SalesOrder, held: Sequence[OrderLine], lines: Sequence[Line]) -> bool:
    """Let an order have exactly these lines: those in place are changed, the rest added or taken out. False when nothing
    differed."""
    changed = False
    for position, line in enumerate(lines):
        values: dict[str, Any] = {name: getattr(line, name) for name in STORED} | {"position": position}
        if position < len(held):
            for name, value in values.items():
                if getattr(held[position], name) != value:
                    setattr(held[position], name, value)
                    changed = True
        else:
            work.session.add(OrderLine(order_id=order.id or 0, customer_id=order.customer_id, **values))
            changed = True
    for row in held[len(lines) :]:
        work.session.delete(row)
        changed = True
    return changed
