"""The page of a team: numbers that open their lists, the plan, and who may see it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.activity import ActivityDraft
from cim.models.customer import CustomerDraft
from tests.factories import Personas
from tests.pages.conftest import OpenPage

PAGE = "pages/team.py"


@pytest.fixture
def firm(people: Personas) -> int:
    number = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))
    service.activities.log(people.ann, number, ActivityDraft(content="谈了 **报价**"))
    return number


def shown(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_a_number_opens_its_list_and_a_leader_acts_on_it(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.mei, PAGE, list="calls", person=str(people.ann.user_id))
    assert not app.exception
    assert "list=calls" in str(app.table[0].value)
    assert r"谈了 \*\*报价\*\*" in shown(app)
    [entry] = service.activities.timeline(people.mei)
    app.selectbox(key="team.list.row").set_value(f"activity.{entry.id}").run()
    app.get_by_key("team.list.taker").set_value(people.bo.user_id).run()
    app.button(key="team.list.task").click().run()
    assert [task.title for task in service.tasks.mine(people.bo).tasks] == ["跟进"]
    app.button(key="team.list.assign").click().run()
    assert service.customers.get(people.mei, firm).owner_id == people.bo.user_id


@pytest.mark.parametrize("tab", ["state", "outlook", "targets"])
def test_every_tab_opens(people: Personas, firm: int, open_page: OpenPage, tab: str) -> None:
    app = open_page(people.mei, PAGE, tab=tab)
    assert not app.exception
    assert "安晓然" in str(app.table[0].value) or tab == "outlook"


def test_a_rep_is_refused(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    assert "南京信诺" not in shown(app)
    assert app.error
