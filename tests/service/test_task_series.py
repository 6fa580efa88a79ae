"""Tasks that come back, through the service: done, missed, undone, skipped, stopped."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from cim import clock, service
from cim.access import Actor
from cim.errors import Invalid
from cim.models.task import Frequency, Repeat, TaskDraft, TaskGroup
from tests.factories import Personas, recorded

add, done, undo_done, postpone, mine, get = (
    getattr(service.tasks, n) for n in ("add", "done", "undo_done", "postpone", "mine", "get")
)


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


def plan(title: str = "回访", day: int = 19, hour: int = 9, **values: object) -> TaskDraft:
    return TaskDraft.model_validate({"title": title, "due_at": datetime(2026, 11, day, hour), **values})


DAILY, WEEKLY, MONTHLY, YEARLY = (Repeat(frequency=f) for f in Frequency)


def days_of(me: Actor) -> list[str]:
    return [f"{clock.local(task.due_at):%m-%d %H:%M}" for task in mine(me).tasks]


@pytest.mark.parametrize(
    ("day", "repeat", "then"),
    [
        (18, DAILY, ["11-19 09:00", "11-20 09:00"]),
        (18, Repeat(frequency=Frequency.WEEKLY, weekdays=[0, 2]), ["11-23 09:00", "11-25 09:00"]),
        (18, Repeat(frequency=Frequency.WEEKLY, interval=2), ["12-02 09:00", "12-16 09:00"]),
        (30, MONTHLY, ["12-30 09:00", "01-30 09:00", "02-28 09:00", "03-30 09:00"]),
        (18, YEARLY, ["11-18 09:00"]),
        (18, Repeat(frequency=Frequency.DAILY, until=date(2026, 11, 19)), ["11-19 09:00", None]),
    ],
)
def test_a_done_task_is_followed_by_the_next(
    people: Personas, day: int, repeat: Repeat, then: list[str | None]
) -> None:
    add(people.ann, plan(day=day, repeat=repeat, notes="每次带样品", remind_at=datetime(2026, 11, day, 8, 30)))
    for expected in then:
        [task] = mine(people.ann).tasks
        with recorded("tasks.done", by=people.ann):
            done(people.ann, task.id)
        assert days_of(people.ann) == ([expected] if expected else [])
        for made in mine(people.ann).tasks:
            assert (made.title, made.notes, made.assignee_id) == ("回访", "每次带样品", people.ann.user_id)
            assert made.remind_at == made.due_at - timedelta(minutes=30)
            assert (made.repeat is not None, made.series) == (True, True)


def test_missed_ones_of_a_series_do_not_flood(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    made = add(people.ann, plan(day=18, repeat=DAILY))
    monkeypatch.setenv("CIM_NOW", "2026-12-09T10:00:00+08:00")
    assert [task.group for task in mine(people.ann).tasks] == [TaskGroup.OVERDUE]
    done(people.ann, made)
    assert days_of(people.ann) == ["12-10 09:00"]


def test_undo_takes_the_next_one_away_unless_somebody_touched_it(people: Personas) -> None:
    first = add(people.ann, plan(repeat=WEEKLY))
    done(people.ann, first)
    [second] = mine(people.ann).tasks
    assert undo_done(people.ann, first)
    assert [task.id for task in mine(people.ann).tasks] == [first]
    assert get(people.ann, first).repeat == Repeat(frequency=Frequency.WEEKLY, weekdays=[3])
    done(people.ann, first)
    [third] = mine(people.ann).tasks
    assert third.id != second.id
    postpone(people.ann, third.id, date(2026, 11, 28))
    undo_done(people.ann, first)
    assert [task.id for task in mine(people.ann).tasks] == [first, third.id]
    done(people.ann, first)
    assert [task.id for task in mine(people.ann).tasks] == [third.id], "a series has one next task"
    done(people.ann, third.id)
    assert days_of(people.ann) == ["12-03 09:00"], "put off to a Saturday, it stays one of Thursdays"


def test_a_series_is_stopped_skipped_or_removed(people: Personas) -> None:
    made = add(people.ann, plan(repeat=WEEKLY))
    service.tasks.remove(people.ann, made)
    [task] = mine(people.ann).tasks
    assert days_of(people.ann) == ["11-26 09:00"]
    with recorded("tasks.stop_series", by=people.ann, times=1):
        assert service.tasks.stop_series(people.ann, task.id)
        assert not service.tasks.stop_series(people.ann, task.id)
    done(people.ann, task.id)
    assert mine(people.ann).tasks == []
    whole = add(people.ann, plan(repeat=WEEKLY))
    service.tasks.remove(people.ann, whole, series=True)
    assert mine(people.ann).tasks == []
    for repeat in (
        Repeat(frequency=Frequency.DAILY, interval=0),
        Repeat(frequency=Frequency.WEEKLY, weekdays=[7]),
        Repeat(frequency=Frequency.DAILY, until=date(2026, 11, 1)),
    ):
        with pytest.raises(Invalid) as refused:
            add(people.ann, plan(repeat=repeat))
        assert refused.value.field == "repeat"


def test_changing_how_often_changes_what_follows(people: Personas) -> None:
    made = add(people.ann, plan(repeat=WEEKLY))
    assert not service.tasks.update(people.ann, made, plan(repeat=WEEKLY), version=1)
    assert service.tasks.update(people.ann, made, plan(repeat=MONTHLY), version=1)
    done(people.ann, made)
    assert days_of(people.ann) == ["12-19 09:00"]
