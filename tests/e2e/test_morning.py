"""A rep's morning: whom to contact and why, the call, its log, the next step; in both languages."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from cim import clock, i18n, service
from cim.models.task import TaskView
from cim.models.worklist import EntryView, WorklistState
from cim.ui.panels import worklist_sentences
from tests.e2e.browser import Server, open_path, part, press, sign_in
from tests.e2e.conftest import Visit
from tests.e2e.data import LOCALES, acting

pytestmark = pytest.mark.e2e

TOMORROW = {"zh-CN": "明天", "en-US": "Tomorrow"}
QUICK = {"zh-CN": "记录跟进", "en-US": "Log a follow-up"}
CALL = {"zh-CN": "电话", "en-US": "Call"}


@pytest.mark.parametrize("locale", LOCALES)
def test_worklist_to_next_step(server: Server, visit: Visit, locale: str) -> None:
    """The most urgent customer is called; the list lets go of it, and the next step stands everywhere."""
    said = f"{locale}：样品已收到，等采购回复"
    with acting(server) as people:
        first = service.worklist.mine(people.ann).entries[0]
    page = visit(locale)
    sign_in(page, server, "ann", path="/worklist")
    row = read_why(page, first, locale)
    log_call(row, f"worklist.{first.customer_id}", said, TOMORROW[locale])
    expect(row).to_have_count(0)

    task = planned(server, first.customer_id)
    open_path(page, server, "/tasks")
    if part(page, "tasks.list.more").count():
        press(page, "tasks.list.more")
    line = part(page, f"tasks.list.{task.id}.{task.version}.row")
    expect(line).to_contain_text(first.name)
    expect(line).to_contain_text(TOMORROW[locale].lower())

    open_path(page, server, f"/customer?id={first.customer_id}")
    expect(part(page, "next.box")).to_contain_text(TOMORROW[locale].lower())
    expect(entry(page, said)).to_contain_text(CALL[locale])
    log_from_the_top(page, first.name, f"{locale}：补记一句，合同寄出", QUICK[locale])


def read_why(page: Page, first: EntryView, locale: str) -> Locator:
    """The first row is this customer, with every reason in words."""
    rows = page.locator("[class*='st-key-worklist-'][class*='-row']")
    row = part(page, f"worklist.{first.customer_id}.row")
    expect(rows.first).to_contain_text(first.name)
    expect(row).to_contain_text(first.name)
    assert first.facts
    for fact in first.facts:
        with i18n.use(locale):
            expect(row).to_contain_text(worklist_sentences.fact(fact))
    return row


def log_call(row: Locator, key: str, said: str, when: str) -> None:
    """Write down the call in the row itself, with the next follow-up."""
    press(row, f"{key}.log")
    box = part(row, f"{key}.composer.box")
    box.get_by_role("textbox").first.fill(said)
    box.get_by_text(when, exact=True).click()
    press(box, f"{key}.composer.save.", begins=True)


def planned(server: Server, customer_id: int) -> TaskView:
    """The task of tomorrow, and what else the log has changed."""
    tomorrow = clock.today() + timedelta(days=1)
    with acting(server) as people:
        entry = service.worklist.of(people.ann, customer_id)
        tasks = service.tasks.for_customer(people.ann, customer_id)
        customer = service.customers.get(people.ann, customer_id)
    assert entry is not None
    assert entry.state is WorklistState.DONE
    [task] = [task for task in tasks if clock.local(task.due_at).date() == tomorrow]
    assert task.assignee_id == people.ann.user_id
    assert customer.next_due_at is not None
    assert customer.next_due_at <= task.due_at
    assert customer.last_contact_at is not None
    assert clock.local(customer.last_contact_at).date() == clock.today()
    return task


def entry(page: Page, said: str) -> Locator:
    """The entry of the timeline that says this."""
    return page.get_by_test_id("stMarkdown").filter(has_text=said).first


def log_from_the_top(page: Page, customer: str, said: str, label: str) -> None:
    """Three interactions on a customer's page: open, write, save."""
    opener = part(page, "quick_log.open")
    expect(opener).to_contain_text(label)
    press(page, "quick_log.open")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").first.fill(said)
    expect(dialog).to_contain_text(customer)
    press(dialog, "quick_log.save.", begins=True)
    expect(dialog).to_have_count(0)
    expect(entry(page, said)).to_be_visible()
