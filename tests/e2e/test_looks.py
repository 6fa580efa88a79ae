"""Every page in both languages, on a desk and on a telephone, by day and by night: it draws, fits, and speaks Chinese."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.e2e.browser import Server, open_path, part, sign_in
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.e2e

PAGES = {
    "mei": [
        *("/", "/segments", "/search", "/customer_entry", "/timeline", "/imports", "/customer?id=1", "/account"),
        *("/duplicates", "/quality", "/changes", "/recycle"),
    ],
    "root": ["/users", "/audit", "/settings"],
}
LOOKS = [("zh-CN", 1440, "light"), ("en-US", 390, "dark")]
if os.environ.get("CIM_E2E_LOOKS") == "all":
    LOOKS = [
        (lang, wide, scheme) for lang in ("zh-CN", "en-US") for wide in (1440, 390) for scheme in ("light", "dark")
    ]
LATIN = {"English", "xlsx", "csv", "CIM", "Upload"}
"""Labels that are the same in Chinese, and the one of Streamlit's own that cannot be set."""
LABELS = """() => [...document.querySelectorAll(
    "button, h1, h2, h3, [data-testid='stPageLink'], [data-testid='stWidgetLabel'], [data-testid='stMetricLabel'], th")]
  .filter(e => e.offsetParent && !e.closest("[data-testid='stToolbar'], [data-testid='stHeader']"))
  .map(e => { const copy = e.cloneNode(true);
    copy.querySelectorAll("[data-testid='stIconMaterial'], [translate='no'], svg").forEach(i => i.remove());
    return copy.textContent.trim(); })"""
WIDTHS = "() => ['html', '[data-testid=stMain]'].map(s => document.querySelector(s).scrollWidth)"


@pytest.fixture(scope="module")
def signed_in() -> dict[str, StorageState]:
    """The cookies of those who have signed in; every look after the first needs no form."""
    return {}


@pytest.mark.parametrize(("locale", "width", "scheme"), LOOKS)
def test_every_page_draws_and_fits(
    server: Server,
    visit: Visit,
    signed_in: dict[str, StorageState],
    tmp_path: Path,
    locale: str,
    width: int,
    scheme: str,
) -> None:
    """No error box, nothing wider than a telephone, no English label in Chinese; a picture of each page is kept."""
    faults: list[str] = []
    for who, paths in PAGES.items():
        page = visit(locale, width=width, height=1300, color_scheme=scheme, storage_state=signed_in.get(who))
        if who not in signed_in:
            sign_in(page, server, who)
            signed_in[who] = page.context.storage_state()
        for path in paths:
            open_path(page, server, path)
            expect(part(page, "sign-out")).to_be_attached()
            expect(page.get_by_role("heading").first).to_be_visible()
            page.screenshot(path=tmp_path / f"{re.sub('[^a-z]', '', path) or 'dashboard'}.png")
            faults += [f"{path}: {fault}" for fault in look(page, chinese=locale.startswith("zh"), width=width)]
    assert not faults, "\n".join(faults)


def look(page: Page, *, chinese: bool, width: int) -> list[str]:
    """What is wrong with what is shown now."""
    broken = page.locator("[data-testid='stException'], [data-testid='stAlertContentError']")
    faults = [f"an error is shown: {text}" for text in broken.all_inner_texts()]
    if max(page.evaluate(WIDTHS)) > width + 10:
        faults.append("it is wider than the screen")
    if chinese:
        labels = {text for text in page.evaluate(LABELS) if re.search("[A-Za-z]{2}", text)}
        faults += [f"not translated: {text}" for text in labels - LATIN if not re.search("[一-鿿]", text)]
        if page.locator("main").get_by_text("Choose ").count():
            faults.append("a box to choose from has Streamlit's English words")
    return faults
