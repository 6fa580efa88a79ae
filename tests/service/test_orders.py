"""Orders through the service: lines and amounts, what moves a status, payments, the credit limit, and who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from cim import db, service
from cim.errors import Conflict, Denied, Invalid, NotFound, OverLimit
from cim.models import ChangeSet, Customer, OrderLine, Payment, SalesOrder
from cim.models.base import columns
from cim.models.customer import CustomerDraft
from cim.models.order import DeliveryStatus, OrderDraft, OrderStatus, PaymentDraft, PaymentKind, PaymentStatus
from cim.models.product import ProductDraft
from tests.factories import Personas, history, queries, recorded

orders = service.orders
D, S, P = Decimal, OrderStatus, PaymentStatus


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def order(*lines: tuple[str, str, str], **values: Any) -> OrderDraft:
    """A draft with free-text lines (name, quantity, price)."""
    told = [{"name": name, "quantity": quantity, "unit_price": price} for name, quantity, price in lines]
    return OrderDraft.model_validate({"lines": told, **values} if lines else values)


def money(amount: str, **values: Any) -> PaymentDraft:
    return PaymentDraft.model_validate({"amount": amount, **values})


# ---- recording
def test_an_order_is_the_sum_of_its_lines(people: Personas, firm: int) -> None:
    with recorded("orders.record", by=people.ann, times=3):
        made = orders.record(
            people.ann, firm, order(("滤芯", "3", "33.335"), ("折扣", "1", "-0.01"), due_on="2026-12-18")
        )
    view = orders.get(people.ann, made)
    assert [(line.name, line.quantity, line.unit_price, line.amount) for line in view.lines] == [
        ("滤芯", D("3.000"), D("33.3350"), D("100.01")),  # half a cent rounds up
        ("折扣", D("1.000"), D("-0.0100"), D("-0.01")),
    ]
    assert (view.amount, view.base_amount, view.open, view.currency) == (D(100), D(100), D(100), "CNY")
    assert (view.status, view.delivery, view.payment) == (S.CONFIRMED, DeliveryStatus.OPEN, P.UNPAID)
    assert (view.ordered_on, view.owner, view.customer_id) == (date(2026, 11, 18), "安晓然", firm)
    assert view.order_no == f"SO2026{made:05d}"
    assert orders.get(people.ann, orders.record(people.ann, firm, order(amount="80"))).amount == 80


def test_products_bring_name_and_price(people: Personas, firm: int) -> None:
    product = service.products.create(people.mei, ProductDraft(name="滤芯 A", price=D("12.5"), unit="支"))
    made = orders.record(
        people.ann, firm, OrderDraft.model_validate({"lines": [{"product_id": product, "quantity": 4}]})
    )
    [line] = orders.get(people.ann, made).lines
    assert (line.name, line.unit_price, line.amount, line.unit) == ("滤芯 A", D("12.5"), D(50), "支")
    service.products.update(people.mei, product, ProductDraft(name="滤芯 B", price=D(20)), version=1)
    service.products.retire(people.mei, product)
    view = orders.get(people.ann, made)
    assert view.lines[0].name == "滤芯 A", "an order keeps what the product was called then"
    again = [{"product_id": product, "quantity": 5, "unit_price": "12.5", "name": "滤芯 A"}]
    assert orders.update(people.ann, made, OrderDraft.model_validate({"lines": again}), version=view.version)
    with pytest.raises(Invalid, match="not sold any more"):
        orders.record(people.ann, firm, OrderDraft.model_validate({"lines": again}))


def test_numbers_are_given_out_and_one_of_a_kind(people: Personas, firm: int) -> None:
    first = orders.record(people.ann, firm, order(amount="1", order_no="SO202600002"))
    second = orders.record(people.ann, firm, order(amount="1"))
    assert orders.get(people.ann, second).order_no not in ("", "SO202600002")
    with pytest.raises(Invalid) as refused:
        orders.record(people.ann, firm, order(amount="1", order_no=" SO202600002 "))
    assert refused.value.field == "order_no"
    with pytest.raises(Invalid):
        orders.update(people.ann, second, OrderDraft(order_no="SO202600002"), version=1)
    orders.remove(people.ann, first)
    assert orders.update(people.ann, second, OrderDraft(order_no="SO202600002"), version=1)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("ordered_on", {"ordered_on": "2026-11-19"}),
        ("due_on", {"due_on": "2026-11-17"}),
        ("currency", {"currency": "USD"}),
        ("currency", {"currency": "XXQ"}),
        ("amount", {"amount": "-1"}),
        ("amount", {"amount": "1000000000000"}),
        ("lines", {"lines": [{"name": "x", "quantity": 0, "unit_price": 1}]}),
        ("lines", {"lines": [{"name": "x"}]}),
        ("lines", {"lines": [{"name": " ", "unit_price": 1}]}),
        ("lines", {"lines": [{"product_id": 99}]}),
        ("lines", {"lines": [{"name": "折扣", "unit_price": -5}]}),
        ("contact_id", {"contact_id": 99}),
        ("contract_id", {"contract_id": 1}),
        ("owner_id", {"owner_id": 99}),
    ],
)
def test_refusals_name_the_field(people: Personas, firm: int, field: str, values: dict[str, Any]) -> None:
    before = len(history())
    with pytest.raises(Invalid) as refused:
        orders.record(people.ann, firm, OrderDraft.model_validate(values))
    assert refused.value.field == field
    assert len(history()) == before


def test_double_pressed_save_is_one_order_and_one_payment(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, order(amount="100"), token="t")
    assert orders.record(people.ann, firm, order(amount="100"), token="t") == made
    assert orders.pay(people.ann, made, money("60"), token="p") == orders.pay(people.ann, made, money("60"), token="p")
    assert [o.paid for o in orders.of_customer(people.ann, firm)] == [D(60)]


# ---- what moves a status
def pay(part: str) -> Callable[[Any, int], Any]:
    return lambda me, made: orders.pay(me, made, money(part))


confirm, complete, cancel = (
    lambda me, made, verb=verb: getattr(orders, verb)(me, made) for verb in ("confirm", "complete", "cancel")
)


def deliver(to: DeliveryStatus = DeliveryStatus.DELIVERED) -> Callable[[Any, int], Any]:
    return lambda me, made: orders.deliver(me, made, to)


def give_back(part: str) -> Callable[[Any, int], Any]:
    return lambda me, made: orders.refund(me, made, money(part))


def take_out_last(me: Any, made: int) -> None:
    orders.remove_payment(me, orders.get(me, made).payments[-1].id)


TABLE: list[tuple[S, list[Callable[[Any, int], Any]], S | None, P]] = [
    (S.DRAFT, [confirm], S.CONFIRMED, P.UNPAID),
    (S.DRAFT, [cancel], S.CANCELLED, P.UNPAID),
    (S.DRAFT, [pay("100")], None, P.UNPAID),
    (S.DRAFT, [deliver()], None, P.UNPAID),
    (S.DRAFT, [complete], None, P.UNPAID),
    (S.CONFIRMED, [pay("40")], S.CONFIRMED, P.PARTIAL),
    (S.CONFIRMED, [pay("40"), pay("60")], S.PAID, P.PAID),
    (S.CONFIRMED, [pay("101")], None, P.UNPAID),
    (S.CONFIRMED, [pay("0")], None, P.UNPAID),
    (S.CONFIRMED, [give_back("1")], None, P.UNPAID),
    (S.CONFIRMED, [deliver()], S.CONFIRMED, P.UNPAID),
    (S.CONFIRMED, [deliver(DeliveryStatus.PARTIAL), pay("100")], S.PAID, P.PAID),
    (S.CONFIRMED, [deliver(), pay("100")], S.COMPLETED, P.PAID),
    (S.CONFIRMED, [pay("100"), deliver()], S.COMPLETED, P.PAID),
    (S.CONFIRMED, [pay("100"), deliver(), deliver(DeliveryStatus.PARTIAL)], S.PAID, P.PAID),
    (S.CONFIRMED, [pay("100"), take_out_last], S.CONFIRMED, P.UNPAID),
    (S.CONFIRMED, [pay("40"), pay("60"), deliver(), take_out_last], S.CONFIRMED, P.PARTIAL),
    (S.CONFIRMED, [complete], S.COMPLETED, P.UNPAID),
    (S.CONFIRMED, [complete, pay("40")], S.COMPLETED, P.PARTIAL),
    (S.CONFIRMED, [complete, pay("40"), take_out_last], S.COMPLETED, P.UNPAID),
    (S.CONFIRMED, [complete, deliver(DeliveryStatus.OPEN)], S.CONFIRMED, P.UNPAID),
    (S.CONFIRMED, [pay("100"), complete], S.COMPLETED, P.PAID),
    (S.CONFIRMED, [pay("100"), give_back("30")], S.PAID, P.PAID),
    (S.CONFIRMED, [pay("100"), give_back("100")], S.PAID, P.REFUNDED),
    (S.CONFIRMED, [pay("100"), give_back("101")], None, P.PAID),
    (S.CONFIRMED, [pay("100"), cancel], None, P.PAID),
    (S.CONFIRMED, [pay("100"), give_back("100"), cancel], S.CANCELLED, P.REFUNDED),
    (S.CONFIRMED, [cancel, pay("1")], None, P.UNPAID),
    (S.CONFIRMED, [cancel, confirm], S.CONFIRMED, P.UNPAID),
    (S.PAID, [deliver()], S.COMPLETED, P.PAID),
    (S.COMPLETED, [take_out_last], S.CONFIRMED, P.UNPAID),
    (S.CANCELLED, [complete], None, P.UNPAID),
]


def test_what_moves_a_status(people: Personas, firm: int) -> None:
    for begin, verbs, end, paid in TABLE:
        made = orders.record(people.ann, firm, order(amount="100", status=begin))
        for verb in verbs[:-1]:
            verb(people.ann, made)
        before = orders.get(people.ann, made).status
        if end is None:
            with pytest.raises(Invalid):
                verbs[-1](people.ann, made)
        else:
            verbs[-1](people.ann, made)
        view = orders.get(people.ann, made)
        assert (view.status, view.payment) == (end or before, paid), (begin, verbs, view.status, view.payment)


def test_saying_the_same_again_changes_nothing(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, order(("滤芯", "2", "50")))
    orders.deliver(people.ann, made)
    before = len(history())
    assert not orders.deliver(people.ann, made)
    assert not orders.confirm(people.ann, made)
    view = orders.get(people.ann, made)
    same = order(("滤芯", "2", "50.00"), notes="", ordered_on="2026-11-18", order_no=view.order_no)
    assert not orders.update(people.ann, made, same, version=view.version)
    assert len(history()) == before


def test_a_draft_that_says_paid_is_paid(people: Personas, firm: int) -> None:
    paid = orders.record(people.ann, firm, order(amount="100", status="paid", ordered_on="2026-03-01"))
    view = orders.get(people.ann, paid)
    assert (view.status, view.payment, view.payments[0].paid_on) == (S.PAID, P.PAID, date(2026, 3, 1))
    done = orders.get(people.ann, orders.record(people.ann, firm, order(amount="0", status="completed")))
    assert (done.status, done.delivery, done.payments) == (S.COMPLETED, DeliveryStatus.DELIVERED, [])
    assert orders.update(people.ann, paid, OrderDraft(status=S.COMPLETED), version=view.version)
    assert orders.get(people.ann, paid).status is S.COMPLETED
    with pytest.raises(Invalid):
        orders.update(people.ann, paid, OrderDraft(status=S.DRAFT), version=orders.get(people.ann, paid).version)


# ---- changing
def test_lines_are_changed_in_place(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, order(("滤芯", "2", "50"), ("运费", "1", "10")))
    first = [line.id for line in orders.get(people.ann, made).lines]
    with recorded("orders.update", by=people.ann, times=2):  # the order, and the line that goes
        assert orders.update(people.ann, made, order(("滤芯", "2", "50")), version=1)
    view = orders.get(people.ann, made)
    assert [line.id for line in view.lines] == first[:1]
    assert view.amount == 100
    with pytest.raises(Conflict):
        orders.update(people.ann, made, order(("滤芯", "1", "50")), version=1)
    orders.update(people.ann, made, OrderDraft(lines=[], amount=D(70)), version=view.version)
    assert orders.get(people.ann, made).amount == 70


def test_what_is_paid_bounds_a_change(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, order(amount="100"))
    orders.pay(people.ann, made, money("100"))
    version = orders.get(people.ann, made).version
    for field, draft in (("amount", OrderDraft(amount=D(99))), ("currency", OrderDraft(currency="USD"))):
        service.currency.set_rate(people.root, "USD", D(7))
        with pytest.raises(Invalid) as refused:
            orders.update(people.ann, made, draft, version=version)
        assert refused.value.field == field
    assert orders.update(people.ann, made, OrderDraft(amount=D(150)), version=version)
    view = orders.get(people.ann, made)
    assert (view.status, view.payment, view.open) == (S.CONFIRMED, P.PARTIAL, D(50))


def test_a_payment_that_was_given_back_stays(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, order(amount="100"))
    paid = orders.pay(people.ann, made, money("100", method="银行转账", note="尾款"))
    back = orders.refund(people.ann, made, money("20"))
    assert [(p.kind, p.amount, p.method) for p in orders.get(people.ann, made).payments] == [
        (PaymentKind.PAYMENT, D(100), "银行转账"),
        (PaymentKind.REFUND, D(20), ""),
    ]
    with pytest.raises(Invalid):
        orders.remove_payment(people.ann, paid)
    with recorded("orders.remove_payment", by=people.ann, times=1):
        orders.remove_payment(people.ann, back, reason="记错")
    assert orders.get(people.ann, made).refunded == 0
    orders.remove_payment(people.ann, paid)
    assert orders.get(people.ann, made).payments == []


# ---- the credit limit
def test_above_the_credit_limit_asks_why(people: Personas, firm: int) -> None:
    service.credit.set_limit(people.mei, firm, D(100))
    first = orders.record(people.ann, firm, order(amount="80"))
    with pytest.raises(OverLimit) as asked:
        orders.record(people.ann, firm, order(amount="30"))
    assert (asked.value.field, asked.value.params["owed"], asked.value.params["limit"]) == (
        "over_limit_reason",
        "80.00",
        "100.00",
    )
    orders.record(people.ann, firm, order(amount="20"))  # up to the limit, not above it
    draft = orders.record(people.ann, firm, order(amount="30", status="draft"))
    orders.record(people.ann, firm, order(amount="30", status="paid"))
    for attempt in (
        lambda: orders.confirm(people.ann, draft),
        lambda: orders.update(people.ann, first, OrderDraft(amount=D(81)), version=1),
    ):
        with pytest.raises(OverLimit):
            attempt()
    with recorded("orders.confirm", by=people.ann, times=1):
        orders.confirm(people.ann, draft, over_limit_reason="老客户，月底付款")
    assert history()[-1].reason == "老客户，月底付款"
    orders.pay(people.ann, first, money("80"))
    orders.record(people.ann, firm, order(amount="50"))
    view = service.customers.get(people.ann, firm)
    assert (view.owed, view.credit_limit) == (D(100), D(100))


def test_who_sets_a_credit_limit(people: Personas, firm: int) -> None:
    set_limit = service.credit.set_limit
    for me in (people.ann, people.kai, people.audrey):
        with pytest.raises(Denied):
            set_limit(me, firm, D(5))
    with recorded("credit.set_limit", by=people.mei, times=1):
        assert set_limit(people.mei, firm, D("1234.5"), reason="年度评审")
    assert (history()[-1].fields, history()[-1].reason) == ("credit_limit", "年度评审")
    assert not set_limit(people.root, firm, D("1234.50"))
    assert service.customers.get(people.audrey, firm).credit_limit == D("1234.50")
    with pytest.raises(Invalid):
        set_limit(people.mei, firm, D(-1))
    assert set_limit(people.root, firm, None)
    assert service.customers.get(people.ann, firm).credit_limit is None


# ---- taking back
def state() -> dict[str, Any]:
    """Everything that is stored of orders and customers, but versions and times."""
    with db.session(writing=False) as session:
        found = {}
        for model in (SalesOrder, OrderLine, Payment, Customer):
            for row in session.execute(select(model)).scalars():
                values = row.model_dump(exclude={"version", "updated_at", "deleted_at"})
                if getattr(row, "deleted_at", None) is None:
                    found[f"{row.__tablename__} {row.id}"] = values
        return found


def test_every_verb_can_be_taken_back_with_what_follows(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, order(("滤芯", "2", "50"), ("运费", "1", "10")))
    first = orders.pay(people.ann, made, money("40"))
    draft = orders.record(people.ann, firm, order(amount="5", status="draft"))
    done = orders.record(people.ann, firm, order(amount="7", status="completed"))
    me = people.ann

    def resize() -> object:
        return orders.update(me, made, order(("滤芯", "1", "60")), version=orders.get(me, made).version)

    for verb in (
        lambda: orders.record(me, firm, order(("泵", "1", "9"), status="completed")),
        resize,
        lambda: orders.confirm(me, draft),
        lambda: orders.deliver(me, made),
        lambda: orders.complete(me, made),
        lambda: orders.cancel(me, draft),
        lambda: orders.remove(me, made),
        lambda: orders.pay(me, made, money("70")),
        lambda: orders.refund(me, done, money("3")),
        lambda: orders.remove_payment(me, first),
    ):
        before = state()
        verb()
        assert state() != before
        with db.session(writing=False) as session:
            last = session.execute(select(func.max(columns(ChangeSet).id))).scalar_one()
        result = service.undo.change_set(me, last)
        assert (result.failed, result.kept) == (0, 0), result.details
        assert state() == before


# ---- who may, and what it costs
def test_reach(people: Personas, firm: int) -> None:
    made = orders.record(people.mei, firm, order(amount="100"))
    assert orders.get(people.mei, made).owner == "安晓然", "who looks after the customer sold it"
    for attempt in (
        lambda: orders.get(people.bo, made),
        lambda: orders.of_customer(people.bo, firm),
        lambda: orders.record(people.bo, firm, order(amount="1")),
        lambda: orders.pay(people.bo, made, money("1")),
    ):
        with pytest.raises(NotFound):
            attempt()
    for me in (people.kai, people.audrey):
        assert orders.get(me, made).may_edit is False
        with pytest.raises(Denied):
            orders.pay(me, made, money("1"))
    service.customers.assign(people.mei, firm, None)
    with pytest.raises(Denied):
        orders.cancel(people.ann, made)
    assert orders.get(people.ann, made).may_edit is False


def test_open_orders_go_with_the_customer(people: Personas, firm: int) -> None:
    open_ = orders.record(people.ann, firm, order(amount="100"))
    sold = orders.record(people.ann, firm, order(amount="100", status="completed"))
    service.customers.assign(people.mei, firm, people.bo.user_id)
    assert [orders.get(people.bo, made).owner for made in (open_, sold)] == ["薄文博", "安晓然"]
    service.customers.assign(people.mei, firm, None)
    service.customers.claim(people.ann, firm)
    assert orders.get(people.ann, open_).owner == "安晓然"


@pytest.mark.parametrize("count", [1, 12])
def test_reading_counts_its_queries(people: Personas, firm: int, count: int) -> None:
    made = [orders.record(people.ann, firm, order(*[("滤芯", "1", "5")] * count)) for _ in range(count)]
    with queries(4):
        assert len(orders.of_customer(people.ann, firm)) == count
    with queries(8):
        assert len(orders.get(people.ann, made[0]).lines) == count
