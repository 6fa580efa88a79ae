"""Products and currencies through the service: the price list, what a product costs whom, and rates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cim import service
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.i18n import _
from cim.models.customer import CustomerDraft, Grade
from cim.models.order import OrderDraft
from cim.models.product import ProductDraft, ProductPriceDraft
from tests.factories import Personas, history, queries, recorded

products, currency = service.products, service.currency
D = Decimal


@pytest.fixture
def pump(people: Personas) -> int:
    return products.create(people.mei, ProductDraft(name="磁力泵 CQ-25", category="泵", unit="台", price=D("1250")))


def test_a_product_gets_a_code_and_is_found(people: Personas, pump: int) -> None:
    with recorded("products.create", by=people.root, times=1):
        other = products.create(people.root, ProductDraft(code="B-1", name="密封圈", price=D("0.12345")), token="t")
    assert products.create(people.root, ProductDraft(name="别的"), token="t") == other
    view = products.get(people.ann, pump)
    assert (view.code, view.price, view.may_edit) == (f"P{pump:05d}", D(1250), False)
    assert products.get(people.mei, other).price == D("0.1235")
    for q, found in (("磁力", [pump]), ("cq-25", [pump]), ("b-1", [other]), ("", [other, pump]), ("%", [])):
        assert [row.id for row in products.search(people.bo, q).rows] == found
    assert products.search(people.bo, category="泵").total == 1
    assert products.search(people.bo).categories == ["泵"]
    with pytest.raises(Invalid):
        products.create(people.mei, ProductDraft(code="B-1", name="又一个"))


def test_changing_and_retiring(people: Personas, pump: int) -> None:
    with recorded("products.update", by=people.mei, times=1):
        assert products.update(people.mei, pump, ProductDraft(name="磁力泵 CQ-25", price=D(1300)), version=1)
    assert not products.update(people.mei, pump, ProductDraft(name="磁力泵 CQ-25", price=D("1300.00")), version=2)
    with pytest.raises(Conflict) as conflict:
        products.update(people.mei, pump, ProductDraft(name="x"), version=1)
    assert conflict.value.current["name"] == "磁力泵 CQ-25"
    assert products.retire(people.mei, pump)
    assert not products.retire(people.mei, pump)
    assert products.everything(people.ann) == []
    assert [row.id for row in products.everything(people.ann, retired=True)] == [pump]
    assert products.retire(people.mei, pump, on=False)


def test_what_was_sold_is_retired_not_removed(people: Personas, pump: int) -> None:
    firm = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))
    draft = OrderDraft.model_validate({"lines": [{"product_id": pump}]})
    made = service.orders.record(people.ann, firm, draft)
    with pytest.raises(Invalid, match="Retire it instead"):
        products.remove(people.mei, pump)
    spare = products.create(people.mei, ProductDraft(name="样品"))
    products.remove(people.mei, spare, reason="录错")
    with pytest.raises(NotFound):
        products.get(people.mei, spare)
    assert service.orders.get(people.ann, made).lines[0].name == "磁力泵 CQ-25"


PRICES = [("A", "1", "1100"), ("A", "10", "1000"), ("", "5", "1150"), ("", "20", "1050"), ("D", "1", "1400")]


@pytest.mark.parametrize(
    ("grade", "quantity", "price", "reason"),
    [
        (Grade.NONE, "1", "1250", "List price"),
        (Grade.NONE, "5", "1150", "Special price from 5 台"),
        (Grade.NONE, "19.999", "1150", "Special price from 5 台"),
        (Grade.B, "20", "1050", "Special price from 20 台"),
        (Grade.A, "1", "1100", "Price for grade A"),
        (Grade.A, "10", "1000", "Price for grade A from 10 台"),
        (Grade.A, "50", "1000", "Price for grade A from 10 台"),
        (Grade.D, "1", "1250", "List price"),
    ],
)
def test_the_lowest_price_that_fits(
    people: Personas, pump: int, monkeypatch: pytest.MonkeyPatch, grade: Grade, quantity: str, price: str, reason: str
) -> None:
    monkeypatch.setattr("cim.i18n._chinese", dict)
    for of, least, one in PRICES:
        draft = {"grade": of, "min_quantity": least, "price": one}
        products.set_price(people.mei, pump, ProductPriceDraft.model_validate(draft))
    firm = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", grade=grade))
    found = products.price_of(people.ann, pump, customer_id=firm, quantity=D(quantity))
    assert (found.price, _(found.reason, **found.params)) == (D(price), reason)


def test_special_prices(people: Personas, pump: int) -> None:
    draft = ProductPriceDraft(grade=Grade.A, price=D(1100))
    with recorded("products.set_price", by=people.mei, times=1):
        first = products.set_price(people.mei, pump, draft)
        assert products.set_price(people.mei, pump, draft) == first
    assert products.set_price(people.mei, pump, ProductPriceDraft(grade=Grade.A, price=D(1090))) == first
    assert [(p.grade, p.price) for p in products.get(people.mei, pump).prices] == [(Grade.A, D(1090))]
    assert products.everything(people.ann)[0].special_prices == 1
    assert products.remove_price(people.mei, first)
    assert not products.remove_price(people.mei, first)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": " "}),
        ("price", {"name": "x", "price": -1}),
        ("currency", {"name": "x", "currency": "XXQ"}),
        ("margin", {"name": "x", "margin": 101}),
        ("code", {"name": "x", "code": "y" * 41}),
    ],
)
def test_refusals_name_the_field(people: Personas, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        products.create(people.mei, ProductDraft.model_validate(values))
    assert refused.value.field == field


def test_who_keeps_the_price_list(people: Personas, pump: int) -> None:
    for me in (people.ann, people.kai, people.audrey):
        assert products.get(me, pump).id == pump
        for attempt in (
            lambda me=me: products.create(me, ProductDraft(name="x")),
            lambda me=me: products.retire(me, pump),
            lambda me=me: products.set_price(me, pump, ProductPriceDraft()),
            lambda me=me: currency.set_rate(me, "USD", D(7)),
        ):
            with pytest.raises(Denied):
                attempt()


def test_rates(people: Personas) -> None:
    with recorded("currency.set_rate", by=people.mei, times=2):
        assert currency.set_rate(people.mei, "usd", D("7.123456789"))
        assert currency.set_rate(people.mei, "USD", D("7.2"), version=1)
    before = len(history())
    assert not currency.set_rate(people.mei, "USD", D("7.2"))
    assert len(history()) == before
    with pytest.raises(Conflict):
        currency.set_rate(people.mei, "USD", D(8), version=1)
    for code, rate in (("XXQ", "1"), ("CNY", "2"), ("", "1"), ("EUR", "0"), ("EUR", "-1")):
        with pytest.raises(Invalid):
            currency.set_rate(people.mei, code, D(rate))
    assert [(r.code, r.rate, r.base) for r in currency.rates(people.ann)] == [
        ("CNY", D(1), True),
        ("USD", D("7.2"), False),
    ]
    assert currency.codes(people.ann) == ["CNY", "USD"]


def test_an_order_in_another_currency_keeps_its_rate(people: Personas, pump: int) -> None:
    currency.set_rate(people.mei, "USD", D("7.2"))
    firm = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))
    draft = OrderDraft.model_validate({"currency": "USD", "lines": [{"product_id": pump, "quantity": 2}]})
    made = service.orders.record(people.ann, firm, draft)
    view = service.orders.get(people.ann, made)
    assert view.lines[0].unit_price == D("173.6111")
    assert (view.amount, view.base_amount) == (D("347.22"), D("2499.98"))
    currency.set_rate(people.mei, "USD", D(8))
    assert service.orders.update(people.ann, made, OrderDraft(notes="加急"), version=1)
    assert service.orders.get(people.ann, made).base_amount == D("2499.98")
    assert currency.remove_rate(people.mei, "USD")
    with pytest.raises(Invalid):
        service.orders.record(people.ann, firm, OrderDraft(currency="USD", amount=D(1)))


@pytest.mark.parametrize("count", [2, 30])
def test_the_price_list_counts_its_queries(people: Personas, count: int) -> None:
    for number in range(count):
        products.create(people.mei, ProductDraft(name=f"产品 {number}"))
    with queries(5):
        assert len(products.search(people.ann).rows) == count
