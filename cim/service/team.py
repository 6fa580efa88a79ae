"""A team for who leads it: what was done, how each person's customers stand, what is to be expected. Every number has its
list (`behind`)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, func, select

from cim import clock
from cim.access import reached_users
from cim.analytics import periods
from cim.analytics.change import change
from cim.analytics.periods import Period
from cim.errors import NotFound
from cim.models import Activity, Customer, Opportunity, Stage, Task, Ticket
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.models.customer import Grade, Lifecycle
from cim.models.listing import CustomerFilter
from cim.models.team_view import Behind, BehindRow, DoneRow, GrowthRow, Metric, PotentialRow, StateRow
from cim.permissions import Permission
from cim.service import conditions, team_figures, team_lists, trends, worklist
from cim.service.team_figures import cents
from cim.work import Work, query

CUSTOMERS = columns(Customer)
ACTIVITIES = columns(Activity)
TASKS = columns(Task)
TICKETS = columns(Ticket)
DEALS = columns(Opportunity)
STAGES = columns(Stage)

PERIODS = ("today", "yesterday", "this_week", "this_month")
"""Days that can be looked at: codes of cim/analytics/periods.py."""


@query(Permission.TEAM_READ)
def done(work: Work, *, period: str = "today") -> list[DoneRow]:
    """What each person in reach did in the days of `period`: follow-ups by kind, customers they were about, tasks done,
    and tasks overdue now. Raises NotFound for days that are none of PERIODS."""
    span = _span(period)
    a, staff = ACTIVITIES, team_figures.people(work)
    calls, visits = (func.count(case((a.type == kind, 1))) for kind in (ActivityType.CALL, ActivityType.VISIT))
    wanted = select(a.author_id, func.count(), calls, visits, func.count(a.customer_id.distinct()))
    wanted = wanted.join(Customer, CUSTOMERS.id == a.customer_id).where(work.visible(Customer), a.author_id.in_(staff))
    spoken = {
        row[0]: row[1:]
        for row in work.session.execute(wanted.where(*team_figures.spoken_in(span)).group_by(a.author_id))
    }
    finished = _tasks(work, TASKS.done_by_id, [trends.within(TASKS.done_at, span)])
    late = _tasks(work, TASKS.assignee_id, team_lists.overdue())
    rows = []
    for user_id, name in staff.items():
        total, called, visited, customers = spoken.get(user_id, (0, 0, 0, 0))
        others = total - called - visited
        told = {"calls": called, "visits": visited, "others": others, "customers": customers}
        rows.append(
            DoneRow(user_id=user_id, name=name, **told, done=finished.get(user_id, 0), overdue=late.get(user_id, 0))
        )
    return rows


@query(Permission.TEAM_READ)
def state(work: Work) -> list[StateRow]:
    """How the customers of each person in reach stand today."""
    return _stood(worklist.up_to_date(work, reached_users(work.actor, Permission.TEAM_READ)))


@query(Permission.TEAM_READ)
def _stood(work: Work) -> list[StateRow]:
    staff = team_figures.people(work)
    forgotten = conditions.customers(work, CustomerFilter(forgotten=True))[1:]
    counted = {f"stage.{stage}": conditions.lifecycle_is(stage) for stage in Lifecycle}
    counted |= {f"grade.{grade}": CUSTOMERS.grade == grade for grade in Grade}
    counted |= {"forgotten": and_(*forgotten), "no_next_step": CUSTOMERS.next_due_at.is_(None)}
    sums = [func.count(case((where, 1))) for where in counted.values()]
    wanted = select(
        CUSTOMERS.owner_id, func.count(), func.sum(CUSTOMERS.open_tickets), func.sum(CUSTOMERS.open_amount), *sums
    )
    wanted = wanted.where(work.visible(Customer), CUSTOMERS.owner_id.in_(staff)).group_by(CUSTOMERS.owner_id)
    found = {row[0]: row[1:] for row in work.session.execute(wanted)}
    return [_state(user_id, name, list(counted), found.get(user_id)) for user_id, name in staff.items()]


@query(Permission.TEAM_READ)
def potential(work: Work, *, month: date | None = None) -> list[PotentialRow]:
    """Open opportunities that are expected to close in the month this day lies in (default: next month), by person:
    amount, and amount times the probability of the opportunity, else of its stage. What has no owner stands last."""
    staff = team_figures.people(work)
    found: dict[int | None, list[tuple[Decimal, int]]] = {}
    wanted = select(DEALS.owner_id, DEALS.base_amount, func.coalesce(DEALS.probability, STAGES.probability))
    where = team_lists.expected(work, _month(month))
    wanted = wanted.join(Stage, STAGES.id == DEALS.stage_id).where(*where)
    for owner, amount, percent in work.session.execute(wanted):
        found.setdefault(owner if owner in staff else None, []).append((amount, percent))
    return [
        PotentialRow(
            user_id=user_id,
            name=staff.get(user_id or 0, ""),
            count=len(deals),
            amount=sum((amount for amount, _percent in deals), Decimal(0)),
            weighted=sum((team_lists.weighted(*deal) for deal in deals), Decimal(0)),
        )
        for user_id in (*staff, None)
        if (deals := found.get(user_id)) is not None
    ]


@query(Permission.TEAM_READ)
def growth(work: Work, *, person: int | None = None) -> list[GrowthRow]:
    """Each figure this month so far beside the same days of last month, and last month beside the one before: of all in
    reach, or of one person."""
    staff, today = team_figures.people(work), clock.today()
    so_far = periods.month_to_date(today)
    last = periods.month_of(so_far.first - timedelta(days=1))
    before = periods.month_of(last.first - timedelta(days=1))
    same = Period(last.first, min(last.first + timedelta(days=so_far.days - 1), last.last))
    spans = [so_far, same, last, before]
    if person is not None and person not in staff:
        raise NotFound("This record does not exist or is not yours to see.")
    whom = set(staff) if person is None else {person}
    found = team_figures.reached(work, spans)
    rows = []
    for metric in Metric:
        values = [sum((v for i, v in span[metric].items() if i in whom), Decimal(0)) for span in found]
        rows.append(
            GrowthRow(
                metric=metric,
                value=values[0],
                previous=values[1],
                change=change(float(values[0]), float(values[1])),
                last_month=values[2],
                month_before=values[3],
                month_change=change(float(values[2]), float(values[3])),
            )
        )
    return rows


@query(Permission.TEAM_READ)
def behind(
    work: Work, what: Behind, person: int, *, period: str = "today", month: date | None = None
) -> list[BehindRow]:
    """The rows that a number of this page counts for a person, newest first. Raises NotFound for somebody out of reach."""
    if person not in team_figures.people(work):
        raise NotFound("This record does not exist or is not yours to see.")
    return team_lists.rows(work, what, person, span=_span(period), month=_month(month))


# ---- below the doors
def _span(period: str) -> Period:
    if period not in PERIODS:
        raise NotFound("This record does not exist or is not yours to see.")
    return periods.within(period, clock.today())


def _month(day: date | None) -> Period:
    return periods.month_of(day) if day is not None else periods.within("next_month", clock.today())


def _tasks(work: Work, person: Any, where: list[Any]) -> dict[int, int]:
    wanted = select(person, func.count()).where(work.visible(Task), person.is_not(None), *where).group_by(person)
    return {row[0]: row[1] for row in work.session.execute(wanted)}


def _state(user_id: int, name: str, keys: list[str], found: Any) -> StateRow:
    held, tickets, amount, *counts = found or (0, 0, 0, *(0 for _key in keys))
    counted = dict(zip(keys, map(int, counts), strict=True))
    return StateRow(
        user_id=user_id,
        name=name,
        customers=held,
        lifecycle={stage.value: counted[f"stage.{stage}"] for stage in Lifecycle},
        grades={grade.value: counted[f"grade.{grade}"] for grade in Grade},
        forgotten=counted["forgotten"],
        no_next_step=counted["no_next_step"],
        open_tickets=int(tickets or 0),
        open_amount=cents(amount),
    )
