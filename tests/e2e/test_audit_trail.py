"""The auditor sees who did what, without the personal data; others see nothing of it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import (
    Server,
    cells,
    open_path,
    part,
    press,
    press_cell,
    run,
    serve,
    sign_in,
    sign_in_form,
    table_of,
)
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.e2e

BEFORE, AFTER = "13800135108", "13800136209"


@pytest.fixture(scope="module")
def changed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A customer that ann brought in and whose number she changed, and one of mei's; returns ann's name for it."""
    folder = tmp_path_factory.mktemp("lists")
    for who, name in (("ann", "栖霞灯具有限公司"), ("mei", "北亭纸品有限公司")):
        for mode, phone in (("add", BEFORE), ("upsert", AFTER)):
            file: Path = folder / f"{who}-{mode}.csv"
            code = f"T-{who}"
            file.write_text(f"客户编号,客户名称,手机\n{code},{name},{phone}\n", "utf-8")
            run("import", "customers", str(file), "--as", who, "--mode", mode, home=server.home)
    return "栖霞灯具有限公司"


def test_auditor_reads_before_and_after_masked(server: Server, page: Page, changed: str) -> None:
    """Entries of ann and mei are there; one opened shows the change and no number."""
    sign_in(page, server, "audrey", path="/audit?who=mei")
    assert set(cells(table_of(page), 2).values()) == {"mei"}
    open_path(page, server, "/audit?who=ann&action=customers.update")
    table = table_of(page)
    assert set(cells(table, 2).values()) == {"ann"}
    row = next(row for row, record in cells(table, 4).items() if changed in record)
    press_cell(table, row, x=17)
    detail = page.get_by_test_id("stTable")
    expect(detail).to_contain_text("电话")
    expect(detail).to_contain_text("*")
    shown = page.locator("body").inner_text()
    assert BEFORE not in shown
    assert AFTER not in shown


def test_auditor_verifies_the_chain(server: Server, page: Page) -> None:
    """The log of the whole demo company holds."""
    sign_in(page, server, "audrey", path="/audit")
    press(page, "audit.verify")
    expect(page.get_by_test_id("stAlertContentSuccess")).to_be_visible()


def test_rep_gets_no_audit_log(server: Server, page: Page, changed: str) -> None:
    """403 and nothing else."""
    sign_in(page, server, "bo", path="/audit")
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("403")
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
    expect(part(page, "audit.verify")).to_have_count(0)
    assert changed not in page.content()


def test_stranger_on_a_cold_server_gets_the_form(server: Server, visit: Visit, changed: str) -> None:
    """The very first visitor of a process asks for the log by its address."""
    cold = serve(server.home, server.passwords)
    try:
        page = visit()
        heard: list[str | bytes] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(frame)))
        open_path(page, cold, "/audit")
        expect(sign_in_form(page)).to_be_visible()
        assert page.url.endswith("/audit")
        expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
        sent = b"".join(part.encode() if isinstance(part, str) else part for part in heard)
        assert sent
        assert b"audit." not in sent
        assert changed.encode() not in sent
    finally:
        cold.stop()
