"""The calendar's page: days and views in the address, ways to the records, planning on a day; the link on the account."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from streamlit.testing.v1 import AppTest

from cim import i18n, service
from cim.i18n import _
from cim.models.anniversary import DayCalendar
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.task import TaskDraft, TaskKind
from cim.service.sessions import VISITOR
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/calendar.py"


@pytest.fixture(autouse=True)
def wednesday(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    made = service.customers.create(people.ann, CustomerDraft(name="[坏](http://evil/)公司"))
    service.contacts.add(people.ann, made, ContactDraft(name="周立", birthday=date(1988, 11, 20)))
    visit = {"title": "季度拜访", "due_at": datetime(2026, 11, 19, 14), "kind": TaskKind.VISIT, "customer_id": made}
    service.tasks.add(people.ann, TaskDraft.model_validate(visit))
    return made


def shown(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


def test_week_month_and_day_come_from_the_address(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    text = shown(app)
    assert "14:00" in text
    assert "/tasks?task=1" in text
    assert f"[{_('Birthday')} 周立" in text
    assert f"(/customer?id={firm})" in text
    assert "](http" not in text
    app.get_by_key("calendar.later").click().run()
    assert "季度拜访" not in shown(app)
    assert app.query_params["day"] in ("2026-11-25", ["2026-11-25"])
    text = shown(open_page(people.ann, PAGE, view="month", day="2026-10-01"))
    assert "季度拜访" not in text
    assert i18n.format_month(date(2026, 10, 1)) in text
    with i18n.use("zh"):
        assert _("National Day") in text, "public holidays"
    for query in (
        {"view": "year"},
        {"day": "2026-02-30"},
        {"day": "9999-12-31"},
        {"view": "month", "day": "0001-01-01"},
    ):
        assert not open_page(people.ann, PAGE, **query).exception


def test_a_task_is_planned_on_a_day(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE, view="day", day="2026-11-20")
    key = "calendar.new.2026-11-20"
    held = f"{key}.{app.session_state[f'_token.{key}']}"
    app.text_input(key=f"{held}.title").set_value("送蛋糕")
    app.button(key=f"{held}.save").click().run()
    assert "送蛋糕" in shown(app)
    assert service.tasks.mine(people.ann).tasks[1].due_at.date() == date(2026, 11, 20)


def test_whose_calendar(people: Personas, firm: int, open_page: OpenPage) -> None:
    assert "季度拜访" not in shown(open_page(people.mei, PAGE))
    assert "季度拜访" in shown(open_page(people.mei, PAGE, person=str(people.ann.user_id)))
    text = shown(open_page(people.audrey, PAGE, person="team", view="day", day="2026-11-20"))
    assert "周立" not in text, "birthdays are personal"
    assert "季度拜访" not in shown(open_page(people.bo, PAGE, person="team"))


def test_a_calendar_link_is_shown_once_and_withdrawn(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, "pages/account.py")
    with recorded("feeds.create", by=people.ann, times=1):
        app.button(key="feeds.create").click().run()
    assert not app.exception
    [link] = [element.value for element in app.code]
    token = link.rpartition("/")[2].removesuffix(".ics")
    assert b"VEVENT" in (service.feeds.render(VISITOR, token) or b"")
    app.run()
    assert not app.code
    [feed] = service.feeds.mine(people.ann)
    app.button(key=f"feeds.revoke.{feed.id}").click().run()
    assert service.feeds.render(VISITOR, token) is None


def test_days_of_a_customer_are_added_on_its_panel(people: Personas, firm: int, open_page: OpenPage) -> None:
    open_page(people.ann, "pages/account.py")

    def panel(customer: int) -> None:
        from cim import service
        from cim.permissions import Permission
        from cim.ui import gate
        from cim.ui.panels import customer_dates

        me = gate.require(Permission.CUSTOMER_READ)
        customer_dates.show(me, service.customers.get(me, customer))

    app = AppTest.from_function(panel, args=(firm,), default_timeout=30).run()
    held = f"dates.{firm}.{app.session_state[f'_token.dates.{firm}']}"
    app.get_by_key(f"{held}.calendar").set_value("lunar")
    app.number_input(key=f"{held}.month").set_value(8)
    app.number_input(key=f"{held}.day").set_value(15)
    with recorded("anniversaries.add", by=people.ann, times=1):
        app.button(key=f"{held}.save").click().run()
    [day] = service.anniversaries.of(people.ann, firm)
    assert (day.calendar, day.next_on) == (DayCalendar.LUNAR, date(2027, 9, 15))
    assert _("lunar {date}", date="8-15") in shown(app).replace("\\", "")
    app.button(key=f"dates.remove.{day.id}").click().run()
    assert service.anniversaries.of(people.ann, firm) == []
