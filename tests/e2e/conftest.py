"""Fixtures of the journeys: one served demo company and one browser for all, a fresh visitor for each."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.e2e.browser import PATIENCE, Server, chromium, outside, serve_demo

Visit = Callable[..., Page]
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo company, served for the whole run. Journeys share it: none may stumble over what another left."""
    running = serve_demo(tmp_path_factory.mktemp("cim"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    with sync_playwright() as playwright:
        started = chromium(playwright)
        yield started
        started.close()


@pytest.fixture
def visit(
    browser: Browser, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    """Open a page as a new person: own cookies, Chinese unless said otherwise, `visit("en-US", width=390)`.

    At the end of a failed journey every page is kept as a picture. A request to any other host fails the journey.
    """
    contexts: list[BrowserContext] = []
    strayed: list[str] = []

    def _visit(locale: str = "zh-CN", *, width: int = 1280, height: int = 900, **options: Any) -> Page:
        viewport: ViewportSize = {"width": width, "height": height}
        context = browser.new_context(locale=locale, timezone_id="Asia/Shanghai", viewport=viewport, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        context.on("request", lambda sent: strayed.append(sent.url) if outside(sent.url) else None)
        return context.new_page()

    yield _visit
    if request.node.stash.get(FAILED, False):
        _keep_pictures(request.node.name, contexts, tmp_path_factory.getbasetemp() / "pictures")
    for context in contexts:
        context.close()
    assert not strayed, f"requests to other hosts: {strayed}"


@pytest.fixture
def page(visit: Visit) -> Page:
    """A page of one visitor who reads Chinese."""
    return visit()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures know that their test has failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


def _keep_pictures(name: str, contexts: list[BrowserContext], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages, 1):
        picture = folder / f"{''.join(c if c.isalnum() else '-' for c in name)}-{number}.png"
        page.screenshot(path=picture, full_page=True)
        print(f"picture of {page.url}: {picture}")
