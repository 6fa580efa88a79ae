"""The import page: a file is looked at, checked, imported once, and its failed rows are named."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.listing import CustomerFilter
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


def test_check_then_import_then_the_batch(people: Personas, open_page: OpenPage) -> None:
    app = uploaded(people, open_page)
    chosen = {box.label: box.value for box in app.selectbox}
    assert (chosen["公司名称"], chosen["手机"], chosen["颜色"]) == ("name", "phone", "")
    assert next(b for b in app.button if (b.key or "").startswith("imports.run")).disabled
    press(app, "imports.check")
    assert service.customers.search(people.ann).total == 0
    assert [m.value for m in app.metric] == ["2", "1", "0", "0", "1", "0"]
    with recorded("imports.run", by=people.ann):
        press(app, "imports.run")
    assert service.customers.search(people.ann, CustomerFilter(batch=1)).total == 1
    assert any("batch=1" in str(link.proto) for link in app.get("page_link"))
    press(app, "imports.again")
    [past] = app.dataframe
    assert "客户.csv" in past.value.to_numpy()


def test_a_column_can_be_named_by_hand(people: Personas, open_page: OpenPage) -> None:
    app = uploaded(people, open_page, "甲,乙\n张三丰,13800138000\n".encode())
    press(app, "imports.check")
    assert len(app.error) == 1
    boxes = {box.label: box for box in app.selectbox}
    boxes["甲"].select("name")
    boxes["乙"].select("phone").run()
    press(app, "imports.check")
    assert not app.error
    press(app, "imports.run")
    assert service.customers.search(people.ann).rows[0].phone == "13800138000"


def test_what_is_no_table_is_refused(people: Personas, open_page: OpenPage) -> None:
    app = uploaded(people, open_page, b"%PDF-1.7\n\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x10" * 5)
    assert len(app.error) == 1
    assert not [b for b in app.button if (b.key or "").startswith("imports.run")]
