"""Targets: who may set them, and what was reached of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from cim import service
from cim.access import Actor
from cim.errors import Denied, Invalid
from cim.models import Opportunity, SalesOrder, Stage
from cim.models.activity import ActivityDraft, ActivityType
from cim.models.customer import CustomerDraft
from cim.models.order import OrderStatus
from cim.models.team_view import Attainment, Metric, TargetDraft
from cim.permissions import Permission
from cim.service import totals
from cim.work import Work, command
from tests.factories import Personas, history, queries, recorded

NOVEMBER = date(2026, 11, 18)


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


def draft(me: Actor, metric: Metric, value: object) -> TargetDraft:
    return TargetDraft(user_id=me.user_id or 0, metric=metric, value=Decimal(str(value)))


def reached(me: Actor, person: Actor, month: date = NOVEMBER) -> dict[Metric, Attainment]:
    return {row.metric: row for row in service.targets.attainment(me, month) if row.user_id == person.user_id}


def test_targets_are_set_for_a_month_and_changed_once(people: Personas) -> None:
    values = [draft(people.ann, Metric.SALES, "50000.50"), draft(people.bo, Metric.CALLS, 40)]
    with recorded("targets.set_many", by=people.mei, times=2):
        assert service.targets.set_many(people.mei, NOVEMBER, values) == 2
    before = len(history())
    assert service.targets.set_many(people.mei, date(2026, 11, 1), values) == 0
    assert len(history()) == before
    held = {(people.ann.user_id, Metric.SALES): Decimal("50000.50"), (people.bo.user_id, Metric.CALLS): Decimal(40)}
    assert service.targets.of(people.mei, NOVEMBER) == held
    assert service.targets.of(people.audrey, NOVEMBER) == held
    assert service.targets.of(people.mei, date(2026, 12, 1)) == {}
    assert service.targets.set_many(people.mei, NOVEMBER, [draft(people.bo, Metric.CALLS, 0)]) == 1
    assert reached(people.mei, people.bo)[Metric.CALLS].target is None


def test_refusals(people: Personas) -> None:
    for field, value in (
        ("user_id", draft(people.kai, Metric.CALLS, 1)),
        ("value", draft(people.ann, Metric.SALES, -1)),
        ("value", draft(people.ann, Metric.CALLS, "1.5")),
    ):
        with pytest.raises(Invalid) as refused:
            service.targets.set_many(people.mei, NOVEMBER, [draft(people.bo, Metric.CALLS, 9), value])
        assert refused.value.field == field
    assert service.targets.of(people.mei, NOVEMBER) == {}, "all of them or none"
    for who, attempt in (
        (people.ann, lambda: service.targets.set_many(people.ann, NOVEMBER, [])),
        (people.audrey, lambda: service.targets.set_many(people.audrey, NOVEMBER, [])),
        (people.ann, lambda: service.targets.attainment(people.ann, NOVEMBER)),
        (people.kai, lambda: service.targets.of(people.kai, NOVEMBER)),
    ):
        with pytest.raises(Denied):
            attempt()
        assert history()[-1].actor == who.username


def test_plan_against_done(people: Personas) -> None:
    firm = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))
    for kind in (ActivityType.CALL, ActivityType.CALL, ActivityType.VISIT, ActivityType.NOTE):
        service.activities.log(people.ann, firm, ActivityDraft(content="谈了报价", type=kind))
    old = datetime(2026, 10, 31, 23, 59)
    service.activities.log(people.ann, firm, ActivityDraft(content="上个月的", at=old))
    _sell(people.ann, firm)
    service.targets.set_many(
        people.mei, NOVEMBER, [draft(people.ann, Metric.SALES, 400), draft(people.ann, Metric.CALLS, 1)]
    )
    rows = reached(people.mei, people.ann)
    assert {metric: row.done for metric, row in rows.items()} == {
        Metric.SALES: Decimal("300.10"),
        Metric.NEW_CUSTOMERS: 1,
        Metric.FOLLOW_UPS: 4,
        Metric.VISITS: 1,
        Metric.CALLS: 2,
        Metric.WON: 1,
    }
    assert (rows[Metric.SALES].rate, rows[Metric.CALLS].rate, rows[Metric.WON].rate) == (
        pytest.approx(0.75025),
        2.0,
        None,
    )
    assert {row.done for row in reached(people.mei, people.bo).values()} == {Decimal(0)}
    assert reached(people.mei, people.ann, date(2026, 10, 5))[Metric.CALLS].done == 1
    with queries(9):
        service.targets.attainment(people.mei, NOVEMBER)


def _sell(me: Actor, firm: int) -> None:
    """Two orders that count, one that does not, one of October; an opportunity that was won and one that is open."""

    @command(Permission.CUSTOMER_READ)
    def keep(work: Work) -> None:
        for number, (day, amount, status) in enumerate(
            (
                (date(2026, 11, 1), "100.05", OrderStatus.PAID),
                (date(2026, 11, 30), "200.05", OrderStatus.COMPLETED),
                (date(2026, 11, 2), "999", OrderStatus.CONFIRMED),
                (date(2026, 10, 31), "50", OrderStatus.PAID),
            )
        ):
            money = Decimal(amount)
            row = SalesOrder(order_no=f"SO-{number}", customer_id=firm, ordered_on=day, amount=money, base_amount=money)
            row.status, row.owner_id = status, me.user_id
            work.session.add(row)
        stages = {row.key: row.id for row in work.session.execute(select(Stage)).scalars()}
        closed = datetime(2026, 11, 10, tzinfo=UTC)
        for key, at in (("won", closed), ("lost", closed), ("lead", None)):
            row = Opportunity(name=key, customer_id=firm, stage_id=stages[key] or 0, stage_since=closed, closed_at=at)
            row.owner_id = me.user_id
            work.session.add(row)
        work.session.flush()
        totals.touch(work, [firm])

    keep(me)
