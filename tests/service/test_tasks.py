"""Tasks through the service: the worklist by local day, finishing, postponing, and who may."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.access import SYSTEM, Actor
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import Notice
from cim.models.activity import ActivityDraft, ActivityType
from cim.models.base import columns
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.task import Frequency, Repeat, TaskDraft, TaskGroup, TaskKind
from cim.service.tasks import Later
from tests.factories import Personas, history, queries, recorded

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


def test_groups_are_local_days(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    for day, hour in ((18, 0), (18, 23), (19, 0), (20, 9), (22, 23), (23, 0), (30, 9)):
        add(people.ann, plan(f"{day}-{hour}", day, hour))
    work = mine(people.ann)
    assert [(t.title, t.group) for t in work.tasks] == [
        ("18-0", TaskGroup.TODAY),
        ("18-23", TaskGroup.TODAY),
        ("19-0", TaskGroup.TOMORROW),
        ("20-9", TaskGroup.WEEK),
        ("22-23", TaskGroup.WEEK),
        ("23-0", TaskGroup.LATER),
        ("30-9", TaskGroup.LATER),
    ]
    assert work.counts == {g: len(work.of(g)) for g in TaskGroup}
    monkeypatch.setenv(
        "CIM_NOW", "2026-11-22T12:00:00+08:00"
    )  # a Sunday: Monday is tomorrow, no day is left of the week
    assert mine(people.ann).counts[TaskGroup.TOMORROW] == 1
    assert mine(people.ann).counts[TaskGroup.WEEK] == 0


def test_missed_task_does_not_vanish_at_midnight(people: Personas, firm: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = add(people.ann, plan(customer_id=firm, day=18, hour=15))
    for now, group in (
        ("2026-11-18T23:59:59+08:00", TaskGroup.TODAY),
        ("2026-11-19T00:00:00+08:00", TaskGroup.OVERDUE),
        ("2026-12-31T08:00:00+08:00", TaskGroup.OVERDUE),
    ):
        monkeypatch.setenv("CIM_NOW", now)
        assert [(t.id, t.group) for t in mine(people.ann).tasks] == [(made, group)]
        assert mine(people.ann).counts[group] == 1
    done(people.ann, made)
    assert mine(people.ann).tasks == []


def test_finishing_and_undoing_moves_the_next_step_of_the_customer(people: Personas, firm: int) -> None:
    first, second = add(people.ann, plan(customer_id=firm)), add(people.ann, plan(day=25, customer_id=firm))

    def due() -> datetime | None:
        return service.customers.get(people.ann, firm).next_due_at

    assert due() == datetime(2026, 11, 19, 1, tzinfo=UTC)
    with recorded("tasks.done", by=people.ann, times=1):
        assert done(people.ann, first, version=1)
        assert not done(people.ann, first, version=1)
    assert due() == datetime(2026, 11, 25, 1, tzinfo=UTC)
    assert [t.id for t in service.tasks.for_customer(people.ann, firm)] == [second]
    assert [t.id for t in service.tasks.for_customer(people.ann, firm, finished=True)] == [first]
    assert undo_done(people.ann, first)
    assert not undo_done(people.ann, first)
    assert due() == datetime(2026, 11, 19, 1, tzinfo=UTC)
    service.tasks.remove(people.ann, first)
    service.tasks.remove(people.ann, second)
    assert due() is None


@pytest.mark.parametrize(
    ("to", "day"), [(Later.TOMORROW, "2026-11-19"), (Later.NEXT_WEEK, "2026-11-23"), (date(2026, 12, 1), "2026-12-01")]
)
def test_postpone_keeps_the_time_of_day(people: Personas, to: Later | date, day: str) -> None:
    made = add(people.ann, plan(day=18, hour=0))
    with recorded("tasks.postpone", by=people.ann, times=1):
        assert postpone(people.ann, made, to, version=1)
    [task] = mine(people.ann).tasks
    assert clock.local(task.due_at).isoformat() == f"{day}T00:00:00+08:00"
    before = len(history())
    assert not postpone(people.ann, made, to)
    assert len(history()) == before


def test_refusals_name_the_field(people: Personas) -> None:
    made = add(people.ann, plan())
    for field, attempt in (
        ("title", lambda: add(people.ann, plan("  "))),
        ("due_at", lambda: add(people.ann, plan(day=17))),
        ("due_at", lambda: postpone(people.ann, made, date(2026, 11, 17))),
        ("assignee_id", lambda: add(people.ann, plan(assignee_id=people.bo.user_id))),
        ("assignee_id", lambda: add(people.mei, plan(assignee_id=999))),
    ):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.field == field
    postpone(people.ann, made, Later.NEXT_WEEK)
    with pytest.raises(Conflict):
        done(people.ann, made, version=1)


def test_reach(people: Personas, firm: int) -> None:
    made = add(people.mei, plan("请回访", assignee_id=people.ann.user_id, customer_id=firm))
    assert [t.assignee for t in mine(people.ann).tasks] == ["安晓然"]
    assert mine(people.mei).tasks == []
    assert [t.id for t in mine(people.mei, everybody=True).tasks] == [made]
    assert [t.id for t in mine(people.mei, assignee=people.ann.user_id).tasks] == [made]
    assert mine(people.bo, everybody=True).tasks == mine(people.bo, assignee=people.ann.user_id).tasks == []
    for attempt in (
        lambda: done(people.bo, made),
        lambda: postpone(people.bo, made, Later.TOMORROW),
        lambda: add(people.bo, plan(customer_id=firm)),
        lambda: service.tasks.for_customer(people.bo, firm),
    ):
        with pytest.raises(NotFound):
            attempt()
    with recorded("tasks.done", by=people.audrey, times=1), pytest.raises(Denied):
        done(people.audrey, made)
    assert [t.id for t in service.tasks.for_customer(people.audrey, firm)] == [made]


def test_customer_gone_out_of_reach_leaves_no_name(people: Personas, firm: int) -> None:
    service.customers.assign(people.mei, firm, None)
    add(people.ann, plan(customer_id=firm))
    service.customers.claim(people.bo, firm)
    assert [(t.customer, t.customer_id) for t in mine(people.ann).tasks] == [("", None)]


def test_open_tasks_of_the_owner_go_with_the_customer(people: Personas, firm: int) -> None:
    finished = add(people.ann, plan(customer_id=firm))
    done(people.ann, finished)
    others = add(people.mei, plan("经理回访", customer_id=firm))
    kept = add(people.ann, plan())
    made = add(people.ann, plan("报价", customer_id=firm))
    with recorded("customers.assign", by=people.mei, times=2):
        service.customers.assign(people.mei, firm, people.bo.user_id)
    assert [t.id for t in mine(people.bo).tasks] == [made]
    assert [t.id for t in mine(people.ann).tasks] == [kept]
    assert [t.id for t in mine(people.mei).tasks] == [others]
    service.customers.assign(people.mei, firm, None)
    assert mine(people.bo).tasks == [], "nobody plans with a customer of the public pool"
    service.customers.claim(people.ann, firm)
    assert [t.id for t in mine(people.ann).tasks] == [kept, made], "what was planned waited there"


def test_double_pressed_save_is_one_task(people: Personas) -> None:
    assert add(people.ann, plan(), token="t") == add(people.ann, plan(), token="t")
    assert len(mine(people.ann).tasks) == 1


@pytest.mark.parametrize("count", [2, 20])
def test_worklist_counts_its_queries(people: Personas, firm: int, count: int) -> None:
    for _ in range(count):
        add(people.ann, plan(customer_id=firm))
    with queries(4):
        assert len(mine(people.ann).tasks) == count


# ---- changing and giving away
def test_update_changes_what_the_draft_sets_and_records_nothing_for_nothing(people: Personas, firm: int) -> None:
    made = add(people.ann, plan(customer_id=firm, remind_at=datetime(2026, 11, 19, 8), notes="带合同"))
    task = get(people.ann, made)
    before = len(history())
    same = plan(customer_id=firm, notes="带合同", kind=TaskKind.TODO, place="", all_day=False)
    assert not service.tasks.update(people.ann, made, same, version=task.version)
    assert len(history()) == before
    with recorded("tasks.update", by=people.ann, times=1):
        wanted = plan("送样品", day=20, kind=TaskKind.VISIT, place="客户工厂")
        assert service.tasks.update(people.ann, made, wanted, version=task.version)
    task = get(people.ann, made)
    assert (task.title, task.kind, task.place, task.notes) == ("送样品", TaskKind.VISIT, "客户工厂", "带合同")
    assert task.remind_at == datetime(2026, 11, 20, 0, tzinfo=UTC), "an hour before, as it was"
    assert service.customers.get(people.ann, firm).next_due_at == task.due_at
    with pytest.raises(Conflict):
        service.tasks.update(people.ann, made, plan(), version=1)
    done(people.ann, made)
    with pytest.raises(Conflict):
        service.tasks.update(people.ann, made, plan(), version=get(people.ann, made).version)


def test_what_a_task_is_about_belongs_to_its_customer(people: Personas, firm: int) -> None:
    other = service.customers.create(people.ann, CustomerDraft(name="苏州远景电气有限公司"))
    contact = service.contacts.add(people.ann, firm, ContactDraft(name="周立"))
    made = add(people.ann, plan(contact_id=contact))
    assert get(people.ann, made).customer_id == firm, "naming the contact names the customer"
    with pytest.raises(Invalid) as refused:
        add(people.ann, plan(customer_id=other, contact_id=contact))
    assert refused.value.field == "contact_id"
    assert service.tasks.update(people.ann, made, plan(customer_id=other), version=1)
    assert (get(people.ann, made).customer_id, get(people.ann, made).contact_id) == (other, None)
    with pytest.raises(Invalid) as refused:
        add(people.ann, plan(ends_at=datetime(2026, 11, 19, 9)))
    assert refused.value.field == "ends_at"


def test_giving_a_task_away_tells_whoever_gets_it(people: Personas) -> None:
    made = add(people.mei, plan("给客户送样品", assignee_id=people.ann.user_id))
    [told] = notices_of(people.ann)
    assert (told.kind, told.link) == ("task.assigned", f"/tasks?task={made}")
    assert told.params == {"who": people.mei.name, "title": "给客户送样品"}
    with recorded("tasks.assign", by=people.mei, times=1):
        assert service.tasks.assign(people.mei, made, people.bo.user_id or 0)
        assert not service.tasks.assign(people.mei, made, people.bo.user_id or 0)
    assert [task.id for task in mine(people.bo).tasks] == [made]
    assert [told.kind for told in notices_of(people.bo)] == ["task.assigned"]
    assert notices_of(people.mei) == []
    with pytest.raises(NotFound):
        service.tasks.assign(people.ann, made, people.ann.user_id or 0)
    with pytest.raises(Invalid):
        service.tasks.assign(people.bo, made, people.ann.user_id or 0)


# ---- series
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
@pytest.mark.parametrize("runs", [1, pytest.param(40, marks=pytest.mark.assure("G32"))])
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
