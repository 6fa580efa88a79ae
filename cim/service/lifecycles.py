"""Where a customer stands, from its orders, else from its deals: the rule for one record, and the same rule in SQL."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, and_, literal, not_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from cim import clock
from cim.models import Customer
from cim.models.base import columns
from cim.models.customer import Lifecycle

CUSTOMERS = columns(Customer)
NEW_DAYS = 90
GAP_DAYS, GAP_WEIGHT = 90, 2
"""The gap between orders that is expected of somebody we know nothing of, and how many seen gaps that belief is worth."""
RISK, LOST = 2, 4
"""From so many usual gaps without an order on, a customer is at risk, or lost."""
LOST_DAYS = 90
"""Nobody is lost before so many days without an order."""


class days_between(FunctionElement[int]):  # noqa: N801: stands among the functions of SQL
    """Whole days from the second local day to the first."""

    name = "days_between"
    type = Integer()
    inherit_cache = True


@compiles(days_between)
def _by_subtraction(element: Any, compiler: Any, **options: Any) -> str:
    later, earlier = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({later} - {earlier})"


@compiles(days_between, "sqlite")
def _by_julian_day(element: Any, compiler: Any, **options: Any) -> str:
    later, earlier = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


def of(row: Any) -> Lifecycle:
    """The stage of a customer (a row that has its figures) today (docs/decisions/0006-lifecycle.md)."""
    if row.order_count and row.first_order_on is not None and row.last_order_on is not None:
        return _stage(row.order_count, row.first_order_on, row.last_order_on, own_gap=True)
    if row.deal_count and row.first_deal_at is not None and row.last_deal_at is not None:
        first, last = (clock.local(at).date() for at in (row.first_deal_at, row.last_deal_at))
        return _stage(row.deal_count, first, last, own_gap=False)
    return Lifecycle.PROSPECT


def is_(stage: Lifecycle) -> ColumnElement[bool]:
    """The rule of `of` as SQL."""
    ordered = and_(CUSTOMERS.order_count > 0, CUSTOMERS.first_order_on.is_not(None))
    dealt = and_(CUSTOMERS.deal_count > 0, CUSTOMERS.last_deal_at.is_not(None), CUSTOMERS.first_deal_at.is_not(None))
    if stage is Lifecycle.PROSPECT:
        return and_(not_(ordered), not_(dealt))
    return or_(and_(ordered, _by_orders(stage)), and_(not_(ordered), dealt, _by_deals(stage)))


def _stage(count: int, first: date, last: date, *, own_gap: bool) -> Lifecycle:
    idle, known = (clock.today() - last).days, (clock.today() - first).days
    if count == 1 and known <= NEW_DAYS:
        return Lifecycle.NEW
    seen = count - 1 if own_gap else 0
    weight, total = seen + GAP_WEIGHT, ((last - first).days if own_gap else 0) + GAP_WEIGHT * GAP_DAYS
    if idle * weight < RISK * total:
        return Lifecycle.ESTABLISHED
    return Lifecycle.LOST if idle * weight >= LOST * total and idle >= LOST_DAYS else Lifecycle.AT_RISK


def _by_orders(stage: Lifecycle) -> ColumnElement[bool]:
    first, last, count = CUSTOMERS.first_order_on, CUSTOMERS.last_order_on, CUSTOMERS.order_count
    today = literal(clock.today(), Date)
    idle = days_between(today, last)
    new = and_(count == 1, days_between(today, first) <= NEW_DAYS)
    weighed, total = idle * (count - 1 + GAP_WEIGHT), days_between(last, first) + GAP_WEIGHT * GAP_DAYS
    established = weighed < RISK * total
    lost = and_(weighed >= LOST * total, idle >= LOST_DAYS)
    return _rules(stage, new, established, lost)


def _by_deals(stage: Lifecycle) -> ColumnElement[bool]:
    """Deals have no rhythm of their own: one was often several orders. Moments, so that an index can answer."""
    new = and_(CUSTOMERS.deal_count == 1, CUSTOMERS.first_deal_at >= clock.days_ago(NEW_DAYS))
    established = CUSTOMERS.last_deal_at >= clock.days_ago(RISK * GAP_DAYS - 1)
    lost = CUSTOMERS.last_deal_at < clock.days_ago(LOST * GAP_DAYS - 1)
    return _rules(stage, new, established, lost)


def _rules(stage: Lifecycle, new: Any, established: Any, lost: Any) -> ColumnElement[bool]:
    rules: dict[Lifecycle, ColumnElement[bool]] = {
        Lifecycle.NEW: new,
        Lifecycle.ESTABLISHED: and_(not_(new), established),
        Lifecycle.AT_RISK: and_(not_(new), not_(established), not_(lost)),
        Lifecycle.LOST: and_(not_(new), not_(established), lost),
    }
    return rules[stage]
