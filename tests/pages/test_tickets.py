"""The service desk in the browser: a complaint from arrival to rating, the desk in the address, an e-mail, the settings."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from cim import clock, service
from cim.access import Actor
from cim.models.customer import CustomerDraft
from cim.models.ticket import TicketDraft, TicketStatus
from cim.service import service_rules, tickets, working_days
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

DESK, TICKET = "pages/tickets.py", "pages/ticket.py"
NASTY = "<script>x</script> ![p](http://evil/x.png) :red[boo]"


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", email="buyer@xinnuo.cn"))


def opened(me: Actor, firm: int, subject: str = "净水机漏水") -> int:
    return tickets.open(me, firm, TicketDraft(subject=subject))


def shown(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


def press(app: AppTest, beginning: str) -> AppTest:
    [button] = [b for b in app.button if str(b.key).startswith(beginning)]
    return button.click().run()


def test_an_e_mail_becomes_a_ticket(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, DESK, tab="new")
    app.session_state["ticket_new.mail"] = True
    app.run()
    app.text_area(key="ticket_new.raw").set_value("From: Wang <buyer@xinnuo.cn>\nSubject: 漏水\n\n地上都是水").run()
    app.button(key="ticket_new.read").click().run()
    assert app.text_input(key="ticket_new.subject").value == "漏水"
    assert app.session_state["ticket_new.customer.id"] == firm
    with recorded("tickets.open", by=people.ann):
        press(app, "ticket_new.save.")
    assert not app.exception
    [row] = tickets.of_customer(people.ann, firm)
    assert (row.subject, row.handler) == ("漏水", "凯思远")


def test_kai_resolves_and_the_customer_is_heard(people: Personas, firm: int, open_page: OpenPage) -> None:
    ticket = opened(people.ann, firm, NASTY)
    app = open_page(people.kai, TICKET, id=str(ticket))
    text = shown(app)
    assert "<script" not in text.replace("\\<script", "")
    assert "T20" in text
    version = tickets.get(people.kai, ticket).version
    key = f"ticket.resolution.{ticket}.{version}"
    app.text_area(key=key).set_value("换了密封圈").run()
    app.button(key=f"{key}.save").click().run()
    seen = tickets.get(people.kai, ticket)
    assert (seen.status, seen.resolution) == (TicketStatus.RESOLVED, "换了密封圈")
    app.button(key=f"ticket.close.{ticket}.{seen.version}").click().run()
    assert tickets.get(people.kai, ticket).status is TicketStatus.CLOSED
    assert not app.exception


def test_desk_is_filtered_by_its_address(people: Personas, firm: int, open_page: OpenPage) -> None:
    opened(people.ann, firm, "漏水的机器")
    solved = opened(people.ann, firm, "发票抬头")
    tickets.resolve(people.kai, solved, "重开了")
    text = shown(open_page(people.kai, DESK))
    assert "漏水的机器" in text
    assert "发票抬头" not in text
    text = shown(open_page(people.kai, DESK, status="resolved"))
    assert "发票抬头" in text
    assert "漏水的机器" not in text
    assert "漏水的机器" not in shown(open_page(people.bo, DESK)), "ann's customers are none of bo's"


def test_auditor_reads_and_bo_sees_nothing(people: Personas, firm: int, open_page: OpenPage) -> None:
    ticket = opened(people.ann, firm)
    app = open_page(people.audrey, TICKET, id=str(ticket))
    assert "净水机漏水" in "".join(header.value for header in app.header)
    assert not [b for b in app.button if str(b.key).startswith("ticket.")]
    app = open_page(people.bo, TICKET, id=str(ticket))
    assert not app.header
    assert app.error


@pytest.mark.parametrize("tab", ["visits", "repeated", "satisfaction", "all"])
def test_other_tabs_open(people: Personas, firm: int, open_page: OpenPage, tab: str) -> None:
    for subject in ("漏水", "又漏水"):
        made = tickets.open(people.ann, firm, TicketDraft(subject=subject, category="漏水"))
        tickets.resolve(people.kai, made, "好了", close=True)
        tickets.rate(people.kai, made, 4)
    app = open_page(people.kai, DESK, tab=tab)
    assert not app.exception
    assert not app.error


def test_administrator_sets_rules_and_days(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, "pages/settings.py", tab="service")
    text = shown(app)
    assert "4 个工作小时" in text
    second = service_rules.everything(people.root)[1]
    app.button(key=f"service.rule.{second.id}.{second.version}.-1.1").click().run()
    assert service_rules.everything(people.root)[0].id == second.id
    app = open_page(people.root, "pages/settings.py", tab="working_time")
    assert not app.exception
    app.text_input(key="days.name").set_value("盘点")
    press(app, "days.save")
    assert [
        day.name
        for day in working_days.days(people.root, date(clock.today().year, 1, 1), date(clock.today().year, 12, 31))
        if day.own
    ] == ["盘点"]
