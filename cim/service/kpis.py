"""The numbers of the dashboard. Every number is counted with the filter of the list behind it, so both always agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, true

from cim import clock
from cim.analytics import periods
from cim.analytics.change import change
from cim.analytics.periods import Period
from cim.i18n import N_
from cim.models import Activity, ChangeSet, Customer, Option, User
from cim.models.kpi import Direction, FollowUpsView, KpiView, RepView
from cim.models.listing import CustomerFilter
from cim.models.user import UserStatus
from cim.permissions import Permission, Scope
from cim.service import conditions, trends
from cim.work import Work, query

POINTS, ACTIVE_DAYS = 12, 90


def _active(today: date) -> Period:
    return periods.last_days(today, ACTIVE_DAYS)


@dataclass(frozen=True)
class _Kpi:
    """How a number of customers is called, explained, and narrowed: `narrow(owner, today)` is the list behind it."""

    key: str
    label: str
    definition: str
    direction: Direction
    narrow: Callable[[int | None, date], CustomerFilter]


_NUMBERS = (
    _Kpi(
        "customers",
        N_("Customers"),
        N_("All customers you can see. Compared with a week ago; the line shows the last 12 weeks."),
        Direction.UP,
        lambda owner, _today: CustomerFilter(owner=owner),
    ),
    _Kpi(
        "new_customers",
        N_("New this month"),
        N_(
            "Customers added from {first} to {last}. Compared with the {days} days before; "
            "the line shows the last 12 months."
        ),
        Direction.UP,
        lambda owner, today: CustomerFilter(owner=owner, created_from=today.replace(day=1), created_to=today),
    ),
    _Kpi(
        "active",
        N_("Active customers"),
        N_(
            "Customers with at least one follow-up from {active_first} to {last} (90 days). Compared with the 90 days "
            "before; the line shows the customers contacted in each of the last 12 weeks."
        ),
        Direction.UP,
        lambda owner, today: CustomerFilter(owner=owner, active_from=_active(today).first, active_to=today),
    ),
    _Kpi(
        "idle",
        N_("No contact for 30 days"),
        N_(
            "Customers not contacted for 30 days or more; if never contacted, counted from when they were added. "
            "Compared with a week ago; the line shows the last 12 weeks."
        ),
        Direction.DOWN,
        lambda owner, _today: CustomerFilter(owner=owner, idle_days=trends.IDLE_DAYS),
    ),
    _Kpi(
        "overdue",
        N_("Overdue follow-ups"),
        N_("Customers with an overdue task. Compared with a week ago; the line shows the last 12 weeks."),
        Direction.DOWN,
        lambda owner, _today: CustomerFilter(owner=owner, overdue=True),
    ),
    _Kpi(
        "no_next_step",
        N_("Without next step"),
        N_("Customers without any open task. Compared with a week ago; the line shows the last 12 weeks."),
        Direction.DOWN,
        lambda owner, _today: CustomerFilter(owner=owner, no_next_step=True),
    ),
    _Kpi(
        "pool",
        N_("Public pool"),
        N_("Customers that nobody looks after. Any sales rep can claim them."),
        Direction.NEITHER,
        lambda _owner, _today: CustomerFilter(owner=0),
    ),
)


@query(Permission.DASHBOARD_READ)
def current(work: Work, *, today: date | None = None, past: dict[str, list[int]] | None = None) -> list[KpiView]:
    """The numbers in the actor's reach: of his own customers for a rep, of all he sees for others.

    `today` gives the numbers as they were at the end of an earlier day, from the rows that exist now; lists of that day
    can be opened only where the filter has dates. `past` is what `history` returned for the same day a while ago: a
    page that counts anew every minute need not look back each time.
    """
    day = today or clock.today()
    owner = _own(work)
    live = day == clock.today()
    past = past or history(work, today=day)
    week = periods.week_to_date(day)
    values = _values(work, owner, day, week)
    values["active.before"] = past["active.before"][0]
    found = [_kpi(spec, owner, day, values, past, live) for spec in _NUMBERS if live or spec.key != "pool"]
    found.insert(3, _follow_ups(owner, week, values, past))
    return found


@query(Permission.DASHBOARD_READ)
def history(work: Work, *, today: date | None = None) -> dict[str, list[int]]:
    """The earlier values by key, twelve of each, oldest first; those of states end at `today` itself. Counts only."""
    day = today or clock.today()
    owner = _own(work)
    whose = _whose(owner)
    days = [day - timedelta(weeks=back) for back in range(POINTS - 1, -1, -1)]
    end = clock.now() if day == clock.today() else clock.start_of(day + timedelta(days=1))
    moments = [end - timedelta(weeks=back) for back in range(POINTS - 1, -1, -1)]
    past = trends.customers(work, whose, days=days, months=periods.months(day, POINTS))
    past |= trends.contacts(work, whose, author=owner, weeks=periods.weeks(day, POINTS))
    past |= trends.tasks(work, whose, moments=moments)
    pairs = zip(past["customers"], past["planned"], strict=True)
    before = _active(day).before()
    spoken = conditions.customers(work, CustomerFilter(owner=owner, active_from=before.first, active_to=before.last))
    active = work.session.execute(select(func.count()).select_from(Customer).where(*spoken)).scalar_one()
    return past | {
        "no_next_step": [max(0, held - planned) for held, planned in pairs],
        "new_customers": past["new"],
        "active.before": [active],
        "pool": [],
    }


@query(Permission.DASHBOARD_READ)
def by_rep(work: Work) -> list[RepView]:
    """The same numbers for each person that owns customers or logged a follow-up this week; a rep sees only himself."""
    c: Any = Customer
    day, own = clock.today(), _own(work)
    narrowed = {spec.key: and_(*conditions.customers(work, spec.narrow(None, day))[1:], true()) for spec in _NUMBERS}
    keys = ("new_customers", "idle", "overdue")
    sums = [func.count(case((narrowed[key], 1))) for key in keys]
    mine = conditions.customers(work, CustomerFilter(owner=own))
    grouped = select(c.owner_id, func.count(), *sums).where(*mine).group_by(c.owner_id)
    counts = {row[0]: row[1:] for row in work.session.execute(grouped)}
    spoken = _authors(work, own)
    u: Any = User
    wanted = select(u.id, u.name).where(u.id.in_(sorted({*counts, *spoken} - {None})), work.visible(User))
    names: dict[int, str] = {row[0]: row[1] for row in work.session.execute(wanted)}
    rows = [_rep(user_id, name, counts.get(user_id), spoken.get(user_id, 0)) for user_id, name in names.items()]
    rows.sort(key=lambda row: (-row.customers, -(row.follow_ups or 0), row.name))
    return rows + ([_rep(0, "", counts[None], None)] if None in counts else [])


@query(Permission.DASHBOARD_READ)
def data_version(work: Work) -> int:
    """A number that grows with every recorded change: what is computed from the data is good until then."""
    return int(work.session.execute(select(func.coalesce(func.max(ChangeSet.id), 0))).scalar_one())


@query(Permission.DASHBOARD_READ)
def first_steps(work: Work) -> dict[str, bool]:
    """What a fresh installation still lacks: colleague, customer, follow-up and option lists, each True when it is
    there."""
    colleagues = select(func.count()).select_from(User).where(User.status == UserStatus.ACTIVE, work.visible(User))  # type: ignore[arg-type]
    customers = select(Customer.id).where(work.visible(Customer)).exists()  # type: ignore[call-overload]
    activities = select(Activity.id).where(work.visible(Activity)).exists()  # type: ignore[call-overload]
    lists = select(Option.id).exists()  # type: ignore[call-overload]
    row = work.session.execute(select(colleagues.scalar_subquery(), customers, activities, lists)).one()
    return {"colleague": row[0] > 1, "customer": bool(row[1]), "follow_up": bool(row[2]), "lists": bool(row[3])}


def _own(work: Work) -> int | None:
    """The only owner whose customers the actor's dashboard counts; None for all in reach."""
    return work.actor.user_id if work.actor.scope(Permission.DASHBOARD_READ) is Scope.OWN else None


