"""Undo: who may take back whose changes and for how long, what fails without spoiling the rest, the list of changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from cim import clock, db, service
from cim.errors import Denied, Invalid, NotFound
from cim.models import ChangeSet, Customer
from cim.models.undo import Bucket, ChangeKind
from cim.service import undo as undoing
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
