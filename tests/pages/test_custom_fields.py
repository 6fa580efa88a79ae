"""A field defined on the settings page is in form, card, list, filters and charts at once, and goes when it is retired."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldDraft, Noun
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage
from tests.pages.test_customer_entry import captions, press


def keyed(app: AppTest, kind: str, ending: str) -> Any:
    return next(element for element in app.get(kind) if str(element.key).endswith(ending))


@pytest.fixture
def size(people: Personas) -> int:
    draft = CustomFieldDraft(
        label="客户规模", key="size", type="choice", options=["小型", "大型"], group="经营情况", hint="按员工人数"
    )
    return int(service.custom.define(people.root, draft))


def test_root_defines_a_field_and_ann_fills_it_in_at_once(people: Personas, open_page: OpenPage) -> None:
    form = open_page(people.ann, "pages/customer_entry.py")
    settings = open_page(people.root, "pages/settings.py", tab="fields")
    keyed(settings, "text_input", ".label").input("客户规模")
    keyed(settings, "selectbox", ".type").select("choice")
    keyed(settings, "text_area", ".options").input("小型\n大型")
    with recorded("custom.define", by=people.root, times=1):
        press(settings, "添加字段")
    assert not settings.exception
    assert "客户规模" in captions(settings)
    form = open_page(people.ann, "pages/customer_entry.py")
    form.text_input(key="customer_entry.name").input("甲公司")
    form.selectbox(key="customer_entry.custom.kehuguimo").select("大型").run()
    press(form, "保存")
    assert not form.exception
    assert "客户规模" in captions(form)
    assert "大型" in captions(form)
    [row] = service.customers.search(people.ann, CustomerFilter(custom={"kehuguimo": "大型"})).rows
    assert row.name == "甲公司"


def test_only_what_was_changed_in_the_form_is_saved(people: Personas, size: int, open_page: OpenPage) -> None:
    service.custom.define(people.root, CustomFieldDraft(label="年采购额", key="volume", type="money"))
    draft = CustomerDraft(name="甲公司", custom={"size": "小型", "volume": "1.2万"})
    number = service.customers.create(people.ann, draft)
    app = open_page(people.ann, "pages/customer.py", id=str(number))
    assert "经营情况" in captions(app)
    press(app, "编辑")
    assert app.text_input(key="customer.custom.volume").value == "12000.00"
    app.text_input(key="customer.custom.volume").input("很多").run()
    assert "不是数字" in captions(app)
    app.text_input(key="customer.custom.volume").input("3万").run()
    assert "30000.00" in captions(app).replace("\\", "")
    with recorded("customers.update", by=people.ann, times=1):
        press(app, "保存")
    assert service.customers.get(people.ann, number).custom == {"size": "小型", "volume": "30000.00"}
    [entry] = service.audit.entries(people.audrey, action="customers.update", limit=1)
    assert entry.fields == ["custom.volume"]


def test_a_personal_value_stays_hidden_and_survives_an_edit(people: Personas, open_page: OpenPage) -> None:
    service.custom.define(people.root, CustomFieldDraft(label="紧急联系", key="emergency", personal=True))
    number = service.customers.create(people.ann, CustomerDraft(name="甲公司", custom={"emergency": "王芳"}))
    app = open_page(people.kai, "pages/customer.py", id=str(number))
    assert "王芳" not in captions(app)
    press(app, "编辑")
    assert app.text_input(key="customer.custom.emergency").placeholder == "••••"
    app.text_input(key="customer.contact").input("李四").run()
    press(app, "保存")
    assert service.customers.get(people.ann, number).custom == {"emergency": "王芳"}


def test_a_required_field_stands_at_the_top_and_is_named(people: Personas, open_page: OpenPage) -> None:
    service.custom.define(people.root, CustomFieldDraft(label="合同号", key="contract", required_at=["*"]))
    app = open_page(people.ann, "pages/customer_entry.py")
    app.text_input(key="customer_entry.name").input("甲公司").run()
    press(app, "保存")
    assert "请填写合同号" in app.error[0].value
    app.text_input(key="customer_entry.custom.contract").input("HT-1").run()
    press(app, "保存")
    assert service.customers.search(people.ann).total == 1


def test_contacts_have_their_own(people: Personas, open_page: OpenPage) -> None:
    draft = CustomFieldDraft(label="生肖", key="animal", noun=Noun.CONTACT, type="choice", options=["龙", "马"])
    service.custom.define(people.root, draft)
    number = service.customers.create(people.ann, CustomerDraft(name="甲公司"))
    made = service.contacts.add(people.ann, number, ContactDraft(name="王芳", custom={"animal": "龙"}))
    app = open_page(people.ann, "pages/customer.py", id=str(number))
    assert "龙" in captions(app)
    app.session_state[f"contact.{made}.open"] = True
    app.run()
    app.selectbox(key=f"contact.{made}.custom.animal").select("马")
    next(b for b in app.button if b.label == "保存" and str(b.form_id).startswith(f"contact.{made}.")).click().run()
    assert not app.exception
    assert service.contacts.list(people.ann, number)[0].custom == {"animal": "马"}


def test_a_list_is_narrowed_by_the_link_and_says_so(people: Personas, size: int, open_page: OpenPage) -> None:
    for name, word in (("甲公司", "大型"), ("乙公司", "小型")):
        service.customers.create(people.ann, CustomerDraft(name=name, custom={"size": word}), duplicate_reason="x")
    app = open_page(people.ann, "pages/search.py", **{"custom.size": "大型", "custom.gone": "x"})
    assert not app.exception
    assert "custom.gone" not in captions(app)
    assert any("gone" in warning.value for warning in app.warning)
    chip = next(button for button in app.button if "客户规模: 大型" in button.label.replace("\\", ""))
    assert "**1" in captions(app)
    chip.click().run()
    assert "**2" in captions(app)


def test_segments_count_by_it(people: Personas, size: int, open_page: OpenPage) -> None:
    service.customers.create(people.ann, CustomerDraft(name="甲公司", custom={"size": "大型"}))
    app = open_page(people.ann, "pages/segments.py", by="custom.size")
    assert not app.exception
    [table] = app.dataframe
    assert list(table.value["客户规模"]) == ["大型"]


def test_a_choice_is_renamed_and_a_field_retired_in_place(people: Personas, size: int, open_page: OpenPage) -> None:
    number = service.customers.create(people.ann, CustomerDraft(name="甲公司", custom={"size": "大型"}))
    app = open_page(people.root, "pages/settings.py", tab="fields")
    app.session_state[f"custom.{size}.1"] = True
    app.run()
    app.text_area(key=f"custom.{size}.1.form.options").input("小型\n大型 → 特大")
    with recorded("custom.change", by=people.root):
        press(app, "保存")
    assert not app.exception
    assert service.customers.get(people.ann, number).custom == {"size": "特大"}
    app.session_state[f"custom.{size}.2"] = True
    with recorded("custom.retire", by=people.root):
        press(app.run(), "停用")
    seen = captions(open_page(people.ann, "pages/customer.py", id=str(number)))
    assert "特大" not in seen
