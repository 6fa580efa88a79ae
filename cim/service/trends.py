"""What the numbers of the dashboard were at earlier moments, as far as today's rows tell. One query per kind of row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from cim import clock
from cim.analytics.periods import Period
from cim.models import Activity, Customer, Task
from cim.service.activities import NO_CONTACT
from cim.work import Work

IDLE_DAYS = 30


def created(period: Period) -> ColumnElement[bool]:
    """Customers added in a period."""
    return within(Customer.created_at, period)


def within(column: Any, period: Period) -> ColumnElement[bool]:
    """A moment that falls on one of the local days of a period."""
    return and_(column >= clock.start_of(period.first), column < _end(period.last))


def customers(
    work: Work, whose: ColumnElement[bool], *, days: Sequence[date], months: Sequence[Period]
) -> dict[str, list[int]]:
    """In one pass over the customers: how many there were at the end of each day ("customers"), how many of them had no
    contact for IDLE_DAYS days ("idle"), and how many were added in each month ("new")."""
    c: Any = Customer
    held = [c.created_at < _end(day) for day in days]
    idle = [_idle(day) for day in days]
    fresh = [created(month) for month in months]
    statement = select(*_sums([*held, *idle, *fresh])).where(work.visible(Customer), whose)
    counts = _counts(work, [held, idle, fresh], statement)
    return dict(zip(("customers", "idle", "new"), counts, strict=True))


def contacts(
    work: Work, whose: ColumnElement[bool], *, author: int | None, weeks: Sequence[Period]
) -> dict[str, list[int]]:
    """By week: follow-ups by `author` ("follow_ups"), and customers that somebody was in contact with ("active")."""
    a: Any = Activity
    mine = (a.author_id == author) if author is not None else a.id.is_not(None)
    made = [and_(mine, within(a.at, week)) for week in weeks]
    spoken = [and_(whose, within(a.at, week)) for week in weeks]
    columns = [*_sums(made), *(_distinct(condition, a.customer_id) for condition in spoken)]
    span = within(a.at, Period(weeks[0].first, weeks[-1].last))
    statement = select(*columns).join(Customer, Customer.id == a.customer_id).where(span, work.visible(Activity))
    return dict(zip(("follow_ups", "active"), _counts(work, [made, spoken], statement), strict=True))


def tasks(work: Work, whose: ColumnElement[bool], *, moments: Sequence[datetime]) -> dict[str, list[int]]:
    """At each moment: customers with a task past its time ("overdue"), and with any open task ("planned")."""
    t: Any = Task
    c: Any = Customer
    open_then = [
        and_(t.created_at <= moment, c.created_at <= moment, or_(t.done_at.is_(None), t.done_at > moment))
        for moment in moments
    ]
    late = [and_(condition, t.due_at < moment) for condition, moment in zip(open_then, moments, strict=True)]
    columns = [_distinct(condition, t.customer_id) for condition in [*late, *open_then]]
    lived = and_(t.deleted_at.is_(None), or_(t.done_at.is_(None), t.done_at > moments[0]))
    statement = select(*columns).join(Customer, c.id == t.customer_id).where(lived, work.visible(Customer), whose)
    return dict(zip(("overdue", "planned"), _counts(work, [late, open_then], statement), strict=True))


def _idle(day: date) -> ColumnElement[bool]:
    """No contact for IDLE_DAYS days at the end of `day`. Exact although only the newest contact is kept with the
    customer: where that is later than `day`, the follow-ups themselves are asked."""
    c: Any = Customer
    a: Any = Activity
    since, end = clock.start_of(day - timedelta(days=IDLE_DAYS - 1)), _end(day)
    told: list[ColumnElement[bool]] = [a.customer_id == c.id, a.deleted_at.is_(None), a.type.not_in(NO_CONTACT)]
    silent_before = and_(
        c.last_contact_at >= end,
        ~exists().where(*told, a.at >= since, a.at < end),
        or_(c.created_at < since, exists().where(*told, a.at < since)),
    )
    return and_(c.created_at < end, or_(func.coalesce(c.last_contact_at, c.created_at) < since, silent_before))


def _end(day: date) -> datetime:
    return clock.start_of(day + timedelta(days=1))


def _sums(conditions: Sequence[ColumnElement[bool]]) -> list[ColumnElement[Any]]:
    return [func.count(case((condition, 1))) for condition in conditions]


def _distinct(condition: ColumnElement[bool], of: Any) -> ColumnElement[Any]:
    return func.count(case((condition, of)).distinct())


def _counts(work: Work, groups: Sequence[Sequence[Any]], statement: Any) -> list[list[int]]:
    """The one result row, cut into lists as long as the groups."""
    found = iter(work.session.execute(statement).one())
    return [[next(found) for _ in group] for group in groups]
