"""Follow-ups on their page: a call logged in three moves, text that survives, the list with its filters and its safety."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.i18n import _
from cim.models.activity import ActivityDraft, ActivityType, Outcome
from cim.models.customer import CustomerDraft
from cim.models.task import TaskDraft
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/timeline.py"
BOX = "timeline.composer"


@pytest.fixture
def firm(people: Personas) -> int:
    """A customer of ann's."""
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000"))


def field(app: AppTest, name: str):  # type: ignore[no-untyped-def]
    """An input of the composer, whose key holds the token of the save."""
    token = app.session_state[f"_token.{BOX}"]
    return app.get_by_key(f"{BOX}.{token}.{name}")


def save(app: AppTest) -> AppTest:
    token = app.session_state[f"_token.{BOX}"]
    return app.button(key=f"{BOX}.save.{token}").click().run()


def shown(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_call_for_any_customer_in_three_moves(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.text_input(key=f"{BOX}.customer.q").set_value("8000").run()
    app.button(key=f"{BOX}.customer.take.{firm}").click().run()
    field(app, "content").set_value("谈了报价")
    with recorded("activities.log", by=people.ann, times=1):
        save(app)
    assert not app.exception
    [entry] = service.activities.timeline(people.ann)
    assert (entry.customer_id, entry.content, entry.type) == (firm, "谈了报价", ActivityType.CALL)
    assert "谈了报价" in shown(app)
    assert app.text_input(key=f"{BOX}.customer.q").value == ""
    assert field(app, "content").value == ""


def test_link_names_customer_and_type_and_the_next_step_becomes_a_task(
    people: Personas, firm: int, open_page: OpenPage
) -> None:
    app = open_page(people.ann, PAGE, customer=str(firm), type="visit")
    assert not app.exception
    field(app, "place").set_value("客户办公室")
    field(app, "outcome").set_value("deal")
    field(app, "soon").set_value("tomorrow")
    save(app)
    [entry] = service.activities.timeline(people.ann)
    assert (entry.type, entry.place, entry.outcome) == (ActivityType.VISIT, "客户办公室", Outcome.DEAL)
    assert [task.title for task in service.tasks.mine(people.ann).tasks] == [_("Follow up")]
    assert ":green-badge[" in shown(app)


def test_text_survives_a_refused_save(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    field(app, "content").set_value("很长的一段记录")
    save(app)
    assert app.error[0].value
    assert field(app, "content").value == "很长的一段记录"
    service.customers.assign(people.mei, firm, people.bo.user_id)
    app.session_state[f"{BOX}.customer.id"] = firm
    save(app)
    assert app.error
    assert field(app, "content").value == "很长的一段记录"
    assert service.activities.timeline(people.mei) == []


def test_suggestions_stay_within_reach(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.bo, PAGE)
    app.text_input(key=f"{BOX}.customer.q").set_value("信诺").run()
    assert "信诺" not in "".join(button.label for button in app.button)


def test_filters_are_in_the_address(people: Personas, firm: int, open_page: OpenPage) -> None:
    service.activities.log(people.ann, firm, ActivityDraft(content="打了电话"))
    service.activities.log(people.mei, firm, ActivityDraft(content="去了现场", type=ActivityType.VISIT))
    app = open_page(people.mei, PAGE, types="visit", person=str(people.mei.user_id), period="month")
    assert "去了现场" in shown(app)
    assert "打了电话" not in shown(app)
    app.get_by_key("timeline.types").set_value([]).run()
    app.get_by_key("timeline.person").set_value(people.ann.user_id).run()
    assert "打了电话" in shown(app)
    assert app.query_params["person"] == str(people.ann.user_id)
    assert "types" not in app.query_params


def test_what_people_typed_stays_text(people: Personas, open_page: OpenPage) -> None:
    nasty = "<script>x</script> ![p](http://evil/x.png) :red[boo] $x$ [a](javascript:b)"
    firm = service.customers.create(people.ann, CustomerDraft(name="[坏](http://evil/)公司"))
    service.activities.log(people.ann, firm, ActivityDraft(content=nasty, place="**粗**", type=ActivityType.VISIT))
    text = shown(open_page(people.ann, PAGE))
    assert r"\<script\>x" in text
    unescaped = re.sub(r"\\.", "", text)
    for markup in ("<", "!", ":red[boo", "$", "](javascript", "(http", "**粗"):
        assert markup not in unescaped


def test_many_entries_are_few_elements_and_load_more_continues(
    people: Personas, firm: int, open_page: OpenPage
) -> None:
    for number in range(55):
        service.activities.log(people.ann, firm, ActivityDraft(content=f"第{number:02d}次"))
    app = open_page(people.ann, PAGE)
    assert "第54次" in shown(app)
    assert "第04次" not in shown(app)
    assert sum("次" in element.value for element in app.markdown) <= 2, "one element per month"
    app.button(key="timeline.list.more").click().run()
    assert "第00次" in shown(app)
    assert not [button for button in app.button if button.key == "timeline.list.more"]


def test_task_is_ticked_off_and_taken_back(people: Personas, firm: int, open_page: OpenPage) -> None:
    task = service.tasks.add(people.ann, TaskDraft(title="送合同", due_at=datetime(2099, 1, 1), customer_id=firm))
    app = open_page(people.ann, PAGE)
    app.button(key=f"timeline.tasks.done.{task}.1").click().run()
    assert "送合同" not in shown(app)
    app.button(key=f"timeline.tasks.undo.{task}").click().run()
    assert "送合同" in shown(app)
    assert not app.exception


def test_entry_is_corrected_and_removed(people: Personas, firm: int, open_page: OpenPage) -> None:
    made = service.activities.log(people.ann, firm, ActivityDraft(content="写错了"))
    app = open_page(people.ann, PAGE)
    app.session_state["timeline.list.edit"] = True
    app.run()
    key = f"timeline.list.edit.{made}.1"
    app.text_area(key=f"{key}.content").set_value("写对了")
    app.button(key=f"{key}.save").click().run()
    assert service.activities.get(people.ann, made).content == "写对了"
    assert "写对了" in shown(app)


def test_auditor_reads_and_writes_nothing(people: Personas, firm: int, open_page: OpenPage) -> None:
    service.activities.log(people.ann, firm, ActivityDraft(content="打了电话"))
    app = open_page(people.audrey, PAGE)
    assert "打了电话" in shown(app)
    assert not [area for area in app.text_area]
    assert not [button for button in app.button if str(button.key).startswith("timeline.")]


def test_visitor_sees_nothing(people: Personas, firm: int, open_page: OpenPage) -> None:
    service.activities.log(people.ann, firm, ActivityDraft(content="打了电话"))
    assert "打了电话" not in shown(open_page(None, PAGE))
