"""The list of customers: found however typed, narrowed by the URL, only what is one's own."""

from __future__ import annotations

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.customer import CustomerDraft, Grade
from cim.models.saved_view import SavedViewDraft
from cim.ui import state
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/search.py"


@pytest.fixture
def three(people: Personas) -> list[int]:
    drafts = [
        (
            people.ann,
            CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000", region="江苏省南京市", grade=Grade.A),
        ),
        (people.ann, CustomerDraft(name="深圳远大贸易有限公司", phone="13900139001", region="广东省深圳市")),
        (people.bo, CustomerDraft(name="成都蓝天餐饮管理有限公司", phone="13700137002")),
    ]
    return [service.customers.create(me, draft) for me, draft in drafts]


def names(app: object) -> list[str]:
    return [str(name) for name in app.dataframe[0].value["name"]] if app.dataframe else []  # type: ignore[attr-defined]


@pytest.mark.parametrize(("q", "found"), [("信诺", 1), ("8000", 1), ("ydmy", 1), ("蓝天", 0), ("有限公司", 2), ("", 2)])
def test_ann_finds_hers_and_only_hers(
    people: Personas, three: list[int], open_page: OpenPage, q: str, found: int
) -> None:
    app = open_page(people.ann, PAGE, **({"q": q} if q else {}))
    assert not app.exception
    assert len(names(app)) == found
    assert not any("蓝天" in name for name in names(app))


