"""The calendar through the service: what stands on which local day, and whose it is."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from cim import service
from cim.errors import Invalid
from cim.models.calendar_view import EntryKind
from cim.models.contact import ContactDraft
from cim.models.contract import ContractDraft
from cim.models.customer import CustomerDraft
from cim.models.opportunity import OpportunityDraft
from cim.models.task import Frequency, Repeat, TaskDraft, TaskKind
from tests.factories import Personas, queries

FIRST, LAST = date(2026, 11, 16), date(2026, 11, 29)


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def plan(title: str, day: int, hour: int = 9, **values: object) -> TaskDraft:
    return TaskDraft.model_validate({"title": title, "due_at": datetime(2026, 11, day, hour), **values})


def test_days_are_local_and_series_go_on(people: Personas, firm: int) -> None:
    service.tasks.add(people.ann, plan("早会", 18, 0))
    service.tasks.add(people.ann, plan("晚宴", 29, 23, kind=TaskKind.MEETING, customer_id=firm))
    service.tasks.add(people.ann, plan("下周一", 30, 0))
    weekly = service.tasks.add(people.ann, plan("周报", 20, all_day=True, repeat=Repeat(frequency=Frequency.WEEKLY)))
    service.contacts.add(people.ann, firm, ContactDraft(name="周立", birthday=date(1988, 11, 29)))
    found = service.calendar.between(people.ann, FIRST, LAST)
    assert [(e.day.day, e.kind, e.title or e.person, e.expected, e.at is None) for e in found] == [
        (18, EntryKind.TODO, "早会", False, False),
        (20, EntryKind.TODO, "周报", False, True),
        (27, EntryKind.TODO, "周报", True, True),
        (29, EntryKind.BIRTHDAY, "周立", False, True),
        (29, EntryKind.MEETING, "晚宴", False, False),
    ]
    assert found[1].task_id == found[2].task_id == weekly
    assert len({entry.key for entry in found}) == len(found)
    later = service.calendar.between(people.ann, date(2027, 1, 4), date(2027, 1, 10))
    assert [(e.day, e.title) for e in later] == [(date(2027, 1, 8), "周报")], "also when it is made long after"
    service.tasks.done(people.ann, weekly)
    found = service.calendar.between(people.ann, FIRST, LAST)
    assert [(e.done, e.expected) for e in found if e.title == "周报"] == [(True, False), (False, False)]
    with pytest.raises(Invalid):
        service.calendar.between(people.ann, FIRST, date(2028, 11, 16))


def test_contracts_and_deals_stand_on_their_days(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = OpportunityDraft(name="滤芯年度框架", amount=Decimal(120000), expected_close=date(2026, 11, 24))
    deal = service.opportunities.create(people.ann, firm, draft)
    contract = ContractDraft(number="HT-1", title="年度合同", ends_on=date(2026, 11, 25))
    service.contracts.create(people.ann, firm, contract)
    found = service.calendar.between(people.ann, FIRST, LAST)
    assert [(e.kind, e.day.day, e.title, e.overdue) for e in found] == [
        (EntryKind.CLOSE, 24, "滤芯年度框架", False),
        (EntryKind.CONTRACT, 25, "年度合同", False),
    ]
    assert found[0].opportunity_id == deal
    assert {entry.customer_id for entry in found} == {firm}
    assert service.calendar.between(people.bo, FIRST, LAST, team=True) == []
    assert len(service.calendar.between(people.mei, FIRST, LAST)) == 0
    assert len(service.calendar.between(people.mei, FIRST, LAST, person=people.ann.user_id)) == 2
    monkeypatch.setenv("CIM_NOW", "2026-11-26T12:00:00+08:00")
    assert [e.overdue for e in service.calendar.between(people.ann, FIRST, LAST)] == [True, False]


def test_whose_plan(people: Personas, firm: int) -> None:
    service.tasks.add(people.ann, plan("安的拜访", 19, kind=TaskKind.VISIT, customer_id=firm))
    service.tasks.add(people.bo, plan("博的事", 19))
    seen = {
        who: [e.title for e in service.calendar.between(getattr(people, who), FIRST, LAST, team=True)]
        for who in ("ann", "bo", "mei", "kai", "audrey")
    }
    assert seen == {
        "ann": ["安的拜访"],
        "bo": ["博的事"],
        "mei": ["安的拜访", "博的事"],
        "kai": [],
        "audrey": ["安的拜访", "博的事"],
    }
    assert service.calendar.between(people.bo, FIRST, LAST, person=people.ann.user_id) == []
    names = {who: [planner.name for planner in service.calendar.people(getattr(people, who))] for who in ("ann", "mei")}
    assert names["ann"] == ["安晓然"]
    assert names["mei"][0] == "梅若华"
    assert set(names["mei"]) == {"梅若华", "安晓然", "薄文博"}


@pytest.mark.parametrize("count", [2, 12])
def test_the_calendar_counts_its_queries(people: Personas, firm: int, count: int) -> None:
    for number in range(count):
        service.tasks.add(people.ann, plan(str(number), 18 + number % 10, customer_id=firm))
    with queries(9):
        assert len(service.calendar.between(people.ann, FIRST, LAST)) == count
