"""The record page: what each persona sees and may do there; editing in place; conflicts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cim import clock, service
from cim.models.customer import CustomerDraft
from cim.models.task import TaskDraft
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage
from tests.pages.test_customer_entry import captions, press

PAGE = "pages/customer.py"


@pytest.fixture
def one(people: Personas) -> int:
    draft = CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000", email="zs@qq.com", contact="张三")
    return service.customers.create(people.ann, draft)


@pytest.mark.parametrize(
    ("who", "phone"), [("ann", "13800138000"), ("mei", "13800138000"), ("kai", "138\\*\\*\\*\\*8000")]
)
def test_personal_data_is_shown_by_right(people: Personas, one: int, open_page: OpenPage, who: str, phone: str) -> None:
    app = open_page(getattr(people, who), PAGE, id=str(one))
    assert not app.exception
    assert phone in captions(app)


@pytest.mark.parametrize("asked", ["1", "999", "x", ""])
def test_another_teams_customer_does_not_exist_for_bo(
    people: Personas, one: int, open_page: OpenPage, asked: str
) -> None:
    app = open_page(people.bo, PAGE, **({"id": asked} if asked else {}))
    assert not app.exception
    assert not app.header
    assert "信诺" not in captions(app)


def test_a_colleagues_plan_is_no_missing_next_step(people: Personas, one: int, open_page: OpenPage) -> None:
    assert "尚未安排下一步" in captions(open_page(people.kai, PAGE, id=str(one)))
    due_at = clock.now() + timedelta(days=1)
    service.tasks.add(people.ann, TaskDraft(title="报价", due_at=due_at, customer_id=one))
    seen = captions(open_page(people.kai, PAGE, id=str(one)))
    assert "尚未安排下一步" not in seen
    assert "同事已安排" in seen
    assert "报价" not in seen


def test_ann_edits_in_place(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, id=str(one))
    press(app, "编辑")
    assert app.text_input(key="customer.phone").value == "13800138000"
    app.text_input(key="customer.contact").input("李四").run()
    with recorded("customers.update", by=people.ann, times=1):
        press(app, "保存")
    assert not app.exception
    assert service.customers.get(people.ann, one).contact == "李四"


def test_two_open_forms_end_in_a_question_not_in_a_lost_update(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, id=str(one))
    press(app, "编辑")
    service.customers.update(people.mei, one, CustomerDraft(name="南京信诺环保科技有限公司", contact="王五"), version=1)
    app.text_input(key="customer.contact").input("李四").run()
    press(app, "保存")
    assert service.customers.get(people.ann, one).contact == "王五"
    seen = captions(app)
    assert "王五" in seen
    assert "李四" in seen
    app.button(key="customer.mine").click().run()
    assert service.customers.get(people.ann, one).contact == "李四"


def test_what_a_colleague_changed_in_other_fields_stays(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, id=str(one))
    press(app, "编辑")
    theirs = CustomerDraft(name="南京信诺环保科技有限公司", contact="王五", industry="环保")
    service.customers.update(people.mei, one, theirs, version=1)
    app.text_input(key="customer.contact").input("李四").run()
    press(app, "保存")
    app.button(key="customer.mine").click().run()
    view = service.customers.get(people.ann, one)
    assert (view.contact, view.industry) == ("李四", "环保")


def test_a_queued_duplicate_is_linked_from_the_record(people: Personas, one: int, open_page: OpenPage) -> None:
    draft = CustomerDraft(name="南京信诺环保科技公司", phone="13800138000")
    service.customers.create(people.ann, draft, duplicate_reason="分公司")
    app = open_page(people.ann, PAGE, id=str(one))
    assert service.customers.get(people.ann, one).duplicates == 1
    assert "疑似重复：1" in [link.proto.label for link in app.get("page_link")]


def test_kai_reveals_with_a_reason_and_it_is_recorded(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.kai, PAGE, id=str(one))
    app.text_input(key="customer.reveal_reason").input("回电").run()
    with recorded("customers.reveal", by=people.kai, times=1):
        app.button(key="customer.reveal").click().run()
    assert "13800138000" in captions(app)


def test_bo_claims_from_the_pool(people: Personas, open_page: OpenPage) -> None:
    pooled = service.customers.create(people.root, CustomerDraft(name="公海公司", owner_id=None))
    app = open_page(people.bo, PAGE, id=str(pooled))
    with recorded("customers.claim", by=people.bo, times=1):
        app.button(key="customer.claim").click().run()
    assert not app.exception
    assert service.customers.get(people.bo, pooled).owner == "薄文博"


def test_mei_hands_over(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.mei, PAGE, id=str(one))
    app.selectbox(key="customer.owner").set_value(people.bo.user_id)
    with recorded("customers.assign", by=people.mei, times=1):
        app.button(key="customer.assign").click().run()
    assert not app.exception
    assert service.customers.get(people.bo, one).owner == "薄文博"


@pytest.mark.parametrize("number", ["²", "9" * 30])
def test_an_odd_number_in_a_link_is_no_customer(people: Personas, open_page: OpenPage, number: str) -> None:
    app = open_page(people.ann, PAGE, id=number)
    assert not app.exception
    assert "incident" not in str(app.error)
    assert app.get("page_link")