def test_typing_puts_the_words_into_the_url(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.text_input(key="search.q").input("xinnuo").run()
    assert names(app) == ["南京信诺环保科技有限公司"]
    assert app.query_params["q"] in ("xinnuo", ["xinnuo"])


def test_a_link_narrows_and_each_filter_can_be_taken_away(
    people: Personas, three: list[int], open_page: OpenPage
) -> None:
    app = open_page(people.mei, PAGE, region="320000", grade="A")
    assert names(app) == ["南京信诺环保科技有限公司"]
    app.button(key="search.drop.region").click().run()
    app.button(key="search.drop.grade").click().run()
    assert len(names(app)) == 3


def test_a_link_with_nonsense_says_so(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, owner="ann", idle_days="soon")
    assert not app.exception
    assert app.warning
    assert len(names(app)) == 2


@pytest.mark.parametrize("asked", [{"idle_days": "9" * 12}, {"owner": "9" * 30}, {"created_to": "9999-12-31"}])
def test_a_link_with_odd_numbers_opens(people: Personas, open_page: OpenPage, asked: dict[str, str]) -> None:
    app = open_page(people.ann, PAGE, **asked)
    assert not app.exception
    assert not app.error


def test_auditor_sees_masked_numbers(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = open_page(people.audrey, PAGE)
    assert set(app.dataframe[0].value["phone"]) == {"138****8000", "139****9001", "137****7002"}


def test_an_empty_list_leads_on(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, q="没有这个客户")
    assert not app.exception
    assert app.info


def test_an_export_needs_a_reason_and_is_recorded(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.session_state["search.export.box"] = True
    app.run()
    assert app.button(key="search.export.prepare").disabled
    app.text_input(key="search.export.reason").input("展会名单").run()
    with recorded("exports.customers", by=people.ann, times=1):
        app.button(key="search.export.prepare").click().run()
    assert not app.exception


# ---- views
def ticked(app: AppTest, *rows: int) -> AppTest:
    """Tick rows of the list, as a browser says it."""
    app.session_state[table(app)] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def table(app: AppTest) -> str:
    """The key of the list that is shown: it names the round and the rows."""
    return next(
        key for key in app.session_state._state.filtered_state if re.fullmatch(r"search\.list\.\d+\.[0-9a-f]{8}", key)
    )


def opened(app: AppTest, box: str) -> AppTest:
    """Open what lies behind a button."""
    app.session_state[box] = True
    return app.run()


def url(app: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def test_a_shipped_view_opens_its_list_and_says_so_in_the_url(
    people: Personas, three: list[int], open_page: OpenPage
) -> None:
    pool = service.customers.create(people.root, CustomerDraft(name="公海里的商行", owner_id=None))
    app = open_page(people.ann, PAGE)
    assert len(names(app)) == 3
    app.segmented_control(key="search.view").set_value("pool").run()
    assert names(app) == ["公海里的商行"]
    assert url(app) == {"view": "pool", "owner": "0"}
    service.customers.star(people.ann, pool)
    app.segmented_control(key="search.view").set_value("starred").run()
    assert names(app) == ["公海里的商行"]
    assert open_page(people.bo, PAGE, view="starred").info


def test_what_is_shown_is_kept_as_a_view_changed_and_discarded(
    people: Personas, three: list[int], open_page: OpenPage
) -> None:
    app = opened(open_page(people.ann, PAGE, grade="A"), "search.views")
    app.text_input(key="search.view.name").input("A 级客户").run()
    with recorded("saved_views.save", by=people.ann, times=1):
        app.button(key="search.view.save").click().run()
    assert not app.exception
    made = url(app)["view"]
    assert "search.view.update" not in {button.key for button in app.button}
    app.menu_button(key="search.grade").click("B").run()
    assert names(app) == []
    app.button(key="search.view.discard").click().run()
    assert url(app) == {"view": made, "grade": "A"}
    app.menu_button(key="search.lifecycle").click("prospect").run()
    with recorded("saved_views.change", by=people.ann, times=1):
        app.button(key="search.view.update").click().run()
    kept = next(view for view in service.saved_views.everything(people.ann).views if view.key == made)
    assert kept.filter == {"grade": "A", "lifecycle": "prospect"}
    assert "search.view.discard" not in {button.key for button in app.button}


def test_the_first_view_opens_only_where_the_url_asks_nothing(
    people: Personas, three: list[int], open_page: OpenPage
) -> None:
    service.saved_views.make_default(people.ann, "pool")
    assert open_page(people.ann, PAGE).info
    assert len(names(open_page(people.ann, PAGE, view="all"))) == 2
    assert len(names(open_page(people.ann, PAGE, mine="true"))) == 2


def test_a_private_view_of_somebody_else_opens_nothing_of_it(
    people: Personas, three: list[int], open_page: OpenPage
) -> None:
    draft = SavedViewDraft(name="私有场景", filter={"grade": "A"})
    made = service.saved_views.save(people.bo, draft)
    app = open_page(people.ann, PAGE, view=str(made))
    assert not app.exception
    assert len(names(app)) == 2
    assert "私有场景" not in str(app.main)


# ---- columns
def test_columns_are_chosen_and_kept(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = opened(open_page(people.ann, PAGE), "search.columns.box")
    app.multiselect(key="search.columns").set_value(["name", "tags", "code"]).run()
    assert list(app.dataframe[0].value.columns) == ["name", "tags", "code"]
    app.segmented_control(key="search.size").set_value(20).run()
    again = open_page(people.ann, PAGE)
    assert list(again.dataframe[0].value.columns) == ["name", "tags", "code"]
    assert service.saved_views.everything(people.ann).size == 20


# ---- many at once
def test_nothing_is_offered_for_ticked_rows_to_who_may_only_look(
    people: Personas, three: list[int], open_page: OpenPage
) -> None:
    app = ticked(open_page(people.audrey, PAGE), 0, 1)
    assert "search.bulk.none" in {button.key for button in app.button}
    for box in ("search.bulk.assign", "search.bulk.field", "search.bulk.tags", "search.bulk.remove"):
        assert f"{box}.go" not in {button.key for button in opened(app, box).button}


def test_ticked_customers_are_assigned(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = opened(ticked(open_page(people.mei, PAGE), 0, 1, 2), "search.bulk.assign")
    app.selectbox(key="search.bulk.owner").set_value(people.bo.user_id).run()
    app.text_input(key="search.bulk.assign.reason").input("片区调整").run()
    with recorded("bulk_edit.assign", by=people.mei):
        app.button(key="search.bulk.assign.go").click().run()
    assert not app.exception
    assert {service.customers.get(people.mei, number).owner_id for number in three} == {people.bo.user_id}
    assert "search.bulk.none" not in {button.key for button in app.button}
    assert any("成功 2 条" in markdown.value for markdown in app.markdown)


def test_a_field_is_set_for_all_that_the_filter_lets_through(
    people: Personas, three: list[int], open_page: OpenPage
) -> None:
    service.saved_views.prefer(people.mei, size=20)
    app = ticked(open_page(people.mei, PAGE), 0)
    app.button(key="search.bulk.all").click().run()
    app = opened(app, "search.bulk.field")
    app.pills(key="search.bulk.value.grade").set_value("C").run()
    app.button(key="search.bulk.field.go").click().run()
    assert not app.exception
    assert {str(service.customers.get(people.mei, number).grade) for number in three} == {"C"}


def test_deleting_asks_twice_and_can_be_undone(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = opened(ticked(open_page(people.ann, PAGE), 0, 1), "search.bulk.remove")
    assert app.button(key="search.bulk.remove.go").disabled
    app.checkbox(key="search.bulk.sure").check().run()
    with recorded("bulk_edit.remove", by=people.ann, times=2):
        app.button(key="search.bulk.remove.go").click().run()
    assert app.info
    undo = next(button for button in app.button if str(button.key).startswith("search.undo."))
    with recorded("undo.change_set", by=people.ann):
        undo.click().run()
    assert not app.exception
    assert len(names(app)) == 2
    assert not any(str(button.key).startswith("search.undo.") for button in app.button)


def test_ticks_are_gone_when_the_list_is_another_one(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = ticked(open_page(people.mei, PAGE), 2)
    app.menu_button(key="search.grade").click("A").run()
    assert len(names(app)) == 1
    assert "search.bulk.none" not in {button.key for button in app.button}


# ---- the grid
def test_right_cells_are_saved_and_a_wrong_one_stays_with_its_reason(
    people: Personas, three: list[int], open_page: OpenPage
) -> None:
    app = open_page(people.ann, PAGE)
    app.toggle(key="search.grid").set_value(True).run()
    typed(app, {0: {"grade": "B", "contact": "王经理"}, 1: {"industry": "批" * 61}})
    with recorded("bulk_edit.cells", by=people.ann, times=1):
        app.button(key="search.grid.save").click().run()
    assert not app.exception
    first, second = (service.customers.get(people.ann, row.id) for row in service.customers.search(people.ann).rows)
    assert (first.grade, first.contact, second.industry) == ("B", "王经理", "")
    said = " ".join(markdown.value for markdown in app.markdown)
    assert "成功 2 条，跳过 1 条" in said
    assert second.name in said
    assert (
        app.button(key="search.grid.save").label == "保存 1 个单元格"
    )  # what was wrong is still there to be corrected


def typed(app: AppTest, cells: dict[int, dict[str, object]]) -> None:
    """Type into the grid, as a browser says it."""
    states = app._tree.get_widget_states()
    said = {"edited_rows": cells, "added_rows": [], "deleted_rows": []}
    states.widgets.add(id=app.data_editor[0].proto.id, string_value=json.dumps(said))
    app._run(states)


# ---- a record from the list
def test_a_record_knows_its_place_in_the_list(people: Personas, three: list[int], open_page: OpenPage) -> None:
    found = [row.id for row in service.customers.search(people.mei).rows]
    app = open_page(people.mei, "pages/customer.py", id=str(found[1]))
    assert "customer.next" not in {button.key for button in app.button}
    app.session_state[state.OPENED_FROM] = {
        "ids": found[:2],
        "page": 1,
        "size": 2,
        "total": 3,
        "filter": {},
        "order": "newest",
        "query": {},
    }
    app.run()
    assert any("2 / 3" in markdown.value for markdown in app.markdown)
    app.button(key="customer.next").click().run()
    assert url(app)["id"] == str(found[2])
    assert app.button(key="customer.next").disabled
    app.button(key="customer.previous").click().run()
    assert url(app)["id"] == str(found[1])


def test_a_star_is_put_on_and_taken_off_the_record(people: Personas, three: list[int], open_page: OpenPage) -> None:
    app = open_page(people.ann, "pages/customer.py", id=str(three[0]))
    app.button(key="customer.star").click().run()
    assert service.customers.get(people.ann, three[0]).starred
    app.button(key="customer.star").click().run()
    assert not service.customers.get(people.ann, three[0]).starred
