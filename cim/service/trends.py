"""What the numbers of the dashboard were at earlier moments, as far as today's rows tell. One query per kind of row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select

from cim import clock
from cim.analytics.periods import Period
from cim.models import Activity, Customer, Task
from cim.models.activity import ActivityType
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
    week = case(*((a.at < _end(week.last), place) for place, week in enumerate(weeks)), else_=None).label("week")
    made = (case((a.author_id == author, 1), else_=0) if author is not None else literal(1)).label("made")
    span = within(a.at, Period(weeks[0].first, weeks[-1].last))
    contact = case((a.type != ActivityType.NOTE, 1), else_=0).label("contact")
    e = select(week, a.customer_id, made, contact).where(span, a.deleted_at.is_(None)).subquery().c
    sums_of = (func.sum(e.made).label("made"), func.max(e.contact).label("contact"))
    spoken = select(e.week, e.customer_id, *sums_of).group_by(e.week, e.customer_id).subquery()
    active = func.count(case((and_(whose, spoken.c.contact == 1), 1)))
    sums = select(spoken.c.week, func.sum(spoken.c.made), active)
    joined = sums.select_from(spoken).join(Customer, Customer.id == spoken.c.customer_id)  # type: ignore[arg-type]
    grouped = joined.where(work.visible(Customer)).group_by(spoken.c.week)
    found = {row[0]: (int(row[1]), int(row[2])) for row in work.session.execute(grouped)}
    both = [found.get(place, (0, 0)) for place in range(len(weeks))]
    return {"follow_ups": [made for made, _held in both], "active": [held for _made, held in both]}


def spoken(work: Work, period: Period, *, author: int | None = None) -> Any:
    """Follow-ups of a period in reach, as a joined table with columns `author_id` and `made` (how many).

    They are summed up by customer first, and the scope looks at those few: a scope of several owners is slow the other
    way round (a manager over 100,000 customers: 19 ms instead of 444).
    """
    a: Any = Activity
    where = [within(a.at, period), a.deleted_at.is_(None)]
    if author is not None:
        where.append(a.author_id == author)
    made = func.count().label("made")
    each = select(a.customer_id, a.author_id, made).where(*where).group_by(a.customer_id, a.author_id).subquery()
    reached = select(each.c.author_id, each.c.made).join(Customer, Customer.id == each.c.customer_id)  # type: ignore[arg-type]
    return reached.where(work.visible(Customer)).subquery()


def tasks(work: Work, whose: ColumnElement[bool], *, moments: Sequence[datetime]) -> dict[str, list[int]]:
    """At each moment: customers with a task past its time ("overdue"), and with any open task ("planned")."""
    t: Any = Task
    c: Any = Customer
    open_then = [
        and_(t.created_at <= moment, c.created_at <= moment, or_(t.done_at.is_(None), t.done_at > moment))
        for moment in moments
    ]
    # overdue is what was due before the day began: the same line that the worklist and the filter draw
    days = [clock.start_of(clock.local(moment).date()) for moment in moments]
    late = [and_(condition, t.due_at < day) for condition, day in zip(open_then, days, strict=True)]
    lived = and_(t.deleted_at.is_(None), or_(t.done_at.is_(None), t.done_at > moments[0]))
    flags = [func.max(case((held, 1), else_=0)).label(f"f{place}") for place, held in enumerate([*late, *open_then])]
    joined = select(*flags).select_from(t).join(Customer, c.id == t.customer_id)
    customer = joined.where(lived, work.visible(Customer), whose).group_by(t.customer_id).subquery()
    statement = select(*(func.coalesce(func.sum(column), 0) for column in customer.c))
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


def _counts(work: Work, groups: Sequence[Sequence[Any]], statement: Any) -> list[list[int]]:
    """The one result row, cut into lists as long as the groups."""
    found = iter(work.session.execute(statement).one())
    return [[int(next(found)) for _ in group] for group in groups]
