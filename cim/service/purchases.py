"""What customers bought: quantities by product, the history by month; and what was sold of each product."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Select, and_, case, cast, func, literal, select

from cim.models import Customer, OrderLine, Product, SalesOrder
from cim.models.base import columns
from cim.models.order_view import Bought, BoughtMonth, ProductSold, Purchases
from cim.permissions import Permission
from cim.service import currency, totals
from cim.work import Work, query

ORDERS = columns(SalesOrder)
LINES = columns(OrderLine)
PRODUCTS = columns(Product)
MOST = 200
GAP_FROM = 3
"""Days with orders from which on there is a usual gap."""


@query(Permission.SALES_READ)
def of_customer(work: Work, customer_id: int) -> Purchases:
    """What a customer bought in orders that count: by product (at most 200, free texts by their name), by month, and its
    rhythm. NotFound outside the actor's scope."""
    work.get(Customer, customer_id)
    here = and_(ORDERS.customer_id == customer_id, _counted(work))
    days = _days(work, here)
    months = _months(days)
    return Purchases(
        products=[_bought(row) for row in work.session.execute(_by_product(here))],
        months=months,
        orders=sum(count for _day, count, _amount in days),
        amount=sum((month.amount for month in months), Decimal(0)),
        first_on=days[0][0] if days else None,
        last_on=days[-1][0] if days else None,
        usual_gap=round((days[-1][0] - days[0][0]).days / (len(days) - 1)) if len(days) >= GAP_FROM else None,
    )


@query(Permission.SALES_READ)
def by_product(
    work: Work, *, since: date | None = None, until: date | None = None, owner_id: int | None = None
) -> list[ProductSold]:
    """What was sold of each product to customers in reach, from one local day to another (both included), by one seller
    where asked: the dearest first, at most 200. Free texts stand together under no product."""
    where = [_counted(work)]
    where += [ORDERS.ordered_on >= since] if since else []
    where += [ORDERS.ordered_on <= until] if until else []
    where += [ORDERS.owner_id == owner_id] if owner_id is not None else []
    wanted = _grouped(and_(*where), PRODUCTS.id).add_columns(
        func.count(LINES.customer_id.distinct()).label("customers")
    )
    return [_sold(row) for row in work.session.execute(wanted)]


def _counted(work: Work) -> ColumnElement[bool]:
    """Orders in reach that count as business."""
    return and_(work.visible(SalesOrder), ORDERS.status.in_(totals.COUNTED))


def _by_product(where: ColumnElement[bool]) -> Select[Any]:
    """Grouped by product, and what stands under none by its text."""
    text = case((LINES.product_id.is_(None), LINES.name))
    return _grouped(where, PRODUCTS.id, text.label("text"))


def _grouped(where: ColumnElement[bool], *by: Any) -> Select[Any]:
    """Lines of orders by what is named, with the worth of each in the base currency: its share of the order's."""
    # times one: SQLite divides whole numbers to whole numbers
    share = LINES.amount * literal(totals.ONE, Numeric(18, 9)) * ORDERS.base_amount / ORDERS.amount
    worth = case((ORDERS.amount == 0, 0), else_=share)
    amount = func.coalesce(func.sum(cast(worth, Numeric(24, 6))), 0)
    facts = (PRODUCTS.code, PRODUCTS.name, PRODUCTS.category, PRODUCTS.unit)
    wanted: Select[Any] = (
        select(*by, *facts)
        .add_columns(
            cast(func.sum(LINES.quantity), Numeric(24, 3)).label("quantity"),
            cast(amount, Numeric(24, 6)).label("amount"),
            func.count(ORDERS.id.distinct()).label("orders"),
            func.min(ORDERS.ordered_on).label("first_on"),
            func.max(ORDERS.ordered_on).label("last_on"),
        )
        .select_from(OrderLine)
        .join(SalesOrder, ORDERS.id == LINES.order_id)
        .outerjoin(Product, PRODUCTS.id == LINES.product_id)
        .where(where)
        .group_by(*by, *facts)
        .order_by(amount.desc(), PRODUCTS.code)
        .limit(MOST)
    )
    return wanted


def _days(work: Work, where: ColumnElement[bool]) -> list[tuple[date, int, Decimal]]:
    """Each day with orders, how many, and their worth less refunds; the first on top."""
    summed = cast(func.sum(ORDERS.base_net), Numeric(24, 2))
    wanted = select(ORDERS.ordered_on, func.count(), summed).where(where).group_by(ORDERS.ordered_on)
    return [
        (day, int(count), amount) for day, count, amount in work.session.execute(wanted.order_by(ORDERS.ordered_on))
    ]


def _months(days: list[tuple[date, int, Decimal]]) -> list[BoughtMonth]:
    """From the first month with an order to the last one, without gaps."""
    if not days:
        return []
    month, last, found = days[0][0].replace(day=1), days[-1][0], []
    while month <= last:
        inside = [day for day in days if (day[0].year, day[0].month) == (month.year, month.month)]
        amount = sum((each[2] for each in inside), Decimal(0))
        found.append(BoughtMonth(month=month, orders=sum(each[1] for each in inside), amount=amount))
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return found


def _cents(amount: Decimal) -> Decimal:
    return Decimal(amount).quantize(currency.CENT, ROUND_HALF_UP)


def _bought(row: Any) -> Bought:
    quantity = Decimal(row.quantity)
    return Bought(
        product_id=row.id,
        code=row.code or "",
        name=row.name or row.text or "",
        category=row.category or "",
        unit=row.unit or "",
        quantity=quantity,
        amount=_cents(row.amount),
        orders=row.orders,
        first_on=row.first_on,
        last_on=row.last_on,
        price=_cents(Decimal(row.amount) / quantity) if quantity else None,
    )


def _sold(row: Any) -> ProductSold:
    return ProductSold(
        product_id=row.id,
        code=row.code or "",
        name=row.name or "",
        category=row.category or "",
        unit=row.unit or "",
        quantity=Decimal(row.quantity),
        amount=_cents(row.amount),
        orders=row.orders,
        customers=row.customers,
        last_on=row.last_on,
    )
