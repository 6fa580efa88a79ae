"""What people of a team reached in some periods, by person; and who they are. Below the doors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select

from cim.access import reached_users
from cim.analytics.periods import Period
from cim.models import Activity, Customer, Opportunity, SalesOrder, Stage, User
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.models.opportunity import StageKind
from cim.models.team_view import Metric
from cim.models.user import UserStatus
from cim.permissions import Permission, Role
from cim.service import totals, trends
from cim.work import Work

CUSTOMERS = columns(Customer)
ACTIVITIES = columns(Activity)
ORDERS = columns(SalesOrder)
DEALS = columns(Opportunity)
STAGES = columns(Stage)
USERS = columns(User)

CENT = Decimal("0.01")
Reached = dict[Metric, dict[int, Decimal]]


def people(work: Work, permission: Permission = Permission.TEAM_READ) -> dict[int, str]:
    """The active people of sales in reach, by name: reps and managers."""
    ids = reached_users(work.actor, permission)
    wanted = select(USERS.id, USERS.name).where(USERS.status == UserStatus.ACTIVE)
    wanted = wanted.where(USERS.role.in_((Role.REP, Role.MANAGER)))
    if ids is not None:
        wanted = wanted.where(USERS.id.in_(sorted(ids)))
    return {row[0]: row[1] for row in work.session.execute(wanted.order_by(USERS.name, USERS.id))}


def reached(work: Work, spans: Sequence[Period]) -> list[Reached]:
    """For each period: by metric and person what was reached, of what the actor sees. Four queries."""
    found: list[Reached] = [defaultdict(lambda: defaultdict(Decimal)) for _span in spans]
    _activities(work, spans, found)
    _add(
        work,
        Metric.NEW_CUSTOMERS,
        found,
        CUSTOMERS.owner_id,
        [trends.within(CUSTOMERS.created_at, span) for span in spans],
        [work.visible(Customer)],
    )
    business = [work.visible(SalesOrder), ORDERS.status.in_(totals.COUNTED)]
    days = [ORDERS.ordered_on.between(span.first, span.last) for span in spans]
    _add(work, Metric.SALES, found, ORDERS.owner_id, days, business, of=ORDERS.base_net)
    won = select(STAGES.id).where(STAGES.kind == StageKind.WON)
    closed = [trends.within(DEALS.closed_at, span) for span in spans]
    _add(work, Metric.WON, found, DEALS.owner_id, closed, [work.visible(Opportunity), DEALS.stage_id.in_(won)])
    return found


def spoken_in(span: Period) -> list[ColumnElement[bool]]:
    """Follow-ups of a period."""
    return [trends.within(ACTIVITIES.at, span), ACTIVITIES.deleted_at.is_(None)]


def cents(value: Any) -> Decimal:
    """A sum of a database that may add in binary fractions, as money."""
    return Decimal(str(value or 0)).quantize(CENT)


def _activities(work: Work, spans: Sequence[Period], found: list[Reached]) -> None:
    a = ACTIVITIES
    counted = [func.count(case((trends.within(a.at, span), 1))) for span in spans]
    wanted = select(a.author_id, a.type, *counted).join(Customer, CUSTOMERS.id == a.customer_id)
    wanted = wanted.where(work.visible(Customer), a.deleted_at.is_(None), a.author_id.is_not(None))
    wanted = wanted.where(or_(*(trends.within(a.at, span) for span in spans))).group_by(a.author_id, a.type)
    metric_of = {ActivityType.CALL: Metric.CALLS, ActivityType.VISIT: Metric.VISITS}
    for author, kind, *counts in work.session.execute(wanted):
        for place, count in enumerate(counts):
            found[place][Metric.FOLLOW_UPS][author] += count
            if kind in metric_of:
                found[place][metric_of[kind]][author] += count


def _add(
    work: Work,
    metric: Metric,
    found: list[Reached],
    person: Any,
    spans: Sequence[ColumnElement[bool]],
    where: Sequence[ColumnElement[bool]],
    of: Any = None,
) -> None:
    """Counts, or sums of a column, by person."""
    sums = [func.count(case((span, 1))) if of is None else func.sum(case((span, of), else_=0)) for span in spans]
    wanted = select(person, *sums).where(*where, or_(*spans), person.is_not(None)).group_by(person)
    form: Callable[[Any], Decimal] = Decimal if of is None else cents
    for owner, *values in work.session.execute(wanted):
        for place, value in enumerate(values):
            found[place][metric][owner] = form(value)