def _whose(owner: int | None) -> ColumnElement[bool]:
    return true() if owner is None else Customer.owner_id == owner  # type: ignore[return-value]


def _values(work: Work, owner: int | None, day: date, week: Period) -> dict[str, int]:
    """Every number of today by one query: the customers in one pass, the rest as counts of their own."""
    c: Any = Customer
    month = periods.month_to_date(day).before()
    narrowed = {spec.key: spec.narrow(owner, day) for spec in _NUMBERS if spec.key != "pool"}
    narrowed["new_customers.before"] = CustomerFilter(owner=owner, created_from=month.first, created_to=month.last)
    # scope and owner are the same in each: they stand in the WHERE, the rest in the CASE
    common = conditions.customers(work, CustomerFilter(owner=owner))
    cases = {key: and_(true(), *conditions.customers(work, f)[len(common) :]) for key, f in narrowed.items()}
    counts = {
        "pool": select(func.count())
        .select_from(c)
        .where(*conditions.customers(work, CustomerFilter(owner=0)))
        .correlate(None),
        "follow_ups": _spoken(work, owner, week),
        "follow_ups.before": _spoken(work, owner, week.earlier(7)),
    }
    columns = [
        *(func.count(case((held, 1))) for held in cases.values()),
        *(s.scalar_subquery() for s in counts.values()),
    ]
    row = work.session.execute(select(*columns).select_from(c).where(*common)).one()
    return dict(zip([*cases, *counts], map(int, row), strict=True))


