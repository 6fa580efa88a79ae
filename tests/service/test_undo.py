"""Undo through the service: what comes back, what stays because somebody worked on, what is refused, and the history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.errors import Conflict, NotFound
from cim.models import DuplicatePair, User
from cim.models.activity import ActivityDraft, ActivityType
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.imports import ImportKind, ImportMode
from cim.models.listing import CustomerFilter
from cim.models.task import TaskDraft
from cim.models.undo import Bucket, Undone
from cim.models.user import UserStatus
from tests.factories import Personas, history, recorded

HEAD = "客户编号,客户名称,手机,行业,标签\n"
FILE = HEAD + "K1,南京信诺环保科技有限公司,13800138001,环保,重点\nK2,成都远山食品有限公司,13800138002,食品,\n"


def firm(name: str = "南京信诺环保科技有限公司", **values: object) -> CustomerDraft:
    return CustomerDraft.model_validate({"name": name, "phone": "138 0013 8000", "region": "江苏省南京市", **values})


def take(me: Any, text: str = FILE, mode: ImportMode = ImportMode.ADD, kind: ImportKind = ImportKind.CUSTOMERS) -> int:
    """Import a file; the number of the batch."""
    report = service.imports.run(me, text.encode(), filename="k.csv", kind=kind, mode=mode)
    assert report.batch is not None, report
    return report.batch


def last() -> int:
    """The number of the newest change."""
    return history(100_000)[-1].change_set_id


def undo(me: Any, number: int | None = None) -> Undone:
    return service.undo.change_set(me, number or last())


def counts(result: Undone) -> tuple[int, int, int]:
    return result.undone, result.kept, result.failed


def found(me: Any, q: str) -> list[str]:
    return [row.name for row in service.customers.search(me, CustomerFilter(q=q)).rows]


def version(me: Any, customer_id: int) -> int:
    return service.customers.get(me, customer_id).version


def holds(people: Personas) -> None:
    """The log holds, and every record but the personas themselves is as it says."""
    report = service.audit.verify(people.audrey, reconcile=True)
    assert not report.problem
    assert [name for name in report.drifted if not name.startswith(("app_user", "team"))] == []


# ---- imports
def test_import_is_taken_back_and_the_same_file_can_come_again(people: Personas) -> None:
    batch = take(people.ann)
    assert found(people.ann, "信诺")
    with recorded("undo.batch", by=people.ann, times=3):  # two customers, and the undo itself
        result = service.undo.batch(people.ann, batch)
    assert counts(result) == (2, 0, 0)
    assert {(d.object_type, d.name, d.bucket) for d in result.details} == {
        ("customer", "南京信诺环保科技有限公司", Bucket.UNDONE),
        ("customer", "成都远山食品有限公司", Bucket.UNDONE),
    }
    assert service.customers.search(people.ann).total == 0
    assert not found(people.ann, "信诺")
    again = service.imports.run(people.ann, FILE.encode(), filename="k.csv", kind=ImportKind.CUSTOMERS)
    assert (again.added, again.failed, again.duplicates) == (2, 0, 0)
    assert found(people.ann, "信诺") == ["南京信诺环保科技有限公司"]
    holds(people)


def test_what_somebody_worked_on_since_is_kept(people: Personas) -> None:
    batch = take(people.ann, FILE + "K3,武汉江汉仪表有限公司,13800138003,仪表,\nK4,西安古都旅行社,13800138004,旅游,\n")
    ids = {row.code: row.id for row in service.customers.search(people.ann).rows}
    service.customers.update(
        people.ann, ids["K1"], CustomerDraft(name="南京信诺环保科技有限公司", grade="A"), version=1
    )
    service.activities.log(people.ann, ids["K2"], ActivityDraft(content="谈了报价"))
    service.customers.remove(people.ann, ids["K3"], version=1)
    result = service.undo.batch(people.ann, batch)
    assert counts(result) == (1, 3, 0)
    kept = {d.name: d.msgid for d in result.details if d.bucket is Bucket.KEPT}
    assert kept["南京信诺环保科技有限公司"].startswith("Changed since")
    assert "added to it" in kept["成都远山食品有限公司"]
    assert kept["武汉江汉仪表有限公司"].startswith("Removed since")
    assert next(d for d in result.details if d.params.get("name")).params["name"] == "安晓然"
    assert {row.code for row in service.customers.search(people.ann).rows} == {"K1", "K2"}


def test_changed_and_changed_back_counts_as_untouched(people: Personas) -> None:
    batch = take(people.ann)
    ids = {row.code: row.id for row in service.customers.search(people.ann).rows}
    service.customers.update(people.ann, ids["K1"], firm(phone="13800138001", grade="A"), version=1)
    assert counts(undo(people.ann)) == (1, 0, 0)
    assert counts(service.undo.batch(people.ann, batch)) == (2, 0, 0)


def test_update_by_import_gives_the_old_values_back(people: Personas) -> None:
    take(people.ann)
    changed = FILE.replace("13800138001", "13900139001").replace("食品,", "餐饮,新标签")
    batch = take(people.ann, changed, ImportMode.UPDATE)
    rows = {row.code: row for row in service.customers.search(people.ann).rows}
    assert (rows["K1"].phone, rows["K2"].industry) == ("13900139001", "餐饮")
    assert counts(service.undo.batch(people.ann, batch)) == (2, 0, 0)
    rows = {row.code: row for row in service.customers.search(people.ann).rows}
    assert (rows["K1"].phone, rows["K2"].industry) == ("13800138001", "食品")
    assert service.customers.get(people.ann, rows["K2"].id).tags == []
    assert found(people.ann, "13800138001") == ["南京信诺环保科技有限公司"]
    assert not found(people.ann, "13900139001")
    holds(people)


def test_imported_contacts_and_follow_ups_go_again(people: Personas) -> None:
    made = service.customers.create(people.ann, firm(code="K9"))
    contacts = take(people.ann, "客户编号,姓名,手机\nK9,王小明,13700137000\n", kind=ImportKind.CONTACTS)
    assert found(people.ann, "王小明")
    at = f"{clock.today() + timedelta(days=3)} 10:00"
    text = f"客户编号,时间,类型,内容,下次跟进\nK9,2026-01-05 10:00,电话,谈了报价,{at}\n"
    follow_ups = take(people.ann, text, kind=ImportKind.ACTIVITIES)
    before = service.customers.get(people.ann, made)
    assert before.last_contact_at
    assert before.next_due_at
    assert counts(service.undo.batch(people.ann, follow_ups)) == (2, 0, 0)  # the follow-up and its next step
    after = service.customers.get(people.ann, made)
    assert (after.last_contact_at, after.next_due_at) == (None, None)
    assert counts(service.undo.batch(people.ann, contacts)) == (1, 0, 0)
    assert not found(people.ann, "王小明")
    assert service.contacts.list(people.ann, made) == []
    holds(people)


def test_open_pairs_of_an_import_go_with_it(people: Personas) -> None:
    service.customers.create(people.ann, firm(phone="13800138001"))
    batch = take(people.ann)
    with db.session(writing=False) as session:
        assert session.execute(select(DuplicatePair)).scalars().all()
    result = service.undo.batch(people.ann, batch)
    assert counts(result) == (2, 0, 0)
    with db.session(writing=False) as session:
        assert not session.execute(select(DuplicatePair)).scalars().all()
    assert counts(undo(people.ann, result.change_set)) == (2, 0, 0)
    with db.session(writing=False) as session:
        assert session.execute(select(DuplicatePair)).scalars().all()
    holds(people)


# ---- edits
def test_edit_is_taken_back_field_by_field(people: Personas) -> None:
    made = service.customers.create(people.ann, firm(email="a@qq.com", birthday=None))
    edit = firm(name="南京信诺科技", email="b@qq.com", grade="B", address="江宁区1号", tags=["重点"])
    service.customers.update(people.ann, made, edit, version=1)
    number = last()
    service.customers.update(people.ann, made, firm(name="南京信诺科技", grade="C"), version=version(people.ann, made))
    result = undo(people.ann, number)
    assert counts(result) == (0, 1, 0)
    [told] = result.details
    assert told.params["name"] == "安晓然"
    assert told.params["fields"]
    view = service.customers.get(people.ann, made)
    assert (view.name, view.email, view.grade, view.address, view.tags) == (
        "南京信诺环保科技有限公司",
        "a@qq.com",
        "C",
        "",
        [],
    )
    assert found(people.ann, "信诺环保")
    assert found(people.ann, "a@qq.com")
    assert not found(people.ann, "b@qq.com")
    holds(people)


def test_undo_of_an_undo_does_it_again_and_so_on(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    service.customers.update(people.ann, made, firm(grade="A", phone="13900139000"), version=1)
    edit = last()
    first = undo(people.ann, edit).change_set
    second = undo(people.ann, first).change_set
    assert service.customers.get(people.ann, made).phone == "13900139000"
    listed = {one.id: one for one in service.undo.recent(people.ann)}
    assert (listed[edit].undone, listed[first].undone, listed[second].undone) == (False, True, False)
    with pytest.raises(Conflict):
        undo(people.ann, first)
    third = undo(people.ann, edit).change_set
    assert service.customers.get(people.ann, made).phone == "13800138000"
    with pytest.raises(Conflict) as refused:
        undo(people.ann, edit)
    assert refused.value.params["name"] == "安晓然"
    result = undo(people.ann, second)  # what it did is gone by now
    assert (counts(result), result.details[0].msgid) == ((1, 0, 0), "It was so already.")
    assert third
    holds(people)


def test_created_and_removed_records_go_and_come(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    number = last()
    person = service.contacts.add(people.ann, made, ContactDraft(name="王小明", phone="13700137000"))
    added = last()
    assert counts(undo(people.ann, number)) == (0, 1, 0)  # there is a contact below it
    assert counts(undo(people.ann, added)) == (1, 0, 0)
    again = last()
    assert counts(undo(people.ann, again)) == (1, 0, 0)
    assert [c.id for c in service.contacts.list(people.ann, made)] == [person]
    assert found(people.ann, "13700137000")
    service.contacts.remove(people.ann, person)
    undo(people.ann)
    assert service.contacts.list(people.ann, made)[0].phone == "13700137000"
    service.customers.remove(people.ann, made, version=version(people.ann, made))
    assert not found(people.ann, "信诺")
    undo(people.ann)
    assert found(people.ann, "信诺")
    holds(people)


def test_a_removed_customer_whose_code_was_given_away_cannot_come_back(people: Personas) -> None:
    made = service.customers.create(people.ann, firm(code="K1"))
    service.customers.remove(people.ann, made, version=1)
    number = last()
    service.customers.create(people.ann, firm("成都远山食品有限公司", phone="13800138002", code="K1"))
    result = undo(people.ann, number)
    assert counts(result) == (0, 0, 1)
    assert result.change_set is None
    assert result.details[0].msgid == "Customer code {code} now belongs to another customer."
    assert not service.undo.recent(people.ann, customer_id=made)[0].undone
    holds(people)


def test_assigning_is_taken_back_with_the_tasks(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    due = clock.now() + timedelta(days=1)
    service.tasks.add(people.ann, TaskDraft(title="送样品", due_at=due, customer_id=made))
    service.customers.assign(people.mei, made, people.bo.user_id)
    number = last()
    assert [t.title for t in service.tasks.mine(people.bo).tasks] == ["送样品"]
    assert counts(undo(people.mei, number)) == (2, 0, 0)
    assert service.customers.get(people.ann, made).owner == "安晓然"
    assert [t.title for t in service.tasks.mine(people.ann).tasks] == ["送样品"]
    assert service.tasks.mine(people.bo).tasks == []
    with pytest.raises(NotFound):
        service.customers.get(people.bo, made)
    holds(people)


def test_an_owner_who_left_does_not_get_the_customer_back(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    service.customers.assign(people.mei, made, people.bo.user_id)
    number = last()
    with db.session(writing=True) as session:
        session.get_one(User, people.ann.user_id).status = UserStatus.DISABLED
        session.commit()
    result = undo(people.mei, number)
    assert counts(result) == (0, 0, 1)
    assert result.details[0].params == {"name": "安晓然"}
    assert service.customers.get(people.mei, made).owner == "薄文博"


def test_claiming_is_taken_back_into_the_pool(people: Personas) -> None:
    made = service.customers.create(people.ann, firm(owner_id=None))
    service.customers.claim(people.ann, made)
    assert counts(undo(people.ann)) == (1, 0, 0)
    assert service.customers.get(people.ann, made).owner_id is None


def test_a_task_done_is_open_again(people: Personas) -> None:
    due = clock.now() + timedelta(days=1)
    task = service.tasks.add(people.ann, TaskDraft(title="送样品", due_at=due))
    service.tasks.done(people.ann, task)
    assert counts(undo(people.ann)) == (1, 0, 0)
    [open_one] = service.tasks.mine(people.ann).tasks
    assert open_one.id == task
    assert open_one.due_at == due


def test_a_follow_up_of_another_type_gets_its_type_back(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    number = service.activities.log(people.ann, made, ActivityDraft(content="谈了报价", outcome="deal"))
    service.activities.update(people.ann, number, ActivityDraft(type="note", content="x", outcome=""), version=1)
    assert service.customers.get(people.ann, made).last_contact_at is None
    undo(people.ann)
    entry = service.activities.get(people.ann, number)
    assert (entry.type, entry.content) == (ActivityType.CALL, "谈了报价")
    assert service.customers.get(people.ann, made).last_contact_at == entry.at


def test_a_setting_is_taken_back_by_who_may_set_it(people: Personas) -> None:
    service.settings.change(people.root, "undo.days", 5)
    number = last()
    service.settings.change(people.root, "undo.days", 6)
    assert counts(undo(people.root)) == (1, 0, 0)
    assert counts(undo(people.root, number)) == (1, 0, 0)
    [row] = service.settings.everything(people.root, beginning="undo.days")
    assert row.value == 90
    result = undo(people.root)
    assert counts(result) == (1, 0, 0)
    assert service.settings.everything(people.root, beginning="undo.days")[0].value == 5
    assert undo(people.kai, result.change_set).failed == 1
    holds(people)
