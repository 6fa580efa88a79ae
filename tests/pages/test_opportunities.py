"""The pipeline on its pages: the board with its moves, one opportunity from stage to order, the panel of a customer, stages
in the settings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.customer import CustomerDraft
from cim.models.opportunity import OpportunityDraft, StageKind
from cim.models.opportunity_view import StepDraft
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

BOARD, PAGE = "pages/opportunities.py", "pages/opportunity.py"


@pytest.fixture
def firm(people: Personas) -> int:
    """A customer of ann's."""
    return service.customers.create(people.ann, CustomerDraft(name="[坏](http://evil/)公司"))


@pytest.fixture
def at(people: Personas) -> dict[str, int]:
    return {row.key: row.id for row in service.stages.everything(people.root)}


@pytest.fixture
def deal(people: Personas, firm: int) -> int:
    draft = OpportunityDraft(name="**粗**改造", amount=Decimal(50_000), expected_close=date(2030, 1, 1))
    return service.opportunities.create(people.ann, firm, draft)


def shown(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_a_card_moves_by_its_menu_and_a_loss_asks_why(
    people: Personas, deal: int, at: dict[str, int], open_page: OpenPage
) -> None:
    app = open_page(people.ann, BOARD)
    assert not app.exception
    assert r"\*\*粗\*\*改造" in shown(app)
    assert "](http" not in shown(app)
    with recorded("opportunities.advance", by=people.ann):
        app.get_by_key(f"opportunity.move.{deal}.1").set_value(at["proposal"]).run()
    assert not app.exception
    view = service.opportunities.get(people.ann, deal)
    assert view.stage_id == at["proposal"]
    app.get_by_key(f"opportunity.move.{deal}.{view.version}").set_value(at["lost"]).run()
    assert not app.exception
    assert service.opportunities.get(people.ann, deal).kind is StageKind.OPEN, "not without a reason"
    app.selectbox(key=f"opportunity.lose.{deal}.reason").select_index(0).run()
    app.button(key=f"opportunity.lose.{deal}.save").click().run()
    assert not app.exception
    view = service.opportunities.get(people.ann, deal)
    assert (view.kind, bool(view.reason)) == (StageKind.LOST, True)


def test_filters_are_in_the_address_and_readers_move_nothing(people: Personas, deal: int, open_page: OpenPage) -> None:
    app = open_page(people.kai, BOARD, owner=str(people.bo.user_id))
    assert not app.exception
    assert "粗" not in shown(app)
    app.get_by_key("pipeline.owner").set_value(people.ann.user_id).run()
    assert "粗" in shown(app)
    assert app.query_params["owner"] == str(people.ann.user_id)
    assert not [button for button in app.button if str(button.key).startswith("opportunity.move")]
    app.get_by_key("opportunities.tab").set_value("forecast").run()
    assert not app.exception
    assert app.query_params["tab"] == "forecast"


def test_one_opportunity_from_stage_to_order(
    people: Personas, deal: int, at: dict[str, int], open_page: OpenPage
) -> None:
    step = service.opportunity_steps.add(people.ann, deal, StepDraft(title="现场勘查"))
    app = open_page(people.ann, PAGE, id=str(deal))
    assert not app.exception
    app.get_by_key(f"opportunity.stage.{deal}.1").set_value(at["negotiation"]).run()
    app.button(key=f"opportunity.step.{step}.1.done").click().run()
    assert service.opportunities.get(people.ann, deal).stage_id == at["negotiation"]
    assert service.opportunity_steps.of(people.ann, deal)[0].done_at is not None
    app.button(key="opportunity.order").click().run()
    app.button(key=f"opportunity.order.{deal}.save").click().run()
    assert not app.exception
    [order] = service.opportunities.ordered(people.ann, deal)
    assert order.amount == 50_000
    assert service.opportunities.get(people.ann, deal).kind is StageKind.WON
    assert order.order_no.replace("-", r"\-") in shown(app)


def test_out_of_reach_is_not_there(people: Personas, deal: int, open_page: OpenPage) -> None:
    app = open_page(people.bo, PAGE, id=str(deal))
    assert app.error
    assert "粗" not in shown(app)


def test_a_stage_is_changed_in_the_settings(people: Personas, at: dict[str, int], open_page: OpenPage) -> None:
    app = open_page(people.root, "pages/settings.py", tab="stages")
    assert not app.exception
    app.text_input(key="stages.new.name").set_value("样品试用")
    app.get_by_key("stages.new.required").set_value(["lines"])
    with recorded("stages.add", by=people.root):
        next(button for button in app.button if button.proto.is_form_submitter).click().run()
    assert not app.exception
    made = service.stages.everything(people.ann)[4]
    assert (made.name, made.required) == ("样品试用", ["lines"])
