"""Calendar links: what a calendar program reads, and that a link which is none says nothing."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cim import db, i18n, server, service
from cim.errors import Conflict, NotFound
from cim.i18n import _
from cim.models import CalendarFeed
from cim.models.anniversary import AnniversaryDraft
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.task import Frequency, Repeat, TaskDraft, TaskKind
from cim.service.sessions import VISITOR
from tests.factories import Personas, history, queries, recorded


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-18T12:00:00+08:00")


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(
        people.ann, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000", contact="周立")
    )


@pytest.fixture
def web(people: Personas) -> TestClient:
    return TestClient(Starlette(routes=server.ROUTES, middleware=server.MIDDLEWARE))


def events(content: bytes | None) -> dict[str, Any]:
    assert content is not None
    return {str(event["uid"]): event for event in Calendar.from_ical(content).walk("VEVENT")}


def planned(people: Personas, firm: int) -> tuple[int, int]:
    """A visit with more facts than a feed tells, and a series of whole days."""
    visit = service.tasks.add(
        people.ann,
        TaskDraft(
            title="季度拜访",
            due_at=datetime(2026, 11, 19, 14),
            ends_at=datetime(2026, 11, 19, 16),
            kind=TaskKind.VISIT,
            place="客户工厂",
            notes="电话 13800138000",
            customer_id=firm,
        ),
    )
    series = service.tasks.add(
        people.ann,
        TaskDraft(
            title="周报",
            due_at=datetime(2026, 11, 20, 9),
            all_day=True,
            repeat=Repeat(frequency=Frequency.WEEKLY, until=date(2026, 12, 4)),
        ),
    )
    return visit, series


def test_the_plan_is_events_in_the_local_zone(people: Personas, firm: int) -> None:
    visit, series = planned(people, firm)
    service.contacts.add(people.ann, firm, ContactDraft(name="周立", birthday=date(1975, 11, 21)))
    day = service.anniversaries.add(people.ann, firm, AnniversaryDraft(label="公司成立", month=12, day=1))
    service.tasks.add(people.mei, TaskDraft(title="经理的事", due_at=datetime(2026, 11, 19, 9)))
    token = service.feeds.create(people.ann)
    content = service.feeds.render(VISITOR, token)
    found = events(content)
    assert set(found) == {
        f"task-{visit}@cim",
        *(f"task-{series}{more}@cim" for more in ("", "-2026-11-27", "-2026-12-04")),
        "contact-1-2026-11-21@cim",
        f"anniversary-{day}-2026-12-01@cim",
    }
    event = found[f"task-{visit}@cim"]
    assert event.decoded("dtstart") == datetime(2026, 11, 19, 14, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert event["dtstart"].params["TZID"] == "Asia/Shanghai"
    assert event.decoded("dtend").astimezone(UTC) == datetime(2026, 11, 19, 8, tzinfo=UTC)
    with i18n.use("zh"):
        assert str(event["summary"]) == f"{_('Visit')}: 季度拜访 · 南京信诺环保科技有限公司"
    assert str(event["location"]) == "客户工厂"
    assert found[f"task-{series}@cim"].decoded("dtstart") == date(2026, 11, 20)
    birthday = found["contact-1-2026-11-21@cim"]
    assert (birthday.decoded("dtstart"), birthday.decoded("dtend")) == (date(2026, 11, 21), date(2026, 11, 22))
    assert content is not None
    for personal in ("周立", "13800138000", "1975"):
        assert personal.encode() not in content, "names of customers and titles, nothing else of a person"
    assert events(service.feeds.render(VISITOR, token)).keys() == found.keys()


def test_the_link_shows_what_its_owner_may_see_now(people: Personas, firm: int) -> None:
    service.tasks.add(people.ann, TaskDraft(title="回访", due_at=datetime(2026, 11, 19, 9), customer_id=firm))
    service.contacts.add(people.ann, firm, ContactDraft(name="周立", birthday=date(1988, 11, 21)))
    token = service.feeds.create(people.ann)
    service.customers.assign(people.mei, firm, people.bo.user_id)
    assert events(service.feeds.render(VISITOR, token)) == {}
    for me in people:
        assert service.feeds.render(VISITOR, service.feeds.create(me)) is not None
    with queries(14):
        service.feeds.render(VISITOR, token)


def test_no_link_is_told_from_another_that_is_none(people: Personas, web: TestClient) -> None:
    with recorded("feeds.create", by=people.ann, times=1):
        token = service.feeds.create(people.ann)
    [feed] = service.feeds.mine(people.ann)
    with db.session(writing=False) as session:
        [stored] = session.execute(select(CalendarFeed)).scalars()
        assert token not in str(stored.model_dump())
        assert all(token not in str(entry.model_dump()) for entry in history())
    answer = web.get(f"/calendar/{token}.ics")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    other = service.feeds.create(people.bo)
    with recorded("feeds.revoke", by=people.ann, times=1):
        assert service.feeds.revoke(people.ann, feed.id)
        assert not service.feeds.revoke(people.ann, feed.id)
    service.users.disable(people.root, people.bo.user_id or 0)
    wrong = [token, other, secrets.token_urlsafe(32), "x", "a" * 5000, "%00", token[:-1], token + "x"]
    answers = [web.get(f"/calendar/{name}.ics") for name in wrong]
    assert {(a.status_code, a.content, tuple(sorted(a.headers.items()))) for a in answers} == {
        (404, b"not found", tuple(sorted(answers[0].headers.items())))
    }
    assert service.feeds.mine(people.ann) == []


def test_refusing_takes_the_same_questions_for_every_link(people: Personas) -> None:
    """Unknown, withdrawn, of somebody disabled: one question, so that the time tells nothing."""
    revoked, disabled = service.feeds.create(people.ann), service.feeds.create(people.bo)
    service.feeds.revoke(people.ann, service.feeds.mine(people.ann)[0].id)
    service.users.disable(people.root, people.bo.user_id or 0)
    for token in (revoked, disabled, secrets.token_urlsafe(32)):
        with queries(1) as seen:
            assert service.feeds.render(VISITOR, token) is None
        assert len(seen) == 1


def test_links_are_ones_own_and_few(people: Personas) -> None:
    for _number in range(5):
        service.feeds.create(people.ann)
    with pytest.raises(Conflict):
        service.feeds.create(people.ann)
    [mine, *_rest] = service.feeds.mine(people.ann)
    with pytest.raises(NotFound):
        service.feeds.revoke(people.mei, mine.id)
    assert service.feeds.mine(people.mei) == []