def _spoken(work: Work, author: int | None, period: Period) -> Any:
    made = trends.spoken(work, period, author=author).c.made
    return select(func.coalesce(func.sum(made), 0))


def _kpi(
    spec: _Kpi, owner: int | None, day: date, values: dict[str, int], past: dict[str, list[int]], live: bool
) -> KpiView:
    key = spec.key
    narrowed: CustomerFilter | None = spec.narrow(owner, day)
    spark = past[key]
    value, previous = values[key], values.get(f"{key}.before")
    if previous is None and spark:  # a state, known at each point of the line
        if not live:
            value, narrowed = spark[-1], None
        spark = [*spark[:-1], value]
        previous = spark[-2]
    month = periods.month_to_date(day)
    days = {"first": month.first, "last": day, "days": month.days, "active_first": _active(day).first}
    return KpiView(
        key=key,
        label=spec.label,
        value=value,
        previous=previous,
        change=change(value, previous),
        unit=N_("customers"),
        definition=spec.definition,
        params=days,
        direction=spec.direction,
        spark=spark,
        filter=narrowed,
    )


def _follow_ups(author: int | None, week: Period, values: dict[str, int], past: dict[str, list[int]]) -> KpiView:
    return KpiView(
        key="follow_ups",
        label=N_("Follow-ups this week"),
        value=values["follow_ups"],
        previous=values["follow_ups.before"],
        change=change(values["follow_ups"], values["follow_ups.before"]),
        unit=N_("follow-ups"),
        definition=N_(
            "Visits, calls and other follow-ups from {first} to {last}. Compared with the same days of the week "
            "before; the line shows the last 12 weeks."
        ),
        params={"first": week.first, "last": week.last},
        direction=Direction.UP,
        spark=past["follow_ups"],
        follow_ups=FollowUpsView(since=week.first, until=week.last, author=author),
    )


def _authors(work: Work, own: int | None) -> dict[int, int]:
    """Follow-ups of this week by author."""
    c = trends.spoken(work, periods.week_to_date(clock.today()), author=own).c
    grouped = select(c.author_id, func.sum(c.made)).where(c.author_id.is_not(None)).group_by(c.author_id)
    return {row[0]: int(row[1]) for row in work.session.execute(grouped)}


def _rep(owner_id: int, name: str, counts: Any, spoken: int | None) -> RepView:
    held, new, idle, overdue = counts or (0, 0, 0, 0)
    return RepView(owner_id=owner_id, name=name, customers=held, new=new, idle=idle, overdue=overdue, follow_ups=spoken)
