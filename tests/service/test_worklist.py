"""The worklist through the service: what is on it, what decisions do, who sees it, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.access import SYSTEM, Actor
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import Contact, Contract, SalesOrder, Ticket, WorklistEntry, WorklistRhythm
from cim.models.activity import ActivityDraft
from cim.models.customer import CustomerDraft, Grade
from cim.models.listing import CustomerFilter
from cim.models.order import OrderStatus
from cim.models.task import TaskDraft
from cim.models.worklist import EntryView, WorklistState
from cim.permissions import Permission
from cim.service import bulk, standards, totals, worklist_stale
from cim.work import Work, command
from tests.factories import Personas, history, queries, recorded

mine, done, postpone, dismiss, reopen = (
    getattr(service.worklist, n) for n in ("mine", "done", "postpone", "dismiss", "reopen")
)
OPEN, DONE, POSTPONED, DISMISSED = WorklistState
Later = Callable[[int], None]


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """It is Wednesday, 18 November 2026; `later(3)` makes it so many days later."""

    def move(days: int) -> None:
        monkeypatch.setenv("CIM_NOW", f"{date(2026, 11, 18) + timedelta(days=days)}T12:00:00+08:00")

    move(0)
    return move


def firm(
    me: Actor, name: str = "南京信诺环保科技有限公司", *, days: int = 100, grade: Grade = Grade.A, **values: object
) -> int:
    """A customer added so many days ago."""
    made = {"name": name, "grade": grade, "created_at": clock.now() - timedelta(days=days), **values}
    return service.customers.create(me, CustomerDraft.model_validate(made))


def spoke(me: Actor, customer_id: int, *days: int) -> None:
    for ago in days:
        draft = ActivityDraft(content="谈了报价", at=clock.now() - timedelta(days=ago))
        service.activities.log(me, customer_id, draft)


def store(me: Actor, *rows: object) -> None:
    """Rows of nouns that have services of their own, with what customers derive from them."""

    @command(Permission.CUSTOMER_READ)
    def keep(work: Work) -> None:
        work.session.add_all(rows)
        work.session.flush()
        totals.touch(work, [row.customer_id for row in rows])  # type: ignore[attr-defined]

    keep(me)


def complaint(customer_id: int, *, days: int = 0) -> Ticket:
    opened = clock.now() - timedelta(days=days)
    return Ticket(number="T-1", subject="漏水", customer_id=customer_id, opened_at=opened)


def entry(me: Actor, customer_id: int) -> EntryView | None:
    return next((e for e in mine(me, size=100).entries if e.customer_id == customer_id), None)


def codes(me: Actor, customer_id: int) -> list[str]:
    found = entry(me, customer_id)
    return [fact.code for fact in found.facts] if found else []


def test_the_example_of_the_issue(people: Personas) -> None:
    """A级客户，通常 21 天一单，已 37 天未下单；上次投诉未结；合同 12 天后到期."""
    number = firm(people.ann, days=300)
    today = clock.today()
    store(
        people.ann,
        *(
            SalesOrder(
                order_no=f"SO-{n}",
                customer_id=number,
                ordered_on=today - timedelta(days=37 + 21 * n),
                amount=Decimal(100),
                base_amount=Decimal(100),
                status=OrderStatus.COMPLETED,
                owner_id=people.ann.user_id,
            )
            for n in range(9)
        ),
        complaint(number, days=5),
        Contract(number="C-1", title="年度合同", customer_id=number, ends_on=today + timedelta(days=12)),
    )
    spoke(people.ann, number, 1)
    service.tasks.add(people.ann, TaskDraft(title="回访", due_at=datetime(2026, 11, 19, 9), customer_id=number))
    found = entry(people.ann, number)
    assert found is not None
    told = {fact.code: fact.params for fact in found.facts}
    assert told["complaint"] == {"count": 1, "days": 5}
    assert told["contract"] == {"days": 12}
    assert told["order"] == {"days": 37, "usual": 35}, (
        "(8 x 21 + 2 x 90) / 10: its own rhythm, drawn towards the usual one"
    )
    assert set(told) == {"complaint", "contract", "order"}
    assert [fact.points for fact in found.facts] == [40, 32, 20]
    assert found.score == 138
    assert (found.name, found.grade, found.weight) == ("南京信诺环保科技有限公司", "A", 150)


def test_the_most_urgent_comes_first_and_logging_takes_it_off(people: Personas) -> None:
    calm, urgent = firm(people.ann, "甲公司", grade=Grade.D), firm(people.ann, "乙公司", grade=Grade.A)
    spoke(people.ann, calm, 95)
    spoke(people.ann, urgent, 95)
    assert [e.customer_id for e in mine(people.ann).entries] == [urgent, calm]
    assert [f.code for f in mine(people.ann).entries[0].facts] == ["contact", "silent_A", "no_next_step"]
    spoke(people.ann, urgent, 0)
    assert [e.customer_id for e in mine(people.ann).entries] == [calm], "a follow-up logged today is done by itself"
    assert [e.customer_id for e in mine(people.ann, state=DONE).entries] == [urgent]


def test_a_missed_entry_stays_and_says_since_when(people: Personas, later: Later) -> None:
    number = firm(people.ann, days=0)
    assert codes(people.ann, number) == ["new", "no_next_step"]
    later(20)
    found = entry(people.ann, number)
    assert found is not None
    assert found.since == date(2026, 11, 18)
    assert "contact" in codes(people.ann, number)
    assert "new" not in codes(people.ann, number)


def test_done_rests_until_another_fact_or_its_interval(people: Personas, later: Later) -> None:
    number = firm(people.ann)
    spoke(people.ann, number, 60)
    with recorded("worklist.done", by=people.ann, times=1):
        assert done(people.ann, number, note="微信里说了")
        assert not done(people.ann, number)
    assert entry(people.ann, number) is None
    [closed] = mine(people.ann, state=DONE).entries
    assert (closed.reason, closed.decided, closed.until) == ("微信里说了", "安晓然", date(2026, 12, 2)), (
        "the interval of A"
    )
    later(13)
    assert entry(people.ann, number) is None
    later(14)
    assert [e.since for e in mine(people.ann).entries] == [date(2026, 12, 2)]
    done(people.ann, number)
    store(people.ann, complaint(number))
    assert "complaint" in codes(people.ann, number)


def test_postponed_comes_back_on_its_day(people: Personas, later: Later) -> None:
    number = firm(people.ann)
    with recorded("worklist.postpone", by=people.ann, times=1):
        assert postpone(people.ann, number, date(2026, 11, 23), reason="出差")
        assert not postpone(people.ann, number, date(2026, 11, 23))
    assert entry(people.ann, number) is None
    later(4)
    assert [e.until for e in mine(people.ann, state=POSTPONED).entries] == [date(2026, 11, 23)]
    later(5)
    assert [e.since for e in mine(people.ann).entries] == [date(2026, 11, 23)]


def test_dismissed_comes_back_only_with_a_new_fact(people: Personas, later: Later) -> None:
    number = firm(people.ann, days=30)
    with pytest.raises(Invalid) as refused:
        dismiss(people.ann, number, reason=" ")
    assert refused.value.field == "reason"
    with recorded("worklist.dismiss", by=people.ann, times=1):
        assert dismiss(people.ann, number, reason="已停业")
    later(60)
    assert entry(people.ann, number) is None
    store(people.ann, complaint(number))
    assert "complaint" in codes(people.ann, number)


def test_reopen_and_undo_put_an_entry_back(people: Personas) -> None:
    number = firm(people.ann)
    assert not reopen(people.ann, number)
    dismiss(people.ann, number, reason="重复")
    with recorded("worklist.reopen", by=people.ann, times=1):
        assert reopen(people.ann, number)
    assert entry(people.ann, number) is not None
    done(people.ann, number)
    assert entry(people.ann, number) is None
    service.undo.change_set(people.ann, service.undo.recent(people.ann)[0].id)
    assert entry(people.ann, number) is not None


def test_refusals(people: Personas) -> None:
    number = firm(people.ann)
    for day in (date(2026, 11, 18), date(2026, 11, 1), date(2028, 1, 1)):
        with pytest.raises(Invalid):
            postpone(people.ann, number, day)
    with pytest.raises(NotFound):
        done(people.bo, number)
    with pytest.raises(Denied):
        done(people.audrey, number)
    with pytest.raises(Invalid):
        mine(people.ann, rule="none_of_ours")
    spoke(people.ann, number, 1)
    service.tasks.add(people.ann, TaskDraft(title="回访", due_at=datetime(2026, 11, 25, 9), customer_id=number))
    with pytest.raises(Conflict):
        done(people.ann, number)
    assert not [e for e in history() if e.action == "worklist.done" and e.result == "ok"]


def test_reach(people: Personas) -> None:
    anns, bos = firm(people.ann, "甲公司"), firm(people.bo, "乙公司")
    pooled = firm(people.ann, "丙公司")
    service.customers.assign(people.mei, pooled, None)

    def seen(me: Actor, **asked: object) -> set[int]:
        return {e.customer_id for e in mine(me, **asked).entries}

    assert seen(people.ann) == {anns} == seen(people.ann, team=True)
    assert seen(people.ann, owner=people.bo.user_id) == set()
    assert seen(people.mei) == set()
    assert seen(people.mei, team=True) == {anns, bos}
    assert seen(people.mei, owner=people.bo.user_id) == {bos}
    assert seen(people.kai, team=True) == seen(people.audrey, team=True) == {anns, bos}
    service.customers.assign(people.mei, anns, people.bo.user_id)
    assert seen(people.ann) == set()
    assert seen(people.bo) == {anns, bos}
    service.customers.remove(people.bo, bos, version=service.customers.get(people.bo, bos).version)
    assert seen(people.bo) == {anns}
    with pytest.raises(NotFound):
        service.worklist.of(people.ann, anns)
    found = service.worklist.of(people.bo, anns)
    assert found is not None
    assert found.owner == "薄文博"


def test_phone_and_birthday_are_for_who_sees_the_customer_in_clear(people: Personas) -> None:
    number = firm(people.ann, phone="13800138000", kind="person", birthday=date(1990, 11, 20))
    spoke(people.ann, number, 1)
    service.tasks.add(people.ann, TaskDraft(title="回访", due_at=datetime(2026, 11, 25, 9), customer_id=number))
    [seen] = mine(people.ann).entries
    assert [(f.code, f.params) for f in seen.facts] == [("birthday", {"days": 2})]
    assert "138 0013 8000" in seen.phone or "13800138000" in seen.phone
    assert mine(people.ann, rule="birthday").total == 1
    for who in (people.kai, people.audrey, people.root):
        assert mine(who, team=True).total == mine(who, team=True, rule="birthday").total == 0
        assert {r.key: r.entries for r in service.worklist.rules(who)}["birthday"] == 0
    store(people.ann, complaint(number))
    [masked] = mine(people.kai, team=True).entries
    assert "*" in masked.phone
    assert [f.code for f in masked.facts] == ["complaint"]
    assert masked.score == 60


def test_birthdays_of_contacts_keep_29_february(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2027-02-27T12:00:00+08:00")
    number = firm(people.ann)
    store(people.ann, Contact(name="王工", customer_id=number, birthday=date(2000, 2, 29)))
    found = entry(people.ann, number)
    assert found is not None
    assert {f.code: f.params for f in found.facts}["birthday"] == {"days": 1}


def test_rules_are_set_by_an_administrator(people: Personas) -> None:
    number = firm(people.ann)
    before = len(history())
    rules = {r.key: r for r in service.worklist.rules(people.root)}
    assert (rules["no_next_step"].points, rules["no_next_step"].entries, rules["no_next_step"].version) == (10, 1, 0)
    assert not service.worklist.change_rule(people.root, "no_next_step", points=10, version=0)
    assert len(history()) == before
    with recorded("worklist.change_rule", by=people.root, times=1):
        assert service.worklist.change_rule(people.root, "no_next_step", points=50, version=0)
    found = entry(people.ann, number)
    assert found is not None
    assert {f.code: f.points for f in found.facts}["no_next_step"] == 50
    service.worklist.change_rule(people.root, "grade_A", parameter=200, version=0)
    assert [e.weight for e in mine(people.ann).entries] == [200]
    for key in ("contact", "silent_A"):
        service.worklist.change_rule(people.root, key, active=False, version=0)
    service.worklist.change_rule(people.root, "no_next_step", active=False, version=1)
    assert mine(people.ann).total == 0
    with pytest.raises(Conflict):
        service.worklist.change_rule(people.root, "no_next_step", points=1, version=1)
    for field, wrong in (("points", {"points": 201}), ("parameter", {"parameter": Decimal("1.5")})):
        with pytest.raises(Invalid) as refused:
            service.worklist.change_rule(people.root, "new", version=0, **wrong)
        assert refused.value.field == field
    with pytest.raises(NotFound):
        service.worklist.change_rule(people.root, "none_of_ours", version=0)
    with pytest.raises(Denied):
        service.worklist.change_rule(people.mei, "new", points=1, version=0)


def test_forgotten_customers_are_a_shipped_view(people: Personas) -> None:
    late, calm, pooled = firm(people.ann, "甲公司"), firm(people.ann, "乙公司"), firm(people.ann, "丙公司")
    spoke(people.ann, calm, 3)
    spoke(people.ann, late, 15)
    service.customers.assign(people.mei, pooled, None)
    service.worklist.refresh(SYSTEM)

    def forgotten(me: Actor, *, value: bool = True) -> set[int]:
        return {row.id for row in service.customers.search(me, CustomerFilter(forgotten=value)).rows}

    assert forgotten(people.ann) == {late}
    assert forgotten(people.ann, value=False) == {calm, pooled}
    assert forgotten(people.bo) == set()
    spoke(people.ann, late, 0)
    assert forgotten(people.ann) == set(), "at once, before anything is computed"
    views = {view.key: view.filter for view in service.saved_views.everything(people.ann).views}
    assert views["forgotten"] == {"forgotten": True, "mine": True}
    assert {"no_next_step", "new"} <= set(views)


def test_what_is_usual_is_learned_from_the_segment(people: Personas) -> None:
    """Five customers of grade B that are contacted every 10 days make 10 days usual for a sixth that has no history."""
    for n in range(5):
        spoke(people.ann, firm(people.ann, f"第{n}公司", grade=Grade.B), 2, 12, 22, 32)
    fresh = firm(people.ann, "新公司", grade=Grade.B, days=11)
    other = firm(people.ann, "别的公司", grade=Grade.C, days=11)
    service.worklist.refresh(SYSTEM)
    assert {
        e.customer_id: e.contact_days for e in mine(people.ann, size=100).entries if e.customer_id in (fresh, other)
    } == {
        fresh: 10,
        other: 60,
    }
    assert "contact" in codes(people.ann, fresh)
    with db.session(writing=False) as session:
        known = {(r.grade, r.lifecycle): r.contact_days for r in session.execute(select(WorklistRhythm)).scalars()}
    assert known[("B", "")] == known[("B", "prospect")] == 10
    assert known[("C", "")] is None


def test_the_schedulers_turn_computes_what_changed_and_once_a_day_all(people: Personas, later: Later) -> None:
    numbers = [firm(people.ann, f"第{n}公司") for n in range(3)]
    assert service.worklist.refresh(SYSTEM).customers == 3
    assert service.worklist.refresh(SYSTEM).customers == 0
    spoke(people.ann, numbers[0], 1)
    assert service.worklist.refresh(SYSTEM).customers == 1
    with db.session(writing=True) as session:
        session.delete(session.get(WorklistEntry, numbers[1]))
        session.commit()
    assert service.worklist.refresh(SYSTEM).customers == 1, "also what has no entry"
    later(1)
    run = service.worklist.refresh(SYSTEM)
    assert (run.customers, run.entries) == (3, 3)
    with pytest.raises(Denied):
        service.worklist.refresh(people.mei)
    assert not [e for e in history() if e.action.startswith("worklist") and e.result == "ok"], "figures are no history"


def test_merged_customers_keep_their_decisions(people: Personas) -> None:
    winner, loser = firm(people.ann, "甲公司"), firm(people.ann, "乙公司")
    dismiss(people.ann, loser, reason="同一家")
    service.customers.merge(people.ann, winner, [loser])
    assert [e.customer_id for e in mine(people.ann, size=100).entries] in ([], [winner])
    assert mine(people.ann).total + mine(people.ann, state=DISMISSED).total == 1


@pytest.mark.parametrize("count", [10, 300])
def test_a_page_counts_its_queries(people: Personas, count: int) -> None:
    for n in range(min(count, 10)):
        firm(people.ann, f"第{n}公司")
    if count > 10:
        _many(people.ann, count - 10)
    assert mine(people.ann, size=20).total == count
    with queries(8):
        assert len(mine(people.ann, size=20).entries) == min(count, 20)


def _many(me: Actor, count: int) -> None:
    @command(Permission.CUSTOMER_WRITE)
    def keep(work: Work) -> None:
        drafts = [CustomerDraft(name=f"批量{n}公司") for n in range(count)]
        rows = [bulk.NewCustomer(standards.customer(draft), owner_id=me.user_id) for draft in drafts]
        bulk.insert(work, rows)

    keep(me)


def test_marking_is_one_statement(people: Personas) -> None:
    number = firm(people.ann)
    assert mine(people.ann).total == 1

    @command(Permission.CUSTOMER_READ)
    def mark(work: Work) -> None:
        with queries(1):
            worklist_stale.stale(work, [number, number])

    mark(people.ann)
    assert service.worklist.refresh(SYSTEM).customers == 1
