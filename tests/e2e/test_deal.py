"""An opportunity from lead to a paid order, in both languages."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from cim import clock, i18n, service, words
from cim.models.customer import Lifecycle
from cim.models.opportunity import StageKind
from cim.models.opportunity_view import LineDraft, OpportunityView
from cim.models.order import OrderStatus, PaymentStatus
from cim.models.order_view import OrderView
from tests.e2e.browser import Server, open_path, part, press, settled, sign_in
from tests.e2e.conftest import Visit
from tests.e2e.data import LOCALES, acting, customer_of_ann

pytestmark = pytest.mark.e2e

NAMES = {"zh-CN": "云栖谷包装材料有限公司", "en-US": "鹤鸣渡包装制品有限公司"}
LACKING = {"zh-CN": "预计成交日", "en-US": "Expected close"}
DEAL, AMOUNT = "瓦楞纸箱年框", Decimal(12000)


@pytest.mark.parametrize("locale", LOCALES)
def test_deal_from_lead_to_paid_order(server: Server, visit: Visit, locale: str) -> None:
    """Added, moved on, refused for what is missing, won, ordered, paid; the customer is one that buys."""
    customer_id = customer_of_ann(server, NAMES[locale])
    page = visit(locale)
    sign_in(page, server, "ann", path=f"/customer?id={customer_id}&tab=opportunities")
    deal_id = add_deal(page, customer_id)
    with acting(server) as people:
        stages = {stage.probability: stage.name for stage in service.stages.everything(people.ann)}
        line = LineDraft(name="五层瓦楞纸箱", quantity=Decimal(4000), unit_price=Decimal(3))
        version = service.opportunities.get(people.ann, deal_id).version
        service.opportunity_lines.put(people.ann, deal_id, [line], version=version)
    open_path(page, server, f"/opportunity?id={deal_id}")
    move_on(page, server, deal_id, LACKING[locale])
    assert list(stages)[:4] == [10, 30, 50, 80]

    order_id = win_and_order(page, server, deal_id)
    pay(page, server, order_id)
    shown_everywhere(page, server, customer_id, deal_id, order_id, locale)


def add_deal(page: Page, customer_id: int) -> int:
    """Add an opportunity on the customer's page, without the day it is expected to close; its id."""
    key = f"customer.opportunity.{customer_id}"
    press(page, key)
    form = page.get_by_test_id("stPopoverBody").get_by_test_id("stForm")
    form.get_by_role("textbox").first.fill(DEAL)
    form.locator("[class*='-amount']").get_by_role("spinbutton").fill(str(AMOUNT))
    press(form, f"{key}.form.save.", begins=True)
    page.wait_for_url("**/opportunity?id=*")
    found = re.search(r"id=(\d+)", page.url)
    assert found
    expect(page.get_by_role("heading", name=DEAL)).to_be_visible()
    return int(found[1])


def deal(server: Server, deal_id: int) -> OpportunityView:
    """The opportunity as it is stored."""
    with acting(server) as people:
        return service.opportunities.get(people.ann, deal_id)


def order(server: Server, order_id: int) -> OrderView:
    """The order as it is stored."""
    with acting(server) as people:
        return service.orders.get(people.ann, order_id)


def stage(page: Page, chance: int) -> Locator:
    """The button of the stage with this chance."""
    return part(page, "opportunity.stage.", begins=True).get_by_text(f"{chance}%")


def move_on(page: Page, server: Server, deal_id: int, lacking: str) -> None:
    """Through the stages one by one; the last of them asks for what is not known, and refuses without it."""
    figures = part(page, "opportunity.figures")
    for chance in (30, 50):
        stage(page, chance).click()
        expect(figures).to_contain_text(f"{chance}%")
        settled(page)  # until then the row of stages of the run before stands beside the one of this run
    stage(page, 80).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(lacking)
    press(dialog, f"opportunity.fill.{deal_id}.save")
    expect(dialog.get_by_test_id("stAlert")).to_contain_text(lacking)
    assert deal(server, deal_id).chance == 50

    close = clock.today() + timedelta(days=20)
    write_day(dialog, close)
    press(dialog, f"opportunity.fill.{deal_id}.save")
    expect(dialog).to_have_count(0)
    expect(figures).to_contain_text("80%")
    assert deal(server, deal_id).expected_close == close


def write_day(within: Locator, day: date) -> None:
    """Type a day into the only date input there: year, month and day are boxes of their own, each leading to the next."""
    settled(within.page)
    boxes = within.get_by_test_id("stDateInput").get_by_role("spinbutton")
    boxes.first.press_sequentially(f"{day:%Y%m%d}")
    within.page.keyboard.press("Escape")  # the month that has opened below
    expect(within.page.get_by_role("grid")).to_have_count(0)


def win_and_order(page: Page, server: Server, deal_id: int) -> int:
    """Win it, which can be taken back, and make an order of it; the order's id."""
    settled(page)
    press(page, "opportunity.won")
    press(page.get_by_role("dialog"), f"opportunity.win.{deal_id}.save")
    expect(part(page, "opportunity.reopen")).to_be_visible()
    won = deal(server, deal_id)
    assert (won.kind, won.amount) == (StageKind.WON, AMOUNT)
    settled(page)
    press(page, "opportunity.order")
    press(page.get_by_role("dialog"), f"opportunity.order.{deal_id}.save")
    expect(part(page, "opportunity.order")).to_have_count(0)
    with acting(server) as people:
        [made] = service.opportunities.ordered(people.ann, deal_id)
    link = page.get_by_role("link", name=made.order_no).first
    open_path(page, server, str(link.get_attribute("href")))
    return made.id


def pay(page: Page, server: Server, order_id: int) -> None:
    """The order shows what was agreed; a payment in full makes it paid."""
    view = order(server, order_id)
    assert (view.status, view.amount, view.open) == (OrderStatus.CONFIRMED, AMOUNT, AMOUNT)
    expect(page.get_by_role("heading", name=view.order_no)).to_be_visible()
    expect(page.get_by_test_id("stTable")).to_contain_text("五层瓦楞纸箱")
    expect(page.get_by_test_id("stMetricValue").first).to_contain_text("12,000")
    settled(page)
    press(page, "order.pay")
    form = page.get_by_test_id("stPopoverBody").get_by_test_id("stForm")
    form.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_test_id("stMetricValue").nth(2)).to_have_text(re.compile(r"[^\d]0\.00$|^0\.00"))
    paid = order(server, order_id)
    assert (paid.status, paid.payment, paid.open) == (OrderStatus.PAID, PaymentStatus.PAID, Decimal(0))
    expect(part(page, "payment.remove.", begins=True)).to_be_visible()


def shown_everywhere(page: Page, server: Server, customer_id: int, deal_id: int, order_id: int, locale: str) -> None:
    """The customer shows the order and another stage of life, and what was done can be taken back."""
    with acting(server) as people:
        assert service.customers.get(people.ann, customer_id).lifecycle is Lifecycle.NEW
    with i18n.use(locale):
        new = words.value("lifecycle", Lifecycle.NEW)
    view = order(server, order_id)
    open_path(page, server, f"/customer?id={customer_id}&tab=orders")
    expect(page.get_by_text(new, exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name=view.order_no).first).to_be_visible()
    open_path(page, server, "/changes")
    with acting(server) as people:
        mine = service.undo.recent(people.ann, actor_id=people.ann.user_id, limit=1)
    assert mine[0].may_undo
    expect(part(page, f"changes.undo.{mine[0].id}")).to_be_visible()
