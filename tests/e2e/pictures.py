"""Takes the pictures of the README anew: `python -m tests.e2e.pictures`."""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.browser import PATIENCE, ROOT, chromium, open_path, part, press, serve_demo, settled, sign_in, table_of

FOLDER = ROOT / "docs" / "images"


def main() -> None:
    """Serve a fresh demo company, and look at it as a manager and as a rep."""
    expect.set_options(timeout=PATIENCE)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = serve_demo(Path(home))
        browser = chromium(playwright)
        try:
            for who, name, show in (("mei", "dashboard", None), ("ann", "customer", a_customer)):
                page = browser.new_page(
                    locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1440, "height": 900}
                )
                sign_in(page, server, who)
                if show:
                    open_path(page, server, "/search?grade=A&no_next_step=false")
                    show(page)
                take(page, name)
        finally:
            browser.close()
            server.stop()


def a_customer(page: Page) -> None:
    """Open the first customer of the list and log a call."""
    table_of(page).get_by_test_id("data-grid-canvas").click(position={"x": 60, "y": 50}, force=True)
    page.wait_for_url("**/customer?id=*")
    box = part(page, "customer.composer.box")
    said = "客户确认了样品规格，请我们本周报价，交期四周可以接受。"
    box.get_by_role("textbox").first.fill(said)
    box.get_by_text("有意向", exact=True).click()
    press(box, "customer.composer.save.", begins=True)
    expect(page.get_by_test_id("stMarkdown").filter(has_text=said)).to_be_visible()
    page.mouse.move(0, 0)
    page.reload()  # without the word of success in the corner


def take(page: Page, name: str) -> None:
    """Save what is shown, in 256 colours."""
    settled(page)
    expect(page.get_by_role("heading").first).to_be_visible()
    seen = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    seen.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
