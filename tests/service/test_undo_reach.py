"""Undo: who may take back whose changes and for how long, what fails without spoiling the rest, the list of changes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.access import SYSTEM
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import ChangeSet, Customer, SavedView, Task, User
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.option import OptionDraft
from cim.models.order import OrderDraft
from cim.models.product import ProductDraft
from cim.models.saved_view import SavedViewDraft
from cim.models.search import PairStatus
from cim.models.task import TaskDraft
from cim.models.ticket import TicketDraft
from cim.models.undo import Bucket, ChangeKind
from cim.permissions import Permission
from cim.service import undo as undoing
from cim.service.sessions import VISITOR
from cim.work import Work, command
from tests.factories import Personas, history, queries
from tests.service.test_undo import HEAD, counts, firm, found, holds, last, take, undo


# ---- who, and how long
def test_others_changes_are_not_found_unless_one_answers_for_them(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    service.customers.update(people.ann, made, firm(grade="A"), version=1)
    number = last()
    with pytest.raises(NotFound):
        undo(people.bo, number)
    assert service.undo.recent(people.bo) == []
    assert service.undo.recent(people.bo, actor_id=people.ann.user_id) == []
    with pytest.raises(Denied):
        undo(people.audrey, number)
    assert counts(undo(people.mei, number)) == (1, 0, 0)
    for nonsense in (0, -1, 10**12, 99_999):
        with pytest.raises(NotFound):
            undo(people.ann, nonsense)
        with pytest.raises(NotFound):
            service.undo.batch(people.ann, nonsense)


def test_a_record_that_went_out_of_reach_is_told_without_its_name(people: Personas) -> None:
    batch = take(people.ann)
    ids = {row.code: row.id for row in service.customers.search(people.ann).rows}
    service.customers.assign(people.mei, ids["K1"], people.bo.user_id)
    result = service.undo.batch(people.ann, batch)
    assert counts(result) == (1, 0, 1)
    told = next(d for d in result.details if d.bucket is Bucket.FAILED)
    assert (told.name, told.msgid) == ("", "This record does not exist or is not yours to see.")


def test_an_import_takes_the_right_to_import(people: Personas) -> None:
    batch = take(people.ann)
    assert not people.kai.can(service.imports.run.__cim_guard__.permission)
    with pytest.raises(Denied):
        service.undo.batch(people.kai, batch)
    [one] = service.undo.recent(people.kai, kind=ChangeKind.IMPORT)
    assert not one.may_undo
    assert one.why_not


def test_too_old_is_refused_in_words(people: Personas) -> None:
    service.customers.create(people.ann, firm())
    number = last()
    with db.session(writing=True) as session:
        session.get_one(ChangeSet, number).at = clock.now() - timedelta(days=91)
        session.commit()
    with pytest.raises(Invalid) as refused:
        undo(people.ann, number)
    assert refused.value.params == {"days": 90}
    [one] = service.undo.recent(people.ann)
    assert not one.may_undo
    assert "90" in one.why_not
    service.settings.change(people.root, "undo.days", 100)
    assert counts(undo(people.ann, number)) == (1, 0, 0)


def test_erased_personal_data_fails_and_spoils_nothing_else(people: Personas) -> None:
    batch = take(people.ann)
    with db.session(writing=True) as session:
        uid = session.execute(select(Customer.uid).where(Customer.code == "K1")).scalar_one()  # type: ignore[arg-type]
        session.connection().exec_driver_sql(f"DELETE FROM subject_key WHERE uid = '{uid}'")
        session.commit()
    result = service.undo.batch(people.ann, batch)
    assert counts(result) == (1, 0, 1)
    assert next(d for d in result.details if d.bucket is Bucket.FAILED).msgid.startswith("Its personal data")


def test_a_second_press_is_one_undo(people: Personas) -> None:
    batch = take(people.ann)
    first = service.undo.batch(people.ann, batch, token="press")
    second = service.undo.batch(people.ann, batch, token="press")
    assert (first.undone, first.change_set) == (second.undone, second.change_set)
    assert len([e for e in history() if e.action == "undo.batch" and e.object_type == "customer"]) == 2


def test_nothing_to_take_back_is_said(people: Personas) -> None:
    service.users.add_team(people.root, "华北组")
    number = last()
    with pytest.raises(Invalid):
        undo(people.root, number)
    assert number not in {one.id for one in service.undo.recent(people.root)}


# ---- the list
def test_recent_changes_say_what_they_were(people: Personas) -> None:
    take(people.ann)
    made = service.customers.create(people.ann, firm("西安古都旅行社", phone="13800138009"))
    service.customers.reveal(people.ann, made, reason="回电")
    service.customers.update(people.ann, made, firm("西安古都旅行社", phone="13800138009", grade="A"), version=1)
    undo(people.ann)
    done, edit, created, batch = service.undo.recent(people.ann)
    assert [one.action for one in (done, edit, created, batch)] == [
        "undo.change_set",
        "customers.update",
        "customers.create",
        "imports.run",
    ]
    assert (batch.what, batch.customer, batch.records) == ([("customer", 2)], "", 2)
    assert (edit.what, edit.fields, edit.customer, edit.customer_id) == (
        [("customer", 1)],
        ["grade"],
        "西安古都旅行社",
        made,
    )
    assert (edit.undone, edit.may_undo, batch.may_undo) == (True, False, True)
    assert "安晓然" in edit.why_not
    kinds = {kind: [one.id for one in service.undo.recent(people.mei, kind=kind)] for kind in ChangeKind}
    assert kinds[ChangeKind.IMPORT] == [batch.id]
    assert kinds[ChangeKind.UNDO] == [done.id]
    assert kinds[ChangeKind.EDIT] == [edit.id, created.id]
    assert [one.id for one in service.undo.recent(people.ann, limit=1, page=2)] == [edit.id]
    assert [one.id for one in service.undo.recent(people.ann, customer_id=made)] == [done.id, edit.id, created.id]


def test_the_list_takes_few_queries(people: Personas) -> None:
    for number in range(12):
        service.customers.create(
            people.ann, firm(f"西安古都旅行社{number}", phone=f"1380013800{number % 10}"), duplicate_reason="分店"
        )
    undo(people.ann)
    with queries(9):
        assert len(service.undo.recent(people.mei)) == 13


def test_a_large_import_goes_and_comes_in_parts(people: Personas) -> None:
    """More rows than an undo holds at once."""
    count = undoing.LARGE + 150
    words = ["".join(chr(0x4E00 + (n * k) % 6000) for k in (7, 131, 1009)) for n in range(1, count + 1)]
    lines = "".join(f"B{n},{word}厂,138{n:08d},竹器,\n" for n, word in enumerate(words))
    batch = take(people.root, HEAD + lines)
    result = service.undo.batch(people.root, batch)
    assert counts(result) == (count, 0, 0)
    assert len(result.details) == 1000
    assert service.customers.search(people.root).total == 0
    assert counts(undo(people.root, result.change_set)) == (count, 0, 0)
    assert found(people.root, f"{words[7]}厂") == [f"{words[7]}厂"]
    holds(people)


# ---- where things go back to
def test_a_merge_is_not_taken_apart_by_half(people: Personas) -> None:
    """Else what belongs to the other record would vanish below it, while it stays away itself."""
    one = service.customers.create(people.ann, CustomerDraft(name="甲公司"))
    two = service.customers.create(people.bo, CustomerDraft(name="乙工厂"))
    service.contacts.add(people.bo, two, ContactDraft(name="何立"))
    service.customers.merge(people.mei, one, [two])
    number = last()
    with db.session(writing=True) as session:
        session.get_one(User, people.bo.user_id).team_id = None
        session.commit()
    with pytest.raises(Denied):
        undo(people.mei, number)
    assert [c.name for c in service.contacts.list(people.ann, one)] == ["何立"]


def test_an_unmerge_is_not_taken_back_into_a_colleagues_customer(people: Personas) -> None:
    one, two = (service.customers.create(people.ann, CustomerDraft(name=name)) for name in ("甲公司", "乙工厂"))
    service.contacts.add(people.ann, two, ContactDraft(name="何立"))
    service.customers.merge(people.ann, one, [two])
    service.customers.unmerge(people.ann, two)
    number = last()
    service.customers.assign(people.mei, one, people.bo.user_id)
    with pytest.raises(Denied):
        undo(people.ann, number)
    assert [c.name for c in service.contacts.list(people.ann, two)] == ["何立"]
    assert service.contacts.list(people.bo, one) == []
    assert undo(people.mei, number).failed == 0
    assert [c.name for c in service.contacts.list(people.bo, one)] == ["何立"]


def test_an_unmerge_is_not_taken_back_into_a_removed_customer(people: Personas) -> None:
    one, two = (service.customers.create(people.ann, CustomerDraft(name=name)) for name in ("甲公司", "乙工厂"))
    service.customers.merge(people.ann, one, [two])
    service.customers.unmerge(people.ann, two)
    number = last()
    service.customers.remove(people.ann, one, version=service.customers.get(people.ann, one).version)
    with pytest.raises(Conflict):
        undo(people.ann, number)
    assert found(people.ann, "乙工厂") == ["乙工厂"]


@command(Permission.CUSTOMER_WRITE)
def rehung(work: Work, task: int, customer_id: int) -> None:
    """A task under another customer, without a merge."""
    work.get(Task, task).customer_id = customer_id


def test_a_task_does_not_go_back_to_a_removed_customer(people: Personas) -> None:
    one, two = (service.customers.create(people.ann, CustomerDraft(name=name)) for name in ("甲公司", "乙工厂"))
    task = service.tasks.add(people.ann, TaskDraft(title="回访", due_at=clock.now(), customer_id=one))
    rehung(people.ann, task, two)
    number = last()
    service.customers.remove(people.ann, one, version=service.customers.get(people.ann, one).version)
    result = undo(people.ann, number)
    assert counts(result) == (0, 0, 1)
    assert "is gone" in result.details[0].msgid
    assert [t.id for t in service.tasks.for_customer(people.ann, two)] == [task]


def test_a_task_does_not_go_back_to_a_customer_out_of_reach(people: Personas) -> None:
    one, two = (service.customers.create(people.ann, CustomerDraft(name=name)) for name in ("甲公司", "乙工厂"))
    task = service.tasks.add(people.ann, TaskDraft(title="回访", due_at=clock.now(), customer_id=one))
    rehung(people.ann, task, two)
    number = last()
    service.customers.assign(people.mei, one, people.bo.user_id)
    result = undo(people.ann, number)
    assert counts(result) == (0, 0, 1)
    assert [t.id for t in service.tasks.for_customer(people.ann, two)] == [task]


def test_the_name_of_a_file_is_told_masked(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    number = service.files.add(people.ann, made, "报价13800138000.txt", b"text")
    service.files.rename(people.kai, number, "合同13800138000.txt")
    [told] = undo(people.kai).details
    assert told.bucket is Bucket.UNDONE
    assert "报价" in told.name
    assert "13800138000" not in told.name


def test_a_judged_pair_takes_both_customers(people: Personas) -> None:
    one = service.customers.create(people.ann, firm())
    service.customers.create(people.bo, firm("南京信诺环保科技公司"), duplicate_reason="分店")
    service.duplicates.scan(SYSTEM)
    [pair] = service.duplicates.queue_list(people.mei).rows
    service.duplicates.decide(people.mei, pair.id, PairStatus.DISMISSED)
    number = last()
    with db.session(writing=True) as session:
        session.get_one(User, people.bo.user_id).team_id = None
        session.commit()
    assert undo(people.mei, number).change_set is None
    assert service.customers.get(people.ann, one).duplicates == 0


def test_undoing_a_release_keeps_to_the_limit_of_the_pool(people: Personas) -> None:
    one, two = (service.customers.create(people.ann, CustomerDraft(name=name)) for name in ("甲公司", "乙工厂"))
    service.pool.release(people.ann, one, reason="太远了")
    number = last()
    service.settings.change(people.root, "pool.most_owned", 1)
    result = undo(people.ann, number)
    assert counts(result) == (0, 0, 1)
    assert "may have" in result.details[0].msgid
    service.pool.release(people.ann, two, reason="太远了")
    assert counts(undo(people.ann, number)) == (1, 0, 0)


def test_a_merged_word_comes_back_in_views_and_removed_customers(people: Personas) -> None:
    made = service.customers.create(people.ann, firm(industry="制造叶"))
    service.customers.create(people.ann, CustomerDraft(name="乙工厂", industry="制造业"))
    draft = SavedViewDraft(name="我的", filter={"industry": "制造叶"})
    number = service.saved_views.save(people.ann, draft)
    service.customers.remove(people.ann, made, version=1)
    service.options.add(people.root, OptionDraft(list="industry", value="制造业"))
    service.options.merge(people.root, "industry", "制造叶", "制造业")
    for word in ("制造业", "制造叶", "制造业", "制造叶"):  # merged, taken back, merged again, taken back again
        with db.session(writing=False) as session:
            assert session.get_one(SavedView, number).filter == {"industry": word}
            assert session.get_one(Customer, made).industry == word
        result = undo(people.root)
        assert (result.kept, result.failed) == (0, 0)


# ---- nobody undoes more than he may do
def _last(action: str) -> int:
    sets: Any = ChangeSet
    wanted = select(sets.id).where(sets.action == action).order_by(sets.id.desc()).limit(1)
    with db.session(writing=False) as session:
        return int(session.execute(wanted).scalar_one())


def test_what_a_customer_answered_is_not_undone(people: Personas) -> None:
    customer = service.customers.create(people.ann, firm())
    ticket = service.tickets.open(people.ann, customer, TicketDraft(subject="漏水"))
    service.tickets.resolve(people.kai, ticket, "换了垫圈")
    token = service.public_links.for_ticket(people.kai, ticket)
    service.public_links.answer(VISITOR, token, 1, "来得太晚")
    for me in (people.kai, people.root):
        assert counts(undo(me, _last("public_links.answer")))[0] == 0
    [told] = [one for one in service.undo.recent(people.root) if one.action == "public_links.answer"]
    assert not told.may_undo
    assert told.why_not
    assert service.tickets.get(people.ann, ticket).satisfaction == 1
    with pytest.raises(Conflict):
        service.public_links.answer(VISITOR, token, 5)


def test_tasks_and_comments_of_others_are_not_undone(people: Personas) -> None:
    customer = service.customers.create(people.ann, firm())
    due = clock.now() + timedelta(days=1)
    task = service.tasks.add(people.ann, TaskDraft(title="回电", due_at=due, customer_id=customer))
    service.tasks.done(people.ann, task)
    assert counts(undo(people.kai, _last("tasks.done"))) == (0, 0, 1)
    service.comments.add(people.mei, "customer", customer, "请今天回电")
    assert counts(undo(people.kai, _last("comments.add"))) == (0, 0, 1)
    assert counts(undo(people.mei, _last("tasks.done"))) == (1, 0, 0)
    assert counts(undo(people.mei, _last("comments.add"))) == (1, 0, 0)


def test_the_desk_undoes_its_own_decision(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = service.customers.create(people.ann, firm())
    monkeypatch.setenv("CIM_NOW", (clock.now() + timedelta(days=200)).isoformat())
    service.worklist.dismiss(people.kai, customer, reason="已停业")
    assert counts(undo(people.kai, _last("worklist.dismiss"))) == (1, 0, 0)


@pytest.mark.parametrize("by", ["mei", "kai"])
def test_a_merge_is_undone_whole_whoever_wrote_what_went_along(people: Personas, by: str) -> None:
    me = getattr(people, by)
    stays = service.customers.create(people.ann, firm())
    goes = service.customers.create(people.ann, CustomerDraft(name="绍兴越州纺织品有限公司"))
    order = service.orders.record(people.ann, goes, OrderDraft(amount=Decimal(5)))
    ticket = service.tickets.open(people.ann, goes, TicketDraft(subject="漏水"))
    for author in (people.mei, people.kai):
        service.comments.add(author, "ticket", ticket, "很急")
    due = clock.now() + timedelta(days=1)
    task = service.tasks.add(people.ann, TaskDraft(title="回电", due_at=due, customer_id=goes))
    service.customers.merge(me, stays, [goes])
    assert service.orders.get(people.ann, order).customer_id == stays
    result = undo(me, _last("customers.merge"))
    assert (result.kept, result.failed) == (0, 0)
    assert service.orders.get(people.ann, order).customer_id == goes
    assert service.tasks.get(people.ann, task).customer_id == goes
    assert [len(said) for said in service.comments.of(people.ann, "ticket", [ticket]).values()] == [2]


def test_who_keeps_the_products_is_offered_to_undo_a_price(people: Personas) -> None:
    product = service.products.create(people.mei, ProductDraft(name="滤芯", price=Decimal(10)))
    service.products.update(people.mei, product, ProductDraft(name="滤芯", price=Decimal(12)), version=1)
    told = service.undo.recent(people.mei)[0]
    assert (told.action, told.may_undo) == ("products.update", True)
    assert counts(undo(people.mei, told.id)) == (1, 0, 0)
    assert service.products.get(people.ann, product).price == 10
