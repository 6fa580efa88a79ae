"""Products: the price list, special prices, and what is no longer sold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select

from cim import search_text
from cim.errors import Conflict, Invalid
from cim.models import Customer, OrderLine, Product, ProductPrice
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.customer import Grade
from cim.models.product import (
    Price,
    ProductDraft,
    ProductList,
    ProductPriceDraft,
    ProductPriceView,
    ProductRow,
    ProductView,
)
from cim.permissions import Permission
from cim.service import currency, custom_values, numbering, prices, typed
from cim.work import Work, command, query

PRODUCTS = columns(Product)
PRICES = prices.PRICES
LINES = columns(OrderLine)
PREFIX = "P"
LIMITS = {"name": 120, "category": 60, "unit": 20}
OFFERED = 1000
"""Products that a choice holds at most."""


# ---- writing
@command(Permission.PRODUCT_MANAGE)
def create(work: Work, draft: ProductDraft, *, token: str | None = None) -> int:
    """Add a product to the price list and return its id. An empty code is given out. Raises Invalid at the field; a second
    call with the same `token` returns the first one's id."""
    if (done := work.replayed(token)) is not None:
        return done
    facts = _facts(draft, set(ProductDraft.model_fields))
    own = custom_values.weigh(work, Noun.PRODUCT, draft.custom, stage="")
    [number] = work.next_ids(Product, 1)
    code = numbering.one(work, Product, "code", number, draft.code, prefix=PREFIX)
    row = work.add(Product(id=number, code=code, created_at=work.now, updated_at=work.now, **facts))
    custom_values.settle(work, row, own)
    work.remember(token, number)
    return number


