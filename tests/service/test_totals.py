"""What customers and orders derive from payments, orders, opportunities and tickets: equal to adding up by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import func, select

from cim import db, service
from cim.errors import CimError
from cim.models import ChangeSet, Customer, Payment, SalesOrder
from cim.models.base import columns
from cim.models.contract import ContractDraft
from cim.models.customer import CustomerDraft, Lifecycle
from cim.models.listing import CustomerFilter
from cim.models.order import DeliveryStatus, OrderDraft, OrderStatus, PaymentDraft, PaymentKind
from tests.factories import Personas

orders = service.orders
D = Decimal


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    service.currency.set_rate(people.root, "USD", D("7.1"))
    service.currency.set_rate(people.root, "JPY", D("0.047"))
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def figures(customer_id: int) -> dict[str, Any]:
    """What is stored."""
    with db.session(writing=False) as session:
        row = session.get_one(Customer, customer_id)
        names = ("order_count", "order_total", "first_order_on", "last_order_on", "owed")
        return {name: getattr(row, name) for name in names}


def added_up(customer_id: int) -> dict[str, Any]:
    """The same by hand, with exact fractions; and each order against its payments."""
    with db.session(writing=False) as session:
        held = list(session.execute(select(SalesOrder).where(columns(SalesOrder).customer_id == customer_id)).scalars())
        paid = list(session.execute(select(Payment).where(columns(Payment).deleted_at.is_(None))).scalars())
    counted, owed = [], Fraction(0)
    for row in held:
        money = {
            kind: sum((p.amount for p in paid if p.order_id == row.id and p.kind is kind), D(0)) for kind in PaymentKind
        }
        back = money[PaymentKind.REFUND]
        net = row.base_amount - (
            cents(Fraction(row.base_amount) * Fraction(back) / Fraction(row.amount)) if back else 0
        )
        assert (row.paid, row.refunded) == (money[PaymentKind.PAYMENT], back)
        assert abs(row.base_net - net) <= (D("0.01") if row.currency != "CNY" and back else 0)
        if row.deleted_at is None and row.status in (OrderStatus.PAID, OrderStatus.COMPLETED):
            counted.append(row)
        if row.deleted_at is None and row.status not in (OrderStatus.DRAFT, OrderStatus.CANCELLED) and row.amount:
            owed += Fraction(row.base_amount) * Fraction(row.amount - row.paid) / Fraction(row.amount)
    return {
        "order_count": len(counted),
        "order_total": sum((row.base_net for row in counted), D(0)),
        "first_order_on": min((row.ordered_on for row in counted), default=None),
        "last_order_on": max((row.ordered_on for row in counted), default=None),
        "owed": cents(owed),
    }


def cents(exact: Fraction) -> Decimal:
    return (D(exact.numerator) / D(exact.denominator)).quantize(D("0.01"), ROUND_HALF_UP)


def test_a_third_of_a_whole_number_is_no_whole_number(people: Personas, firm: int) -> None:
    """SQLite keeps 100.00 as the integer 100, and divides integers to integers."""
    made = orders.record(people.ann, firm, OrderDraft(amount=D(3), currency="USD"))
    orders.pay(people.ann, made, PaymentDraft(amount=D(1)))
    assert figures(firm)["owed"] == D("14.20")
    orders.pay(people.ann, made, PaymentDraft(amount=D(2)))
    orders.refund(people.ann, made, PaymentDraft(amount=D(1)))
    assert figures(firm) == added_up(firm) | {"order_total": D("14.20"), "owed": D(0)}


def test_equals_adding_up_whatever_was_done(people: Personas, firm: int) -> None:
    chance = random.Random(7)
    _play(people, firm, chance, 40)
    assert figures(firm) == added_up(firm)
    assert figures(firm)["order_count"] > 1
    assert _faults(people) == []


@pytest.mark.assure("G12")
@pytest.mark.parametrize("seed", range(6))
def test_equals_adding_up_for_long(people: Personas, firm: int, seed: int) -> None:
    chance = random.Random(seed)
    for _round in range(10):
        _play(people, firm, chance, 30)
        assert figures(firm) == added_up(firm)
    assert _faults(people) == []


def _faults(people: Personas) -> list[str]:
    report = service.audit.verify(people.audrey, reconcile=True)
    ours = [name for name in report.drifted if name.split()[0] not in ("app_user", "team")]  # hired past the service
    return [report.problem] * bool(report.problem) + ours


def _play(people: Personas, firm: int, chance: random.Random, steps: int) -> None:
    """Anything that can be done with orders, in any order; what is refused changes nothing."""
    me, made, paid = people.ann, list[int](), list[int]()

    def amount() -> Decimal:
        return D(chance.randint(1, 20000)) / 100

    def record() -> None:
        day = date(2026, 11, 18) - timedelta(days=chance.randint(0, 400))
        status = chance.choice([*OrderStatus, OrderStatus.CONFIRMED, OrderStatus.CONFIRMED])
        code = chance.choice(["CNY", "CNY", "USD", "JPY"])
        made.append(orders.record(me, firm, OrderDraft(amount=amount(), ordered_on=day, status=status, currency=code)))

    def pay() -> None:
        view = orders.get(me, chance.choice(made))
        wanted = view.open if chance.random() < 0.5 else (view.open / 3).quantize(D("0.01"))
        paid.append(orders.pay(me, view.id, PaymentDraft(amount=wanted)))

    def refund() -> None:
        paid.append(orders.refund(me, chance.choice(made), PaymentDraft(amount=amount())))

    def undo() -> None:
        with db.session(writing=False) as session:
            last = session.execute(select(func.max(columns(ChangeSet).id))).scalar_one()
        service.undo.change_set(me, last)

    def on(verb: Callable[..., Any], *more: Any) -> Callable[[], Any]:
        return lambda: verb(me, chance.choice(made), *more)

    verbs = [record, record, pay, pay, pay, refund, on(orders.confirm), on(orders.cancel), on(orders.complete)]
    verbs += [on(orders.deliver), on(orders.deliver, DeliveryStatus.OPEN), undo]
    verbs += [lambda: orders.remove(me, made.pop(chance.randrange(len(made))))]
    verbs += [lambda: orders.remove_payment(me, chance.choice(paid))]
    verbs += [lambda: _resize(me, chance.choice(made), amount())]
    record()
    for _step in range(steps):  # with nothing to choose from, nothing is chosen
        try:
            chance.choice(verbs)()
        except (CimError, IndexError, ValueError):
            continue


def _resize(me: Any, made: int, amount: Decimal) -> None:
    orders.update(me, made, OrderDraft(amount=amount), version=orders.get(me, made).version)


# ---- what reads them
STAGES: list[tuple[list[int], Lifecycle]] = [
    ([], Lifecycle.PROSPECT),
    ([0], Lifecycle.NEW),
    ([90], Lifecycle.NEW),
    ([91], Lifecycle.ESTABLISHED),
    ([179], Lifecycle.ESTABLISHED),
    ([180], Lifecycle.AT_RISK),
    ([359], Lifecycle.AT_RISK),
    ([360], Lifecycle.LOST),
    ([100, 90, 80, 70, 60], Lifecycle.ESTABLISHED),
    ([180, 170, 160, 150, 140, 130, 120, 110], Lifecycle.AT_RISK),
    ([230, 220, 210, 200, 190, 180, 170, 160], Lifecycle.LOST),
    ([400, 0], Lifecycle.ESTABLISHED),
]
"""How many days ago there were orders, and the stage that follows."""


def test_lifecycle_is_the_same_in_both_places(people: Personas) -> None:
    wanted = {}
    for number, (days, stage) in enumerate(STAGES):
        draft = CustomerDraft(name=f"客户 {chr(0x4E00 + number * 7)}")
        firm = service.customers.create(people.ann, draft, duplicate_reason="测试")
        wanted[firm] = stage
        for back in days:
            day = date(2026, 11, 18) - timedelta(days=back)
            orders.record(people.ann, firm, OrderDraft(amount=D(1), ordered_on=day, status=OrderStatus.COMPLETED))
        orders.record(people.ann, firm, OrderDraft(amount=D(1)))  # to be paid: it does not count
    found = {
        stage: {row.id for row in service.customers.search(people.ann, CustomerFilter(lifecycle=stage)).rows}
        for stage in Lifecycle
    }
    assert found == {stage: {firm for firm, told in wanted.items() if told is stage} for stage in Lifecycle}
    assert {row.id: row.lifecycle for row in service.customers.search(people.ann).rows} == wanted


def test_the_record_shows_its_figures(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, OrderDraft(amount=D(100), status=OrderStatus.COMPLETED))
    orders.record(people.ann, firm, OrderDraft(amount=D(30)))
    before = service.customers.get(people.ann, firm)
    assert (before.order_count, before.order_total, before.owed) == (1, D(100), D(30))
    assert before.last_order_on == date(2026, 11, 18)
    orders.refund(people.ann, made, PaymentDraft(amount=D(40)))
    after = service.customers.get(people.ann, firm)
    assert (after.order_total, after.owed, after.version) == (D(60), D(30), before.version)


def test_merging_moves_orders_and_their_figures(people: Personas, firm: int) -> None:
    other = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保"), duplicate_reason="测试")
    first = orders.record(people.ann, firm, OrderDraft(amount=D(100), status=OrderStatus.COMPLETED))
    lines = [{"name": "滤芯", "quantity": 2, "unit_price": 25}]
    second = orders.record(people.ann, other, OrderDraft.model_validate({"lines": lines}))
    orders.pay(people.ann, second, PaymentDraft(amount=D(20)))
    contract = service.contracts.create(people.ann, other, ContractDraft(title="年度合同"))
    before = {i: figures(i) for i in (firm, other)}
    service.customers.merge(people.ann, firm, [other])
    assert figures(firm) == added_up(firm)
    assert (figures(firm)["order_count"], figures(firm)["owed"]) == (1, D(30))
    assert {orders.get(people.ann, i).customer_id for i in (first, second)} == {firm}
    assert service.contracts.get(people.ann, contract).customer_id == firm
    service.customers.unmerge(people.ann, other)
    assert {i: figures(i) for i in (firm, other)} == before
    view = orders.get(people.ann, second)
    assert (view.customer_id, view.lines[0].name, view.paid) == (other, "滤芯", D(20))
    assert _faults(people) == []
