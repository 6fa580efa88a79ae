"""What a thief, a leaver and a nervous finger get."""

import contextlib
import json
import urllib.request

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as Late

from tests.e2e.browser import Server, open_path, part, press, run, settled, sign_in, sign_in_form
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.e2e


def test_session_cookie_is_hidden_and_dies_with_the_session(server: Server, visit: Visit) -> None:
    """No script reads the cookie, and a copy is worthless after signing out."""
    page = visit()
    sign_in(page, server, "ann")
    cookies = page.context.cookies()
    session = next(cookie for cookie in cookies if cookie["name"] == "cim_session")
    assert session["httpOnly"]
    assert session["sameSite"] == "Lax"
    assert session["value"] not in page.evaluate("() => document.cookie + JSON.stringify(localStorage)")

    copied = {"cookies": cookies, "origins": []}
    thief = visit(storage_state=copied)
    open_path(thief, server)
    expect(part(thief, "sign-out")).to_be_attached()
    press(page, "sign-out")
    expect(sign_in_form(page)).to_be_visible()
    late = visit(storage_state=copied)
    open_path(late, server, "/search")
    expect(sign_in_form(late)).to_be_visible()
    expect(late.get_by_test_id("stDataFrame")).to_have_count(0)
    # the tab that was open goes by itself
    expect(sign_in_form(thief)).to_be_visible()


def test_disabled_user_is_out_at_the_next_click(server: Server, page: Page) -> None:
    """The operator locks an account; the open page of that person ends: at the next click, or before it, as the page
    looks after itself every few seconds."""
    password = "a lantern over the river"
    run("user", "add", "lin", "--role", "rep", "--team", "华南组", "--password-stdin", home=server.home, said=password)
    server.passwords["lin"] = password
    sign_in(page, server, "lin", path="/search")
    run("user", "disable", "lin", home=server.home)
    with contextlib.suppress(Late):
        part(page, "search.q").get_by_role("searchbox").fill("有限公司", timeout=2_000)
    expect(sign_in_form(page)).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)


def test_impatient_clicks_make_one_customer(server: Server, page: Page) -> None:
    """Save pressed four times is one customer."""
    name = "双桨船具有限公司"
    sign_in(page, server, "bo", path="/customer_entry")
    part(page, "customer_entry.name").get_by_role("textbox").fill(name)
    save = part(page, "customer_entry.save.", begins=True).get_by_role("button")
    expect(save).to_be_enabled()
    settled(page)
    box = save.bounding_box()
    assert box
    for _double_click in range(2):
        page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/customer?id=*")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    found = json.loads(run("search", name, "--as", "bo", "--json", home=server.home))
    assert [row["name"] for row in found].count(name) == 1


def test_every_answer_carries_the_security_headers(server: Server) -> None:
    """The page itself, and what is asked for beside it."""
    for path in ("/", "/audit", "/_stcore/health"):
        with urllib.request.urlopen(server.url + path, timeout=30) as answer:
            headers = answer.headers
        assert "script-src 'self' blob:;" in headers["content-security-policy"], path
        assert "'unsafe-eval'" not in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY", path
        assert headers["referrer-policy"] == "same-origin", path
