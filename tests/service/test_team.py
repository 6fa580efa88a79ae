"""The page of a team: every number is the length of its list, in the leader's reach and in nobody else's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from cim import clock, service
from cim.access import Actor
from cim.errors import Denied, NotFound
from cim.models import Opportunity, Stage, Ticket
from cim.models.activity import ActivityDraft, ActivityType
from cim.models.customer import CustomerDraft, Grade
from cim.models.listing import CustomerFilter
from cim.models.task import TaskDraft
from cim.models.team_view import Behind, Metric
from cim.permissions import Permission
from cim.service import totals
from cim.work import Work, command
from tests.factories import Personas, queries

team = service.team
COUNTED = (Behind.CALLS, Behind.VISITS, Behind.OTHERS, Behind.CUSTOMERS, Behind.DONE, Behind.OVERDUE)


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


def firm(me: Actor, name: str, **values: object) -> int:
    return service.customers.create(me, CustomerDraft.model_validate({"name": name, **values}))


def spoke(me: Actor, customer_id: int, kind: ActivityType = ActivityType.CALL, *, days: int = 0) -> None:
    draft = ActivityDraft(content="谈了报价", type=kind, at=clock.now() - timedelta(days=days))
    service.activities.log(me, customer_id, draft)


def deal(me: Actor, customer_id: int, amount: str, stage: str, *, percent: int | None = None, close: date) -> None:
    @command(Permission.CUSTOMER_READ)
    def keep(work: Work) -> None:
        held = work.session.execute(select(Stage.id).where(Stage.key == stage)).scalar_one()  # type: ignore[call-overload]
        row = Opportunity(name=stage, customer_id=customer_id, stage_id=held, stage_since=work.now)
        row.amount = row.base_amount = Decimal(amount)
        row.probability, row.expected_close, row.owner_id = percent, close, me.user_id
        work.session.add(row)
        work.session.flush()
        totals.touch(work, [customer_id])

    keep(me)


def test_what_was_done_is_as_long_as_its_lists(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    anns, bos = firm(people.ann, "甲公司"), firm(people.bo, "乙公司")
    for kind in (ActivityType.CALL, ActivityType.VISIT, ActivityType.WECHAT, ActivityType.NOTE):
        spoke(people.ann, anns, kind)
    spoke(people.mei, anns, ActivityType.CALL)
    spoke(people.mei, bos, ActivityType.CALL)
    spoke(people.bo, bos, ActivityType.CALL, days=1)
    spoke(people.bo, bos, ActivityType.CALL, days=17)
    for title in ("报价", "送样"):
        made = service.tasks.add(people.ann, TaskDraft(title=title, due_at=datetime(2026, 11, 18, 9), customer_id=anns))
    service.tasks.done(people.ann, made)
    service.tasks.add(people.bo, TaskDraft(title="回访", due_at=datetime(2026, 11, 18, 9)))
    rows = {row.user_id: row for row in team.done(people.mei)}
    assert [row.name for row in rows.values()] == sorted(row.name for row in rows.values())
    ann, bo, mei = (rows[who.user_id or 0] for who in (people.ann, people.bo, people.mei))
    assert (ann.calls, ann.visits, ann.others, ann.customers, ann.done, ann.overdue) == (1, 1, 2, 1, 1, 0)
    assert (mei.calls, mei.customers) == (2, 2)
    assert (bo.calls, bo.overdue) == (0, 0)
    monkeypatch.setenv("CIM_NOW", "2026-11-19T00:30:00+08:00")
    for period, calls in (("today", 0), ("yesterday", 0), ("this_week", 1), ("this_month", 2)):
        found = {row.user_id: row for row in team.done(people.mei, period=period)}
        assert found[people.bo.user_id or 0].calls == calls
        for who in (people.ann, people.bo, people.mei):
            for what in COUNTED:
                listed = team.behind(people.mei, what, who.user_id or 0, period=period)
                assert len(listed) == getattr(found[who.user_id or 0], what.value), (period, who.username, what)
    assert {row.user_id: row.overdue for row in team.done(people.mei)}[people.bo.user_id or 0] == 1
    with pytest.raises(NotFound):
        team.done(people.mei, period="last_3_days")


def test_the_state_of_each_persons_customers(people: Personas) -> None:
    late = firm(people.ann, "甲公司", grade=Grade.A)
    planned = firm(people.ann, "乙公司")
    firm(people.bo, "丙公司")
    spoke(people.ann, late, days=60)
    spoke(people.ann, planned)
    service.tasks.add(people.ann, TaskDraft(title="报价", due_at=datetime(2026, 11, 19, 9), customer_id=planned))
    deal(people.ann, late, "100.10", "lead", close=date(2026, 12, 5))
    deal(people.ann, planned, "0.20", "proposal", close=date(2027, 1, 5))
    _complain(people.ann, late)
    assert {row.user_id: row.forgotten for row in team.state(people.mei)}[people.ann.user_id or 0] == 1, (
        "computed at once"
    )
    with queries(8):
        rows = {row.user_id: row for row in team.state(people.mei)}
    ann = rows[people.ann.user_id or 0]
    assert (ann.customers, ann.forgotten, ann.no_next_step, ann.open_tickets) == (2, 1, 1, 1)
    assert ann.open_amount == Decimal("100.30")
    assert ann.lifecycle["prospect"] == 2
    assert (ann.grades["A"], ann.grades[""]) == (1, 1)
    assert sum(ann.lifecycle.values()) == sum(ann.grades.values()) == ann.customers
    for asked, count in (
        ({}, ann.customers),
        ({"forgotten": True}, ann.forgotten),
        ({"no_next_step": True}, ann.no_next_step),
        ({"grade": "A"}, ann.grades["A"]),
        ({"lifecycle": "prospect"}, ann.lifecycle["prospect"]),
    ):
        narrowed = CustomerFilter.model_validate({"owner": people.ann.user_id, **asked})
        assert service.customers.search(people.mei, narrowed).total == count
    [ticket] = team.behind(people.mei, Behind.TICKETS, people.ann.user_id or 0)
    assert (ticket.noun, ticket.customer) == ("ticket", "甲公司")
    listed = team.behind(people.mei, Behind.OPPORTUNITIES, people.ann.user_id or 0)
    assert sum(row.amount or 0 for row in listed) == ann.open_amount


def test_next_months_potential_is_amount_times_probability(people: Personas) -> None:
    anns, bos = firm(people.ann, "甲公司"), firm(people.bo, "乙公司")
    deal(people.ann, anns, "1000", "proposal", close=date(2026, 12, 1))  # the stage's 50 %
    deal(people.ann, anns, "100.05", "proposal", percent=10, close=date(2026, 12, 31))  # its own
    deal(people.ann, anns, "5000", "lead", close=date(2027, 1, 1))
    deal(people.bo, bos, "300", "negotiation", percent=0, close=date(2026, 12, 15))
    rows = {row.user_id: row for row in team.potential(people.mei)}
    assert [row.user_id for row in rows.values()] == [people.ann.user_id, people.bo.user_id]
    ann, bo = rows[people.ann.user_id or 0], rows[people.bo.user_id or 0]
    assert (ann.count, ann.amount, ann.weighted) == (2, Decimal("1100.05"), Decimal("510.01"))
    assert (bo.count, bo.amount, bo.weighted) == (1, Decimal("300"), Decimal("0"))
    listed = team.behind(people.mei, Behind.POTENTIAL, people.ann.user_id or 0)
    assert (len(listed), sum(row.amount or 0 for row in listed)) == (ann.count, ann.amount)
    [january] = team.potential(people.mei, month=date(2027, 1, 20))
    assert january.weighted == Decimal("500")


def test_growth_compares_the_same_days_and_is_right_at_zero(people: Personas) -> None:
    anns = firm(people.ann, "甲公司", created_at=datetime(2026, 9, 1, tzinfo=UTC))
    for days in (0, 17, 18 + 12, 18 + 13, 18 + 31):  # 18 and 1 November, 19 and 18 October, 30 September
        spoke(people.ann, anns, days=days)
    rows = {row.metric: row for row in team.growth(people.mei)}
    calls = rows[Metric.CALLS]
    assert (calls.value, calls.previous, calls.change) == (2, 1, 1.0), "19 October lies after the same days"
    assert (calls.last_month, calls.month_before, calls.month_change) == (2, 1, 1.0)
    visits = rows[Metric.VISITS]
    assert (visits.value, visits.previous, visits.change) == (0, 0, None)
    assert rows[Metric.NEW_CUSTOMERS].month_change == -1.0, "from one to none"
    spoke(people.ann, anns, ActivityType.VISIT)
    assert {row.metric: row.change for row in team.growth(people.mei)}[Metric.VISITS] is None, "from zero"
    assert {row.value for row in team.growth(people.mei, person=people.bo.user_id)} == {Decimal(0)}
    with queries(8):
        team.growth(people.mei)


def test_a_long_month_is_compared_with_a_short_one(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2027-03-31T12:00:00+08:00")
    anns = firm(people.ann, "甲公司")
    spoke(people.ann, anns, days=31)  # 28 February
    calls = {row.metric: row for row in team.growth(people.mei)}[Metric.CALLS]
    assert (calls.value, calls.previous, calls.change) == (0, 1, -1.0)


def test_reach(people: Personas) -> None:
    """mei leads both groups; a leader of one sees that one."""
    anns = firm(people.ann, "甲公司")
    spoke(people.ann, anns)
    for who in (people.ann, people.bo, people.kai):
        for ask in (team.done, team.state, team.potential, team.growth):
            with pytest.raises(Denied):
                ask(who)
        with pytest.raises(Denied):
            team.behind(who, Behind.CALLS, people.ann.user_id or 0)
    assert len(team.done(people.audrey)) == len(team.done(people.root)) == 3
    assert len(team.behind(people.audrey, Behind.CALLS, people.ann.user_id or 0)) == 1
    leader = _lead_only_the_south(people)
    assert {row.name for row in team.done(leader)} == {"薄文博", "梅若华"}
    with pytest.raises(NotFound):
        team.behind(leader, Behind.CALLS, people.ann.user_id or 0)
    with pytest.raises(NotFound):
        team.growth(leader, person=people.ann.user_id)


def _lead_only_the_south(people: Personas) -> Actor:
    mei = next(user for user in service.users.everyone(people.root) if user.username == "mei")
    south = next(one for one in service.users.teams(people.root) if one.name == "华南组")
    service.users.update(people.root, mei.id, version=mei.version, name=mei.name, role=mei.role, team_id=south.id)
    return people.mei


def _complain(me: Actor, customer_id: int) -> None:
    @command(Permission.CUSTOMER_READ)
    def keep(work: Work) -> None:
        work.session.add(Ticket(number="T-1", subject="漏水", customer_id=customer_id, opened_at=work.now))
        work.session.flush()
        totals.touch(work, [customer_id])

    keep(me)
