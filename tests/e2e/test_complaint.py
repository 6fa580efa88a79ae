"""A complaint from its arrival to the customer's rating, in both languages."""

import re

import pytest
from playwright.sync_api import Page, expect

from cim import i18n, service
from cim.models.ticket import TicketStatus
from cim.models.ticket_view import TicketView
from cim.ui.panels import ticket_words
from tests.e2e.browser import Server, open_path, part, press, settled, sign_in
from tests.e2e.conftest import Visit
from tests.e2e.data import LOCALES, acting, customer_of_ann

pytestmark = pytest.mark.e2e

NAMES = {"zh-CN": "梧桐里净水科技有限公司", "en-US": "槐安路净水设备有限公司"}
WORDS = {
    "zh-CN": {"thanks": "感谢您的答复。", "used": "已使用或已过期", "wrong": "此链接无效"},
    "en-US": {"thanks": "Thank you for your answer.", "used": "was used or has expired", "wrong": "is not valid"},
}
SUBJECT, ANSWERED, DONE, PRAISE = "净水机漏水", "明早上门", "换了密封圈，试压两小时", "来得快，修得好"


@pytest.mark.parametrize("locale", LOCALES)
def test_complaint_from_arrival_to_rating(server: Server, visit: Visit, locale: str) -> None:
    """The desk opens, answers and resolves it; the customer rates by a link that works once."""
    customer_id = customer_of_ann(server, NAMES[locale])
    page = visit(locale)
    sign_in(page, server, "kai", path="/tickets?tab=new")
    ticket_id = open_complaint(page, customer_id, NAMES[locale])
    ticket = held(server, ticket_id)
    with i18n.use(locale):
        assigned, due = ticket_words.assigned_why(ticket.assigned_why), ticket_words.due_why(ticket.due_why)
    assert ticket.handler
    assert ticket.due_at is not None
    for told in (assigned, due, ticket.handler):
        expect(page.get_by_text(told).first).to_be_visible()
    handle(page, server, ticket_id)

    address = make_link(page, ticket_id)
    rate(visit(locale), address, WORDS[locale])
    ticket = held(server, ticket_id)
    assert (ticket.satisfaction, ticket.rating_comment) == (5, PRAISE)
    open_path(page, server, f"/ticket?id={ticket_id}")
    expect(page.get_by_text(PRAISE)).to_be_visible()
    expect(page.get_by_text("★★★★★").first).to_be_visible()
    open_path(page, server, f"/customer?id={customer_id}&tab=satisfaction")
    answers = page.get_by_role("listitem").filter(has_text=ticket.number).filter(has_text="5/5")
    expect(answers.last).to_contain_text(PRAISE)


def held(server: Server, ticket_id: int) -> TicketView:
    """The ticket as it is stored, as kai sees it."""
    with acting(server) as people:
        return service.tickets.get(people.kai, ticket_id)


def open_complaint(page: Page, customer_id: int, name: str) -> int:
    """Choose the customer by its name, write down the complaint, save; the ticket's id."""
    part(page, "ticket_new.customer.q").get_by_role("searchbox").fill(name[:4])
    press(page, f"ticket_new.customer.take.{customer_id}")
    expect(part(page, "ticket_new.customer.change")).to_be_visible()
    settled(page)  # the form has moved up by then, and its old place is empty
    part(page, "ticket_new.subject").get_by_role("textbox").fill(SUBJECT)
    part(page, "ticket_new.content").get_by_role("textbox").fill("厨房地上都是水")
    press(page, "ticket_new.save.", begins=True)
    page.wait_for_url("**/ticket?id=*")
    found = re.search(r"id=(\d+)", page.url)
    assert found
    expect(page.get_by_role("heading", name=SUBJECT).first).to_be_visible()
    return int(found[1])


def handle(page: Page, server: Server, ticket_id: int) -> None:
    """Make it one's own where it is not, answer, resolve. Every step is a version of its own, which the keys name."""
    ticket = held(server, ticket_id)
    with acting(server) as people:
        mine = ticket.handler_id == people.kai.user_id
    if not mine:
        press(page, f"ticket.take.{ticket_id}.{ticket.version}")
        expect(part(page, f"ticket.take.{ticket_id}.", begins=True)).to_have_count(0)
        ticket = held(server, ticket_id)
    write(page, f"ticket.answering.{ticket_id}.{ticket.version}", ANSWERED)
    expect(page.get_by_text(ANSWERED).first).to_be_visible()
    ticket = held(server, ticket_id)
    assert ticket.responded_at is not None
    write(page, f"ticket.resolving.{ticket_id}.{ticket.version}", DONE)
    expect(part(page, f"ticket.close.{ticket_id}.", begins=True)).to_be_visible()
    ticket = held(server, ticket_id)
    assert (ticket.status, ticket.resolution) == (TicketStatus.RESOLVED, DONE)


def write(page: Page, key: str, text: str) -> None:
    """Open a box below a button, write into it, and press its button."""
    press(page, key)
    box = page.get_by_test_id("stPopoverBody")
    box.get_by_role("textbox").fill(text)
    box.get_by_role("button").last.click()
    expect(box).to_have_count(0)


def make_link(page: Page, ticket_id: int) -> str:
    """The address that is shown once, to be sent to the customer."""
    press(page, f"link.ticket.{ticket_id}.make")
    shown = page.get_by_test_id("stCode")
    expect(shown).to_contain_text("/answer/")
    return shown.inner_text().strip()


def rate(page: Page, address: str, words: dict[str, str]) -> None:
    """Somebody without an account opens the link, gives five points, and finds it used; a guessed one is none."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200
    page.locator("label", has_text=re.compile("^5$")).click()
    page.locator("textarea").fill(PRAISE)
    page.get_by_role("button").click()
    expect(page.get_by_text(words["thanks"])).to_be_visible()
    again = page.goto(address)
    assert again is not None
    assert again.status == 410
    expect(page.get_by_text(words["used"])).to_be_visible()
    guessed = page.goto(address[:-4] + ("aaaa" if not address.endswith("aaaa") else "bbbb"))
    assert guessed is not None
    assert guessed.status == 404
    expect(page.get_by_text(words["wrong"])).to_be_visible()
    assert "cim_session" not in {cookie["name"] for cookie in page.context.cookies()}
