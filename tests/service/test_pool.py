"""The public pool: rules by grade, the warning that comes first, what protects, claims and their limits, and history."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.access import SYSTEM, Actor
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import Customer, Task
from cim.models.activity import ActivityDraft, ActivityType
from cim.models.customer import CustomerDraft, Kind
from cim.models.opportunity import OpportunityDraft
from cim.models.pool import PoolRun, PoolStep
from cim.models.task import TaskDraft
from tests.factories import Personas, history, queries, recorded

claim, release, due, night = (
    service.customers.claim,
    service.pool.release,
    service.pool.due,
    service.pool.warn_and_return,
)
Patch = pytest.MonkeyPatch
MOVES = {"version", "pool_warned_at", "next_due_at", "updated_at", "quality"}
"""What follows from other rows or from the time of a change."""


def at(patch: Patch, day: str, hour: int = 9) -> None:
    patch.setenv("CIM_NOW", f"{day}T{hour:02d}:00:00+08:00")


def rule(people: Personas, **days: int) -> None:
    for name, value in days.items():
        service.settings.change(people.root, f"pool.{name.replace('__', '.')}", value)


def made(me: Actor, name: str = "南京信诺环保科技有限公司", **values: object) -> int:
    return service.customers.create(me, CustomerDraft.model_validate({"name": name, **values}), duplicate_reason="测试")


def owner(people: Personas, customer_id: int) -> str:
    return service.customers.get(people.audrey, customer_id).owner


@pytest.fixture
def firm(people: Personas, monkeypatch: Patch) -> int:
    """A customer of ann, grade A, taken on on 1 September."""
    at(monkeypatch, "2026-09-01")
    rule(people, days__A=90)
    return made(people.ann, grade="A")


def test_a_customer_is_warned_about_first_and_returns_when_the_warning_is_over(
    people: Personas, firm: int, monkeypatch: Patch
) -> None:
    at(monkeypatch, "2026-11-22")  # 82 days
    assert night(SYSTEM) == PoolRun()
    at(monkeypatch, "2026-11-23")  # 83 days: 7 before the 90th
    assert night(SYSTEM) == PoolRun(warned=1)
    assert night(SYSTEM) == PoolRun(), "one warning"
    [task] = service.tasks.mine(people.ann).tasks
    assert task.customer_id == firm
    assert "2026" in task.title
    assert clock.local(task.due_at).date() == date(2026, 11, 29), "the last day on which a contact still helps"
    at(monkeypatch, "2026-11-29", 23)
    assert night(SYSTEM) == PoolRun()
    at(monkeypatch, "2026-11-30", 0)  # the 90th local day has begun
    with recorded("pool.warn_and_return", by=SYSTEM):
        assert night(SYSTEM) == PoolRun(returned=1)
    assert owner(people, firm) == ""
    assert service.tasks.mine(people.ann).tasks == [], "a warning ends with what it warned of"
    assert night(SYSTEM) == PoolRun()


def test_a_rule_turned_on_late_still_gives_the_whole_warning(people: Personas, monkeypatch: Patch) -> None:
    at(monkeypatch, "2025-01-01")
    firm = made(people.ann, grade="B")
    at(monkeypatch, "2026-11-22")
    rule(people, days__B=30, warn_days=5)
    assert night(SYSTEM) == PoolRun(warned=1)
    [told] = due(people.ann)
    assert (told.id, told.returns_on, told.idle_days, told.rule_days) == (firm, date(2026, 11, 27), 690, 30)
    at(monkeypatch, "2026-11-26")
    assert night(SYSTEM) == PoolRun()
    at(monkeypatch, "2026-11-27")
    assert night(SYSTEM).returned == 1


def test_a_contact_takes_the_warning_back_and_begins_the_days_anew(
    people: Personas, firm: int, monkeypatch: Patch
) -> None:
    at(monkeypatch, "2026-11-25")
    night(SYSTEM)
    service.activities.log(people.ann, firm, ActivityDraft(type=ActivityType.NOTE, content="想一想"))
    assert night(SYSTEM) == PoolRun(), "a note to oneself is no contact"
    service.activities.log(people.ann, firm, ActivityDraft(content="打过电话"))
    assert night(SYSTEM) == PoolRun(withdrawn=1)
    assert service.tasks.mine(people.ann).tasks == []
    assert service.customers.get(people.ann, firm).next_due_at is None
    at(monkeypatch, "2027-02-23")  # 90 days after the contact, and no warning yet
    assert night(SYSTEM) == PoolRun(warned=1)
    assert owner(people, firm) == "安晓然"


def test_a_planned_step_protects_for_one_more_period_and_no_longer(
    people: Personas, firm: int, monkeypatch: Patch
) -> None:
    def plan(day: str) -> int:
        return service.tasks.add(
            people.ann, TaskDraft(title="回访", due_at=datetime.fromisoformat(f"{day}T10:00"), customer_id=firm)
        )

    at(monkeypatch, "2026-11-25")
    plan("2026-12-20")
    at(monkeypatch, "2026-12-20", 11)
    assert night(SYSTEM) == PoolRun(), "due today is still to come"
    at(monkeypatch, "2026-12-21")
    assert night(SYSTEM) == PoolRun(warned=1), "a missed step protects no more"
    plan("2027-02-28")  # 180 days after the first of September: the last day that counts
    assert night(SYSTEM) == PoolRun(withdrawn=1)
    service.tasks.postpone(people.ann, service.tasks.for_customer(people.ann, firm)[-1].id, date(2027, 3, 1))
    assert night(SYSTEM) == PoolRun(warned=1), "whoever only plans loses the customer after twice the time"


def test_an_open_opportunity_protects_until_its_expected_close_is_over(
    people: Personas, firm: int, monkeypatch: Patch
) -> None:
    draft = OpportunityDraft(name="二期水泵", amount=Decimal(1000), expected_close=date(2026, 12, 10))
    deal = service.opportunities.create(people.ann, firm, draft)
    at(monkeypatch, "2026-12-05")
    assert night(SYSTEM) == PoolRun()
    at(monkeypatch, "2026-12-11")
    assert night(SYSTEM) == PoolRun(warned=1)
    service.opportunities.lose(people.ann, deal, "预算取消")
    at(monkeypatch, "2026-12-19")
    assert night(SYSTEM) == PoolRun(returned=1)


def test_each_grade_has_its_rule_and_none_is_never(people: Personas, monkeypatch: Patch) -> None:
    at(monkeypatch, "2026-01-01")
    ids = {grade: made(people.ann, f"客户{grade}某某商行", grade=grade) for grade in ("A", "B", "")}
    at(monkeypatch, "2026-11-22")
    rule(people, days__none=100, warn_days=0)
    assert night(SYSTEM) == PoolRun(returned=1)
    assert {grade: owner(people, i) for grade, i in ids.items()} == {"A": "安晓然", "B": "安晓然", "": ""}


def test_the_days_count_from_taking_over_too(people: Personas, firm: int, monkeypatch: Patch) -> None:
    at(monkeypatch, "2026-11-25")
    night(SYSTEM)
    service.customers.assign(people.mei, firm, people.bo.user_id)
    assert service.tasks.mine(people.bo).tasks == [], "the warning was ann's"
    at(monkeypatch, "2027-01-31")
    assert night(SYSTEM) == PoolRun()
    assert due(people.bo, days=60)[0].returns_on == date(2027, 2, 23)


def test_who_is_warned_finds_a_bounded_number_of_tasks(people: Personas, monkeypatch: Patch) -> None:
    at(monkeypatch, "2026-01-01")
    for number in range(23):
        made(
            people.ann,
            f"{'甲乙丙丁戊己庚辛壬癸'[number % 10]}{number}号商行",
            grade="D" if number else "A",
            kind=Kind.PERSON,
        )
    at(monkeypatch, "2026-11-22")
    rule(people, days__A=30, days__D=30)
    assert night(SYSTEM) == PoolRun(warned=23)
    tasks = service.tasks.mine(people.ann).tasks
    assert len(tasks) == 21
    [rest] = [task for task in tasks if task.customer_id is None]
    assert "3" in rest.title
    at(monkeypatch, "2026-11-29")
    assert night(SYSTEM) == PoolRun(returned=23)


def test_due_is_scoped_sorted_and_counts_its_queries(people: Personas, monkeypatch: Patch) -> None:
    at(monkeypatch, "2026-09-01")
    rule(people, days__A=90, days__B=60)
    late, soon = made(people.ann, "甲某商行", grade="A"), made(people.ann, "乙某商行", grade="B")
    made(people.bo, "丙某商行", grade="B")
    at(monkeypatch, "2026-10-29")
    with queries(12):
        assert [row.id for row in due(people.ann)] == [soon]
    assert [row.id for row in due(people.ann, days=60)] == [soon, late]
    assert len(due(people.mei, days=60)) == 3
    assert service.pool.outlook(people.root).model_dump() == {"now": 0, "soon": 2}
    assert service.pool.due_of(people.ann, soon) is not None
    assert service.pool.due_of(people.ann, late) is None
    with pytest.raises(NotFound):
        service.pool.due_of(people.bo, soon)
    with pytest.raises(Denied):
        night(people.mei)


def test_a_rep_gives_a_customer_back_with_a_reason_and_what_was_planned_waits(people: Personas) -> None:
    firm = made(people.ann)
    task = service.tasks.add(
        people.ann, TaskDraft(title="报价", due_at=clock.now() + timedelta(days=1), customer_id=firm)
    )
    with pytest.raises(Invalid):
        release(people.ann, firm, reason=" ")
    with pytest.raises(NotFound):
        release(people.bo, firm, reason="不是我的")
    with recorded("pool.release", by=people.ann, times=2):  # the customer and its task
        release(people.ann, firm, reason="换了行业")
    with pytest.raises(Conflict):
        release(people.ann, firm, reason="换了行业")
    assert service.tasks.mine(people.ann).tasks == []
    claim(people.bo, firm)
    assert [t.id for t in service.tasks.mine(people.bo).tasks] == [task]


def test_claims_a_day_are_limited_and_say_what_is_left(people: Personas, monkeypatch: Patch) -> None:
    at(monkeypatch, "2026-11-22")
    ids = [made(people.root, f"{c}某某商行", owner_id=None) for c in "甲乙丙丁戊"]
    rule(people, claims_a_day=2)
    assert service.pool.allowance(people.ann).left == 2
    claim(people.ann, ids[0])
    release(people.ann, ids[0], reason="看错了")
    assert service.pool.allowance(people.ann).left == 1, "a claim is a claim"
    result = service.pool.claim_many(people.ann, ids[1:4])
    assert (result.done, [s.id for s in result.skipped]) == (1, ids[2:4])
    assert result.change_set is not None
    with pytest.raises(Conflict) as refused:
        claim(people.ann, ids[4])
    assert refused.value.params == {"used": 2, "most": 2}
    claim(people.bo, ids[4])
    assert service.pool.claim_many(people.ann, [ids[4]]).skipped[0].msgid == service.pool.TAKEN
    at(monkeypatch, "2026-11-23", 0)
    assert service.pool.allowance(people.ann).left == 2


def test_nobody_claims_beyond_what_one_may_own(people: Personas) -> None:
    first, second = (made(people.root, f"{c}某某商行", owner_id=None) for c in "甲乙")
    rule(people, most_owned=1)
    claim(people.ann, first)
    with pytest.raises(Conflict) as refused:
        claim(people.ann, second)
    assert refused.value.params == {"owned": 1, "limit": 1}
    service.customers.assign(people.mei, second, people.ann.user_id)
    assert service.pool.allowance(people.ann).left == 0, "a manager may give more"


def test_history_says_who_had_it_and_how(people: Personas, firm: int, monkeypatch: Patch) -> None:
    service.customers.assign(people.mei, firm, people.bo.user_id, reason="休假")
    release(people.bo, firm, reason="太远")
    claim(people.ann, firm)
    rule(people, warn_days=0)
    at(monkeypatch, "2027-01-01")
    night(SYSTEM)
    told = [(e.step, e.by, e.before, e.after, e.reason) for e in service.pool.history(people.bo, firm)]
    assert told == [
        (PoolStep.RETURNED, "", "安晓然", "", ""),
        (PoolStep.CLAIMED, "安晓然", "", "安晓然", ""),
        (PoolStep.RELEASED, "薄文博", "薄文博", "", "太远"),
        (PoolStep.HANDED_OVER, "梅若华", "安晓然", "薄文博", "休假"),
        (PoolStep.CREATED, "安晓然", "", "安晓然", "测试"),
    ]


def test_the_undo_of_a_night_brings_everything_back(people: Personas, firm: int, monkeypatch: Patch) -> None:
    with db.session(writing=False) as session:
        before = session.get_one(Customer, firm).model_dump(exclude=MOVES)
    at(monkeypatch, "2026-11-25")
    night(SYSTEM)
    at(monkeypatch, "2026-12-25")
    assert night(SYSTEM).returned == 1
    [entry] = [e for e in history(1000)[-3:] if e.object_type == "customer"]
    assert service.undo.change_set(people.root, entry.change_set_id).undone >= 1
    with db.session(writing=False) as session:
        after = session.get_one(Customer, firm).model_dump(exclude=MOVES)
        assert len(session.execute(select(Task)).scalars().all()) == 1
    assert after == before
    assert night(SYSTEM) == PoolRun(warned=1), "what was brought back is warned about anew"


def test_a_claim_of_many_names_those_taken_and_survives_a_forged_number(people: Personas) -> None:
    """`claim_many` reads each row only when it is locked: a row that is known already is read anew."""
    ids = [made(people.root, f"{c}某某商行", owner_id=None) for c in "甲乙"]
    rule(people, claims_a_day=1)
    result = service.pool.claim_many(people.ann, [ids[1], 2**40, ids[0]])
    assert result.done == 1
    assert [(one.id, one.name) for one in result.skipped] == [(2**40, ""), (ids[0], "甲某某商行")]
    assert owner(people, ids[1]) == "安晓然", "in the order in which they were chosen"


def test_two_claims_in_opposite_order_do_not_wait_for_each_other(people: Personas) -> None:
    ids = [made(people.root, f"第{n}某某商行", owner_id=None) for n in range(30)]
    start, outcomes = threading.Barrier(2), []

    def take(me: Actor, wanted: list[int]) -> None:
        start.wait()
        outcomes.append(service.pool.claim_many(me, wanted))

    threads = [threading.Thread(target=take, args=pair) for pair in ((people.ann, ids), (people.bo, ids[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((result.done, len(result.skipped)) for result in outcomes) == [(0, 30), (30, 0)]
