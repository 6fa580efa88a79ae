"""A manager reads the figures and opens what they count."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Server, number, open_path, part, press_cell, settled, sign_in, table_of

pytestmark = pytest.mark.e2e


def counted(page: Page) -> int:
    """The number above the list of customers."""
    page.wait_for_url("**/search?*")
    count = page.get_by_text("个客户").first
    expect(count).to_be_visible()
    settled(page)
    return number(count.inner_text())


def test_manager_reads_key_figures_and_drills_down(server: Server, page: Page) -> None:
    """Every number opens as many rows as it says."""
    sign_in(page, server, "mei")
    tiles = part(page, "dashboard.kpis")
    expect(tiles.get_by_test_id("stMetric").nth(3)).to_be_visible()
    idle = part(page, "dashboard.kpi.idle")
    expect(idle).to_contain_text("30 天未联系")
    figure = number(idle.get_by_test_id("stMetricValue").inner_text())
    assert figure > 0
    idle.get_by_role("link").click()
    assert counted(page) == figure


def test_manager_sees_each_person(server: Server, page: Page) -> None:
    """The table by person names the reps, and a number in it opens what it counts."""
    sign_in(page, server, "mei")
    rows = page.get_by_test_id("stTable").get_by_role("row")
    expect(rows.nth(2)).to_be_visible()
    link = rows.nth(1).get_by_role("link").first
    figure = number(link.inner_text())
    open_path(page, server, str(link.get_attribute("href")))
    assert counted(page) == figure


def test_manager_opens_a_segment(server: Server, page: Page) -> None:
    """A row of the table and a bar of the chart open the customers they count."""
    sign_in(page, server, "mei", path="/segments")
    press_cell(table_of(page), 0, x=17)
    opened = open_chosen(page)
    assert opened > 0

    open_path(page, server, "/segments")
    bar = page.locator(".barlayer .point path").first
    bar.wait_for()
    press_middle(page, bar)
    assert open_chosen(page) == opened, "the first bar and the first row are the same group"


def press_middle(page: Page, shape: Locator) -> None:
    """Press a drawn shape where it is: Plotly listens on a layer above it."""
    shape.scroll_into_view_if_needed()
    box = shape.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def open_chosen(page: Page) -> int:
    """Open the group that was pressed; its number, after the list has shown the same."""
    link = part(page, "segments.chosen").get_by_role("link")
    expect(link).to_be_visible()
    said = number(link.inner_text().replace("arrow_forward", ""))
    link.click()
    assert counted(page) == said
    return said
