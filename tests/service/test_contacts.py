"""Contacts through the service: masked like their customer, found like it, and written only by those who may."""

from __future__ import annotations

from datetime import date

import pytest

from cim import db, service
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from tests.factories import Personas, history, recorded

add, update, remove = (getattr(service.contacts, n) for n in ("add", "update", "remove"))
contacts_of = service.contacts.list


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def person(name: str = "欧阳建国", **values: object) -> ContactDraft:
    return ContactDraft.model_validate({"name": name, "phone": "139 0013 9001", **values})


def found(people: Personas, typed: str) -> list[int]:
    return [row.id for row in service.customers.search(people.ann, CustomerFilter(q=typed)).rows]


def test_add_normalises_seals_and_records(people: Personas, firm: int) -> None:
    with recorded("contacts.add", by=people.ann, times=1):
        add(people.ann, firm, person(title=" 采购 经理 ", email="OY@QQ.com", birthday=date(1980, 2, 29)))
    [view] = contacts_of(people.ann, firm)
    assert (view.phone, view.email, view.title) == ("13900139001", "oy@qq.com", "采购 经理")
    assert view.birthday == date(1980, 2, 29)
    with db.session(writing=False) as session:
        raw = session.connection().exec_driver_sql("SELECT phone, email FROM contact").one()
    assert all(b"139" not in bytes(value) and b"qq" not in bytes(value) for value in raw)
    entry = history()[-1]
    assert (entry.object_type, entry.fields.split(",")[0]) == ("contact", "name")
    assert b"139" not in bytes(entry.changes or b"")


def test_others_see_it_masked(people: Personas, firm: int) -> None:
    add(people.ann, firm, person(email="oy@qq.com", birthday=date(1980, 2, 29)))
    for reader in (people.kai, people.audrey, people.root):
        [view] = contacts_of(reader, firm)
        assert (view.phone, view.birthday) == ("139****9001", None)
        assert "oy@" not in view.email
    assert contacts_of(people.mei, firm) == contacts_of(people.ann, firm)


@pytest.mark.parametrize("typed", ["欧阳", "ouyang", "oyjg", "9001", "139 0013 9001", "oy@qq.com"])
def test_customer_is_found_by_its_people_until_they_are_removed(people: Personas, firm: int, typed: str) -> None:
    made = add(people.ann, firm, person(email="oy@qq.com"))
    assert found(people, typed) == [firm]
    with recorded("contacts.remove", by=people.ann, times=1):
        remove(people.ann, made, reason="离职")
    assert found(people, typed) == []
    assert contacts_of(people.ann, firm) == []


def test_update_writes_only_what_differs(people: Personas, firm: int) -> None:
    made = add(people.ann, firm, person())
    before = len(history())
    assert not update(people.ann, made, person(), version=1)
    assert len(history()) == before
    with recorded("contacts.update", by=people.ann, times=1):
        assert update(people.ann, made, person(phone="13700137002"), version=1)
    assert history()[-1].fields == "phone"
    assert (found(people, "9001"), found(people, "7002")) == ([], [firm])
    with pytest.raises(Conflict) as refused:
        update(people.mei, made, person("欧阳"), version=1)
    assert refused.value.current["name"] == "欧阳建国"


def test_masked_values_survive_an_edit_by_somebody_who_cannot_see_them(people: Personas, firm: int) -> None:
    made = add(people.ann, firm, person())
    update(people.kai, made, ContactDraft(name="欧阳建国", title="总监"), version=1)
    [view] = contacts_of(people.ann, firm)
    assert (view.phone, view.title) == ("13900139001", "总监")


def test_refusals(people: Personas, firm: int) -> None:
    made = add(people.ann, firm, person())
    for field, draft in (("phone", person(phone="123")), ("name", person(" ")), ("email", person(email="x"))):
        with pytest.raises(Invalid) as refused:
            add(people.ann, firm, draft)
        assert refused.value.field == field
    for attempt in (
        lambda: add(people.bo, firm, person()),
        lambda: update(people.bo, made, person(), version=1),
        lambda: remove(people.bo, made),
        lambda: contacts_of(people.bo, firm),
    ):
        with pytest.raises(NotFound):
            attempt()
    with recorded("contacts.add", by=people.audrey, times=1), pytest.raises(Denied):
        add(people.audrey, firm, person())
    pool = service.customers.create(people.root, CustomerDraft(name="公海客户", owner_id=None))
    with pytest.raises(Denied):
        add(people.ann, pool, person())


def test_double_pressed_save_is_one_contact(people: Personas, firm: int) -> None:
    assert add(people.ann, firm, person(), token="t") == add(people.ann, firm, person(), token="t")
    assert len(contacts_of(people.ann, firm)) == 1
