"""The worklist on its page: why somebody stands there, and the decisions by a press."""

from __future__ import annotations

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from cim import clock, service
from cim.models.activity import ActivityDraft
from cim.models.customer import CustomerDraft, Grade
from cim.models.worklist import WorklistState
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/worklist.py"


@pytest.fixture
def firm(people: Personas) -> int:
    """A customer of ann's of grade A that nobody spoke with for 40 days."""
    made = clock.now() - timedelta(days=400)
    draft = CustomerDraft(name="[坏](http://evil/)公司", phone="13800138000", grade=Grade.A, created_at=made)
    number = service.customers.create(people.ann, draft)
    spoken = ActivityDraft(content="谈了报价", at=clock.now() - timedelta(days=40))
    service.activities.log(people.ann, number, spoken)
    return number


def shown(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_an_entry_says_why_and_is_put_off_and_back(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    assert not app.exception
    assert "已 40 天未联系；A 级客户应每 14 天联系" in shown(app).replace("\\", "")
    assert "](http" not in shown(app).replace("\\[", "").replace("\\]", "").replace("\\(", "")
    with recorded("worklist.postpone", by=people.ann, times=1):
        app.get_by_key(f"worklist.{firm}.later").set_value("tomorrow").run()
    assert "未联系" not in shown(app)
    app.button(key=f"worklist.undo.{firm}").click().run()
    assert "已 40 天未联系" in shown(app).replace("\\", "")
    with recorded("worklist.done", by=people.ann, times=1):
        app.button(key=f"worklist.{firm}.done").click().run()
    assert service.worklist.mine(people.ann, state=WorklistState.DONE).total == 1


def test_logging_from_the_list_takes_the_entry_off(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.button(key=f"worklist.{firm}.log").click().run()
    box = f"worklist.{firm}.composer"
    token = app.session_state[f"_token.{box}"]
    app.get_by_key(f"{box}.{token}.content").set_value("约了下周见面")
    app.button(key=f"{box}.save.{token}").click().run()
    assert not app.exception
    assert service.worklist.mine(people.ann).total == 0
    assert not [button for button in app.button if button.key == f"worklist.{firm}.log"]


def test_dismissing_asks_for_a_reason(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.get_by_key(f"worklist.{firm}.later").set_value("dismiss").run()
    press = next(button for button in app.button if button.label == "移出清单")
    press.click().run()
    assert app.error[0].value
    app.text_input(key=f"worklist.{firm}.reason").set_value("已停业")
    next(button for button in app.button if button.label == "移出清单").click().run()
    assert service.worklist.mine(people.ann, state=WorklistState.DISMISSED).entries[0].reason == "已停业"


def test_who_leads_sees_the_team_and_who_reads_decides_nothing(
    people: Personas, firm: int, open_page: OpenPage
) -> None:
    app = open_page(people.mei, PAGE, rule="birthday")
    assert "安晓然" not in shown(app)
    app.selectbox(key="worklist.rule").set_value("contact").run()
    assert "安晓然" in shown(app)
    assert app.query_params["rule"] == "contact"
    assert [button for button in app.button if button.key == f"worklist.{firm}.done"]
    app = open_page(people.audrey, PAGE)
    assert "13800138000" not in shown(app)
    assert "未联系" in shown(app)
    assert not [button for button in app.button if button.key == f"worklist.{firm}.done"]


def test_rules_are_set_in_the_settings(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.root, "pages/settings.py", tab="worklist")
    assert not app.exception
    app.toggle(key="worklist_rule.contact.0.active").set_value(False).run()
    assert "contact" not in {f.code for f in service.worklist.mine(people.ann).entries[0].facts}
    app.number_input(key="worklist_rule.silent_A.0.points").set_value(99)
    with recorded("worklist.change_rule", by=people.root, times=1):
        next(b for b in app.button if str(b.key).startswith("FormSubmitter:worklist_rule.silent_A.")).click().run()
    assert {r.key: r.points for r in service.worklist.rules(people.root)}["silent_A"] == 99
