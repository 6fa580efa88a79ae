"""The list of a noun, on a page: views, filters in the address, ticked rows, the way to a record."""

from __future__ import annotations

from typing import Any

import pytest

from cim import service
from cim.models.custom import CustomFieldDraft, Noun
from cim.models.saved_view import SavedViewDraft
from cim.ui import state
from cim.ui.panels import records_table
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage
from tests.service.record_makers import firm, make

PAGE = "pages/orders.py"
LIST = "records.order"


@pytest.fixture
def two(people: Personas) -> list[int]:
    service.custom.define(people.root, CustomFieldDraft(noun=Noun.ORDER, key="truck", label="车次"))
    customer = firm(people.ann)
    ids = [make(Noun.ORDER, people.ann, customer, name, custom={"truck": name[-1]}) for name in ("SO-A", "SO-B")]
    make(Noun.ORDER, people.bo, firm(people.bo, "薄的客户"), "SO-C")
    return ids


def numbers(app: Any) -> list[str]:
    return [str(number) for number in app.dataframe[0].value["order_no"]] if app.dataframe else []


def test_filters_stand_in_the_address_and_can_be_taken_away(
    people: Personas, two: list[int], open_page: OpenPage
) -> None:
    app = open_page(people.ann, PAGE, status="confirmed", **{"custom.truck": "A"})
    assert not app.exception
    assert numbers(app) == ["SO-A"]
    app.button(key=f"{LIST}.drop.custom.truck").click().run()
    assert sorted(numbers(app)) == ["SO-A", "SO-B"]
    app.text_input(key=f"{LIST}.q").input("so-b").run()
    assert numbers(app) == ["SO-B"]
    app.button(key=f"{LIST}.clear").click().run()
    assert sorted(numbers(app)) == ["SO-A", "SO-B"]
    app.query_params["payment"] = "nonsense"
    app.run()
    assert app.error
    assert not app.exception


def test_a_view_is_kept_opened_and_changed(people: Personas, two: list[int], open_page: OpenPage) -> None:
    made = service.saved_views.save(
        people.ann,
        SavedViewDraft(name="A 车", filter={"custom": {"truck": "A"}}, columns=["order_no", "custom.truck"]),
        noun=Noun.ORDER,
    )
    app = open_page(people.ann, PAGE, view=str(made))
    assert numbers(app) == ["SO-A"]
    assert list(app.dataframe[0].value.columns) == ["order_no", "custom.truck"]
    app.selectbox(key=f"{LIST}.order").select("-amount").run()
    app.button(key=f"{LIST}.view.update").click().run()
    [view] = [view for view in service.saved_views.everything(people.ann, Noun.ORDER).views if view.id == made]
    assert view.order == "-amount"


def test_ticked_rows_are_changed_and_taken_back(people: Personas, two: list[int], open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    rows = service.records.search(people.ann, Noun.ORDER).rows
    app.session_state[records_table.key_of(rows, LIST)] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    app.session_state[f"{LIST}.bulk.field"] = True
    app.run()
    app.selectbox(key=f"{LIST}.bulk.name").select("custom.truck").run()
    app.text_input(key=f"{LIST}.bulk.custom.truck").input("9").run()
    with recorded("record_edit.set_field", by=people.ann):
        app.button(key=f"{LIST}.bulk.field.go").click().run()
    assert [service.orders.get(people.ann, number).custom for number in two] == [{"truck": "9"}] * 2
    change_set = app.session_state[state.LIST_RESULT][3]
    app.button(key=f"{LIST}.undo.{change_set}").click().run()
    assert service.orders.get(people.ann, two[0]).custom == {"truck": "A"}


def test_the_search_page_shows_records_too(people: Personas, two: list[int], open_page: OpenPage) -> None:
    make(Noun.TICKET, people.ann, 1, "SO-A 少发一箱")
    app = open_page(people.ann, "pages/search.py", q="SO-A")
    assert not app.exception
    shown = " ".join(element.value for element in (*app.markdown, *app.caption))
    assert "订单" in shown
    assert "工单" in shown
