"""Comments through the service: on what one sees, told to whom it concerns, corrected by their author alone."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from cim import db, service
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import Notice
from cim.models.activity import ActivityDraft
from cim.models.customer import CustomerDraft
from cim.models.task import TaskDraft
from tests.factories import Personas, history, queries, recorded

add, update, remove, of = (getattr(service.comments, n) for n in ("add", "update", "remove", "of"))


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-21T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    """A customer of ann's."""
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000"))


@pytest.fixture
def call(people: Personas, firm: int) -> int:
    """A follow-up of ann's."""
    return service.activities.log(people.ann, firm, ActivityDraft(content="谈了报价"))


def told() -> list[tuple[int, str, str]]:
    """(user, message, link) of every notice."""
    with db.session(writing=False) as session:
        found = session.execute(select(Notice).order_by(Notice.id)).scalars()
        return [(n.user_id, n.title.format(**n.params), n.link) for n in found if n.kind == "comment"]


def test_comment_of_a_manager_is_seen_recorded_and_told_to_the_author(people: Personas, firm: int, call: int) -> None:
    with recorded("comments.add", by=people.mei, times=1):
        made = add(people.mei, "activity", call, "  约 采购 经理\r\n一起谈 ")
    [seen] = of(people.ann, "activity", [call])[call]
    assert (seen.id, seen.text, seen.author, seen.internal, seen.edited) == (
        made,
        "约 采购 经理\n一起谈",
        "梅若华",
        True,
        False,
    )
    assert (seen.may_edit, seen.may_remove) == (False, False)
    [mine] = of(people.mei, "activity", [call])[call]
    assert (mine.may_edit, mine.may_remove) == (True, True)
    entry = history()[-1]
    assert (entry.object_type, entry.subject_uid) == ("comment", service.customers.get(people.ann, firm).uid)
    assert entry.changes is not None
    assert "采购".encode() not in entry.changes
    assert told() == [(people.ann.user_id, "梅若华 commented on 南京信诺环保科技有限公司", f"/customer?id={firm}")]


def test_answer_goes_to_who_commented_before_and_never_to_oneself(people: Personas, call: int) -> None:
    add(people.mei, "activity", call, "价格能否再降?")
    add(people.ann, "activity", call, "最多 5%")
    add(people.ann, "activity", call, "客户同意了")
    assert [user for user, *_rest in told()] == [people.ann.user_id, people.mei.user_id, people.mei.user_id]


def test_double_press_is_one_comment_and_one_notice(people: Personas, call: int) -> None:
    assert add(people.mei, "activity", call, "好", token="t") == add(people.mei, "activity", call, "好", token="t")
    assert len(of(people.mei, "activity", [call])[call]) == len(told()) == 1


def test_every_record_of_a_customer_takes_one_and_a_task_without_customer_none(people: Personas, firm: int) -> None:
    due = datetime(2026, 11, 23, 9)
    task = service.tasks.add(people.ann, TaskDraft(title="送样品", due_at=due, customer_id=firm))
    loose = service.tasks.add(people.ann, TaskDraft(title="写周报", due_at=due))
    add(people.mei, "task", task, "带上合同")
    add(people.mei, "customer", firm, "重点客户")
    assert [c.text for c in of(people.ann, "task", [task, loose])[task]] == ["带上合同"]
    assert [c.text for c in of(people.ann, "customer", [firm])[firm]] == ["重点客户"]
    for noun, record, field in (("task", loose, "record_id"), ("region", 1, "noun")):
        with pytest.raises(Invalid) as refused:
            add(people.ann, noun, record, "好")
        assert refused.value.field == field


@pytest.mark.parametrize("text", ["", "  \n ", "长" * 2001, "a\u202eb"])
def test_refused_at_the_field_and_nothing_is_stored(people: Personas, call: int, text: str) -> None:
    before = len(history())
    with pytest.raises(Invalid) as refused:
        add(people.mei, "activity", call, text)
    assert refused.value.field == "text"
    assert (of(people.mei, "activity", [call]), len(history())) == ({}, before)


def test_other_teams_neither_read_nor_write_and_auditors_only_read(people: Personas, firm: int, call: int) -> None:
    made = add(people.mei, "activity", call, "好")
    for attempt in (
        lambda: add(people.bo, "activity", call, "好"),
        lambda: add(people.bo, "customer", firm, "好"),
        lambda: update(people.bo, made, "改"),
        lambda: remove(people.bo, made),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert of(people.bo, "activity", [call]) == {}
    [seen] = of(people.audrey, "activity", [call])[call]
    assert (seen.may_edit, seen.may_remove) == (False, False)
    with pytest.raises(Denied):
        add(people.audrey, "activity", call, "好")


def test_a_comment_on_a_record_out_of_reach_is_out_of_reach_too(people: Personas, firm: int) -> None:
    """A rep sees the customer, but not the task of a colleague with it."""
    task = service.tasks.add(people.kai, TaskDraft(title="回访", due_at=datetime(2026, 11, 23, 9), customer_id=firm))
    made = add(people.kai, "task", task, "先查工单")
    assert of(people.ann, "task", [task]) == {}
    with pytest.raises(NotFound):
        remove(people.ann, made)


def test_only_the_author_changes_and_who_leads_may_remove(people: Personas, call: int) -> None:
    made = add(people.ann, "activity", call, "已寄样品")
    before = len(history())
    assert not update(people.ann, made, "已寄样品 ")
    assert len(history()) == before
    for other in (people.mei, people.kai):
        with pytest.raises(Denied):
            update(other, made, "改")
    with pytest.raises(Denied):
        remove(people.kai, made)
    with recorded("comments.update", by=people.ann, times=1):
        assert update(people.ann, made, "样品已签收", version=1)
    with pytest.raises(Conflict):
        update(people.ann, made, "又改", version=1)
    with recorded("comments.remove", by=people.mei, times=1):
        remove(people.mei, made, reason="重复")
    assert of(people.ann, "activity", [call]) == {}


def test_comments_on_a_merged_customer_stand_under_the_one_that_stays(people: Personas, firm: int) -> None:
    other = service.customers.create(people.ann, CustomerDraft(name="信诺环保", phone="13900139000"))
    add(people.mei, "customer", other, "老客户")
    service.customers.merge(people.mei, firm, [other])
    assert [c.text for c in of(people.ann, "customer", [firm])[firm]] == ["老客户"]


@pytest.mark.parametrize("count", [2, 12])
def test_reading_counts_its_queries(people: Personas, firm: int, count: int) -> None:
    calls = [service.activities.log(people.ann, firm, ActivityDraft(content="好")) for _each in range(2)]
    for number in range(count):
        add(people.ann, "activity", calls[number % 2], "好")
    with queries(2):
        assert sum(len(c) for c in of(people.ann, "activity", calls).values()) == count
