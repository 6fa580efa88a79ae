"""Orders of a file: rows with the same number are lines of one order. Each row becomes one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import select

from cim import clock, search_text
from cim.errors import Invalid
from cim.i18n import N_
from cim.models import OrderLine, Payment, Product, SalesOrder
from cim.models.base import columns, new_uid
from cim.models.custom import Noun
from cim.models.imports import ImportMode
from cim.models.order import DeliveryStatus, OrderStatus, PaymentKind
from cim.permissions import Permission
from cim.service import currency, custom_values, totals
from cim.service.importing import sales
from cim.service.importing.lines import Line, Notes
from cim.service.importing.people import People
from cim.service.importing.reference import Known
from cim.service.importing.steps import Options, Plan, Progress
from cim.work import Work

ORDERS = columns(SalesOrder)
PRODUCTS = columns(Product)
TAKEN = N_("Order {number} is there already: left out.")
OTHER_CUSTOMER = N_("Order {number} belongs to another customer in row {row}.")
NO_AMOUNT = N_("Enter the amount, or the unit price.")
FREE_TEXT = N_("There is no product {value}: the line keeps this name.")
SEVERAL = N_("Several products are called {value}: write the product code.")
FUTURE = N_("This lies in the future.")
CENT, MILLE = Decimal("0.01"), Decimal("0.0001")


@dataclass
class Order:
    """One order of the file: its first line says what holds for all of them."""

    first: Line
    customer: Known
    owner_id: int | None
    lines: list[Line] = field(default_factory=list)


def plan(work: Work, lines: Sequence[Line], options: Options, notes: Notes) -> Plan:
    """Decide about every line. Raises Invalid("mode") unless the mode is to add."""
    if options.mode is not ImportMode.ADD:
        raise Invalid("mode", "Orders can only be added, not updated.")
    parties = sales.parties(work, lines, options, notes, to=Permission.SALES_WRITE)
    people, rates, catalogue = People(work), sales.Rates(work), Catalogue(work)
    made = Plan(notes, facts={"parties": parties, "orders": {}, "rates": rates, "catalogue": catalogue})
    taken = _taken(work, {line.standard.plain.get("order_no", "") for line in lines})
    own = custom_values.live(work, Noun.ORDER)
    for line in lines:
        customer = parties.of(line)
        values = line.standard.plain
        number = values.get("order_no", "")
        if customer is None or not _fits(line, notes, rates, catalogue):
            continue
        if notes.refuse(line, custom_values.unfit(own, values.get("custom", {}))):
            continue
        if number in taken:
            made.skip(line, "order_no", TAKEN, number=number)
            continue
        _join(made, people, line, customer, number)
    return made


def apply(work: Work, made: Plan, *, batch_id: int, progress: Progress | None) -> int:
    """Carry a plan out. Returns 0: nothing is updated. The customers' figures are derived anew."""
    parties: sales.Parties = made.facts["parties"]
    parties.create(work, batch_id=batch_id)
    made.facts["rates"].create()
    orders: list[Order] = list(made.facts["orders"].values())
    for order in orders:
        order.customer = parties.of(order.first) or order.customer
        order.owner_id = order.owner_id if order.owner_id is not None else order.customer.owner_id
    ids = list(work.next_ids(SalesOrder, len(orders)))
    numbers = _numbers(work, ids, orders)
    owners = [order.customer for order in orders]
    rows = [
        _row(work, made, order, number, order_no, batch_id)
        for order, number, order_no in zip(orders, ids, numbers, strict=True)
    ]
    own = [order.first.standard.plain.get("custom", {}) for order in orders]
    sales.put(work, SalesOrder, Noun.ORDER, rows, owners, own)
    if progress:
        progress(len(orders), 3 * len(orders))
    _lines(work, made, orders, ids)
    if progress:
        progress(2 * len(orders), 3 * len(orders))
    _payments(work, orders, rows)
    totals.touch(work, sorted({customer.id for customer in owners}))
    return 0


class Catalogue:
    """The products by code and by exact name, read once."""

    def __init__(self, work: Work) -> None:
        self._codes: dict[str, tuple[int, str, Decimal]] = {}
        self._names: dict[str, list[tuple[int, str, Decimal]]] = {}
        wanted = select(PRODUCTS.id, PRODUCTS.code, PRODUCTS.name, PRODUCTS.price).where(work.visible(Product))
        for number, code, name, price in work.session.execute(wanted):
            self._codes[code] = (number, name, price)
            self._names.setdefault(search_text.fold(name), []).append((number, name, price))

    def of(self, word: str) -> list[tuple[int, str, Decimal]]:
        """(id, name, price) of what a word can mean."""
        return [self._codes[word]] if word in self._codes else self._names.get(search_text.fold(word), [])


def _fits(line: Line, notes: Notes, rates: sales.Rates, catalogue: Catalogue) -> bool:
    """Whether a line can stand: its product is clear, its amount known, its currency has a rate."""
    values = line.standard.plain
    if values["date"] > clock.today():
        notes.fail(line, "date", FUTURE)
        return False
    word = values.get("product", "")
    found = catalogue.of(word) if word else []
    if len(found) > 1:
        notes.fail(line, "product", SEVERAL, value=word[:60])
        return False
    if word and not found:
        notes.warn(line, "product", FREE_TEXT, value=word[:60])
    if not ({"amount", "unit_price"} & values.keys() or found):
        notes.fail(line, "amount", NO_AMOUNT)
        return False
    return rates.known(line, notes, values.get("currency") or currency.base())


