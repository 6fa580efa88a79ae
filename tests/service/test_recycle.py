"""The recycle bin through the service: what is in it for whom, and what comes back as it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cim import service
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models.activity import ActivityDraft
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.listing import CellEdit, CustomerFilter, Selection
from tests.factories import Personas, queries, recorded

recycle = service.recycle


def firm(name: str = "南京信诺环保科技有限公司", **values: object) -> CustomerDraft:
    return CustomerDraft.model_validate({"name": name, "phone": "138 0013 8000", **values})


def found(me: object, q: str) -> int:
    return service.customers.search(me, CustomerFilter(q=q)).total


@pytest.fixture
def removed(people: Personas) -> int:
    """A customer of ann's with a contact and a follow-up, removed by her."""
    made = service.customers.create(people.ann, firm(code="K1"))
    service.contacts.add(people.ann, made, ContactDraft(name="王小明", phone="13700137000"))
    service.activities.log(people.ann, made, ActivityDraft(content="谈了报价"))
    version = service.customers.get(people.ann, made).version
    service.customers.remove(people.ann, made, version=version, reason="重复")
    return made


def test_a_removed_customer_waits_with_who_and_why(people: Personas, removed: int) -> None:
    assert found(people.ann, "信诺") == 0
    for me in (people.ann, people.mei, people.root):
        [row] = recycle.customers(me).rows
        assert (row.id, row.name, row.code, row.owner) == (removed, "南京信诺环保科技有限公司", "K1", "安晓然")
        assert (row.removed_by, row.reason) == ("安晓然", "重复")
    assert recycle.customers(people.bo).rows == []
    assert recycle.holds(people.ann, removed)
    assert not recycle.holds(people.bo, removed)
    with pytest.raises(Denied):
        recycle.customers(people.audrey)


def test_it_comes_back_with_everything_and_is_found_again(people: Personas, removed: int) -> None:
    with recorded("recycle.restore", by=people.ann, times=1):
        assert recycle.restore(people.ann, removed)
    assert not recycle.restore(people.ann, removed)
    assert [found(people.ann, q) for q in ("信诺", "njxn", "8000", "王小明", "13700137000")] == [1] * 5
    view = service.customers.get(people.ann, removed)
    assert (view.code, view.phone) == ("K1", "13800138000")
    assert view.last_contact_at is not None
    assert [c.name for c in service.contacts.list(people.ann, removed)] == ["王小明"]
    assert recycle.customers(people.ann).rows == []


def test_others_cannot_bring_it_back(people: Personas, removed: int) -> None:
    for number in (removed, 0, -1, 99_999, 10**12):
        with pytest.raises(NotFound):
            recycle.restore(people.bo, number)
    assert recycle.restore(people.mei, removed)
    with pytest.raises(NotFound):
        recycle.restore(people.bo, removed)


def test_a_code_that_was_given_away_asks_for_another(people: Personas, removed: int) -> None:
    service.customers.create(people.ann, firm("成都远山食品有限公司", phone="13800138002", code="K1"))
    with pytest.raises(Conflict) as refused:
        recycle.restore(people.ann, removed)
    free = refused.value.current["code"]
    assert refused.value.params == {"code": "K1", "free": free}
    service.customers.create(people.ann, firm("武汉江汉仪表有限公司", phone="13800138003", code="K2"))
    with pytest.raises(Invalid) as again:
        recycle.restore(people.ann, removed, code="K2")
    assert again.value.field == "code"
    assert recycle.restore(people.ann, removed, code=free)
    assert service.customers.by_code(people.ann, free).id == removed


def test_a_merged_customer_is_not_in_the_bin(people: Personas) -> None:
    first = service.customers.create(people.ann, firm())
    second = service.customers.create(people.ann, firm("南京信诺环保"), duplicate_reason="试")
    service.customers.merge(people.ann, first, [second])
    assert recycle.customers(people.ann).rows == []
    with pytest.raises(NotFound):
        recycle.restore(people.ann, second)


def test_contacts_and_follow_ups_come_back(people: Personas) -> None:
    made = service.customers.create(people.ann, firm())
    person = service.contacts.add(people.ann, made, ContactDraft(name="王小明", phone="13700137000"))
    call = service.activities.log(people.ann, made, ActivityDraft(content="谈了报价"))
    service.contacts.remove(people.ann, person, reason="离职")
    service.activities.remove(people.ann, call)
    [contact], [entry] = recycle.contacts(people.ann).rows, recycle.follow_ups(people.ann).rows
    assert (contact.name, contact.customer_id, contact.reason) == ("王小明", made, "离职")
    assert (entry.name, entry.customer) == ("谈了报价", "南京信诺环保科技有限公司")
    for restore, number in ((recycle.restore_contact, person), (recycle.restore_follow_up, call)):
        with pytest.raises(NotFound):
            restore(people.bo, number)
        assert restore(people.ann, number)
        assert not restore(people.ann, number)
    assert found(people.ann, "13700137000") == 1
    assert service.customers.get(people.ann, made).last_contact_at is not None
    assert not recycle.contacts(people.ann).rows
    assert not recycle.follow_ups(people.ann).rows


def test_a_removed_double_waits_for_nobody(people: Personas) -> None:
    first = service.customers.create(people.ann, firm())
    second = service.customers.create(people.ann, firm("南京信诺环保科技公司"), duplicate_reason="分公司")
    assert service.customers.get(people.ann, first).duplicates == 1
    service.customers.remove(people.ann, second, version=1)
    assert service.customers.get(people.ann, first).duplicates == 0
    assert not service.duplicates.check(people.ann, firm("南京信诺环保科技公司"), but=first)
    recycle.restore(people.ann, second)
    assert service.customers.get(people.ann, first).duplicates == 1


def test_pages_take_few_queries(people: Personas) -> None:
    for n in range(7):
        made = service.customers.create(people.ann, firm(f"西安古都{n}", phone=f"1380013800{n}"), duplicate_reason="x")
        service.customers.remove(people.ann, made, version=service.customers.get(people.ann, made).version)
    with queries(4):
        page = recycle.customers(people.ann, page=2, size=5)
    assert (page.total, len(page.rows)) == (7, 2)
    assert recycle.customers(people.ann, page=1, size=5).rows[0].name == "西安古都6"


@pytest.mark.parametrize("number", [-1, 0, 2**31, 2**63, 2**70])
def test_a_forged_number_is_not_found(people: Personas, number: int) -> None:
    """Everywhere a page or a caller gives a number: the database would fail on one that it cannot hold."""
    me = people.root
    calls: list[Callable[[], object]] = [
        lambda: service.files.restore(me, number),
        lambda: service.recycle.restore(me, number),
        lambda: service.recycle.restore_contact(me, number),
        lambda: service.recycle.restore_follow_up(me, number),
        lambda: service.jobs.get(me, number),
        lambda: service.customers.unmerge(me, number),
        lambda: service.customers.merge(me, number, [1]),
        lambda: service.custom.retire(me, number),
        lambda: service.options.change(me, number, version=1, retired=True),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()
    chosen = Selection.model_construct(ids=[number], narrowed=None)  # a caller in Python need not ask the model
    assert [one.id for one in service.bulk_edit.remove(me, chosen).skipped] == [number]
    cell = CellEdit.model_construct(id=number, version=1, field="grade", value="A")
    assert service.bulk_edit.cells(me, [cell]).skipped[0].id == number
    with pytest.raises(Invalid):
        service.customers.hand_over(me, number, None, reason="离职")