@command(Permission.PRODUCT_MANAGE)
def update(work: Work, product_id: int, draft: ProductDraft, *, version: int) -> bool:
    """Change the fields that the draft sets; False when nothing differed. Old orders keep name and price. Raises Conflict
    with the values now stored when somebody changed the product since `version`; Invalid at the field."""
    row = work.get(Product, product_id)
    if row.version != version:
        current = _whole(work, row).model_dump(mode="json")
        raise Conflict("Somebody changed this product while you were editing it.", current=current)
    facts = _facts(draft, draft.model_fields_set)
    own = custom_values.weigh(work, row, draft.custom, stage="")
    if "code" in draft.model_fields_set:
        facts["code"] = numbering.change(work, row, "code", draft.code)
    differing = {name: value for name, value in facts.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    changed = custom_values.settle(work, row, own) or bool(differing)
    if changed:
        row.updated_at = work.now
    return changed


@command(Permission.PRODUCT_MANAGE)
def retire(work: Work, product_id: int, *, on: bool = True, version: int | None = None) -> bool:
    """Offer a product no more, or again; False when that is so already. Orders that have it keep it."""
    row = work.get(Product, product_id, version=version)
    if row.retired is on:
        return False
    row.retired, row.updated_at = on, work.now
    return True


@command(Permission.PRODUCT_MANAGE)
def remove(work: Work, product_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Take a product that was never sold off the list. Raises Invalid for one that stands in orders: that is retired."""
    row = work.get(Product, product_id, version=version)
    if work.session.execute(select(LINES.id).where(LINES.product_id == product_id).limit(1)).first() is not None:
        raise Invalid("id", "This product stands in orders. Retire it instead.")
    work.reason = reason.strip()[:500]
    row.deleted_at = row.updated_at = work.now


@command(Permission.PRODUCT_MANAGE)
def set_price(work: Work, product_id: int, draft: ProductPriceDraft) -> int:
    """Give a product a special price for a grade (none: for all) from a quantity on, and return the price's id; one that
    is there for the same grade and quantity is changed. Raises Invalid at the field."""
    work.get(Product, product_id)
    price = currency.money("price", draft.price, step=currency.FRACTION)
    least = currency.money("min_quantity", draft.min_quantity, step=currency.THOUSANDTH)
    if least <= 0:
        raise Invalid("min_quantity", "The quantity must be above zero.")
    same = [PRICES.product_id == product_id, PRICES.grade == draft.grade, PRICES.min_quantity == least]
    row = work.session.execute(select(ProductPrice).where(*same).limit(1)).scalar_one_or_none()
    if row is None:
        row = work.add(ProductPrice(product_id=product_id, grade=draft.grade, min_quantity=least, price=price))
    elif row.price != price:
        row.price = price
    return row.id or 0


@command(Permission.PRODUCT_MANAGE)
def remove_price(work: Work, price_id: int) -> bool:
    """Take a special price away. False when it is gone already."""
    row = work.find(ProductPrice, price_id)
    if row is None:
        return False
    work.session.delete(row)
    return True


# ---- reading
@query(Permission.SALES_READ)
def get(work: Work, product_id: int) -> ProductView:
    """The whole product with its special prices. Raises NotFound."""
    return _whole(work, work.get(Product, product_id))


@query(Permission.SALES_READ)
def everything(work: Work, *, retired: bool = False) -> list[ProductRow]:
    """The products that are sold, by category and code, at most 1,000; `retired` ones too when asked."""
    where = [work.visible(Product)] + ([] if retired else [PRODUCTS.retired.is_(False)])
    return _rows(work, select(Product).where(*where).order_by(PRODUCTS.category, PRODUCTS.code).limit(OFFERED))


@query(Permission.SALES_READ)
def search(
    work: Work, q: str = "", *, category: str = "", retired: bool = False, page: int = 1, size: int = 50
) -> ProductList:
    """One page of the price list: what has the text in its code or name, of a category, `retired` ones too when asked."""
    where: list[Any] = [work.visible(Product)]
    if not retired:
        where.append(PRODUCTS.retired.is_(False))
    if text := search_text.fold(q.strip()[:80]):
        named = PRODUCTS.name_folded.contains(text, autoescape=True)
        where.append(or_(named, func.lower(PRODUCTS.code).contains(q.strip()[:80].lower(), autoescape=True)))
    if category:
        where.append(PRODUCTS.category == category)
    size, page = max(1, min(size, 200)), max(1, page)
    total = int(work.session.execute(select(func.count()).select_from(Product).where(*where)).scalar_one())
    wanted = select(Product).where(*where).order_by(PRODUCTS.category, PRODUCTS.code, PRODUCTS.id)
    rows = _rows(work, wanted.limit(size).offset(size * (page - 1)))
    return ProductList(rows=rows, total=total, page=page, size=size, categories=_categories(work))


@query(Permission.SALES_READ)
def price_of(
    work: Work, product_id: int, *, customer_id: int | None = None, quantity: Decimal = Decimal(1), code: str = ""
) -> Price:
    """What one unit costs (a customer), and why; in the currency asked for, else the product's. Raises NotFound, and
    Invalid("currency") where no rate is known."""
    product = work.get(Product, product_id)
    grade = work.get(Customer, customer_id).grade if customer_id is not None else Grade.NONE
    found = prices.price_for(work, product, grade, quantity)
    if code and code != found.currency:
        price = currency.converted(work, found.price, found.currency, code)
        return found.model_copy(update={"price": price, "currency": code})
    return found


def _facts(draft: ProductDraft, given: set[str]) -> dict[str, Any]:
    """The plain values a draft sets, checked. Raises Invalid at the field."""
    told: dict[str, Any] = {n: typed.line(n, getattr(draft, n), limit) for n, limit in LIMITS.items() if n in given}
    if "name" in told and not told["name"]:
        raise Invalid("name", "What is the product called?")
    if "description" in given:
        told["description"] = typed.lines("description", draft.description, 2000)
    if "price" in given:
        told["price"] = currency.money("price", draft.price, step=currency.FRACTION)
    if "currency" in given:
        told["currency"] = currency.code("currency", draft.currency)
    if "margin" in given:
        told["margin"] = _margin(draft.margin)
    if "retired" in given:
        told["retired"] = draft.retired
    return told


def _margin(raw: Decimal | None) -> Decimal | None:
    if raw is None:
        return None
    margin = currency.money("margin", raw, negative=True)
    if not -1000 < margin <= 100:
        raise Invalid("margin", "A margin is at most 100 percent.")
    return margin


def _whole(work: Work, row: Product) -> ProductView:
    special = prices.special(work, [row.id or 0]).get(row.id or 0, [])
    views = [ProductPriceView(**each.model_dump(include=set(ProductPriceView.model_fields))) for each in special]
    plain = row.model_dump(include=set(ProductView.model_fields))
    managing = work.actor.can(Permission.PRODUCT_MANAGE)
    custom = custom_values.of(work, row, seen=True)
    return ProductView(**plain, special_prices=len(views), prices=views, may_edit=managing, custom=custom)


def _rows(work: Work, wanted: Any) -> list[ProductRow]:
    found = list(work.session.execute(wanted).scalars())
    counted = select(PRICES.product_id, func.count()).where(PRICES.product_id.in_([row.id for row in found]))
    special = dict(work.session.execute(counted.group_by(PRICES.product_id)).all()) if found else {}
    return [
        ProductRow(**row.model_dump(include=set(ProductRow.model_fields)), special_prices=special.get(row.id, 0))
        for row in found
    ]


def _categories(work: Work) -> list[str]:
    named = select(PRODUCTS.category).where(work.visible(Product), PRODUCTS.category != "")
    return list(work.session.execute(named.distinct().order_by(PRODUCTS.category)).scalars())
