"""What customers bought: quantities by product, history by month, and what was sold of each product."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cim import service
from cim.errors import NotFound
from cim.models.customer import CustomerDraft
from cim.models.order import OrderDraft, PaymentDraft
from cim.models.product import ProductDraft
from tests.factories import Personas, queries

purchases = service.purchases
D = Decimal


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def sold(people: Personas) -> tuple[int, int]:
    """Two products and what ann's and bo's customers bought of them; returns the products."""
    service.currency.set_rate(people.mei, "USD", D(7))
    pump = service.products.create(people.mei, ProductDraft(name="泵", category="设备", price=D(100), unit="台"))
    seal = service.products.create(people.mei, ProductDraft(name="密封圈", category="配件", price=D(1), unit="只"))
    for me, name, orders in (
        (
            people.ann,
            "南京信诺环保科技有限公司",
            [
                ("2026-08-03", "completed", "CNY", [(pump, 2, 100), (None, 1, 50)]),
                ("2026-08-31", "completed", "CNY", [(pump, 1, 90), (seal, 30, 1)]),
                ("2026-10-01", "paid", "USD", [(seal, 10, 3)]),
                ("2026-11-01", "confirmed", "CNY", [(pump, 9, 100)]),
                ("2026-11-02", "cancelled", "CNY", [(pump, 9, 100)]),
            ],
        ),
        (people.bo, "苏州汇川电子有限公司", [("2026-10-02", "completed", "CNY", [(pump, 5, 100)])]),
    ):
        firm = service.customers.create(me, CustomerDraft(name=name))
        for day, status, code, lines in orders:
            told = [{"product_id": p, "quantity": q, "unit_price": u, "name": "" if p else "安装"} for p, q, u in lines]
            values: dict[str, Any] = {"ordered_on": day, "status": status, "currency": code, "lines": told}
            service.orders.record(me, firm, OrderDraft.model_validate(values))
    return pump, seal


def test_quantities_by_product(people: Personas, sold: tuple[int, int]) -> None:
    pump, seal = sold
    found = purchases.of_customer(people.ann, 1)
    assert [(p.product_id, p.name, p.quantity, p.amount, p.orders, p.price) for p in found.products] == [
        (pump, "泵", D(3), D(290), 2, D("96.67")),
        (seal, "密封圈", D(40), D(240), 2, D("6.00")),
        (None, "安装", D(1), D(50), 1, D("50.00")),
    ]
    assert (found.products[0].first_on, found.products[0].last_on) == (date(2026, 8, 3), date(2026, 8, 31))


def test_history_by_month_is_net_of_refunds_and_without_gaps(people: Personas, sold: tuple[int, int]) -> None:
    first = service.orders.of_customer(people.ann, 1)[-1]
    service.orders.refund(people.ann, first.id, PaymentDraft(amount=D(20)))
    found = purchases.of_customer(people.ann, 1)
    assert [(m.month, m.orders, m.amount) for m in found.months] == [
        (date(2026, 8, 1), 2, D(350)),
        (date(2026, 9, 1), 0, D(0)),
        (date(2026, 10, 1), 1, D(210)),
    ]
    assert (found.orders, found.amount, found.usual_gap) == (3, D(560), 30)
    assert (found.first_on, found.last_on) == (date(2026, 8, 3), date(2026, 10, 1))
    assert found.amount == service.customers.get(people.ann, 1).order_total


def test_what_was_sold_follows_reach_period_and_seller(people: Personas, sold: tuple[int, int]) -> None:
    pump, seal = sold

    def of(me: Any, **narrowed: Any) -> list[tuple[int | None, Decimal, int, int]]:
        return [(p.product_id, p.quantity, p.orders, p.customers) for p in purchases.by_product(me, **narrowed)]

    assert of(people.mei) == [(pump, D(8), 3, 2), (seal, D(40), 2, 1), (None, D(1), 1, 1)]
    assert of(people.bo) == [(pump, D(5), 1, 1)]
    assert of(people.mei, owner_id=people.bo.user_id) == of(people.bo)
    assert of(people.mei, since=date(2026, 8, 4), until=date(2026, 10, 1)) == [(seal, D(40), 2, 1), (pump, D(1), 1, 1)]


def test_nothing_bought_yet(people: Personas) -> None:
    firm = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))
    found = purchases.of_customer(people.ann, firm)
    assert (found.products, found.months, found.orders, found.usual_gap) == ([], [], 0, None)
    with pytest.raises(NotFound):
        purchases.of_customer(people.bo, firm)


def test_reading_counts_its_queries(people: Personas, sold: tuple[int, int]) -> None:
    with queries(6):
        purchases.of_customer(people.ann, 1)
    with queries(4):
        purchases.by_product(people.mei)
