"""Targets: what each person is to reach in a month, and what was reached of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from cim.analytics import periods
from cim.analytics.periods import Period
from cim.errors import Invalid
from cim.models import Target
from cim.models.base import columns
from cim.models.team_view import Attainment, Metric, TargetDraft
from cim.permissions import Permission
from cim.service import team_figures
from cim.work import Work, command, query

TARGETS = columns(Target)
MOST = Decimal(10) ** 12


@query(Permission.TEAM_READ)
def of(work: Work, month: date) -> dict[tuple[int, Metric], Decimal]:
    """The targets of the people in reach for the month that this day lies in."""
    return _held(work, _first(month), team_figures.people(work))


@command(Permission.TARGET_MANAGE)
def set_many(work: Work, month: date, values: Sequence[TargetDraft]) -> int:
    """Set targets for the month that this day lies in, all of them or none; 0 takes one away. Returns how many differed.
    Raises Invalid at "user_id" for somebody outside the actor's reach, at "value" for what is no amount."""
    first, staff, changed = _first(month), team_figures.people(work, Permission.TARGET_MANAGE), 0
    held = {
        (row.user_id, row.metric): row
        for row in work.session.execute(select(Target).where(TARGETS.month == first)).scalars()
    }
    for draft in values:
        if draft.user_id not in staff:
            raise Invalid("user_id", "Choose an active colleague of your team.")
        value = _value(draft)
        row = held.get((draft.user_id, draft.metric.value))
        if value == (row.value if row is not None else 0):
            continue
        changed += 1
        if row is None:
            row = Target(user_id=draft.user_id, month=first, metric=draft.metric.value)
            work.session.add(row)
            held[draft.user_id, draft.metric.value] = row
        row.value = value
    return changed


@query(Permission.TEAM_READ)
def attainment(work: Work, month: date) -> list[Attainment]:
    """Plan against done for each person in reach and each metric, for the month that this day lies in."""
    first = _first(month)
    staff = team_figures.people(work)
    held = _held(work, first, staff)
    [found] = team_figures.reached(work, [Period(first, periods.month_of(first).last)])
    rows = []
    for user_id, name in staff.items():
        for metric in Metric:
            target, done = held.get((user_id, metric)), found[metric].get(user_id, Decimal(0))
            rate = float(done / target) if target else None
            rows.append(
                Attainment(user_id=user_id, name=name, metric=metric, target=target or None, done=done, rate=rate)
            )
    return rows


def _held(work: Work, first: date, staff: Collection[int]) -> dict[tuple[int, Metric], Decimal]:
    wanted = select(TARGETS.user_id, TARGETS.metric, TARGETS.value).where(TARGETS.month == first)
    return {
        (user_id, Metric(metric)): value
        for user_id, metric, value in work.session.execute(wanted)
        if user_id in staff and metric in set(Metric)
    }


def _value(draft: TargetDraft) -> Decimal:
    if not draft.value.is_finite() or not 0 <= draft.value < MOST:
        raise Invalid("value", "Enter an amount of zero or more.")
    if draft.metric is not Metric.SALES and draft.value != int(draft.value):
        raise Invalid("value", "Enter a whole number.")
    return draft.value.quantize(team_figures.CENT)


def _first(month: date) -> date:
    return month.replace(day=1)
