"""The lists behind the numbers of a team: each is narrowed as its number is. Below the doors."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import and_, func, select

from cim import clock
from cim.analytics.periods import Period
from cim.models import Activity, Customer, Opportunity, Stage, Task, Ticket
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.models.team_view import Behind, BehindRow
from cim.service import team_figures, trends
from cim.work import Work

CUSTOMERS = columns(Customer)
ACTIVITIES = columns(Activity)
TASKS = columns(Task)
TICKETS = columns(Ticket)
DEALS = columns(Opportunity)
STAGES = columns(Stage)

COUNTED_APART = (ActivityType.CALL, ActivityType.VISIT)


def rows(work: Work, what: Behind, person: int, *, span: Period, month: Period) -> list[BehindRow]:
    """The rows that a number counts for a person in reach, newest first."""
    kind = ACTIVITIES.type
    lists: dict[Behind, Callable[[], list[BehindRow]]] = {
        Behind.CALLS: lambda: _spoken(work, person, span, kind == ActivityType.CALL),
        Behind.VISITS: lambda: _spoken(work, person, span, kind == ActivityType.VISIT),
        Behind.OTHERS: lambda: _spoken(work, person, span, kind.not_in(COUNTED_APART)),
        Behind.CUSTOMERS: lambda: _touched(work, person, span),
        Behind.DONE: lambda: _tasks(
            work, [TASKS.done_by_id == person, trends.within(TASKS.done_at, span)], TASKS.done_at
        ),
        Behind.OVERDUE: lambda: _tasks(work, [TASKS.assignee_id == person, *overdue()], TASKS.due_at),
        Behind.TICKETS: lambda: _tickets(work, person),
        Behind.OPPORTUNITIES: lambda: _deals(
            work, [work.visible(Opportunity), DEALS.closed_at.is_(None), CUSTOMERS.owner_id == person]
        ),
        Behind.POTENTIAL: lambda: _deals(work, [*expected(work, month), DEALS.owner_id == person]),
    }
    return lists[what]()


def overdue() -> list[Any]:
    """Open tasks that were due before today."""
    return [TASKS.done_at.is_(None), TASKS.due_at < clock.start_of(clock.today())]


def expected(work: Work, month: Period) -> list[Any]:
    """Open opportunities that are expected to close in these days."""
    return [work.visible(Opportunity), DEALS.closed_at.is_(None), DEALS.expected_close.between(month.first, month.last)]


def weighted(amount: Decimal, percent: int) -> Decimal:
    """An amount times its probability, to the cent, halves up."""
    return (amount * percent / 100).quantize(team_figures.CENT, ROUND_HALF_UP)


def _spoken(work: Work, person: int, span: Period, kind: Any) -> list[BehindRow]:
    a = ACTIVITIES
    wanted = select(a.id, a.customer_id, CUSTOMERS.name, a.type, a.content, a.place, a.at)
    wanted = wanted.join(Customer, CUSTOMERS.id == a.customer_id).where(work.visible(Customer), a.author_id == person)
    wanted = wanted.where(*team_figures.spoken_in(span), kind).order_by(a.at.desc(), a.id.desc())
    return [
        BehindRow(
            noun="activity",
            id=row.id,
            customer_id=row.customer_id,
            customer=row.name,
            what=row.type.value,
            text=row.content or row.place,
            at=row.at,
            day=None,
        )
        for row in work.session.execute(wanted)
    ]


def _touched(work: Work, person: int, span: Period) -> list[BehindRow]:
    a = ACTIVITIES
    wanted = select(CUSTOMERS.id, CUSTOMERS.name, func.count().label("times"), func.max(a.at).label("last"))
    wanted = wanted.join(Activity, CUSTOMERS.id == a.customer_id).where(work.visible(Customer), a.author_id == person)
    wanted = wanted.where(*team_figures.spoken_in(span)).group_by(CUSTOMERS.id, CUSTOMERS.name)
    return [
        BehindRow(
            noun="customer",
            id=row.id,
            customer_id=row.id,
            customer=row.name,
            what="customer",
            text=str(row.times),
            at=row.last,
            day=None,
        )
        for row in work.session.execute(wanted.order_by(func.max(a.at).desc(), CUSTOMERS.id))
    ]


def _tasks(work: Work, where: list[Any], by: Any) -> list[BehindRow]:
    reached = and_(CUSTOMERS.id == TASKS.customer_id, work.visible(Customer))
    wanted = select(TASKS.id, CUSTOMERS.id.label("customer_id"), CUSTOMERS.name, TASKS.title, by.label("at"))
    wanted = wanted.select_from(Task).outerjoin(Customer, reached).where(work.visible(Task), *where)
    return [
        BehindRow(
            noun="task",
            id=row.id,
            customer_id=row.customer_id,
            customer=row.name or "",
            what="task",
            text=row.title,
            at=row.at,
            day=None,
        )
        for row in work.session.execute(wanted.order_by(by.desc(), TASKS.id))
    ]


def _tickets(work: Work, person: int) -> list[BehindRow]:
    t = TICKETS
    wanted = select(t.id, t.customer_id, CUSTOMERS.name, t.type, t.subject, t.opened_at)
    wanted = wanted.join(Customer, CUSTOMERS.id == t.customer_id).where(work.visible(Customer), work.visible(Ticket))
    wanted = wanted.where(t.closed_at.is_(None), CUSTOMERS.owner_id == person)
    return [
        BehindRow(
            noun="ticket",
            id=row.id,
            customer_id=row.customer_id,
            customer=row.name,
            what=row.type.value,
            text=row.subject,
            at=row.opened_at,
            day=None,
        )
        for row in work.session.execute(wanted.order_by(t.opened_at.desc(), t.id))
    ]


def _deals(work: Work, where: list[Any]) -> list[BehindRow]:
    d = DEALS
    wanted = select(d.id, d.customer_id, CUSTOMERS.name.label("customer"), d.name, d.expected_close, d.base_amount)
    wanted = wanted.join(Customer, CUSTOMERS.id == d.customer_id).join(Stage, STAGES.id == d.stage_id)
    wanted = wanted.where(work.visible(Customer), *where).order_by(d.base_amount.desc(), d.id)
    return [
        BehindRow(
            noun="opportunity",
            id=row.id,
            customer_id=row.customer_id,
            customer=row.customer,
            what="opportunity",
            text=row.name,
            at=None,
            day=row.expected_close,
            amount=row.base_amount,
        )
        for row in work.session.execute(wanted)
    ]
