"""The recycle bin on its page: what was removed, and one press that brings it back."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.activity import ActivityDraft
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/recycle.py"


@pytest.fixture
def removed(people: Personas) -> int:
    """A customer that ann removed."""
    made = service.customers.create(people.ann, CustomerDraft(name="南京*信诺*环保", phone="13800138000", code="K1"))
    service.customers.remove(people.ann, made, version=1, reason="重复")
    return made


def shown(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_a_customer_comes_back(people: Personas, removed: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    assert r"南京\*信诺\*环保" in shown(app)
    assert "重复" in shown(app)
    with recorded("recycle.restore", by=people.ann, times=1):
        app.button(key=f"recycle.customers.{removed}").click().run()
    assert not app.exception
    assert app.success
    assert service.customers.get(people.ann, removed).code == "K1"
    assert not [button for button in app.button if (button.key or "").startswith("recycle.")]


def test_another_code_is_asked_for(people: Personas, removed: int, open_page: OpenPage) -> None:
    service.customers.create(people.ann, CustomerDraft(name="成都远山食品", phone="13800138002", code="K1"))
    app = open_page(people.ann, PAGE)
    app.button(key=f"recycle.customers.{removed}").click().run()
    assert "K1" in app.error[0].value
    app.text_input(key=f"recycle.code.{removed}.value").set_value("K7")
    [press] = [button for button in app.button if (button.key or "").startswith("FormSubmitter:recycle.code")]
    press.click().run()
    assert not app.exception
    assert service.customers.get(people.ann, removed).code == "K7"


def test_contacts_and_follow_ups_have_their_places(people: Personas, open_page: OpenPage) -> None:
    made = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保", phone="13800138000"))
    person = service.contacts.add(people.ann, made, ContactDraft(name="王小明"))
    call = service.activities.log(people.ann, made, ActivityDraft(content="谈了报价"))
    service.contacts.remove(people.ann, person)
    service.activities.remove(people.ann, call)
    app = open_page(people.ann, PAGE, **{"recycle.kind": "contacts"})
    app.get_by_key("recycle.kind").set_value("contacts").run()
    app.button(key=f"recycle.contacts.{person}").click().run()
    assert [c.id for c in service.contacts.list(people.ann, made)] == [person]
    app.get_by_key("recycle.kind").set_value("activities").run()
    app.button(key=f"recycle.activities.{call}").click().run()
    assert not app.exception
    assert [entry.id for entry in service.activities.timeline(people.ann)] == [call]


def test_others_see_nothing_and_readers_are_refused(people: Personas, removed: int, open_page: OpenPage) -> None:
    app = open_page(people.bo, PAGE)
    assert app.info
    assert "信诺" not in shown(app)
    assert open_page(people.audrey, PAGE).error
