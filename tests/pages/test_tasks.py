"""The page of tasks: groups, one task opened and changed, a new one, the visits of the day from arrival to log."""

from __future__ import annotations

from datetime import datetime

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.i18n import _
from cim.models.activity import ActivityType
from cim.models.customer import CustomerDraft
from cim.models.task import Frequency, Repeat, TaskDraft, TaskKind
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/tasks.py"


@pytest.fixture(autouse=True)
def wednesday(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="[坏](http://evil/)公司"))


def shown(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


def plan(title: str, day: int = 18, hour: int = 15, **values: object) -> TaskDraft:
    return TaskDraft.model_validate({"title": title, "due_at": datetime(2026, 11, day, hour), **values})


def test_a_task_is_planned_ticked_off_and_opened_again(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    held = f"tasks.new.{app.session_state['_token.tasks.new']}"
    app.text_input(key=f"{held}.title").set_value("**送**样品")
    app.get_by_key(f"{held}.kind").set_value("call")
    app.get_by_key(f"{held}.repeat").set_value("weekly")
    app.get_by_key(f"{held}.remind").set_value(60)
    with recorded("tasks.add", by=people.ann, times=1):
        app.button(key=f"{held}.save").click().run()
    [task] = service.tasks.mine(people.ann).tasks
    assert (task.title, task.kind, task.all_day) == ("**送**样品", TaskKind.CALL, True)
    assert task.repeat == Repeat(frequency=Frequency.WEEKLY, weekdays=[2])
    assert (task.due_at - (task.remind_at or task.due_at)).total_seconds() == 3600
    assert r"\*\*送\*\*样品" in shown(app)
    app.button(key=f"tasks.list.done.{task.id}.1").click().run()
    [following] = service.tasks.mine(people.ann).tasks
    assert following.id != task.id
    app.button(key=f"tasks.list.undo.{task.id}").click().run()
    assert [one.id for one in service.tasks.mine(people.ann).tasks] == [task.id]


def test_a_task_is_opened_by_its_address_changed_and_closed(people: Personas, firm: int, open_page: OpenPage) -> None:
    made = service.tasks.add(people.ann, plan("报价", customer_id=firm, notes="[x](http://evil/)"))
    app = open_page(people.ann, PAGE, task=str(made))
    assert "](http" not in shown(app), "what people typed stays text"
    held = f"task.edit.{made}.1"
    app.text_input(key=f"{held}.title").set_value("正式报价")
    with recorded("tasks.update", by=people.ann, times=1):
        app.button(key=f"{held}.save").click().run()
    assert service.tasks.get(people.ann, made).title == "正式报价"
    assert "task" not in app.query_params
    for other in ("999999", "x", "99999999999999999999"):
        assert not open_page(people.ann, PAGE, task=other).exception
    app = open_page(people.bo, PAGE, task=str(made))
    assert "报价" not in shown(app)
    assert app.error


def test_a_visit_from_arrival_to_log(people: Personas, firm: int, open_page: OpenPage) -> None:
    made = service.tasks.add(people.ann, plan("拜访", kind=TaskKind.VISIT, customer_id=firm, place="客户工厂"))
    missed = service.tasks.add(people.ann, plan("昨天的拜访", day=20, kind=TaskKind.VISIT, customer_id=firm))
    app = open_page(people.ann, PAGE, tab="visits", span="week")
    app.button(key=f"visits.{made}.1.in").click().run()
    assert _("there since {time}", time="12:00") in shown(app)
    token = app.session_state[f"_token.visits.finish.{made}"]
    app.text_area(key=f"visits.finish.{made}.{token}.content").set_value("谈得很好")
    app.button(key=f"visits.finish.{made}.{token}.save").click().run()
    assert not app.exception
    assert not app.error, app.error[0].value
    [entry] = service.activities.timeline(people.ann, customer_id=firm)
    assert (entry.type, entry.content, entry.place) == (ActivityType.VISIT, "谈得很好", "客户工厂")
    assert service.tasks.get(people.ann, made).result_id == entry.id
    assert service.tasks.get(people.ann, missed).done_at is None


def test_a_manager_looks_at_everybody_and_others_at_themselves(people: Personas, open_page: OpenPage) -> None:
    service.tasks.add(people.ann, plan("安的事"))
    service.tasks.add(people.bo, plan("博的事"))
    text = shown(open_page(people.mei, PAGE, person="team"))
    assert "安的事" in text
    assert "博的事" in text
    text = shown(open_page(people.mei, PAGE, person=str(people.bo.user_id)))
    assert "安的事" not in text
    assert "博的事" in text
    app = open_page(people.ann, PAGE, person=str(people.bo.user_id))
    assert "博的事" not in shown(app)
    assert "安的事" in shown(app)
