"""The price list of the demo, what its customers bought in two years and paid, and its contracts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cim import search_text
from cim.demo import catalogue
from cim.demo.chance import by_lot
from cim.demo.days import Days
from cim.demo.loading import Stored
from cim.demo.party import DEALT
from cim.history import Change
from cim.models import Contract, CurrencyRate, OrderLine, Payment, Product, ProductPrice, SalesOrder
from cim.models.activity import Outcome
from cim.models.base import Model, columns, new_uid
from cim.models.contract import ContractStatus
from cim.models.customer import Customer, Grade, Lifecycle
from cim.models.order import DeliveryStatus, OrderStatus, PaymentKind
from cim.service import totals
from cim.work import Work

SEED = 2028
CENT = Decimal("0.01")
RATES = {"USD": "7.10", "EUR": "8.05", "HKD": "0.91", "JPY": "0.047"}
TERMS = (0, 15, 30, 30, 30, 45, 60)
"""Days of credit that a customer has."""
LINES = {1: 34, 2: 33, 3: 20, 4: 9, 5: 4}
SIZE = {"A": 9.0, "B": 3.0, "C": 1.2, "D": 0.6}
MOST = {"A": 7, "B": 5, "C": 3, "D": 2}
"""Orders of one customer at most, by grade."""
LIMIT = Decimal("100000.00")
"""The credit limit of companies that buy much."""


@dataclass
class Sale:
    """One order before it is in a database."""

    customer: Stored
    day: date
    terms: int
    lines: list[tuple[int, Decimal, Decimal]] = field(default_factory=list)
    status: OrderStatus = OrderStatus.COMPLETED
    delivery: DeliveryStatus = DeliveryStatus.DELIVERED
    delivered_on: date | None = None
    paid: list[tuple[PaymentKind, Decimal, date]] = field(default_factory=list)

    @property
    def amount(self) -> Decimal:
        return sum((_cents(quantity * price) for _index, quantity, price in self.lines), Decimal("0.00"))


def load(work: Work, stored: Sequence[Stored], staff: dict[str, int]) -> int:
    """Insert price list, rates, orders with lines and payments, and contracts; returns how many orders. Opportunities
    that name products come after it."""
    chance = random.Random(SEED)
    days = Days(chance)
    products = _products(work, days)
    buyers = [each for each in stored if each.party.stage in DEALT and each.party.double_of is None]
    sales = [sale for buyer in buyers for sale in _sales(chance, days, buyer)]
    sales.sort(key=lambda sale: sale.day)
    _insert_sales(work, chance, days, sales, products, staff)
    _contracts(work, chance, days, [each for each in buyers if each.party.company], staff)
    _limits(work, buyers)
    totals.touch(work, [buyer.id for buyer in buyers])
    return len(sales)


# ---- the price list
def _products(work: Work, days: Days) -> list[dict[str, Any]]:
    made = days.at(days.ago(730))
    rows = []
    for category, prefix, items in catalogue.PRODUCTS:
        for place, (name, unit, price, margin) in enumerate(items, 1):
            told: dict[str, Any] = {"code": f"{prefix}-{place:03d}", "name": name, "category": category, "unit": unit}
            told |= {"price": Decimal(f"{price}.0000"), "margin": Decimal(f"{margin}.00"), "currency": "CNY"}
            rows.append(_row(Product, told | {"created_at": made, "updated_at": made, "uid": new_uid()}))
    for number, row in zip(work.next_ids(Product, len(rows)), rows, strict=True):
        row |= {"id": number, "retired": row["name"] in catalogue.RETIRED, "name_folded": search_text.fold(row["name"])}
    work.bulk(Product, rows, changes=[_change(Product, row, None) for row in rows])
    for row in rows:
        if row["price"] < 500:
            cheaper = (row["price"] * Decimal("0.9")).quantize(Decimal("0.0001"))
            work.add(ProductPrice(product_id=row["id"], min_quantity=Decimal("100.000"), price=cheaper))
        elif row["price"] > 4000:
            special = (row["price"] * Decimal("0.95")).quantize(Decimal("0.0001"))
            work.add(ProductPrice(product_id=row["id"], grade=Grade.A, min_quantity=Decimal("1.000"), price=special))
    for code, rate in RATES.items():
        if work.session.get(CurrencyRate, code) is None:
            work.add(CurrencyRate(code=code, rate=Decimal(rate).quantize(Decimal("0.00000001"))))
    return rows


# ---- orders
def _sales(chance: random.Random, days: Days, buyer: Stored) -> list[Sale]:
    """The orders of one customer: back from its last deal in its own rhythm, so that its stage comes out as told."""
    party = buyer.party
    deals = [told.day for told in party.story if told.outcome is Outcome.DEAL]
    if not deals:
        return []
    last, idle = max(deals), (days.today - max(deals)).days
    found, count = [last], chance.randint(1, MOST.get(party.draft.grade, 2))
    if party.stage is Lifecycle.NEW:
        count = 1
    gap = {
        Lifecycle.ESTABLISHED: max(25, round(idle * 0.8)) + chance.randint(0, 25),
        Lifecycle.AT_RISK: max(25, idle // 3),
        Lifecycle.LOST: chance.randint(25, max(26, min(80, idle // 5))),
    }.get(party.stage, 60)
    while len(found) < count:
        day = found[-1] - timedelta(days=max(4, round(gap * chance.uniform(0.75, 1.25))))
        if day < max(party.day, days.ago(730)):
            break
        found.append(days.working(day))
    terms = chance.choice(TERMS)
    indexes = _taste(chance)
    return [_sale(chance, days, buyer, day, terms, indexes) for day in sorted(set(found))]


def _taste(chance: random.Random) -> list[int]:
    """What a customer comes back for: two categories, and spare parts or services."""
    starts, place = [], 0
    for _category, _prefix, items in catalogue.PRODUCTS:
        starts.append(range(place, place + len(items)))
        place += len(items)
    liked = [number for block in chance.sample(starts[:4], 2) for number in chance.sample(block, 3)]
    return liked + chance.sample(starts[4], 2) + chance.sample(starts[5], 1)


def _sale(chance: random.Random, days: Days, buyer: Stored, day: date, terms: int, indexes: Sequence[int]) -> Sale:
    sale = Sale(buyer, day, terms)
    flat = [item for _category, _prefix, items in catalogue.PRODUCTS for item in items]
    budget = SIZE.get(buyer.party.draft.grade, 1.0) * chance.uniform(1500, 7000)
    for index in chance.sample(indexes, by_lot(chance, LINES)):
        price = flat[index][2]
        quantity = Decimal(max(1, round(budget / price * chance.uniform(0.3, 1.0))))
        if price < 100:
            quantity = Decimal(max(10, round(quantity / 10) * 10))
        share = Decimal("0.95") if chance.random() < 0.2 else Decimal(1)
        sale.lines.append((index, quantity, (price * share).quantize(Decimal("0.0001"))))
    _settle(chance, days, sale)
    return sale


def _settle(chance: random.Random, days: Days, sale: Sale) -> None:
    """How an order stands today: paid when it was due or a little later, some not at all; young ones on their way."""
    idle = (days.today - sale.day).days
    delivered = sale.day + timedelta(days=chance.randint(2, 12))
    due = sale.day + timedelta(days=sale.terms)
    late = chance.choice((0, 0, 0, 1, 3, 6, 12, 25))
    fate = chance.random()
    if fate < 0.03 and idle > 20:
        sale.status, sale.delivery = OrderStatus.CANCELLED, DeliveryStatus.OPEN
        return
    if delivered <= days.today:
        sale.delivered_on = delivered
    else:
        sale.delivery = DeliveryStatus.PARTIAL if idle > 3 else DeliveryStatus.OPEN
    in_parts = sale.amount > 30_000 and chance.random() < 0.5
    first = _cents(sale.amount * Decimal("0.3")) if in_parts else Decimal(0)
    if in_parts:
        sale.paid.append((PaymentKind.PAYMENT, first, sale.day))
    rest_on = min(max(due + timedelta(days=late), sale.day), days.today)
    if due + timedelta(days=late) <= days.today and not 0.03 <= fate < 0.06:
        sale.paid.append((PaymentKind.PAYMENT, sale.amount - first, rest_on))
    paid = sum(amount for _kind, amount, _day in sale.paid) >= sale.amount
    if paid and 0.06 <= fate < 0.075:
        sale.paid.append((PaymentKind.REFUND, _cents(sale.amount * Decimal("0.1")), rest_on))
    if sale.delivery is DeliveryStatus.DELIVERED:
        sale.status = OrderStatus.COMPLETED  # also where it is still to be paid: sold on credit
    else:
        sale.status = OrderStatus.PAID if paid else OrderStatus.CONFIRMED


def _insert_sales(
    work: Work,
    chance: random.Random,
    days: Days,
    sales: Sequence[Sale],
    products: Sequence[dict[str, Any]],
    staff: dict[str, int],
) -> None:
    orders: list[tuple[Stored, dict[str, Any]]] = []
    lines: list[tuple[Stored, dict[str, Any]]] = []
    paid: list[tuple[Stored, dict[str, Any]]] = []
    for number, sale in zip(work.next_ids(SalesOrder, len(sales)), sales, strict=True):
        at, by = days.at(sale.day), staff[sale.customer.party.seller]
        orders.append((sale.customer, _order(number, sale, at, by)))
        for position, (index, quantity, price) in enumerate(sale.lines):
            told = {"order_id": number, "product_id": products[index]["id"], "name": products[index]["name"]}
            told |= {"quantity": quantity.quantize(Decimal("0.001")), "unit_price": price, "position": position}
            lines.append((sale.customer, told | {"amount": _cents(quantity * price)}))
        for kind, amount, day in sale.paid:
            method = by_lot(chance, catalogue.WAYS)
            told = {"order_id": number, "kind": kind, "amount": amount, "paid_on": day, "method": method}
            when = days.at(day)
            paid.append((sale.customer, told | {"created_by_id": by, "created_at": when, "updated_at": when}))
    _insert(work, SalesOrder, orders)
    _insert(work, OrderLine, lines)
    _insert(work, Payment, paid)


def _order(number: int, sale: Sale, at: datetime, by: int) -> dict[str, Any]:
    owed = {"paid": Decimal(0), "refunded": Decimal(0), "base_net": sale.amount}
    return owed | {
        "id": number,
        "order_no": f"SO{sale.day.year}{number:05d}",
        "ordered_on": sale.day,
        "amount": sale.amount,
        "base_amount": sale.amount,
        "status": sale.status,
        "delivery": sale.delivery,
        "due_on": sale.day + timedelta(days=sale.terms),
        "delivered_on": sale.delivered_on,
        "owner_id": by,
        "created_by_id": by,
        "created_at": at,
        "updated_at": at,
    }


# ---- contracts, and how much may be owed
def _contracts(work: Work, chance: random.Random, days: Days, firms: Sequence[Stored], staff: dict[str, int]) -> None:
    chosen = [firm for firm in firms if firm.party.draft.grade in ("A", "B") and chance.random() < 0.4]
    rows: list[tuple[Stored, dict[str, Any]]] = []
    for place, firm in enumerate(chosen):
        # every eighth ends within the next month, the others over the year around today
        left = chance.randint(2, 29) if place % 8 == 0 else chance.randint(-200, 330)
        ends = days.today + timedelta(days=left)
        starts = ends - timedelta(days=364)
        signed = min(starts - timedelta(days=chance.randint(1, 20)), days.today)
        at, by = days.at(signed), staff[firm.party.seller]
        told = {"title": chance.choice(catalogue.CONTRACTS), "amount": Decimal(f"{chance.randint(5, 90) * 10_000}.00")}
        told |= {"signed_on": signed, "starts_on": starts, "ends_on": ends, "owner_id": by, "created_by_id": by}
        told |= {"status": ContractStatus.ACTIVE if left > -15 else ContractStatus.ENDED, "created_at": at}
        told |= {"base_amount": told["amount"], "updated_at": at}
        rows.append((firm, told))
    for number, (_firm, row) in zip(work.next_ids(Contract, len(rows)), rows, strict=True):
        row |= {"id": number, "number": f"HT{row['signed_on'].year}{number:05d}"}
    _insert(work, Contract, rows)


def _limits(work: Work, buyers: Sequence[Stored]) -> None:
    """A credit limit for a third of the companies of grade A."""
    for buyer in buyers:
        if buyer.party.company and buyer.party.draft.grade == "A" and buyer.id % 3 == 0:
            row = work.session.get_one(Customer, buyer.id)
            row.credit_limit = LIMIT
    work.settle()  # their history comes after that of their creation


# ---- rows
def _insert(work: Work, model: type[Model], told: Sequence[tuple[Stored, dict[str, Any]]]) -> None:
    """Insert rows that belong to customers, each with its history."""
    missing = [values for _customer, values in told if "id" not in values]
    for number, values in zip(work.next_ids(model, len(missing)), missing, strict=True):
        values["id"] = number
    rows = [_row(model, values | {"customer_id": customer.id}) for customer, values in told]
    pairs = zip(rows, told, strict=True)
    work.bulk(model, rows, changes=[_change(model, row, customer) for row, (customer, _values) in pairs])


def _row(model: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    """Every column of a row: the given values, and the model's defaults."""
    made: dict[str, Any] = {}
    for column in columns(model).__table__.columns:
        scalar = column.default is not None and column.default.is_scalar
        made[column.name] = column.default.arg if scalar else None
    if "version" in made:
        made["version"] = 1
    if "uid" in made:
        made["uid"] = new_uid()
    return made | values


def _change(model: type[Model], row: dict[str, Any], customer: Stored | None) -> Change:
    table = columns(model).__table__
    stored = {column.name: row[column.name] for column in table.columns if not column.info.get("derived")}
    told = {name: value for name, value in stored.items() if name not in ("id", "uid", "created_at")}
    return Change(row["id"], told, customer.uid if customer else "", customer.cipher if customer else None, stored)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
