"""Each filter of the customer list against the same rule written in Python, on random customers; and the orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

import pytest
from pydantic import ValidationError
from sqlalchemy import insert

from cim import clock, db, service
from cim.access import Actor
from cim.analytics import periods
from cim.models import Activity, Customer, Star, Task
from cim.models.customer import CustomerDraft, Grade, Party
from cim.models.customer_view import CustomerRow
from cim.models.listing import MOST_IDS, CustomerFilter, Order
from tests.factories import Personas, queries

NOW = "2026-05-13T10:00:00+08:00"  # a Wednesday
GRADES, PARTIES = [*Grade], [Party.CUSTOMER, Party.AGENT]


@dataclass
class Known:
    """A customer as the oracle knows it. Days are local; `spoken` are the days somebody was in contact."""

    id: int
    owner: int | None
    party: Party
    created: date
    updated: date
    confirmed: date | None
    quality: int
    due: date | None
    spoken: list[date] = field(default_factory=list)
    starred_by: set[int] = field(default_factory=set)


@pytest.fixture
def team(people: Personas, monkeypatch: pytest.MonkeyPatch) -> Personas:
    monkeypatch.setenv("CIM_NOW", NOW)
    return people


@pytest.fixture
def known(team: Personas) -> list[Known]:
    """Sixty customers with everything a filter can ask for, spread around today."""
    random, rows = Random(7), list[Known]()
    today = date(2026, 5, 13)

    def day(most: int = 45) -> date:
        return today - timedelta(days=random.randrange(most))

    for number in range(60):
        owner = random.choice([team.ann, team.bo, team.mei, None])
        draft = CustomerDraft(
            name=f"甲乙丙丁客户{number}号",
            party=random.choice(PARTIES),
            grade=random.choice(GRADES),
            tags=random.sample(["老客户", "重点"], random.randrange(3)),
            owner_id=owner.user_id if owner else None,
        )
        made = service.customers.create(team.root, draft, duplicate_reason="试验数据")
        found = Known(
            id=made,
            owner=draft.owner_id,
            party=draft.party,
            created=day(100),
            updated=day(),
            confirmed=random.choice([None, day(), day()]),
            quality=random.randrange(101),
            due=random.choice([None, today + timedelta(days=random.randrange(-9, 40))]),
            spoken=[day() for _ in range(random.randrange(4))],
            starred_by={who.user_id or 0 for who in (team.ann, team.mei) if random.random() < 0.4},
        )
        rows.append(found)
    with db.session(writing=True) as session:
        for row in rows:
            _put(session, row)
        session.commit()
    return rows


def _put(session: object, row: Known) -> None:
    held = session.get(Customer, row.id)  # type: ignore[attr-defined]
    held.created_at, held.updated_at = noon(row.created), noon(row.updated)
    held.confirmed_at = noon(row.confirmed) if row.confirmed else None
    held.quality = row.quality
    held.next_due_at = noon(row.due) if row.due else None
    held.last_contact_at = noon(max(row.spoken)) if row.spoken else None
    add = session.execute  # type: ignore[attr-defined]
    for spoken in row.spoken:
        values = {
            "customer_id": row.id,
            "at": noon(spoken),
            "type": "call",
            "content": "打过电话",
            "author_id": row.owner,
        }
        add(insert(Activity.__table__), values | {"created_at": noon(spoken), "updated_at": noon(spoken), "version": 1})  # type: ignore[attr-defined]
    if row.due:
        values = {"customer_id": row.id, "title": "回访", "due_at": noon(row.due), "assignee_id": row.owner}
        add(insert(Task.__table__), values | {"created_at": clock.now(), "updated_at": clock.now(), "version": 1})  # type: ignore[attr-defined]
    for who in sorted(row.starred_by):
        session.add(Star(user_id=who, customer_id=row.id, created_at=clock.now()))  # type: ignore[attr-defined]


def noon(day: date) -> datetime:
    return clock.start_of(day) + timedelta(hours=12)


def ids(me: Actor, **narrowed: object) -> set[int]:
    found = service.customers.search(me, CustomerFilter(**narrowed), size=200)  # type: ignore[arg-type]
    assert found.total == len(found.rows)
    return {row.id for row in found.rows}


Rule = Callable[[Known, Personas], bool]
TODAY = date(2026, 5, 13)
CASES: list[tuple[dict[str, object], Rule]] = [
    ({"starred": True}, lambda k, p: (p.mei.user_id or 0) in k.starred_by),
    ({"starred": False}, lambda k, p: (p.mei.user_id or 0) not in k.starred_by),
    ({"mine": True}, lambda k, p: k.owner == p.mei.user_id),
    ({"mine": False}, lambda k, p: k.owner != p.mei.user_id),
    ({"team": True}, lambda k, p: k.owner in (p.ann.user_id, p.bo.user_id, p.mei.user_id)),
    ({"team": False}, lambda k, p: k.owner is None),
    ({"party": "agent"}, lambda k, p: k.party is Party.AGENT),
    ({"has_open_task": True}, lambda k, p: k.due is not None),
    ({"has_open_task": False}, lambda k, p: k.due is None),
    ({"quality_most": 40}, lambda k, p: k.quality <= 40),
    ({"quality_most": 0}, lambda k, p: k.quality == 0),
    ({"confirmed_before_days": 20}, lambda k, p: (TODAY - max(k.updated, k.confirmed or k.updated)).days >= 20),
    ({"created_within": "this_week"}, lambda k, p: date(2026, 5, 11) <= k.created <= date(2026, 5, 17)),
    ({"created_within": "last_month"}, lambda k, p: (k.created.year, k.created.month) == (2026, 4)),
    ({"created_within": "this_quarter"}, lambda k, p: date(2026, 4, 1) <= k.created <= date(2026, 6, 30)),
    ({"created_within": "last_30_days"}, lambda k, p: date(2026, 4, 14) <= k.created <= TODAY),
    ({"contacted_within": "today"}, lambda k, p: TODAY in k.spoken),
    ({"contacted_within": "yesterday"}, lambda k, p: date(2026, 5, 12) in k.spoken),
    ({"contacted_within": "last_week"}, lambda k, p: any(date(2026, 5, 4) <= d <= date(2026, 5, 10) for d in k.spoken)),
    ({"due_within": "tomorrow"}, lambda k, p: k.due == date(2026, 5, 14)),
    ({"due_within": "next_7_days"}, lambda k, p: k.due is not None and TODAY <= k.due <= date(2026, 5, 19)),
    ({"due_within": "next_week"}, lambda k, p: k.due is not None and date(2026, 5, 18) <= k.due <= date(2026, 5, 24)),
]


def test_each_filter_means_what_it_says(team: Personas, known: list[Known]) -> None:
    for narrowed, rule in CASES:
        expected = {row.id for row in known if rule(row, team)}
        assert ids(team.mei, **narrowed) == expected, narrowed
        # together with another condition: both hold
        both = {row.id for row in known if row.id in expected and row.party is Party.CUSTOMER}
        assert ids(team.mei, **({"party": "customer"} | narrowed)) == (expected if "party" in narrowed else both)


def test_a_filter_by_ids_shows_these_and_no_others_of_somebody_else(team: Personas, known: list[Known]) -> None:
    wanted = [row.id for row in known[:12]]
    assert ids(team.mei, ids=wanted) == set(wanted)
    assert ids(team.mei, ids="1,2,999999") <= {1, 2}
    reached = {row.id for row in known[:12] if row.owner in (None, team.ann.user_id)}
    assert ids(team.ann, ids=wanted) == reached


@pytest.mark.parametrize(
    "wrong",
    [
        {"created_within": "soon"},
        {"due_within": "next_0_days"},
        {"due_within": "last_9999_days"},
        {"ids": "1,x"},
        {"ids": ",".join(["1"] * (MOST_IDS + 1))},
        {"quality_most": 101},
        {"party": "friend"},
    ],
)
def test_what_means_nothing_is_no_filter(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CustomerFilter.model_validate(wrong)


def test_team_of_somebody_without_a_team_is_himself(team: Personas, known: list[Known]) -> None:
    assert ids(team.kai, team=True) == set()
    assert ids(team.ann, team=True) == {row.id for row in known if row.owner == team.ann.user_id}


def test_an_order_holds_over_all_pages(team: Personas, known: list[Known]) -> None:
    keys: dict[Order, Callable[[CustomerRow], object]] = {
        Order.QUALITY: lambda row: row.quality,
        Order.COMPLETENESS: lambda row: row.completeness,
        Order.CODE: lambda row: row.code,
        Order.OWNER: lambda row: (row.owner_id is None, row.owner_id or 0),
    }
    for order, key in keys.items():
        pages = (service.customers.search(team.mei, order=order, page=page, size=20) for page in (1, 2, 3))
        rows = [row for page in pages for row in page.rows]
        assert len({row.id for row in rows}) == 60
        assert [key(row) for row in rows] == sorted(key(row) for row in rows), order  # type: ignore[type-var]


def test_tags_and_stars_come_where_they_are_asked_for(team: Personas, known: list[Known]) -> None:
    first = service.customers.search(team.ann, CustomerFilter(starred=True))
    assert not any(row.starred or row.tags for row in first.rows)
    with queries(8):
        rows = service.customers.search(team.ann, CustomerFilter(starred=True), also=("starred", "tags")).rows
    assert rows
    assert all(row.starred for row in rows)
    assert any(row.tags for row in rows)


def test_a_star_is_ones_own_and_leaves_no_history(team: Personas, known: list[Known]) -> None:
    mine = next(row.id for row in known if row.owner == team.ann.user_id and not row.starred_by)
    assert service.customers.star(team.ann, mine)
    assert not service.customers.star(team.ann, mine)
    assert service.customers.get(team.ann, mine).starred
    assert not service.customers.get(team.mei, mine).starred
    assert service.customers.star(team.ann, mine, on=False)
    assert mine not in ids(team.ann, starred=True)


@pytest.mark.parametrize("code", [*periods.NAMED, "last_1_days", "last_30_days", "next_7_days"])
@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2024, 2, 29), date(2026, 12, 31), TODAY])
def test_relative_days_hold_what_their_name_says(code: str, today: date) -> None:
    period = periods.within(code, today)
    assert period.first <= period.last
    assert (today in (period.first + timedelta(days=n) for n in range(period.days))) is (
        not code.startswith(("last_", "next_", "yesterday", "tomorrow")) or code.endswith("_days")
    )
    if code.endswith("month"):
        assert period.first.day == 1
        assert (period.last + timedelta(days=1)).day == 1
