"""Changes and undo on their page: what was done is listed in words, taken back by two presses, and told in three buckets."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.i18n import _
from cim.models.customer import CustomerDraft
from cim.models.imports import ImportKind
from tests.factories import Personas, history, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/changes.py"
ROWS = "客户编号,客户名称,手机\nA1,南京信诺环保科技有限公司,13800138000\nA2,成都远山食品有限公司,13800138002\n"


@pytest.fixture
def batch(people: Personas) -> int:
    """The change-set of an import of two customers by ann."""
    service.imports.run(people.ann, ROWS.encode(), filename="a.csv", kind=ImportKind.CUSTOMERS)
    return history()[-1].change_set_id


def shown(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def metrics(app: AppTest) -> list[str]:
    return [metric.value for metric in app.metric]


def test_an_import_is_taken_back_after_a_question(people: Personas, batch: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    assert "导入" in shown(app)
    app.button(key=f"changes.undo.{batch}").click().run()
    assert "**2**" in shown(app)
    assert service.customers.search(people.ann).total == 2
    with recorded("undo.change_set", by=people.ann):
        app.button(key="changes.sure").click().run()
    assert not app.exception
    assert metrics(app) == ["2", "0", "0"]
    assert service.customers.search(people.ann).total == 0
    assert not [button for button in app.button if button.key == f"changes.undo.{batch}"]


def test_cancel_leaves_everything(people: Personas, batch: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.button(key=f"changes.undo.{batch}").click().run()
    app.button(key="changes.cancel").click().run()
    assert not [button for button in app.button if button.key == "changes.sure"]
    assert service.customers.search(people.ann).total == 2


def test_one_record_is_taken_back_at_once_and_what_stays_is_told(
    people: Personas, batch: int, open_page: OpenPage
) -> None:
    view = service.customers.by_code(people.ann, "A1")
    service.customers.update(people.ann, view.id, CustomerDraft(name=view.name, grade="A"), version=view.version)
    edit = history()[-1].change_set_id
    app = open_page(people.ann, PAGE)
    app.button(key=f"changes.undo.{batch}").click().run()
    app.button(key="changes.sure").click().run()
    assert metrics(app) == ["1", "1", "0"]
    told = app.dataframe[0].value
    assert told.iloc[0].tolist()[1] == "南京信诺环保科技有限公司"
    assert "安晓然" in told.iloc[0].tolist()[3]
    app.button(key=f"changes.undo.{edit}").click().run()
    assert metrics(app) == ["1", "0", "0"]
    assert service.customers.get(people.ann, view.id).grade == ""


def test_a_manager_looks_at_those_he_answers_for(people: Personas, batch: int, open_page: OpenPage) -> None:
    app = open_page(people.mei, PAGE)
    assert not [button for button in app.button if (button.key or "").startswith("changes.undo")]
    app.selectbox(key="changes.who").set_value(people.ann.user_id).run()
    assert app.button(key=f"changes.undo.{batch}")
    other = open_page(people.bo, PAGE, who=str(people.ann.user_id))
    assert not [button for button in other.button if (button.key or "").startswith("changes.undo")]


def test_kinds_narrow_the_list(people: Personas, batch: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.get_by_key("changes.kind").set_value("merge").run()
    assert not app.exception
    assert not [button for button in app.button if (button.key or "").startswith("changes.undo")]
    app.get_by_key("changes.kind").set_value("import").run()
    assert app.button(key=f"changes.undo.{batch}")


def test_readers_are_refused(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.audrey, PAGE)
    assert [error.value for error in app.error]
    assert not app.metric


def test_an_edit_is_taken_back_beside_the_timeline(people: Personas, batch: int, open_page: OpenPage) -> None:
    view = service.customers.by_code(people.ann, "A1")
    service.customers.update(people.ann, view.id, CustomerDraft(name=view.name, grade="A"), version=view.version)
    app = open_page(people.ann, "pages/customer.py", id=str(view.id))
    key = "customer.timeline.undo"
    app.session_state[key] = True
    app.run()
    assert not app.exception
    [press] = [button for button in app.button if (button.key or "").startswith(f"{key}.run.")]
    press.click().run()
    assert service.customers.get(people.ann, view.id).grade == ""
    assert history()[-1].action == "undo.change_set"


def test_delete_on_the_page_and_back(people: Personas, batch: int, open_page: OpenPage) -> None:
    view = service.customers.by_code(people.ann, "A1")
    app = open_page(people.ann, "pages/customer.py", id=str(view.id))
    app.text_input(key="customer.remove.reason").set_value("重复").run()
    with recorded("customers.remove", by=people.ann, times=1):
        app.button(key="customer.remove").click().run()
    assert not app.exception
    assert history()[-1].reason == "重复"
    assert [message.value for message in app.success] == [_("The customer is in the recycle bin.")]
    app.button(key="customer.remove.undo").click().run()
    assert service.customers.get(people.ann, view.id).code == "A1"
    assert any(view.name in header.value for header in app.header)


def test_only_who_may_write_sees_delete(people: Personas, batch: int, open_page: OpenPage) -> None:
    view = service.customers.by_code(people.ann, "A1")
    app = open_page(people.audrey, "pages/customer.py", id=str(view.id))
    assert not [button for button in app.button if (button.key or "").startswith("customer.remove")]
