"""Tasks through the service: the worklist by local day, finishing, postponing, and who may."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.access import Actor
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import Notice
from cim.models.base import columns
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.task import TaskDraft, TaskGroup, TaskKind
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


def notices_of(me: Actor) -> list[Notice]:
    with db.session(writing=False) as session:
        found = session.execute(
            select(Notice).where(columns(Notice).user_id == me.user_id).order_by(columns(Notice).id)
        )
        return list(found.scalars())


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
