"""Birthdays and anniversaries through the service: who sees them, which come, and that each is told once."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from cim import anniversaries, clock, db, service
from cim.access import SYSTEM, Actor
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import Notice
from cim.models.anniversary import AnniversaryDraft, DayCalendar
from cim.models.base import columns
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft, Kind
from tests.factories import Personas, history, recorded

add, of, upcoming = (getattr(service.anniversaries, name) for name in ("add", "of", "upcoming"))


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def lunar(month: int, day: int, **values: object) -> AnniversaryDraft:
    return AnniversaryDraft.model_validate(
        {"calendar": DayCalendar.LUNAR, "month": month, "day": day, "birthday": True, **values}
    )


def told_to(me: Actor) -> list[Notice]:
    with db.session(writing=False) as session:
        row = columns(Notice)
        return list(session.execute(select(Notice).where(row.user_id == me.user_id).order_by(row.id)).scalars())


def test_days_are_stored_changed_and_removed(people: Personas, firm: int) -> None:
    draft = AnniversaryDraft(label="公司成立", month=5, day=8, year=2008, lead_days=7)
    with recorded("anniversaries.add", by=people.ann, times=1):
        made = add(people.ann, firm, draft, token="t")
        assert add(people.ann, firm, draft, token="t") == made
    [day] = of(people.ann, firm)
    assert (day.label, day.next_on, day.year) == ("公司成立", date(2027, 5, 8), 2008)
    before = len(history())
    assert not service.anniversaries.update(people.ann, made, draft, version=1)
    assert len(history()) == before
    assert service.anniversaries.update(people.ann, made, draft.model_copy(update={"day": 9}), version=1)
    with pytest.raises(Conflict):
        service.anniversaries.update(people.ann, made, draft, version=1)
    with recorded("anniversaries.remove", by=people.ann, times=1):
        service.anniversaries.remove(people.ann, made)
    assert of(people.ann, firm) == []


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("label", {"label": " "}),
        ("day", {"day": 31, "month": 4}),
        ("day", {"calendar": DayCalendar.LUNAR, "day": 31}),
        ("year", {"year": 1850}),
        ("lead_days", {"lead_days": 61}),
    ],
)
def test_refusals_name_the_field(people: Personas, firm: int, field: str, values: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        add(people.ann, firm, AnniversaryDraft.model_validate({"label": "店庆", "month": 5, "day": 8, **values}))
    assert refused.value.field == field


def test_a_person_has_one_birthday(people: Personas, firm: int) -> None:
    other = service.customers.create(people.ann, CustomerDraft(name="苏州远景电气有限公司"))
    contact = service.contacts.add(people.ann, firm, ContactDraft(name="周立"))
    add(people.ann, firm, lunar(8, 15, contact_id=contact))
    for customer, draft, field in (
        (firm, lunar(9, 1, contact_id=contact), "birthday"),
        (other, lunar(9, 1, contact_id=contact), "contact_id"),
    ):
        with pytest.raises(Invalid) as refused:
            add(people.ann, customer, draft)
        assert refused.value.field == field


def test_what_comes_is_by_the_calendar_of_each(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-09-20T00:10:00+08:00")
    born = service.contacts.add(people.ann, firm, ContactDraft(name="周立", birthday=date(1988, 9, 22)))
    moon = service.contacts.add(people.ann, firm, ContactDraft(name="吴敏", birthday=date(1990, 9, 21)))
    add(people.ann, firm, lunar(8, 15, year=1990, contact_id=moon))
    add(people.ann, firm, AnniversaryDraft(label="公司成立", month=9, day=20, year=2006))
    service.customers.create(
        people.ann, CustomerDraft(name="闰年客户", kind=Kind.PERSON, birthday=date(1992, 2, 29), phone="13800138000")
    )
    found = upcoming(people.ann, 7)
    assert [(one.on.isoformat(), one.contact or one.label, one.years) for one in found] == [
        ("2026-09-20", "公司成立", 20),
        ("2026-09-22", "周立", 38),
        ("2026-09-25", "吴敏", 36),
    ], "the lunar birthday stands for the one in the record"
    assert found[1].record == f"contact:{born}"
    service.contacts.remove(people.ann, moon)
    assert len(upcoming(people.ann, 7)) == 2
    monkeypatch.setenv("CIM_NOW", "2027-02-27T23:30:00+08:00")
    assert [one.on for one in upcoming(people.ann, 1)] == [date(2027, 2, 28)]
    monkeypatch.setenv("CIM_NOW", "2028-02-28T23:30:00+08:00")
    assert [one.on for one in upcoming(people.ann, 1)] == [date(2028, 2, 29)]


def test_today_is_the_day_where_the_team_works(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    service.customers.create(
        people.ann, CustomerDraft(name="赵一", kind=Kind.PERSON, birthday=date(1990, 11, 19), phone="13800138001")
    )
    monkeypatch.setenv("CIM_NOW", "2026-11-18T16:30:00+00:00")
    assert [one.on.isoformat() for one in upcoming(people.ann, 0)] == ["2026-11-19"], "00:30 in Shanghai"
    monkeypatch.setenv("CIM_TZ", "America/New_York")
    assert upcoming(people.ann, 0) == []


def test_birthdays_are_for_who_sees_the_customer_in_clear(people: Personas, firm: int) -> None:
    service.contacts.add(people.ann, firm, ContactDraft(name="周立", birthday=date(1988, 11, 20)))
    add(people.ann, firm, AnniversaryDraft(label="公司成立", month=11, day=21))
    seen = {
        me.username: [one.contact or one.label for one in upcoming(me, 7)]
        for me in (people.ann, people.bo, people.mei, people.kai, people.audrey, people.root)
    }
    assert seen == {
        "ann": ["周立", "公司成立"],
        "bo": [],
        "mei": ["周立", "公司成立"],
        "kai": ["公司成立"],
        "audrey": ["公司成立"],
        "root": ["公司成立"],
    }
    assert upcoming(people.mei, 7, owner=people.bo.user_id) == []
    made = add(people.ann, firm, lunar(8, 15))
    assert [len(of(me, firm)) for me in (people.ann, people.mei, people.kai, people.audrey)] == [2, 2, 1, 1]
    for attempt, refusal in (
        (lambda: of(people.bo, firm), NotFound),
        (lambda: add(people.bo, firm, lunar(1, 1)), NotFound),
        (lambda: service.anniversaries.remove(people.bo, made), NotFound),
        (lambda: service.anniversaries.remove(people.audrey, made), Denied),
    ):
        with pytest.raises(refusal):
            attempt()
    service.customers.assign(people.mei, firm, None)
    assert [one.label for one in upcoming(people.ann, 7)] == ["公司成立"], "in the public pool names are masked too"


def test_owners_are_told_once_also_of_what_fell_while_nothing_ran(
    people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.contacts.add(people.ann, firm, ContactDraft(name="周立", birthday=date(1988, 11, 21)))
    add(people.ann, firm, AnniversaryDraft(label="公司成立", month=11, day=30, lead_days=0))
    assert turn() == 1, "three days before"
    assert turn() == 0
    [told] = told_to(people.ann)
    assert told.params == {"name": "南京信诺环保科技有限公司", "contact": "周立", "label": "", "day": "2026-11-21"}
    assert (told.kind, told.customer_id) == ("anniversary.coming", firm)
    monkeypatch.setenv("CIM_NOW", "2026-12-04T08:00:00+08:00")
    assert turn() == 1, "it fell while the server was not running"
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")
    assert turn() == 0, "a clock that was set back makes nothing come again"
    service.customers.assign(people.mei, firm, people.bo.user_id)
    assert turn() == 1, "whoever looks after the customer now knows it too"
    assert [row.params["contact"] for row in told_to(people.bo)] == ["周立"]
    assert told_to(people.mei) == told_to(people.kai) == []


def turn() -> int:
    """One run as the scheduler does it, with the trace that the next one reads."""
    view = service.chores.run(SYSTEM, service.anniversaries.CHORE.removeprefix("chore."))
    return int(view.result["count"])


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Pacific/Apia"])
@pytest.mark.parametrize("turns", [12, pytest.param(120, marks=pytest.mark.assure("G32"))])
def test_each_day_of_each_year_is_told_once_whatever_the_clock_does(
    people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch, turns: int, zone: str
) -> None:
    monkeypatch.setenv("CIM_TZ", zone)
    chance = random.Random(turns)
    records: dict[str, tuple[str, int, int, bool, int]] = {}
    for month, day in ((2, 29), (12, 31), (1, 1), (12, 2), (1, 9)):
        made = service.contacts.add(people.ann, firm, ContactDraft(name="某某", birthday=date(1992, month, day)))
        records[f"contact:{made}"] = ("solar", month, day, False, 3)
    for month, day, leap in ((11, 30, False), (12, 29, False), (10, 21, True), (1, 1, False)):
        draft = lunar(month, day, leap=leap, birthday=False, label="日子", lead_days=chance.randrange(9))
        records[f"anniversary:{add(people.ann, firm, draft)}"] = ("lunar", month, day, leap, draft.lead_days)
    at = latest = clock.now()
    expected: set[str] = set()
    last: date | None = None
    for _turn in range(turns):
        latest = max(latest, at)
        at = latest + timedelta(hours=chance.choice([-80, -5, 2, 20, 70, 300, 700]))
        monkeypatch.setenv("CIM_NOW", at.isoformat())
        turn()
        today = clock.today()
        since = min(today, max(last or today, today - timedelta(days=31)))
        last = max(last or today, today)
        for record, (calendar, month, day, leap, lead) in records.items():
            days = anniversaries.between(since, today + timedelta(days=lead), calendar, month, day, leap)
            expected |= {f"anniversary:{record}:{on.isoformat()}" for on in days}
    told = [row.key for row in told_to(people.ann)]
    assert len(told) == len(set(told)), "doubled"
    assert set(told) == expected
    # nothing lies between the turns: each occurrence from the first day on was told
    first = date(2026, 11, 18)
    for record, (calendar, month, day, leap, _lead) in records.items():
        for on in anniversaries.between(first + timedelta(days=1), last or first, calendar, month, day, leap):
            assert f"anniversary:{record}:{on.isoformat()}" in set(told), "missed"
