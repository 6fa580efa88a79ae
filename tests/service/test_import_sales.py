"""Products, orders, opportunities and tickets come in by file: as if typed, with history, and out again by undo."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from cim import db, service
from cim.access import Actor
from cim.errors import Denied, Invalid
from cim.models import Customer, Opportunity, OrderLine, Product, SalesOrder, Stage, StageChange, Ticket
from cim.models.customer import CustomerDraft
from cim.models.imports import ImportKind, ImportMode, ImportReport, OnDuplicate
from cim.models.ticket import TicketStatus
from tests.factories import Personas, recorded


def run(me: Actor, kind: ImportKind, text: str, **options: Any) -> ImportReport:
    return service.imports.run(me, text.encode(), filename="f.csv", kind=kind, **options)


def rows(model: Any, *where: Any) -> list[Any]:
    with db.session(writing=False) as session:
        return list(
            session.execute(select(model).where(model.deleted_at.is_(None), *where).order_by(model.id)).scalars()
        )


def lines() -> list[OrderLine]:
    with db.session(writing=False) as session:
        return list(session.execute(select(OrderLine).order_by(OrderLine.id)).scalars())  # type: ignore[arg-type]


def customer(number: int) -> Customer:
    with db.session(writing=False) as session:
        return session.get_one(Customer, number)


@pytest.fixture
def buyer(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", code="K1"))


def holds(people: Personas) -> None:
    report = service.audit.verify(people.audrey, reconcile=True)
    assert not report.problem
    assert [name for name in report.drifted if not name.startswith(("app_user", "team"))] == []


PRODUCTS = "产品编号,产品名称,类别,单位,单价,币种\nP1,工业水泵,水泵,台,2680,人民币\n,密封圈,配件,个,12.5,\n"


def test_products_come_in_and_are_updated_by_code(people: Personas) -> None:
    with recorded("imports.run", by=people.mei):
        report = run(people.mei, ImportKind.PRODUCTS, PRODUCTS)
    assert (report.added, report.failed) == (2, 0)
    first, second = rows(Product)
    assert (first.code, first.name, first.unit, first.price, first.currency) == (
        "P1",
        "工业水泵",
        "台",
        Decimal(2680),
        "CNY",
    )
    assert second.code
    again = run(people.mei, ImportKind.PRODUCTS, PRODUCTS.splitlines()[0] + "\nP1,工业水泵,水泵,台,2700,CNY\n")
    assert (again.added, again.failed) == (0, 1)
    changed = run(people.mei, ImportKind.PRODUCTS, "编号,名称,单价\nP1,工业水泵,2700\n", mode=ImportMode.UPDATE)
    assert (changed.updated, rows(Product)[0].price) == (1, Decimal(2700))
    same = run(people.mei, ImportKind.PRODUCTS, "编号,名称,单价\nP1,工业水泵,2700.00\n", mode=ImportMode.UPSERT)
    assert (same.updated, same.skipped) == (0, 1)
    with pytest.raises(Denied):
        run(people.ann, ImportKind.PRODUCTS, PRODUCTS)
    holds(people)


ORDERS = """订单号,客户编号,日期,产品,数量,单价,金额,币种,状态
D1,K1,2026-03-01,P1,2,2680,5360,CNY,已完成
D1,K1,2026-03-01,没有的产品,1,,100,,
D2,K1,2026-03-05,工业水泵,3,,,CNY,待付款
,K1,2026-03-06,,,,88.8,CNY,已取消
D3,没有的客户,2026-03-06,,,,1,,
D4,K1,2026-03-07,,,,,,
D5,K1,2026-03-07,,,,5,QQQ,
D6,K1,2126-03-07,,,,5,,
"""


def test_orders_with_several_lines_and_what_cannot_be_taken(people: Personas, buyer: int) -> None:
    run(people.mei, ImportKind.PRODUCTS, PRODUCTS)
    report = run(people.ann, ImportKind.ORDERS, ORDERS)
    assert (report.rows, report.added, report.failed) == (8, 4, 4)
    assert {f.row: f.column for f in report.failures} == {6: "客户编号", 7: "金额", 8: "币种", 9: "日期"}
    first, second, third = rows(SalesOrder)
    assert (first.order_no, first.amount, first.status, first.owner_id) == ("D1", 5460, "completed", people.ann.user_id)
    assert (second.amount, second.status, third.status) == (8040, "confirmed", "cancelled")
    assert third.order_no
    assert [(line.product_id is not None, line.name, line.amount) for line in lines()] == [
        (True, "工业水泵", 5360),
        (False, "没有的产品", 100),
        (True, "工业水泵", 8040),
        (False, "", Decimal("88.80")),
    ]
    held = customer(buyer)
    assert (held.order_count, held.order_total, held.last_order_on) == (1, 5460, date(2026, 3, 1))
    assert (first.paid, held.owed) == (5460, 8040)
    again = run(people.ann, ImportKind.ORDERS, ORDERS)
    assert (again.added, again.skipped) == (1, 3)  # the row without a number is an order of its own each time
    holds(people)


def test_an_import_of_orders_is_taken_back_with_its_figures(people: Personas, buyer: int) -> None:
    report = run(people.ann, ImportKind.ORDERS, ORDERS)
    result = service.undo.batch(people.ann, report.batch or 0)
    assert (result.kept, result.failed) == (0, 0)
    assert (rows(SalesOrder), lines()) == ([], [])
    assert (customer(buyer).order_count, customer(buyer).owed) == (0, 0)
    holds(people)


def test_customers_and_orders_in_one_go(people: Personas) -> None:
    """A till's file names buyers that nobody entered: `create_missing` adds them under the code it gives."""
    text = "order_no,customer,date,quantity,amount,currency,status\n"
    text += "O1,S0001,2026-01-01,2,29.33,CNY,completed\nO2,S0001,2026-01-18,2,29.73,CNY,completed\n"
    text += "O3,S0002,2026-01-02,1,5,CNY,completed\n"
    assert run(people.ann, ImportKind.ORDERS, text).failed == 3
    tried = run(people.ann, ImportKind.ORDERS, text, create_missing=True, dry_run=True)
    assert (tried.added, rows(Customer)) == (3, [])
    report = run(people.ann, ImportKind.ORDERS, text, create_missing=True)
    assert (report.added, report.failed) == (3, 0)
    assert {c.code: (c.order_count, c.order_total) for c in rows(Customer)} == {
        "S0001": (2, Decimal("59.06")),
        "S0002": (1, 5),
    }
    assert [c.owner_id for c in rows(Customer)] == [people.ann.user_id] * 2
    holds(people)


