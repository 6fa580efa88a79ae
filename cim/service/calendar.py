"""The calendar: tasks and visits, birthdays and anniversaries, contracts that end, deals and steps that are expected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from cim import access, clock
from cim.errors import Invalid
from cim.models import Contract, Customer, Opportunity, OpportunityStep, Task, User
from cim.models.base import View, columns
from cim.models.calendar_view import CalendarEntry, EntryKind
from cim.models.contract import ContractStatus
from cim.models.task import TaskView
from cim.models.user import UserStatus
from cim.permissions import Permission, Role
from cim.service import agenda, anniversaries, recurring
from cim.work import Work, query

TASKS, CUSTOMERS, USERS = columns(Task), columns(Customer), columns(User)
CONTRACTS, DEALS, STEPS = columns(Contract), columns(Opportunity), columns(OpportunityStep)
LONGEST = 400
"""Days that one question may cover."""
MOST = 2000
"""Rows of one kind."""
_ORDER = list(EntryKind)


class Planner(View):
    """Somebody whose plan one may look at."""

    id: int
    name: str


@query(Permission.CUSTOMER_READ)
def between(
    work: Work, first: date, last: date, *, person: int | None = None, team: bool = False
) -> list[CalendarEntry]:
    """What stands on the local days from `first` to `last`, both included, in the order of the days: of the actor, of a
    person, or with `team` of everybody in the actor's reach. Days of a customer belong to whoever looks after it. Raises
    Invalid for more than 400 days."""
    if (last - first).days >= LONGEST:
        raise Invalid("last", "Ask for at most {most} days.", most=LONGEST)
    who = None if team else person or work.actor.user_id
    found = [*_tasks(work, first, last, who), *_days(work, first, last, who)]
    if work.actor.can(Permission.SALES_READ):
        found += [*_contracts(work, first, last, who), *_deals(work, first, last, who), *_steps(work, first, last, who)]
    return sorted(found, key=lambda e: (e.day, e.at or datetime.min.replace(tzinfo=clock.now().tzinfo), _rank(e)))


@query(Permission.CUSTOMER_READ)
def people(work: Work) -> list[Planner]:
    """Whose plan the actor may look at, himself first, then by name: those whose tasks he reaches."""
    ids = None if work.actor.role is Role.AUDITOR else access.reached_users(work.actor, Permission.TASK_WRITE)
    wanted = select(USERS.id, USERS.name).where(USERS.status == UserStatus.ACTIVE)
    if ids is not None:
        wanted = wanted.where(USERS.id.in_(sorted({*ids, work.actor.user_id or 0})))
    found = [Planner(id=row.id, name=row.name) for row in work.session.execute(wanted.order_by(USERS.name, USERS.id))]
    return sorted(found, key=lambda planner: planner.id != work.actor.user_id)


# ---- below the doors
def _rank(entry: CalendarEntry) -> tuple[int, str]:
    return _ORDER.index(entry.kind), entry.key


def _tasks(work: Work, first: date, last: date, who: int | None) -> Iterator[CalendarEntry]:
    start, end = clock.start_of(first), clock.start_of(last + timedelta(days=1))
    inside = and_(TASKS.due_at >= start, TASKS.due_at < end)
    series = and_(TASKS.rule.is_not(None), TASKS.due_at < end, TASKS.done_at.is_(None))
    wanted = agenda.listed(work).where(or_(inside, series)).order_by(TASKS.due_at, TASKS.id).limit(MOST)
    if who is not None:
        wanted = wanted.where(TASKS.assignee_id == who)
    for found in work.session.execute(wanted):
        view = agenda.view(found)
        if view.due_at >= start:
            yield _task(view, view.due_at)
        if found[0].rule and view.done_at is None:
            for moment in recurring.between(found[0].rule, max(view.due_at, start - timedelta(microseconds=1)), end):
                yield _task(view, moment, expected=True)


def _task(view: TaskView, at: datetime, *, expected: bool = False) -> CalendarEntry:
    day = clock.local(at).date()
    until = None if view.ends_at is None else recurring.shifted(view.ends_at, view.due_at, at)
    return CalendarEntry(
        key=f"task-{view.id}" + (f"-{day.isoformat()}" if expected else ""),
        kind=EntryKind(view.kind),
        day=day,
        at=None if view.all_day else at,
        until=None if view.all_day else until,
        title=view.title,
        customer_id=view.customer_id,
        customer=view.customer,
        assignee=view.assignee,
        place=view.place,
        task_id=view.id,
        opportunity_id=view.opportunity_id,
        done=view.done_at is not None,
        overdue=view.done_at is None and day < clock.today(),
        expected=expected,
    )


def _days(work: Work, first: date, last: date, who: int | None) -> Iterator[CalendarEntry]:
    for one in anniversaries.falling(work, first, last, owner=who):
        yield CalendarEntry(
            key=f"{one.record.replace(':', '-')}-{one.on.isoformat()}",
            kind=EntryKind.BIRTHDAY if one.birthday else EntryKind.ANNIVERSARY,
            day=one.on,
            title=one.label,
            customer_id=one.customer_id,
            customer=one.customer,
            person=one.contact,
            years=one.years,
        )


def _contracts(work: Work, first: date, last: date, who: int | None) -> Iterator[CalendarEntry]:
    wanted = _of_customers(work, Contract, CONTRACTS.ends_on, first, last).add_columns(CONTRACTS.title)
    wanted = wanted.where(CONTRACTS.status == ContractStatus.ACTIVE)
    for row in work.session.execute(_owned(wanted, CONTRACTS.owner_id, who)):
        yield CalendarEntry(key=f"contract-{row.id}", kind=EntryKind.CONTRACT, **_known(row), title=row.title)


def _deals(work: Work, first: date, last: date, who: int | None) -> Iterator[CalendarEntry]:
    wanted = _of_customers(work, Opportunity, DEALS.expected_close, first, last).add_columns(DEALS.name.label("title"))
    wanted = wanted.where(DEALS.closed_at.is_(None))
    for row in work.session.execute(_owned(wanted, DEALS.owner_id, who)):
        known = _known(row) | {"title": row.title, "opportunity_id": row.id}
        overdue = row.day < clock.today()
        yield CalendarEntry(key=f"opportunity-{row.id}", kind=EntryKind.CLOSE, **known, overdue=overdue)


def _steps(work: Work, first: date, last: date, who: int | None) -> Iterator[CalendarEntry]:
    wanted = _of_customers(work, OpportunityStep, STEPS.due_on, first, last)
    wanted = wanted.add_columns(STEPS.title, STEPS.opportunity_id, STEPS.done_at)
    for row in work.session.execute(_owned(wanted, STEPS.owner_id, who)):
        known = _known(row) | {"title": row.title, "opportunity_id": row.opportunity_id}
        done = row.done_at is not None
        overdue = not done and row.day < clock.today()
        yield CalendarEntry(key=f"step-{row.id}", kind=EntryKind.STEP, **known, done=done, overdue=overdue)


def _of_customers(work: Work, model: type[Any], day: Any, first: date, last: date) -> Any:
    """(id, day, customer's id, its name) of what belongs to customers and has its day within these."""
    wanted = select(model.id, day.label("day"), CUSTOMERS.id.label("customer_id"), CUSTOMERS.name.label("customer"))
    wanted = wanted.join(Customer, CUSTOMERS.id == model.customer_id)
    return wanted.where(work.visible(model), day >= first, day <= last).order_by(day, model.id).limit(MOST)


def _owned(wanted: Any, column: Any, who: int | None) -> Any:
    return wanted if who is None else wanted.where(column == who)


def _known(row: Any) -> dict[str, Any]:
    return {"day": row.day, "customer_id": row.customer_id, "customer": row.customer}
