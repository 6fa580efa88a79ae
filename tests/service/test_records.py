"""One list for every noun: scope, filters, order, pages, what can be chosen, search, and changes to many at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from cim import service
from cim.errors import Denied, Invalid
from cim.models.custom import CustomFieldDraft, Noun
from cim.models.opportunity import StageKind
from cim.models.order import OrderLineDraft, OrderStatus, PaymentDraft
from cim.models.record_list import RecordFilter, RecordSelection
from cim.service import record_edit, records
from cim.service.listing import engine
from tests.factories import Personas, queries, recorded
from tests.service.record_makers import LISTED, OWNED, firm, make

NOW = "2026-05-13T10:00:00+08:00"  # a Wednesday


@pytest.fixture(autouse=True)
def may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", NOW)


def names(me: Any, noun: Noun, *, order: str = "", page: int = 1, size: int = 50, **narrowed: Any) -> list[str]:
    found = records.search(me, noun, RecordFilter(**narrowed), order=order, page=page, size=size)
    return [row.name for row in found.rows]


@pytest.mark.parametrize("noun", OWNED)
def test_everybody_sees_the_records_of_the_customers_he_sees(people: Personas, noun: Noun) -> None:
    whose = {
        "ann": firm(people.ann, "安的客户"),
        "bo": firm(people.bo, "薄的客户"),
        "pool": firm(people.mei, "公海客户"),
    }
    service.customers.assign(people.mei, whose["pool"], None)
    for owner, customer in whose.items():
        make(noun, people.root, customer, owner)
    reach = {"ann": {"ann", "pool"}, "bo": {"bo", "pool"}}
    for who in people:
        expected = reach.get(who.username, {"ann", "bo", "pool"})
        found = records.search(who, noun)
        assert ({row.name for row in found.rows}, found.total) == (expected, len(expected))
        assert {row.name for group in records.find(who, "ann") for row in group.rows} == expected & {"ann"}
    service.customers.remove(people.ann, whose["ann"], version=service.customers.get(people.ann, whose["ann"]).version)
    assert names(people.ann, noun) == ["pool"]


@pytest.mark.parametrize("noun", LISTED)
def test_a_list_asks_the_same_few_queries_however_long_it_is(people: Personas, noun: Noun) -> None:
    customer = firm(people.ann)
    for number in range(3):
        make(noun, people.root, customer, f"甲级{number}")
    for rows in (3, 12):
        with queries(3):
            assert records.search(people.ann, noun).total == rows
        with queries(4):
            records.search(people.ann, noun, RecordFilter(q="甲"))
        for number in range(rows, 12):
            make(noun, people.root, customer, f"甲级{number}")
    with queries(1 + len(LISTED) * 2):
        assert records.find(people.ann, "甲级", limit=5)[0].more


@pytest.mark.parametrize("noun", LISTED)
def test_pages_and_orders(people: Personas, noun: Noun) -> None:
    customer = firm(people.ann)
    for name in ("B-2", "A-1", "C-3"):
        make(noun, people.root, customer, name)
    first = next(column.name for column in records.columns(people.ann, noun) if column.opens)
    assert names(people.ann, noun, order=first) == ["A-1", "B-2", "C-3"]
    assert names(people.ann, noun, order=f"-{first}", size=2) == ["C-3", "B-2"]
    assert names(people.ann, noun, order=f"-{first}", size=2, page=2) == ["A-1"]
    for column in records.columns(people.ann, noun):
        assert len(names(people.ann, noun, order=f"-{column.name}")) == 3
    with pytest.raises(Invalid):
        records.search(people.ann, noun, order="password")


@pytest.mark.parametrize("noun", LISTED)
def test_every_shipped_view_and_facet_can_be_asked(people: Personas, noun: Noun) -> None:
    make(noun, people.root, firm(people.ann), "甲")
    for who in (people.mei, people.kai):
        for view in service.saved_views.everything(who, noun).views:
            records.search(who, noun, RecordFilter.model_validate(view.filter), order=view.order)
    for name in records.facets(people.ann, noun):
        found = 0
        choices = records.choices(people.ann, noun, name).choices
        for code in choices:
            found += records.search(people.ann, noun, RecordFilter(facets={name: code})).total
        assert found == (1 if {"true", "false"} <= choices.keys() or (name != "product" and found) else found)
    closed = next(facet.name for facet in engine.KINDS[noun].facets if facet.words or facet.holds)
    for facets in ({"nonsense": "1"}, {closed: "nonsense"}):
        with pytest.raises(Invalid):
            records.search(people.ann, noun, RecordFilter(facets=facets))


def test_words_are_looked_for_in_names_numbers_and_customers(people: Personas) -> None:
    customer, other = firm(people.ann), firm(people.ann, "深圳远大贸易")
    make(Noun.OPPORTUNITY, people.ann, customer, "水泵 更換")
    make(Noun.OPPORTUNITY, people.ann, other, "阀门采购")
    assert names(people.ann, Noun.OPPORTUNITY, q="更换") == ["水泵 更換"]
    assert names(people.ann, Noun.OPPORTUNITY, q="信诺 水泵") == ["水泵 更換"]
    assert names(people.ann, Noun.OPPORTUNITY, q="yuanda") == ["阀门采购"]
    assert names(people.ann, Noun.OPPORTUNITY, q="100%") == []
    make(Noun.ORDER, people.ann, customer, "SO-7788")
    assert names(people.ann, Noun.ORDER, q="so-77") == ["SO-7788"]


def test_the_search_box_finds_numbers_first_and_says_when_there_is_more(people: Personas) -> None:
    customer = firm(people.ann)
    make(Noun.ORDER, people.ann, customer, "77-1")
    for number in range(7):
        make(Noun.TICKET, people.ann, customer, f"型号 77-1 漏水 {number}")
    order, ticket = records.find(people.ann, "77-1", limit=5)
    assert (order.noun, [row.number for row in order.rows], order.more) == (Noun.ORDER, ["77-1"], False)
    assert (ticket.noun, len(ticket.rows), ticket.more) == (Noun.TICKET, 5, True)
    [row] = records.find(people.ann, "T2026-00003")[0].rows
    assert (row.customer, row.name) == ("南京信诺环保科技有限公司", "型号 77-1 漏水 2")
    assert records.find(people.ann, "7") == []


def test_dates_amounts_owners_and_customers_narrow(people: Personas) -> None:
    mine, his = firm(people.ann), firm(people.bo, "薄的客户")
    make(Noun.ORDER, people.ann, mine, "四月", ordered_on=date(2026, 4, 30), amount=Decimal(50))
    make(Noun.ORDER, people.ann, mine, "五月", ordered_on=date(2026, 5, 1), amount=Decimal(500))
    make(Noun.ORDER, people.bo, his, "薄", ordered_on=date(2026, 5, 13), amount=Decimal(5000))
    asked = {
        "within this month": ({"within": "this_month"}, {"五月", "薄"}),
        "until": ({"date_to": "2026-04-30"}, {"四月"}),
        "from": ({"date_from": "2026-05-01"}, {"五月", "薄"}),
        "amounts": ({"amount_from": 60, "amount_to": "500"}, {"五月"}),
        "owner": ({"owner": people.bo.user_id}, {"薄"}),
        "nobody": ({"owner": 0}, set()),
        "not mine": ({"mine": False}, {"四月", "五月", "薄"}),
        "team": ({"team": True}, {"四月", "五月", "薄"}),
        "customer": ({"customer": mine}, {"四月", "五月"}),
        "ids": ({"ids": "1,3"}, {"四月", "薄"}),
    }
    for narrowed, expected in asked.values():
        assert set(names(people.mei, Noun.ORDER, **narrowed)) == expected
    found = records.search(people.mei, Noun.ORDER, RecordFilter(within="this_month"))
    assert (found.total_amount, found.currency) == (Decimal("5500.00"), "CNY")
    with pytest.raises(ValidationError):
        RecordFilter.model_validate({"within": "some_day"})


def test_opportunities_by_state_stage_product_and_what_is_wrong(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = firm(people.ann)
    pump = make(Noun.PRODUCT, people.mei, 0, "水泵")
    old = make(Noun.OPPORTUNITY, people.ann, customer, "停滞", expected_close=date(2026, 5, 12))
    monkeypatch.setenv("CIM_NOW", "2026-08-01T10:00:00+08:00")
    make(Noun.OPPORTUNITY, people.ann, customer, "新的", source="展会")
    won = make(Noun.OPPORTUNITY, people.ann, customer, "赢了")
    service.opportunities.win(people.ann, won)

    def of(**facets: str) -> set[str]:
        return set(names(people.ann, Noun.OPPORTUNITY, facets=facets))

    assert of(state="open") == {"停滞", "新的"}
    assert of(state=StageKind.WON.value) == {"赢了"}
    assert of(state="won;lost") == {"赢了"}
    assert of(stuck="true") == {"停滞"} == of(late="true")
    assert of(stuck="false") == {"新的", "赢了"} == of(late="false")
    assert of(source="展会") == {"新的"}
    assert of(source="-") == {"停滞", "赢了"}
    assert of(product=str(pump)) == set()
    [stage] = [
        row.values["stage"] for row in records.search(people.ann, Noun.OPPORTUNITY, RecordFilter(ids=[old])).rows
    ]
    codes = records.choices(people.ann, Noun.OPPORTUNITY, "stage").choices
    assert of(stage=next(code for code, name in codes.items() if name == stage)) == {"停滞", "新的"}


def test_orders_by_payment_agree_with_their_own_page(people: Personas) -> None:
    customer = firm(people.ann)
    pump = make(Noun.PRODUCT, people.mei, 0, "水泵", price=Decimal(40))
    lines = [OrderLineDraft(product_id=pump, quantity=Decimal(2))]
    ids = {
        "unpaid": make(Noun.ORDER, people.ann, customer, "1", due_on=date(2026, 5, 10)),
        "partial": make(Noun.ORDER, people.ann, customer, "2", lines=lines),
        "paid": make(Noun.ORDER, people.ann, customer, "3"),
        "refunded": make(Noun.ORDER, people.ann, customer, "4"),
        "draft": make(Noun.ORDER, people.ann, customer, "5", status=OrderStatus.DRAFT, due_on=date(2026, 5, 5)),
    }
    for state, amount in (("partial", 30), ("paid", 100), ("refunded", 100)):
        service.orders.pay(people.ann, ids[state], PaymentDraft(amount=Decimal(amount)))
    service.orders.refund(people.ann, ids["refunded"], PaymentDraft(amount=Decimal(100)))
    rows = {row.id: row for row in records.search(people.ann, Noun.ORDER).rows}
    for number in ids.values():
        view = service.orders.get(people.ann, number)
        values = rows[number].values
        assert (values["payment"], values["open"], values["status"]) == (view.payment, view.open, view.status)
        over = records.search(people.ann, Noun.ORDER, RecordFilter(facets={"overdue": "true"}, ids=[number])).total
        assert bool(over) is view.overdue
    assert names(people.ann, Noun.ORDER, facets={"product": str(pump)}) == ["2"]
    assert names(people.ann, Noun.ORDER, facets={"unpaid": "true"}, order="order_no") == ["1", "2"]


def test_tickets_that_wait_for_the_customer_are_not_overdue(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = firm(people.ann)
    one, two = (make(Noun.TICKET, people.ann, customer, name, priority="urgent") for name in ("甲", "乙"))
    assert service.tickets.wait(people.kai, two)
    monkeypatch.setenv("CIM_NOW", "2026-06-30T10:00:00+08:00")
    assert names(people.kai, Noun.TICKET, facets={"overdue": "true"}) == ["甲"]
    assert names(people.kai, Noun.TICKET, facets={"overdue": "false"}) == ["乙"]
    assert set(names(people.kai, Noun.TICKET, mine=True, facets={"open": "true"})) == {"甲", "乙"}
    assert service.tickets.get(people.ann, one).overdue


@pytest.mark.parametrize("noun", LISTED)
def test_custom_fields_are_columns_filters_and_found(people: Personas, noun: Noun) -> None:
    service.custom.define(people.root, CustomFieldDraft(noun=noun, key="size", label="规格", type="number"))
    service.custom.define(people.root, CustomFieldDraft(noun=noun, key="note", label="现场"))
    customer = firm(people.ann)
    make(noun, people.root, customer, "甲", custom={"size": "12", "note": "三号车间"})
    make(noun, people.root, customer, "乙", custom={"size": "3"})
    assert [column.label for column in records.columns(people.ann, noun)][-2:] == ["规格", "现场"]
    assert names(people.ann, noun, custom={"size": ">=10"}) == ["甲"]
    assert names(people.ann, noun, custom={"note": "-"}) == ["乙"]
    assert names(people.ann, noun, q="车间") == ["甲"]
    assert [row.name for group in records.find(people.ann, "三号车间") for row in group.rows] == ["甲"]
    [row] = records.search(people.ann, noun, RecordFilter(q="车间"), custom=["size"]).rows
    assert row.custom == {"size": "12"}


def test_nouns_with_a_list_of_their_own_are_refused(people: Personas) -> None:
    for noun in (Noun.CUSTOMER, Noun.CONTACT):
        with pytest.raises(Invalid):
            records.search(people.root, noun)


# ---- many at once
def chosen(me: Any, noun: Noun, **narrowed: Any) -> RecordSelection:
    return RecordSelection(narrowed=RecordFilter(**narrowed))


@pytest.mark.parametrize("noun", OWNED)
def test_many_records_get_a_field_and_it_is_taken_back_as_one(people: Personas, noun: Noun) -> None:
    service.custom.define(people.root, CustomFieldDraft(noun=noun, key="size", label="规格"))
    mine, his = firm(people.ann), firm(people.bo, "薄的客户")
    ids = [make(noun, people.root, mine, "甲"), make(noun, people.root, mine, "乙"), make(noun, people.root, his, "丙")]
    with recorded("record_edit.set_field", by=people.ann):
        done = record_edit.set_field(people.ann, noun, RecordSelection(ids=ids), "custom.size", "大", reason="整理")
    assert (done.done, [each.id for each in done.skipped]) == (2, [ids[2]])
    assert names(
        people.ann, noun, custom={"size": "大"}, order="created_at" if noun is not Noun.TICKET else "opened_at"
    )
    again = record_edit.set_field(people.ann, noun, RecordSelection(ids=ids[:2]), "custom.size", "大")
    assert (again.done, again.change_set) == (0, None)
    assert done.change_set is not None
    assert service.undo.change_set(people.ann, done.change_set).undone == 2
    assert names(people.ann, noun, custom={"size": "大"}) == []


def test_fields_go_through_the_verbs_of_their_noun(people: Personas) -> None:
    customer = firm(people.ann)
    order = make(Noun.ORDER, people.ann, customer, "1")
    gone = make(Noun.ORDER, people.ann, customer, "2")
    service.orders.cancel(people.ann, gone, reason="不要了")
    done = record_edit.set_field(people.ann, Noun.ORDER, chosen(people.ann, Noun.ORDER), "due_on", "2026-06-01")
    assert (done.done, [each.id for each in done.skipped]) == (1, [gone])
    assert service.orders.get(people.ann, order).due_on == date(2026, 6, 1)
    ticket = make(Noun.TICKET, people.ann, customer, "漏水")
    due = service.tickets.get(people.ann, ticket).due_at
    record_edit.set_field(people.ann, Noun.TICKET, RecordSelection(ids=[ticket]), "priority", "urgent")
    assert service.tickets.get(people.ann, ticket).due_at != due
    for field, value in (("amount", "1"), ("priority", "Z"), ("priority", None), ("custom.none", "1")):
        with pytest.raises(Invalid):
            record_edit.set_field(people.ann, Noun.TICKET, RecordSelection(ids=[ticket]), field, value)
    product = make(Noun.PRODUCT, people.mei, 0, "水泵")
    assert record_edit.set_field(people.mei, Noun.PRODUCT, RecordSelection(ids=[product]), "retired", True).done == 1
    assert service.products.get(people.mei, product).retired


def test_records_are_handed_over_and_removed(people: Personas) -> None:
    customer = firm(people.ann)
    ids = {noun: make(noun, people.ann, customer, "甲") for noun in OWNED}
    for noun in (Noun.OPPORTUNITY, Noun.ORDER, Noun.CONTRACT):
        done = record_edit.assign(people.mei, noun, RecordSelection(ids=[ids[noun]]), people.mei.user_id or 0)
        assert (done.done, done.skipped) == (1, [])
        assert names(people.mei, noun, mine=True) == ["甲"]
    root = people.root.user_id or 0
    assert record_edit.assign(people.kai, Noun.TICKET, RecordSelection(ids=[ids[Noun.TICKET]]), root).done == 1
    for noun in OWNED:
        with recorded("record_edit.remove", by=people.root):
            done = record_edit.remove(people.root, noun, RecordSelection(ids=[ids[noun]]), reason="重复")
        assert done.done == 1
        assert names(people.root, noun) == []
        service.undo.change_set(people.root, done.change_set or 0)
        assert names(people.root, noun) == ["甲"]


def test_who_may_change_many(people: Personas) -> None:
    product = make(Noun.PRODUCT, people.mei, 0, "水泵")
    may = {who.username: {noun: record_edit.possible(who, noun) for noun in LISTED} for who in people}
    assert may["ann"][Noun.PRODUCT] == set() == may["audrey"][Noun.ORDER]
    assert may["ann"][Noun.TICKET] == {"field"}
    assert may["kai"][Noun.TICKET] == {"field", "assign", "remove"}
    assert may["mei"][Noun.PRODUCT] == {"field", "remove"}
    with pytest.raises(Denied):
        record_edit.set_field(people.ann, Noun.PRODUCT, RecordSelection(ids=[product]), "unit", "台")
    with pytest.raises(Denied):
        record_edit.remove(people.kai, Noun.ORDER, RecordSelection(ids=[1]))
    with pytest.raises(Denied):
        record_edit.assign(people.mei, Noun.PRODUCT, RecordSelection(ids=[product]), 1)
    with pytest.raises(Invalid):
        record_edit.remove(people.ann, Noun.ORDER, RecordSelection())


def test_every_column_facet_and_field_is_named_once() -> None:
    for kind in engine.KINDS.values():
        for described in (kind.columns, kind.facets, kind.settable):
            every = [each.name for each in described]
            assert len(every) == len(set(every))
        assert not set(RecordFilter.model_fields) & {facet.name for facet in kind.facets}
        assert kind.column(kind.order.removeprefix("-"))
        assert kind.column(kind.state)
