"""The products of an opportunity. Its amount follows them as long as nobody typed another one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import select

from cim.errors import Invalid
from cim.models import Customer, Opportunity, OpportunityLine, Product
from cim.models.base import columns
from cim.models.opportunity_view import LineDraft, LineView
from cim.permissions import Permission
from cim.service import currency, prices, typed
from cim.service import opportunity_record as record
from cim.work import Work, command, query

LINES = columns(OpportunityLine)

MOST = 200


@command(Permission.SALES_WRITE)
def put(work: Work, opportunity_id: int, lines: Sequence[LineDraft], *, version: int | None = None) -> bool:
    """Let an opportunity have exactly these products; False when it has. Where its amount was the sum of its lines, or 0,
    it is that of the new ones; an amount that somebody typed stays. A price that is not given is that of the price list for
    this customer. Raises Invalid at "lines", "quantity", "unit_price", "product_id" or "currency"."""
    row, customer = record.mine(work, opportunity_id, version)
    if len(lines) > MOST:
        raise Invalid("lines", "At most {most} lines.", most=MOST)
    standing = held(work, opportunity_id)
    followed = row.amount in (0, total(standing))
    wanted = [_values(work, row, customer, line) | {"position": place} for place, line in enumerate(lines)]
    if followed:
        currency.rate_of(work, row.currency)  # before anything is written
    changed = False
    for place, values in enumerate(wanted):
        line = standing[place] if place < len(standing) else None
        if line is None:
            work.session.add(OpportunityLine(opportunity_id=opportunity_id, customer_id=row.customer_id, **values))
            changed = True
            continue
        for name, value in values.items():
            if getattr(line, name) != value:
                setattr(line, name, value)
                changed = True
    for line in standing[len(wanted) :]:
        work.session.delete(line)
        changed = True
    if not changed:
        return False
    work.session.flush()
    if followed and (amount := total(held(work, opportunity_id))) != row.amount:
        row.amount = currency.money("lines", amount)
    record.settle(work, row)
    return True


@query(Permission.SALES_READ)
def of(work: Work, opportunity_id: int) -> list[LineView]:
    """The products of an opportunity, in order. NotFound outside the actor's scope."""
    work.get(Opportunity, opportunity_id)
    return [
        LineView(
            id=line.id or 0,
            product_id=line.product_id,
            name=line.name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount=amount(line),
        )
        for line in held(work, opportunity_id)
    ]


# ---- below the doors
def amount(line: OpportunityLine) -> Decimal:
    """Quantity times price, to the cent."""
    return (line.quantity * line.unit_price).quantize(currency.CENT, ROUND_HALF_UP)


def total(lines: Sequence[OpportunityLine]) -> Decimal:
    """What lines come to."""
    return sum((amount(line) for line in lines), Decimal(0))


def held(work: Work, opportunity_id: int) -> list[OpportunityLine]:
    """The stored lines of an opportunity, in order."""
    wanted = select(OpportunityLine).where(LINES.opportunity_id == opportunity_id)
    return list(work.session.execute(wanted.order_by(LINES.position, LINES.id)).scalars())


def _values(work: Work, row: Opportunity, customer: Customer, draft: LineDraft) -> dict[str, Any]:
    product = work.find(Product, draft.product_id) if draft.product_id is not None else None
    if draft.product_id is not None and (product is None or product.deleted_at is not None):
        raise Invalid("product_id", "This product is no longer there.")
    name = typed.line("name", draft.name, 120) or (product.name if product else "")
    if not name:
        raise Invalid("lines", "Choose a product, or say what it is.")
    quantity = currency.money("quantity", draft.quantity, step=currency.THOUSANDTH)
    if not quantity:
        raise Invalid("quantity", "Enter a quantity above 0.")
    price = draft.unit_price
    if price is None:
        price = Decimal(0)
        if product is not None:
            listed = prices.price_for(work, product, customer.grade, quantity)
            price = currency.converted(work, listed.price, listed.currency, row.currency)
    return {
        "product_id": draft.product_id,
        "name": name,
        "quantity": quantity,
        # a discount is a line below zero
        "unit_price": currency.money("unit_price", price, step=currency.FRACTION, negative=True),
    }