def _join(made: Plan, people: People, line: Line, customer: Known, number: str) -> None:
    """Put a line to the order of its number, or begin one."""
    orders: dict[str, Order] = made.facts["orders"]
    key = number or f"row {line.number}"
    order = orders.get(key)
    word = line.cells.get("customer") or line.cells.get("customer_name")
    if order is None:
        good, owner_id = sales.owner_of(people, line, made.notes, customer)
        if not good:
            return
        order = orders[key] = Order(line, customer, owner_id)
    elif order.customer != customer or (
        not customer.id and word != (order.first.cells.get("customer") or order.first.cells.get("customer_name"))
    ):
        made.notes.fail(line, "customer", OTHER_CUSTOMER, number=number, row=order.first.number)
        return
    order.lines.append(line)
    made.new.append((line, customer))


def _amounts(line: Line, price: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """(quantity, unit price, amount) of a line; what is missing follows from the rest."""
    values = line.standard.plain
    quantity = values.get("quantity", Decimal(1))
    unit = values.get("unit_price")
    amount = values.get("amount")
    if unit is None:
        unit = (amount / quantity).quantize(MILLE, ROUND_HALF_UP) if amount is not None and quantity else price
    if amount is None:
        amount = (quantity * unit).quantize(CENT, ROUND_HALF_UP)
    return quantity, unit, amount


def _of(made: Plan, line: Line) -> tuple[int | None, str, Decimal]:
    word = line.standard.plain.get("product", "")
    found = made.facts["catalogue"].of(word) if word else []
    return found[0] if found else (None, word, Decimal(0))


def _row(work: Work, made: Plan, order: Order, number: int, order_no: str, batch_id: int) -> dict[str, Any]:
    values = order.first.standard.plain
    amount = sum((_amounts(line, _of(made, line)[2])[2] for line in order.lines), Decimal(0))
    code = values.get("currency") or currency.base()
    status = values.get("status", OrderStatus.COMPLETED)
    base = made.facts["rates"].in_base(amount, code)
    done = status is OrderStatus.COMPLETED
    return {
        **sales.common(work, number, batch_id),
        "uid": new_uid(),
        "customer_id": order.customer.id,
        "contact_id": None,
        "opportunity_id": None,
        "contract_id": None,
        "owner_id": order.owner_id,
        "order_no": order_no,
        "ordered_on": values["date"],
        "amount": amount,
        "currency": code,
        "status": status,
        "delivery": DeliveryStatus.DELIVERED if done else DeliveryStatus.OPEN,
        "due_on": None,
        "delivered_on": values["date"] if done else None,
        "notes": values.get("notes", ""),
        "base_amount": base,
        "base_net": base,
        "paid": Decimal(0),
        "refunded": Decimal(0),
        "created_by_id": work.actor.user_id,
    }


def _lines(work: Work, made: Plan, orders: Sequence[Order], ids: Sequence[int]) -> None:
    rows: list[dict[str, Any]] = []
    owners: list[Known] = []
    numbers = iter(work.next_ids(OrderLine, sum(len(order.lines) for order in orders)))
    for order, order_id in zip(orders, ids, strict=True):
        for position, line in enumerate(order.lines):
            product_id, name, price = _of(made, line)
            quantity, unit, amount = _amounts(line, price)
            rows.append(
                {
                    "id": next(numbers),
                    "order_id": order_id,
                    "customer_id": order.customer.id,
                    "product_id": product_id,
                    "name": name,
                    "quantity": quantity,
                    "unit_price": unit,
                    "amount": amount,
                    "position": position,
                }
            )
            owners.append(order.customer)
    sales.put(work, OrderLine, None, rows, owners)


def _payments(work: Work, orders: Sequence[Order], rows: Sequence[dict[str, Any]]) -> None:
    """What a file calls paid was paid in full on its day."""
    due = [
        (order, row)
        for order, row in zip(orders, rows, strict=True)
        if row["status"] in totals.COUNTED and row["amount"] > 0
    ]
    made = [
        {
            "id": number,
            "order_id": row["id"],
            "customer_id": row["customer_id"],
            "kind": PaymentKind.PAYMENT,
            "amount": row["amount"],
            "paid_on": row["ordered_on"],
            "method": "",
            "note": "",
            "created_by_id": work.actor.user_id,
            "created_at": work.now,
            "updated_at": work.now,
            "deleted_at": None,
            "version": 1,
        }
        for number, (_order, row) in zip(work.next_ids(Payment, len(due)), due, strict=True)
    ]
    sales.put(work, Payment, None, made, [order.customer for order, _row in due])


def _taken(work: Work, numbers: set[str]) -> set[str]:
    found: set[str] = set()
    wanted = sorted(numbers - {""})
    for start in range(0, len(wanted), 500):
        here = ORDERS.order_no.in_(wanted[start : start + 500])
        found.update(work.session.execute(select(ORDERS.order_no).where(here, ORDERS.deleted_at.is_(None))).scalars())
    return found


def _numbers(work: Work, ids: Sequence[int], orders: Sequence[Order]) -> list[str]:
    """The number of each order: as the file says, else the year of its day and its own number, passing over those used."""
    wanted = [
        order.first.standard.plain.get("order_no") or f"O{order.first.standard.plain['date'].year}-{number:06d}"
        for order, number in zip(orders, ids, strict=True)
    ]
    used = _taken(work, set(wanted))
    return [
        f"{name}-{number}" if name in used and not order.first.standard.plain.get("order_no") else name
        for name, number, order in zip(wanted, ids, orders, strict=True)
    ]
