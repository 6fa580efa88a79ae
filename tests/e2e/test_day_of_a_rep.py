"""A rep's day: customers come in with a file, one calls, the call is logged, and the next step is done."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Server, open_path, open_row, part, press, sign_in, table_of

pytestmark = pytest.mark.e2e

NAME, PHONE = "青石桥茶业有限公司", "13800137461"
LIST = f"""客户名称,手机,联系人,地址
{NAME},{PHONE},苗圃,江苏省苏州市姑苏区桐芳巷9号
晚塘印务有限公司,13800139052,钟离,浙江省杭州市西湖区文二路20号
""".encode("gb18030")


def test_rep_logs_a_call_for_an_imported_customer(server: Server, page: Page) -> None:
    """From a Chinese spreadsheet export to a finished task, as a rep lives it."""
    sign_in(page, server, "ann", path="/imports")
    import_list(page)
    find_by_last_digits(page, server)
    said = "对方询价两吨碧螺春，周内寄样"
    log_call(page, said)
    expect(part(page, "next.box").locator("[class*='st-key-next-done-']")).to_have_count(1)

    open_path(page, server, "/")
    show_all = part(page, "dashboard.tasks.more")
    if show_all.count():
        press(page, "dashboard.tasks.more")
    task = page.locator(
        f"xpath=//a[text()='{NAME}']/ancestor::*[.//*[contains(@class,'st-key-dashboard-tasks-done-')]][1]"
    )
    press(task, "dashboard.tasks.done.", begins=True)
    expect(part(page, "dashboard.tasks.undo.", begins=True)).to_be_visible()
    expect(task).to_have_count(0)


def import_list(page: Page) -> None:
    """Check the file first, then take it."""
    page.locator("input[type='file']").set_input_files({"name": "名单.csv", "mimeType": "text/csv", "buffer": LIST})
    expect(page.get_by_text("GB18030", exact=False)).to_be_visible()
    press(page, "imports.next.", begins=True)
    press(page, "imports.check")
    run = part(page, "imports.run.", begins=True).get_by_role("button")
    expect(run).to_be_enabled()
    expect(page.get_by_test_id("stMetricValue").nth(1)).to_have_text("2")
    run.click()
    expect(page.get_by_test_id("stAlertContentSuccess")).to_contain_text("2")


def find_by_last_digits(page: Page, server: Server) -> None:
    """Type the last four digits of the number and open the customer from the list."""
    open_path(page, server, "/search")
    part(page, "search.q").get_by_role("searchbox").fill(PHONE[-4:])
    # the list before the search has this customer too, in another row
    expect(page.get_by_text("1 个客户", exact=True)).to_be_visible()
    table = table_of(page)
    expect(table.locator("td", has_text=NAME)).to_have_count(1)
    open_row(table, 0, "**/customer?id=*", x=140)  # behind the box and the star
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    expect(page.get_by_text(PHONE[-4:]).first).to_be_visible()


def log_call(page: Page, said: str) -> None:
    """Write what was said, plan tomorrow, save, and see it in the timeline."""
    box = part(page, "customer.composer.box")
    box.get_by_role("textbox").first.fill(said)
    box.get_by_text("明天", exact=True).click()
    press(box, "customer.composer.save.", begins=True)
    expect(page.get_by_test_id("stMarkdown").filter(has_text=said)).to_be_visible()
    expect(box.get_by_role("textbox").first).to_have_value("")
