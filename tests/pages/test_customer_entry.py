"""Adding a customer on its page: normalisation and duplicates while typing, saving, saving anyway, refusals."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/customer_entry.py"


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def captions(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.caption, *app.markdown))


def test_ann_adds_a_customer_and_lands_on_it(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.text_input(key="customer_entry.name").input("南京信诺环保科技有限公司")
    app.text_input(key="customer_entry.phone").input("１３８ 0013 8000").run()
    assert "13800138000" in captions(app)
    with recorded("customers.create", by=people.ann, times=1):
        press(app, "保存")
    assert not app.exception
    [row] = service.customers.search(people.ann).rows
    assert (row.name, row.phone, row.owner) == ("南京信诺环保科技有限公司", "13800138000", "安晓然")
    assert row.name in app.header[0].value


def test_a_wrong_phone_is_named_while_typing_and_nothing_is_saved(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.text_input(key="customer_entry.name").input("甲公司")
    app.text_input(key="customer_entry.phone").input("12345").run()
    assert "12345" in captions(app)
    press(app, "保存")
    assert not app.exception
    assert app.error
    assert app.text_input(key="customer_entry.name").value == "甲公司"
    assert service.customers.search(people.ann).total == 0


def test_a_possible_duplicate_is_shown_masked_and_saved_with_a_reason(people: Personas, open_page: OpenPage) -> None:
    service.customers.create(people.bo, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000"))
    app = open_page(people.ann, PAGE)
    app.text_input(key="customer_entry.name").input("南京信诺环保科技公司")
    app.text_input(key="customer_entry.phone").input("13800138000").run()
    seen = captions(app)
    assert "138\\*\\*\\*\\*8000" in seen
    assert "薄文博" in seen
    assert "13800138000" not in seen
    press(app, "保存")
    assert service.customers.search(people.ann).total == 0
    app.text_input(key="customer_entry.duplicate_reason").input("另一家分公司").run()
    press(app, "保存")
    assert service.customers.search(people.ann, CustomerFilter(q="信诺")).total == 1


def test_save_and_add_another_empties_the_form(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.text_input(key="customer_entry.name").input("甲公司").run()
    press(app, "保存并继续新增")
    assert not app.exception
    assert app.text_input(key="customer_entry.name").value == ""
    assert service.customers.search(people.ann).total == 1


@pytest.mark.parametrize("who", ["audrey"])
def test_who_may_not_write_is_refused(people: Personas, open_page: OpenPage, who: str) -> None:
    app = open_page(getattr(people, who), PAGE)
    assert not app.exception
    assert not app.text_input
    assert app.error
