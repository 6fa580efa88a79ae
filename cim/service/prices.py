"""What a product costs whom: the list price, or a special price for a grade or from a quantity on, whichever is lowest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from sqlalchemy import select

from cim.i18n import N_
from cim.models import Product, ProductPrice
from cim.models.base import columns
from cim.models.customer import Grade
from cim.models.product import Price
from cim.work import Work

PRICES = columns(ProductPrice)
CHUNK = 500


def price_for(work: Work, product: Product, grade: Grade, quantity: Decimal) -> Price:
    """What one unit costs a customer of this grade who takes so many, in the product's currency, and why. Below the
    doors."""
    return best(product, special(work, [product.id or 0]).get(product.id or 0, []), grade, quantity)


def special(work: Work, product_ids: Collection[int]) -> dict[int, list[ProductPrice]]:
    """The special prices of some products, by product; grade and quantity in order."""
    found: dict[int, list[ProductPrice]] = {}
    wanted = sorted(set(product_ids))
    for start in range(0, len(wanted), CHUNK):
        rows = select(ProductPrice).where(PRICES.product_id.in_(wanted[start : start + CHUNK]))
        for row in work.session.execute(rows.order_by(PRICES.grade, PRICES.min_quantity, PRICES.id)).scalars():
            found.setdefault(row.product_id, []).append(row)
    return found


def best(product: Product, prices: Sequence[ProductPrice], grade: Grade, quantity: Decimal) -> Price:
    """The lowest price that fits; the list price where no special one is below it."""
    fitting = [p for p in prices if p.grade in (Grade.NONE, grade) and p.min_quantity <= quantity]
    lowest = min(fitting, key=lambda p: p.price, default=None)
    if lowest is None or lowest.price >= product.price:
        return Price(price=product.price, currency=product.currency, reason=N_("List price"))
    least = f"{lowest.min_quantity.normalize():f}"
    params: dict[str, object] = {"quantity": least, "unit": product.unit}
    if lowest.grade is Grade.NONE:
        reason = N_("Special price from {quantity} {unit}")
    elif lowest.min_quantity <= 1:
        reason, params = N_("Price for grade {grade}"), {"grade": lowest.grade.value}
    else:
        reason, params = N_("Price for grade {grade} from {quantity} {unit}"), params | {"grade": lowest.grade.value}
    return Price(price=lowest.price, currency=product.currency, reason=reason, params=params)
