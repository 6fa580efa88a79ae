"""Hand-over of a leaver's customers: what belongs together moves, nothing else does, and undo restores exactly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.errors import Denied, Invalid, NotFound
from cim.models import Activity, Contact, Customer, Task
from cim.models.activity import ActivityDraft, Outcome
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from cim.models.task import TaskDraft
from tests.factories import Personas, history, recorded

hand_over = service.customers.hand_over


@pytest.fixture
def firms(people: Personas) -> list[int]:
    """Three customers of ann, graded, with a contact, a deal and a task each; one of bo."""
    ids = []
    for name, grade in (("甲某商行", "A"), ("乙某商行", "B"), ("丙某商行", "C")):
        made = service.customers.create(
            people.ann, CustomerDraft.model_validate({"name": name, "grade": grade}), duplicate_reason="测试"
        )
        service.contacts.add(people.ann, made, ContactDraft(name="张三", phone="13800138000"))
        service.activities.log(people.ann, made, ActivityDraft(content="签约", outcome=Outcome.DEAL))
        service.tasks.add(people.ann, TaskDraft(title="回访", due_at=clock.now() + timedelta(days=2), customer_id=made))
        ids.append(made)
    service.tasks.add(people.ann, TaskDraft(title="自己的事", due_at=clock.now() + timedelta(days=2)))
    ids.append(service.customers.create(people.bo, CustomerDraft(name="丁某商行"), duplicate_reason="测试"))
    return ids


def stored() -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables a hand-over could touch, but for versions and times of change."""
    with db.session(writing=False) as session:
        return {
            model.__tablename__: [
                row.model_dump(exclude={"version", "updated_at", "quality"})
                for row in session.execute(select(model).order_by(model.id)).scalars()
            ]
            for model in (Customer, Contact, Activity, Task)
        }


def test_all_customers_of_a_leaver_go_with_their_tasks_and_nothing_else_changes(
    people: Personas, firms: list[int]
) -> None:
    before = stored()
    service.users.disable(people.root, people.ann.user_id)
    with recorded("customers.hand_over", by=people.mei, times=6):
        moved = hand_over(people.mei, people.ann.user_id, people.bo.user_id, reason="离职")
    assert (moved.customers, moved.tasks) == (3, 3)
    assert history()[-1].reason == "离职"
    after = stored()
    assert after["contact"] == before["contact"]
    assert after["activity"] == before["activity"]
    for old, new in zip(before["customer"], after["customer"], strict=True):
        changed = {name for name in old if old[name] != new[name]}
        assert changed == ({"owner_id", "owned_since"} if old["owner_id"] == people.ann.user_id else set())
    assert {row["assignee_id"] for row in after["task"] if row["customer_id"]} == {people.bo.user_id}
    assert [row["assignee_id"] for row in after["task"] if not row["customer_id"]] == [people.ann.user_id]
    assert service.customers.get(people.bo, firms[0]).lifecycle == "new"


def test_undo_restores_exactly(people: Personas, firms: list[int]) -> None:
    before = stored()
    moved = hand_over(people.mei, people.ann.user_id, people.bo.user_id, reason="离职")
    assert moved.change_set is not None
    undone = service.undo.change_set(people.mei, moved.change_set)
    assert undone.undone == 6
    assert stored() == before


def test_to_the_public_pool_and_back_restores_exactly(people: Personas, firms: list[int]) -> None:
    before = stored()
    moved = hand_over(people.mei, people.ann.user_id, None, reason="离职")
    assert service.customers.search(people.bo, CustomerFilter(owner=0)).total == 3
    assert service.tasks.mine(people.ann).counts["week"] + service.tasks.mine(people.ann).counts["later"] <= 1
    assert moved.change_set is not None
    service.undo.change_set(people.mei, moved.change_set)
    assert stored() == before


def test_a_part_of_them(people: Personas, firms: list[int]) -> None:
    narrowed = CustomerFilter.model_validate({"grade": "A"})
    moved = hand_over(people.root, people.ann.user_id, people.bo.user_id, reason="分工", narrowed=narrowed)
    assert (moved.customers, moved.tasks) == (1, 1)
    assert service.customers.search(people.bo).total == 2


def test_nothing_to_hand_over_leaves_no_trace(people: Personas) -> None:
    before = len(history())
    moved = hand_over(people.mei, people.ann.user_id, people.bo.user_id, reason="离职")
    assert (moved.customers, moved.change_set) == (0, None)
    assert len(history()) == before


def test_who_may_not(people: Personas, firms: list[int]) -> None:
    ann, bo, mei = people.ann.user_id, people.bo.user_id, people.mei.user_id
    with pytest.raises(Denied):
        hand_over(people.ann, ann, bo, reason="离职")
    for giver, taker, reason, field in (
        (people.kai.user_id, bo, "离职", "giver_id"),
        (999, bo, "离职", "giver_id"),
        (ann, people.kai.user_id, "离职", "owner_id"),
        (ann, ann, "离职", "taker_id"),
        (ann, mei, " ", "reason"),
    ):
        with pytest.raises(Invalid) as refused:
            hand_over(people.mei, giver, taker, reason=reason)
        assert refused.value.field == field
    with pytest.raises(NotFound):
        service.customers.get(people.bo, firms[0])
