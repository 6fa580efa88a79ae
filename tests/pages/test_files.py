"""Files on the record page and in search: adding, refusing, removing and taking that back, by those who may."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.customer import CustomerDraft
from cim.ui import state
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage
from tests.pages.test_customer_entry import captions, press

PAGE = "pages/customer.py"
PDF = ("采购合同.pdf", b"%PDF-1.7 x", "application/pdf")


@pytest.fixture
def one(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def upload(app: AppTest, *given: tuple[str, bytes, str]) -> AppTest:
    box = next(box for box in app.file_uploader if (box.key or "").startswith("file"))
    box.set_value(list(given))
    app.run()
    return press(app, "保存文件")


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.success, *app.error))


def test_ann_adds_files(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, id=str(one), tab="files")
    assert "暂无文件" in captions(app)
    with recorded("files.add", by=people.ann, times=2):
        upload(app, PDF, ("纪要.txt", "拜访纪要".encode(), "text/plain"))
    assert not app.exception
    assert "已保存 2 个文件" in said(app)
    assert {f.name for f in service.files.list(people.ann, one)} == {"采购合同.pdf", "纪要.txt"}
    [file] = [f for f in service.files.list(people.ann, one) if f.name == "采购合同.pdf"]
    assert f"(/files/{file.id})" in captions(app)
    assert "添加文件" in "\n".join(change.value for change in app.markdown), "the timeline tells of it"
    assert [c.action for c in service.activities.history(people.ann, one)] == ["files.add", "customers.create"]
    assert service.files.read(people.ann, file.id) == PDF[1]


def test_a_refused_file_is_named_and_the_others_are_kept(people: Personas, one: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, id=str(one), tab="files")
    upload(app, ("假的.pdf", b"<html>", "application/pdf"), PDF)
    assert "假的\\.pdf：内容与扩展名不符" in said(app)
    assert "已保存 1 个文件" in said(app)
    assert [f.name for f in service.files.list(people.ann, one)] == ["采购合同.pdf"]


def test_removing_is_taken_back(people: Personas, one: int, open_page: OpenPage) -> None:
    number = service.files.add(people.ann, one, PDF[0], PDF[1])
    app = open_page(people.ann, PAGE, id=str(one), tab="files")
    app.session_state[f"file.more.{number}"] = True
    app.run()
    with recorded("files.remove", by=people.ann, times=1):
        app.button(key=f"file.remove.{number}").click().run()
    assert app.session_state[state.FILE_REMOVED] == (one, number)
    assert service.files.list(people.ann, one) == []
    with recorded("files.restore", by=people.ann, times=1):
        app.button(key="file.undo").click().run()
    assert [f.id for f in service.files.list(people.ann, one)] == [number]


def test_the_auditor_sees_names_and_no_way_in(people: Personas, one: int, open_page: OpenPage) -> None:
    service.files.add(people.ann, one, "张三 13800138000 [x](https://a.example).pdf", PDF[1])
    app = open_page(people.audrey, PAGE, id=str(one), tab="files")
    seen = captions(app)
    assert "13800138000" not in seen
    assert "/files/" not in seen
    assert "](https" not in seen
    assert not app.file_uploader


def test_search_finds_files_by_name(people: Personas, one: int, open_page: OpenPage) -> None:
    service.files.add(people.ann, one, PDF[0], PDF[1])
    for me, seen in ((people.ann, True), (people.bo, False)):
        app = open_page(me, "pages/search.py", q="采购合同")
        assert not app.exception
        assert any("采购合同" in e.label for e in app.expander) is seen
        assert ("/files/" in captions(app)) is seen
        assert any(link.proto.label == "南京信诺环保科技有限公司" for link in app.get("page_link")) is seen
