"""The record page: what each persona sees and may do there; editing in place; conflicts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cim import clock, service
from cim.models.activity import ActivityDraft
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


def test_the_story_is_one_list_with_filters_in_the_address(people: Personas, one: int, open_page: OpenPage) -> None:
    call = service.activities.log(people.ann, one, ActivityDraft(content="寄出样品"))
    service.comments.add(people.mei, "activity", call, "跟紧报价")
    service.activities.pin(people.ann, call)
    seen = captions(open_page(people.ann, PAGE, id=str(one)))
    for told in ("置顶", "寄出样品", "对跟进的批注", "跟紧报价", "新增客户", "](tel:13800138000)"):
        assert told in seen
    narrowed = captions(open_page(people.ann, PAGE, id=str(one), show="comments", find="报价"))
    assert "跟紧报价" in narrowed
    assert "新增客户" not in narrowed


def test_a_call_is_put_down_from_the_number_in_a_dialog(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, id=str(one))
    app.button(key="customer.call").click().run()
    assert not app.exception
    held = f"quick_log.{app.session_state['_token.quick_log']}"
    assert app.get_by_key(f"{held}.contact").value == "张三"
    app.get_by_key(f"{held}.content").set_value("约好周五")
    app.button(key="customer.call").click()  # the test's browser runs the page anew, not the dialog alone
    with recorded("activities.log", by=people.ann, times=1):
        app.button(key=f"quick_log.save.{app.session_state['_token.quick_log']}").click().run()
    [entry] = service.activities.timeline(people.ann)
    assert (entry.customer_id, entry.content, entry.contact) == (one, "约好周五", "张三")


def test_a_masked_number_cannot_be_called(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.kai, PAGE, id=str(one))
    assert "tel:" not in captions(app)
    assert "customer.call" not in {button.key for button in app.button}


def test_a_phrase_goes_into_the_text_by_one_press(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, id=str(one))
    content = f"customer.composer.{app.session_state['_token.customer.composer']}.content"
    app.get_by_key(content).set_value("打过了")
    app.button(key=f"{content}.phrase.0").click().run()
    assert app.get_by_key(content).value == "打过了\n无人接听，稍后再打。"
    assert service.activities.timeline(people.ann) == []


def test_the_story_is_printed_on_a_page_of_its_own_and_recorded(
    people: Personas, one: int, open_page: OpenPage
) -> None:
    service.activities.log(people.ann, one, ActivityDraft(content="寄出样品"))
    with recorded("timeline.story", by=people.ann, times=1):
        app = open_page(people.ann, "pages/print_timeline.py", id=str(one))
    assert not app.exception
    assert "寄出样品" in captions(app)
    with recorded("timeline.story", by=people.bo, times=0):
        app = open_page(people.bo, "pages/print_timeline.py", id=str(one))
    assert "寄出样品" not in captions(app)
