"""Working days and hours as an administrator keeps them: what is published, what the team says otherwise, and undo."""

from __future__ import annotations

from datetime import date

import pytest

from cim import service
from cim.errors import Denied, Invalid
from cim.models.ticket import DayKind
from cim.service import working_days
from tests.factories import Personas, history, recorded

OCTOBER = (date(2026, 9, 28), date(2026, 10, 11))


@pytest.fixture(autouse=True)
def november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


def test_published_days_name_their_source(people: Personas) -> None:
    days = working_days.days(people.kai, *OCTOBER)
    assert [day.day.day for day in days if day.kind is DayKind.OFF] == [1, 2, 3, 4, 5, 6, 7]
    assert [day.day.day for day in days if day.kind is DayKind.WORK] == [10]
    assert {(day.name, day.own) for day in days} == {("National Day", False)}
    assert "2026" in days[0].source


def test_what_the_team_says_goes_before_what_is_published(people: Personas) -> None:
    day = date(2026, 10, 7)
    with recorded("working_days.set_day", by=people.root, times=1):
        assert working_days.set_day(people.root, day, DayKind.WORK, "盘点")
    before = len(history())
    assert not working_days.set_day(people.root, day, DayKind.WORK, "盘点")
    assert not working_days.set_day(people.root, date(2026, 10, 1), DayKind.OFF), "that is published already"
    assert len(history()) == before
    [seen] = [d for d in working_days.days(people.kai, day, day)]
    assert (seen.kind, seen.own, seen.published, seen.name) == (DayKind.WORK, True, DayKind.OFF, "盘点")
    [change] = [c for c in service.undo.recent(people.root) if c.action == "working_days.set_day"]
    service.undo.change_set(people.root, change.id)
    assert not working_days.days(people.kai, day, day)[0].own
    working_days.set_day(people.root, day, DayKind.WORK)
    assert working_days.unset_day(people.root, day)
    assert not working_days.unset_day(people.root, day)
    assert working_days.days(people.kai, day, day)[0].kind is DayKind.OFF


def test_a_year_that_is_not_known_is_named(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    assert working_days.known(people.kai).years == [2024, 2025, 2026]
    assert working_days.known(people.kai).missing == 2027
    monkeypatch.setenv("CIM_NOW", "2026-10-18T12:00:00+08:00")
    assert working_days.known(people.kai).missing is None
    monkeypatch.setenv("CIM_NOW", "2027-03-18T12:00:00+08:00")
    assert working_days.known(people.kai).missing == 2027
    working_days.set_day(people.root, date(2027, 1, 1), DayKind.OFF, "元旦")
    assert working_days.known(people.kai).missing is None


def test_hours_of_the_week(people: Personas) -> None:
    week = working_days.hours(people.kai)
    assert [day.stretches for day in week] == [[(540, 1080)]] * 5 + [[], []]
    with recorded("working_days.set_hours", by=people.root):
        assert working_days.set_hours(people.root, {0: [(780, 1080), (540, 720)], 5: [(540, 720)]}) == 2
    week = working_days.hours(people.kai)
    assert (week[0].stretches, week[1].stretches, week[5].stretches) == (
        [(540, 720), (780, 1080)],
        [(540, 1080)],
        [(540, 720)],
    )
    assert working_days.set_hours(people.root, {5: [(540, 720)]}) == 0
    assert working_days.set_hours(people.root, {5: []}) == 1
    assert working_days.hours(people.kai)[5].stretches == []
    for field, wanted in (
        ("0", {0: [(540, 540)]}),
        ("0", {0: [(540, 720), (700, 800)]}),
        ("7", {7: [(540, 720)]}),
        ("3", {3: [(540, 24 * 60 + 1)]}),
        ("week", {day: [] for day in range(7)}),
    ):
        with pytest.raises(Invalid) as refused:
            working_days.set_hours(people.root, wanted)
        assert refused.value.field == field


def test_only_administrators_set_days(people: Personas) -> None:
    for me in (people.ann, people.mei, people.kai, people.audrey):
        with pytest.raises(Denied):
            working_days.set_day(me, date(2027, 1, 1), DayKind.OFF)
        with pytest.raises(Denied):
            working_days.set_hours(me, {0: []})
    with pytest.raises(Invalid):
        working_days.set_day(people.root, date(1900, 1, 1), DayKind.OFF)
