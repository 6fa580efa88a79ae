"""The page of data quality, the badge on a customer's page, the pool there, and hand-over: as people use them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from cim import clock, service
from cim.access import SYSTEM
from cim.i18n import _
from cim.models.customer import CustomerDraft
from cim.models.listing import CustomerFilter
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage


def texts(app: AppTest) -> str:
    return "\n".join(
        str(element.value) for kind in ("markdown", "caption", "success", "info") for element in app.get(kind)
    )


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="*甲*某商行"))


def test_everybody_sees_the_mean_of_his_reach(people: Personas, firm: int, open_page: OpenPage) -> None:
    service.quality.snapshot(SYSTEM)
    for me in people:
        app = open_page(me, "pages/quality.py")
        assert not app.exception, me.username
        shown = [metric.value for metric in app.metric]
        score = service.quality.overview(me).score
        assert shown[:1] == ([] if score is None else [f"{score:g}"])
        assert len(shown) == (0 if score is None else 5)


def test_the_course_is_drawn_when_there_is_one(
    people: Personas, firm: int, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.quality.snapshot(SYSTEM)
    assert _("Counted every night: the line begins tomorrow.") in texts(open_page(people.mei, "pages/quality.py"))
    monkeypatch.setenv("CIM_NOW", (clock.now() + timedelta(days=1)).isoformat())
    app = open_page(people.mei, "pages/quality.py")
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1


def test_the_repair_grid_names_the_problem_and_who_may_not_change_gets_a_list(
    people: Personas, firm: int, open_page: OpenPage
) -> None:
    app = open_page(people.ann, "pages/quality.py", tab="repair")
    assert not app.exception
    assert app.button(key="quality.save").disabled
    assert len(app.dataframe) == 1 or len(app.get("arrow_data_frame")) == 1
    app = open_page(people.audrey, "pages/quality.py", tab="repair")
    assert not app.exception
    assert not [b for b in app.button if b.key == "quality.save"]
    assert "甲" in app.table[0].value.to_string()


def test_the_campaign_lists_what_is_old(
    people: Personas, firm: int, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = _("All data was changed or confirmed within this time.")
    assert done in texts(open_page(people.ann, "pages/quality.py", tab="confirm"))
    monkeypatch.setenv("CIM_NOW", (clock.now() + timedelta(days=100)).isoformat())
    app = open_page(people.ann, "pages/quality.py", tab="confirm", months="3")
    assert not app.exception
    assert len(app.dataframe) == 1
    assert "*甲*某商行" in app.dataframe[0].value.to_string()


def test_a_customer_is_confirmed_where_its_score_stands(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, "pages/customer.py", id=str(firm))
    assert not app.exception
    app.session_state["customer.quality"] = True
    app.run()
    assert _("No region").split()[0] in texts(app) or _("No region") in texts(app)
    with recorded("quality.confirm", by=people.ann, times=1):
        app.button(key="customer.confirm").click().run()
    assert not app.exception


def test_a_rep_gives_a_customer_back_and_another_claims_it(people: Personas, firm: int, open_page: OpenPage) -> None:
    service.settings.change(people.root, "pool.claims_a_day", 3)
    app = open_page(people.ann, "pages/customer.py", id=str(firm))
    app.session_state["customer.pool"] = True
    app.run()
    app.text_input(key="customer.release_reason").set_value("换了行业")
    [submit] = [b for b in app.button if b.label == _("Give back to the public pool")]
    with recorded("pool.release", by=people.ann):
        submit.click().run()
    assert not app.exception
    app = open_page(people.bo, "pages/customer.py", id=str(firm))
    assert app.button(key="customer.claim").label == _("Claim ({left} left)", left=3)
    with recorded("customers.claim", by=people.bo):
        app.button(key="customer.claim").click().run()
    assert service.customers.get(people.bo, firm).owner == "薄文博"


def test_who_is_about_to_lose_a_customer_is_told(
    people: Personas, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.settings.change(people.root, "pool.days.A", 90)
    firm = service.customers.create(people.ann, CustomerDraft.model_validate({"name": "甲某商行", "grade": "A"}))
    monkeypatch.setenv("CIM_NOW", (clock.now() + timedelta(days=85)).isoformat())
    app = open_page(people.ann)
    assert not app.exception
    assert _("Soon in the public pool: {count}", count=1) in texts(app)
    assert service.pool.due(people.ann)[0].id == firm
    app = open_page(people.ann, "pages/customer.py", id=str(firm))
    assert not app.exception
    assert any("hourglass" in str(element.value) for element in app.markdown)
    assert _("Soon in the public pool: {count}", count=1) not in texts(open_page(people.bo))


def test_a_leavers_customers_are_handed_over_in_the_app(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.root, "pages/users.py")
    assert not app.exception
    app.selectbox(key="hand_over.giver").set_value(people.ann.user_id).run()
    app.selectbox(key="hand_over.taker").set_value(people.bo.user_id)
    app.text_input(key="hand_over.reason").set_value("离职").run()
    with recorded("customers.hand_over", by=people.root):
        app.button(key="hand_over.go").click().run()
    assert not app.exception
    assert service.customers.search(people.bo, CustomerFilter(owner=people.bo.user_id)).total == 1


def test_those_who_lead_see_the_quality_on_the_dashboard(people: Personas, firm: int, open_page: OpenPage) -> None:
    for me, shown in ((people.mei, True), (people.ann, False)):
        app = open_page(me)
        assert (_("Data quality") in {metric.label for metric in app.metric}) is shown
