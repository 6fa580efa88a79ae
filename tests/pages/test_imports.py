"""The import page: a file is looked at, checked, imported once, and its failed rows are named."""

from __future__ import annotations

import io

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.imports import GridRow, RowDouble
from cim.models.listing import CustomerFilter
from cim.service import jobs
from cim.ui.panels import import_check
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/imports.py"
ROWS = "公司名称,手机,颜色\n南京信诺环保科技有限公司,13800138000,红\n乙公司,12345,蓝\n".encode()


@pytest.mark.parametrize("who", ["kai", "audrey"])
def test_others_see_nothing_of_it(people: Personas, open_page: OpenPage, who: str) -> None:
    app = open_page(getattr(people, who), PAGE)
    assert not app.exception
    assert not app.get("file_uploader")
    assert len(app.error) == 1


def test_it_opens_with_template_and_history(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    assert not app.exception
    assert len(app.get("download_button")) == 1
    assert not app.dataframe


def uploaded(people: Personas, open_page: OpenPage, content: bytes = ROWS) -> AppTest:
    app = open_page(people.ann, PAGE)
    app.file_uploader[0].upload("客户.csv", content, "text/csv").run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    next(button for button in app.button if (button.key or "").startswith(key)).click().run()
    assert not app.exception
    return app


def settled(app: AppTest) -> AppTest:
    """The page once the background work has ended."""
    jobs.settle()
    app.run()
    assert not app.exception
    return app


def test_file_columns_check_import_then_the_batch(people: Personas, open_page: OpenPage) -> None:
    app = uploaded(people, open_page)
    assert app.query_params["step"] == "file"
    press(app, "imports.next")
    chosen = {box.label: box.value for box in app.selectbox}
    assert (chosen["公司名称"], chosen["手机"], chosen["颜色"]) == ("name", "phone", "")
    settled(press(app, "imports.check"))
    assert service.customers.search(people.ann).total == 0
    assert [m.value for m in app.metric] == ["2", "1", "0", "0", "1", "0"]
    [grid] = app.dataframe
    assert list(grid.value["_row"]) == [3]
    with recorded("imports.run", by=people.ann):
        settled(press(app, "imports.run"))
    assert service.customers.search(people.ann, CustomerFilter(batch=1)).total == 1
    assert any("batch=1" in str(link.proto) for link in app.get("page_link"))
    assert [b for b in app.button if (b.key or "").startswith("undo.batch.1")]
    press(app, "imports.another")
    [past] = app.dataframe
    assert "客户.csv" in past.value.to_numpy()


def test_going_back_and_a_reload_lose_nothing(people: Personas, open_page: OpenPage) -> None:
    app = uploaded(people, open_page)
    press(app, "imports.next")
    {box.label: box for box in app.selectbox}["颜色"].select("notes").run()
    settled(press(app, "imports.check"))
    press(app, "imports.back")
    assert {box.label: box.value for box in app.selectbox}["颜色"] == "notes"
    press(app, "imports.back")
    again = open_page(people.ann, PAGE, step="columns", file=app.query_params["file"])
    assert {box.label: box.value for box in again.selectbox}["颜色"] == "notes"
    begun = open_page(people.ann, PAGE)
    press(begun, "imports.resume")
    assert begun.query_params["file"] == app.query_params["file"]
    stranger = open_page(people.bo, PAGE, step="columns", file=app.query_params["file"])
    assert not stranger.exception
    assert not stranger.selectbox
    assert len(stranger.info) == 1


def test_the_columns_of_these_headers_are_remembered(people: Personas, open_page: OpenPage) -> None:
    app = press(uploaded(people, open_page), "imports.next")
    {box.label: box for box in app.selectbox}["颜色"].select("notes").run()
    settled(press(settled(press(app, "imports.check")), "imports.run"))
    press(app, "imports.another")
    next_time = press(uploaded(people, open_page, "颜色,公司名称\n红,丙公司\n".encode()), "imports.next")
    assert {box.label: box.value for box in next_time.selectbox}["颜色"] == "notes"


def test_a_second_press_shows_the_same_import(people: Personas, open_page: OpenPage) -> None:
    app = settled(press(press(uploaded(people, open_page), "imports.next"), "imports.check"))
    key = app.query_params["file"]
    settled(press(app, "imports.run"))
    again = open_page(people.ann, PAGE, step="check", file=key)
    settled(press(again, "imports.run"))
    assert again.query_params["job"] == app.query_params["job"]
    assert service.customers.search(people.ann).total == 1


def test_the_report_of_another_person_is_not_shown(people: Personas, open_page: OpenPage) -> None:
    app = settled(press(press(uploaded(people, open_page), "imports.next"), "imports.check"))
    settled(press(app, "imports.run"))
    stranger = open_page(people.bo, PAGE, step="import", job=app.query_params["job"])
    assert not stranger.exception
    assert len(stranger.error) == 1
    assert not stranger.metric


def test_what_is_typed_into_the_grids_becomes_corrections_and_choices() -> None:
    rows = [
        GridRow(row=2, dropped=False, wrong=["phone"], reasons="", cells={"name": "甲", "phone": "1"}),
        GridRow(row=5, dropped=True, wrong=[], reasons="", cells={"name": "乙", "phone": ""}),
    ]
    typed = [{"_out": False, "name": "甲", "phone": "13800138000"}, {"_out": True, "name": None, "phone": ""}]
    assert import_check.changed(rows, typed) == ({(2, "phone"): "13800138000", (5, "name"): ""}, {5})
    found = [
        RowDouble(row=n, name="", other="", score=90, options=options, choice="add")
        for n, options in (
            (2, ["add", "skip", "C1"]),
            (3, ["add", "skip"]),
            (4, ["add", "skip", "row:2"]),
            (5, ["add"]),
        )
    ]
    assert import_check.chosen(found, ["update", "update", "update", "add"]) == {2: "C1", 4: "row:2"}


def test_a_column_can_be_named_by_hand(people: Personas, open_page: OpenPage) -> None:
    app = press(uploaded(people, open_page, "甲,乙\n张三丰,13800138000\n".encode()), "imports.next")
    settled(press(app, "imports.check"))
    assert len(app.error) == 1
    press(app, "imports.back")
    boxes = {box.label: box for box in app.selectbox}
    boxes["甲"].select("name")
    boxes["乙"].select("phone").run()
    settled(press(app, "imports.check"))
    assert not app.error
    settled(press(app, "imports.run"))
    assert service.customers.search(people.ann).rows[0].phone == "13800138000"


def test_what_is_no_table_is_refused(people: Personas, open_page: OpenPage) -> None:
    app = uploaded(people, open_page, b"%PDF-1.7\n\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x10" * 5)
    assert len(app.error) >= 1
    assert not [b for b in app.button if (b.key or "").startswith("imports.next")]


def test_another_sheet_of_a_workbook_can_be_chosen(people: Personas, open_page: OpenPage) -> None:
    book = openpyxl.Workbook()
    book.active.append(["x", "y"])  # type: ignore[union-attr]
    book.active.append(["1", "2"])  # type: ignore[union-attr]
    page = book.create_sheet("名单")
    page.append(["公司名称", "手机"])
    page.append(["甲公司", "13800138000"])
    out = io.BytesIO()
    book.save(out)
    app = open_page(people.ann, PAGE)
    app.file_uploader[0].upload("客户.xlsx", out.getvalue(), "application/octet-stream").run()
    assert not app.exception
    {box.label: box for box in app.selectbox}["工作表"].select("名单").run()
    assert list(app.dataframe[0].value.columns) == ["公司名称", "手机"]
    press(app, "imports.next")
    assert {box.label: box.value for box in app.selectbox}["公司名称"] == "name"
    settled(press(settled(press(app, "imports.check")), "imports.run"))
    assert service.customers.search(people.ann).rows[0].name == "甲公司"