def test_a_currency_without_a_rate_counts_one_to_one_until_it_is_set(people: Personas, buyer: int) -> None:
    report = run(people.ann, ImportKind.ORDERS, "客户,日期,金额,币种\nK1,2026-03-01,5,USD\nK1,2026-03-02,6,USD\n")
    assert (report.added, report.failed, len(report.warnings)) == (2, 0, 1)
    assert customer(buyer).order_total == 11
    assert [(rate.code, rate.rate) for rate in service.currency.rates(people.ann)] == [("CNY", 1), ("USD", 1)]
    service.currency.set_rate(people.mei, "USD", Decimal(7))
    with recorded("currency.revalue", by=people.mei):
        assert service.currency.revalue(people.mei, "USD") == 2
    assert service.currency.revalue(people.mei, "USD") == 0
    assert customer(buyer).order_total == 77
    holds(people)


def test_nobody_records_orders_for_a_colleagues_customer(people: Personas, buyer: int) -> None:
    report = run(people.bo, ImportKind.ORDERS, "客户,日期,金额\nK1,2026-03-01,5\n")
    assert (report.added, report.failed) == (0, 1)
    with pytest.raises(Invalid, match="added"):
        run(people.ann, ImportKind.ORDERS, ORDERS, mode=ImportMode.UPSERT)


