"""The dashboard's numbers: each is the length of the list it opens, for everybody, and right at the edges of time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.access import Actor
from cim.models import Activity, Customer, Task
from cim.models.activity import ActivityType
from cim.models.customer import CustomerDraft
from cim.models.kpi import FollowUpsView, KpiView
from cim.models.listing import CustomerFilter
from tests.factories import Personas, queries
from tests.population import populate

NOW = "2026-11-18T10:30:00+08:00"  # a Wednesday


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", NOW)


def current(me: Actor) -> dict[str, KpiView]:
    return {kpi.key: kpi for kpi in service.kpis.current(me)}


@pytest.mark.parametrize("seed", range(4))
def test_every_number_is_the_length_of_its_list(people: Personas, seed: int) -> None:
    populate(people, seed=seed)
    for me in people:
        for kpi in current(me).values():
            shown = listed(me, kpi.filter) if kpi.filter else spoken(me, kpi.follow_ups)
            assert kpi.value == shown, (me.username, kpi.key)


@pytest.mark.parametrize("seed", range(3))
def test_an_earlier_day_is_what_was_shown_then(people: Personas, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of states a week ago, computed today, against the lists as they were a week ago."""
    populate(people, seed=seed)
    now = {me.username: current(me) for me in people}
    monkeypatch.setenv("CIM_NOW", (datetime.fromisoformat(NOW) - timedelta(days=7)).isoformat())
    _forget_the_last_week()
    for me in people:
        then = current(me)
        for key in ("customers", "idle", "overdue", "no_next_step"):
            assert now[me.username][key].previous == then[key].value == now[me.username][key].spark[-2], (
                me.username,
                key,
            )
        for key in ("follow_ups", "new_customers", "active"):
            assert len(now[me.username][key].spark) == 12


def test_from_nothing_to_five_has_no_percentage_and_fifty_to_none_is_all(people: Personas) -> None:
    for number in range(5):
        add(people.ann, f"今日客户{number}")
    for number in range(10):
        add(people.ann, f"上月客户{number}", days=19)
    found = current(people.ann)["new_customers"]
    assert (found.value, found.previous, found.change) == (5, 10, -0.5)
    assert found.params["days"] == 18
    found = current(people.bo)["new_customers"]
    assert (found.value, found.previous, found.change) == (0, 0, None)
    made = service.kpis.current(people.ann, today=clock.today() - timedelta(days=18))
    last_month = next(kpi for kpi in made if kpi.key == "new_customers")
    assert (last_month.value, last_month.previous, last_month.change) == (10, 0, None)


def test_a_past_day_opens_only_lists_that_have_dates(people: Personas) -> None:
    populate(people, seed=9)
    found = {kpi.key: kpi for kpi in service.kpis.current(people.mei, today=clock.today() - timedelta(days=40))}
    assert "pool" not in found
    assert found["idle"].filter is found["overdue"].filter is None
    for key in ("new_customers", "active"):
        assert found[key].value == listed(people.mei, found[key].filter)


def test_a_rep_counts_his_own_and_sees_the_pool_apart(people: Personas) -> None:
    add(people.ann, "自己的客户")
    add(people.root, "公海客户", owner_id=None)
    found = current(people.ann)
    assert (found["customers"].value, found["pool"].value) == (1, 1)
    assert current(people.mei)["customers"].value == 2


def test_numbers_by_person_are_the_lengths_of_their_lists(people: Personas) -> None:
    populate(people, seed=5, customers=80)
    for me in people:
        rows = service.kpis.by_rep(me)
        month = clock.today().replace(day=1)
        for row in rows:
            owned: dict[str, dict[str, Any]] = {
                "customers": {},
                "new": {"created_from": month},
                "idle": {"idle_days": 30},
                "overdue": {"overdue": True},
            }
            for name, more in owned.items():
                assert getattr(row, name) == listed(me, CustomerFilter(owner=row.owner_id, **more)), (
                    me.username,
                    row.name,
                    name,
                )
        if me in (people.ann, people.bo):
            assert [row.name for row in rows] == [me.name]
        else:
            assert {"安晓然", "薄文博", "梅若华", ""} == {row.name for row in rows}
    week = current(people.root)["follow_ups"]
    assert sum(row.follow_ups or 0 for row in service.kpis.by_rep(people.root)) == week.value


def test_the_number_of_queries_does_not_grow(people: Personas) -> None:
    populate(people, seed=1, customers=5)
    with queries(8) as few:
        service.kpis.current(people.mei)
    populate(people, seed=2, customers=100)
    with queries(len(few)):
        service.kpis.current(people.mei)
    with queries(6):
        service.kpis.by_rep(people.mei)
    with queries(2):
        service.kpis.data_version(people.ann)


def test_the_version_of_the_data_grows_with_every_change_only(people: Personas) -> None:
    before = service.kpis.data_version(people.ann)
    add(people.ann, "新客户")
    after = service.kpis.data_version(people.ann)
    assert after > before
    current(people.ann)
    assert service.kpis.data_version(people.ann) == after


def test_first_steps_are_ticked_one_by_one(people: Personas) -> None:
    steps = {"colleague": True, "customer": False, "follow_up": False, "lists": False}
    assert service.kpis.first_steps(people.root) == steps
    populate(people, seed=3, customers=20)
    steps |= {"customer": True, "follow_up": True}
    assert service.kpis.first_steps(people.root) == steps
    service.options.take_shipped(people.root, "industry")
    assert service.kpis.first_steps(people.root) == steps | {"lists": True}


def add(me: Actor, name: str, *, days: int = 0, **values: object) -> int:
    made = clock.now() - timedelta(days=days)
    draft = CustomerDraft.model_validate({"name": name, "created_at": made, **values})
    return service.customers.create(me, draft, duplicate_reason="测试")


def listed(me: Actor, narrowed: CustomerFilter | None) -> int:
    assert narrowed is not None
    return service.customers.search(me, narrowed, size=1).total


def spoken(me: Actor, asked: FollowUpsView | None) -> int:
    assert asked is not None
    since, until = clock.start_of(asked.since), clock.start_of(asked.until + timedelta(days=1))
    found = service.activities.timeline(me, since=since, until=until, author_id=asked.author, limit=200)
    assert len(found) < 200
    return len(found)


def _forget_the_last_week() -> None:
    """Take back what happened after the (earlier) present, as if it had not happened yet."""
    now, end = clock.now(), clock.start_of(clock.today() + timedelta(days=1))
    due: dict[int, datetime] = {}
    with db.session(writing=True) as session:
        for task in session.execute(select(Task)).scalars():
            if task.created_at > now:
                session.delete(task)
                continue
            if task.done_at and task.done_at > now:
                task.done_at = None
            if task.done_at is None and task.deleted_at is None and task.customer_id:
                due[task.customer_id] = min(task.due_at, due.get(task.customer_id, task.due_at))
        kept: dict[int, datetime] = {}
        for activity in session.execute(select(Activity)).scalars():
            if activity.at >= end:
                session.delete(activity)
            elif activity.deleted_at is None and activity.type is not ActivityType.NOTE:
                kept[activity.customer_id] = max(activity.at, kept.get(activity.customer_id, activity.at))
        session.flush()
        for customer in session.execute(select(Customer)).scalars():
            customer.last_contact_at = kept.get(customer.id or 0)
            customer.next_due_at = due.get(customer.id or 0)
            if customer.created_at >= end:
                customer.deleted_at = now
        session.commit()
