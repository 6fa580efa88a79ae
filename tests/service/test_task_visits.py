"""Visits from plan to log, and reminders that are told once whatever the clock does."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.access import SYSTEM, Actor
from cim.errors import Conflict, Invalid, NotFound
from cim.models import Notice
from cim.models.activity import ActivityDraft, ActivityType
from cim.models.base import columns
from cim.models.customer import CustomerDraft
from cim.models.task import TaskDraft, TaskKind
from tests.factories import Personas, recorded

add, done, undo_done, postpone, mine, get = (
    getattr(service.tasks, n) for n in ("add", "done", "undo_done", "postpone", "mine", "get")
)


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def plan(title: str = "回访", day: int = 19, hour: int = 9, **values: object) -> TaskDraft:
    return TaskDraft.model_validate({"title": title, "due_at": datetime(2026, 11, day, hour), **values})


# ---- visits
def test_a_visit_is_planned_made_and_logged(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = plan("季度拜访", day=18, hour=14, kind=TaskKind.VISIT, customer_id=firm, place="客户工厂")
    made = add(people.ann, visit)
    todo = add(people.ann, plan())
    with pytest.raises(Invalid):
        service.tasks.check_in(people.ann, todo)
    with pytest.raises(Invalid):
        service.tasks.check_out(people.ann, made)
    monkeypatch.setenv("CIM_NOW", "2026-11-18T14:05:00+08:00")
    with recorded("tasks.check_in", by=people.ann, times=1):
        assert service.tasks.check_in(people.ann, made)
        assert not service.tasks.check_in(people.ann, made)
    monkeypatch.setenv("CIM_NOW", "2026-11-18T15:20:00+08:00")
    draft = ActivityDraft(content="谈了明年的框架合同")
    with pytest.raises(NotFound):
        service.tasks.finish(people.bo, made, draft)
    with recorded("tasks.finish", by=people.ann):
        logged = service.tasks.finish(people.ann, made, draft, token="t")
    assert service.tasks.finish(people.ann, made, draft, token="t") == logged
    task = get(people.ann, made)
    assert (task.result_id, task.done_at is not None) == (logged, True)
    assert (task.checked_in_at, task.checked_out_at) == (
        datetime(2026, 11, 18, 6, 5, tzinfo=UTC),
        datetime(2026, 11, 18, 7, 20, tzinfo=UTC),
    )
    [entry] = service.activities.timeline(people.ann, customer_id=firm)
    assert (entry.type, entry.place, entry.purpose, entry.at) == (
        ActivityType.VISIT,
        "客户工厂",
        "季度拜访",
        task.checked_in_at,
    )
    assert getattr(entry, "minutes", 75) == 75
    with pytest.raises(Conflict):
        service.tasks.finish(people.ann, made, draft)
    with pytest.raises(Invalid):
        service.tasks.finish(people.ann, todo, draft)


def test_a_missed_visit_stays_in_the_plan(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [add(people.ann, plan(str(day), day=day, kind=TaskKind.VISIT, customer_id=firm)) for day in (18, 19, 22, 23)]
    monkeypatch.setenv("CIM_NOW", "2026-11-19T12:00:00+08:00")
    assert [t.id for t in service.tasks.visits(people.ann, date(2026, 11, 19), date(2026, 11, 22))] == made[:3]
    service.tasks.check_in(people.ann, made[0])
    assert service.tasks.check_out(people.ann, made[0])
    service.tasks.done(people.ann, made[0])
    service.tasks.done(people.ann, made[1])
    assert [t.id for t in service.tasks.visits(people.ann, date(2026, 11, 19), date(2026, 11, 22))] == made[1:3]
    assert service.tasks.visits(people.mei, date(2026, 11, 19), date(2026, 11, 22)) == []
    assert len(service.tasks.visits(people.mei, date(2026, 11, 19), date(2026, 11, 22), everybody=True)) == 2
    assert [t.id for t in service.tasks.finished(people.ann)] == [made[1], made[0]]


# ---- reminders
def notices_of(me: Actor) -> list[Notice]:
    with db.session(writing=False) as session:
        found = session.execute(
            select(Notice).where(columns(Notice).user_id == me.user_id).order_by(columns(Notice).id)
        )
        return list(found.scalars())


def remind() -> int:
    return service.tasks.remind_due(SYSTEM) if service.tasks.anything_due(SYSTEM) else 0


def test_a_reminder_is_told_once_and_again_when_it_moved(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    made = add(people.ann, plan("报价", remind_at=datetime(2026, 11, 19, 8)))
    version = get(people.ann, made).version
    assert remind() == 0
    monkeypatch.setenv("CIM_NOW", "2026-11-19T08:00:00+08:00")
    assert [remind(), remind()] == [1, 0]
    [told] = notices_of(people.ann)
    assert (told.kind, told.link) == ("task.due", f"/tasks?task={made}")
    assert told.params == {"title": "报价", "due": "2026-11-19 09:00"}
    assert get(people.ann, made).version == version, "an open form stays valid"
    monkeypatch.setenv("CIM_NOW", "2026-11-18T08:00:00+08:00")  # the clock was set back
    assert remind() == 0
    postpone(people.ann, made, date(2026, 11, 20))
    monkeypatch.setenv("CIM_NOW", "2026-11-20T08:00:00+08:00")
    assert [remind(), remind()] == [1, 0]
    done(people.ann, add(people.ann, plan(day=20, remind_at=datetime(2026, 11, 20, 7))))
    assert remind() == 0, "nobody is reminded of what is done"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize("runs", [1, pytest.param(15, marks=pytest.mark.assure("G32"))])
def test_no_reminder_is_missed_or_doubled_whatever_the_clock_does(
    people: Personas, monkeypatch: pytest.MonkeyPatch, runs: int, zone: str
) -> None:
    """A clock that jumps to and fro, a turn at each stop, moved and finished tasks between: each time that came while the
    task was open is told exactly once."""
    monkeypatch.setenv("CIM_TZ", zone)
    for run in range(runs):
        chance = random.Random(run)
        at = datetime(2026, 10, 30, 12, tzinfo=UTC) + timedelta(days=400 * run)
        monkeypatch.setenv("CIM_NOW", at.isoformat())
        held: dict[int, datetime] = {}
        expected: set[tuple[int, datetime]] = set()
        for _number in range(12):
            wanted = at + timedelta(minutes=chance.randrange(60 * 24 * 12))
            made = add(people.ann, TaskDraft(title="提醒", due_at=wanted + timedelta(hours=2), remind_at=wanted))
            held[made] = get(people.ann, made).remind_at or wanted
        first, latest = min(held), at
        for _turn in range(15):
            at = latest + timedelta(hours=chance.choice([-30, -3, 1, 9, 26, 60]))
            latest = max(latest, at)
            monkeypatch.setenv("CIM_NOW", at.isoformat())
            if chance.random() < 0.3 and held:
                moved = chance.choice(sorted(held))
                if postpone(people.ann, moved, clock.today() + timedelta(days=chance.randrange(5))):
                    held[moved] = get(people.ann, moved).remind_at or at
            remind()
            expected |= {(task, when) for task, when in held.items() if when <= at}
            if chance.random() < 0.15 and held:
                over = chance.choice(sorted(held))
                done(people.ann, over)
                del held[over]
        told = [row.key for row in notices_of(people.ann)]
        wanted_keys = {f"task.due:{task}:{when.isoformat()}" for task, when in expected}
        assert len(told) == len(set(told)), "doubled"
        mine_now = {key for key in told if int(key.split(":")[1]) >= first}
        assert mine_now == wanted_keys, "missed or told without cause"