OPPORTUNITIES = """客户,商机名称,金额,阶段,概率,预计成交日,负责人,创建时间,关闭时间,结果,原因
K1,二期水泵,80000,方案报价,60%,2026-06-30,,2026-01-05,,,
K1,一期水泵,50000,,,,ann,2025-03-01,2025-05-01,赢单,价格合适
K1,配件,1万,线索,,,,2025-03-01,2025-04-01,输单,预算取消
K1,坏阶段,1,没有的阶段,,,,,,,
K1,没结果,1,,,,,2025-03-01,2025-05-01,,
"""


def test_opportunities_bring_their_stage_and_their_end(people: Personas, buyer: int) -> None:
    report = run(people.ann, ImportKind.OPPORTUNITIES, OPPORTUNITIES)
    assert (report.added, report.failed) == (3, 2)
    assert {f.row: f.column for f in report.failures} == {5: "阶段", 6: "结果"}
    with db.session(writing=False) as session:
        kinds = {s.id: s.key for s in session.execute(select(Stage)).scalars()}
        changes = list(session.execute(select(StageChange).order_by(StageChange.id)).scalars())  # type: ignore[arg-type]
    found = rows(Opportunity)
    assert [(o.name, o.amount, kinds[o.stage_id], o.probability, o.reason) for o in found] == [
        ("二期水泵", 80000, "proposal", 60, ""),
        ("一期水泵", 50000, "won", None, "价格合适"),
        ("配件", 10000, "lost", None, "预算取消"),
    ]
    assert [c.from_stage_id is None for c in changes] == [True, True, False, True, False]
    assert customer(buyer).open_amount == 80000
    again = run(people.ann, ImportKind.OPPORTUNITIES, OPPORTUNITIES, on_duplicate=OnDuplicate.SKIP)
    assert (again.added, again.skipped, again.duplicates) == (0, 3, 3)
    more = "客户,商机名称,金额\nK1,二期水泵,90000\n"
    assert run(people.ann, ImportKind.OPPORTUNITIES, more, mode=ImportMode.UPDATE).updated == 1
    assert customer(buyer).open_amount == 90000
    holds(people)


TICKETS = """工单号,客户,类型,主题,内容,优先级,提出时间,处理人,状态,关闭时间,满意度
T-1,K1,投诉,水泵有异响,半小时后出现,高,2026-03-30 08:09,kai,已关闭,2026-04-01 10:00,满意
,K1,咨询,报价单,,,2026-04-02 09:00,陌生人,处理中,,
T-1,K1,建议,又一次,,,2026-04-02 09:00,,,,
T-3,K1,投诉,时间倒流,,,2026-04-02 09:00,,,2026-03-01 09:00,
T-4,K1,投诉,评分太高,,,2026-04-02 09:00,,,2026-04-03 09:00,7
"""


def test_tickets_keep_their_past(people: Personas, buyer: int) -> None:
    report = run(people.ann, ImportKind.TICKETS, TICKETS)
    assert (report.added, report.skipped, report.failed) == (2, 1, 2)
    assert {f.row: f.column for f in report.failures} == {5: "关闭时间", 6: "满意度"}
    first, second = rows(Ticket)
    assert (first.number, first.handler_id, first.status, first.satisfaction) == (
        "T-1",
        people.kai.user_id,
        TicketStatus.CLOSED,
        4,
    )
    assert (second.handler_id, second.handler, second.status) == (None, "陌生人", TicketStatus.OPEN)
    assert customer(buyer).open_tickets == 1
    again = run(people.ann, ImportKind.TICKETS, TICKETS.replace("T-1", "T-9"), on_duplicate=OnDuplicate.SKIP)
    assert again.added == 0
    holds(people)
