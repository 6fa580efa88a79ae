"""What a filter of customers means in SQL. KPIs, charts, lists and exports all count with this."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_

from cim import clock
from cim.models import Activity, Customer, CustomerTag, DuplicatePair
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.models.customer import Lifecycle
from cim.models.listing import Contacted, CustomerFilter
from cim.models.search import PairStatus
from cim.service import regions, views
from cim.work import Work

CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)
ACTIVITIES = columns(Activity)
PAIRS = columns(DuplicatePair)


def customers(work: Work, f: CustomerFilter) -> list[ColumnElement[bool]]:
    """All conditions of a filter, scope first. The query text is not among them: that is search's."""
    where: list[ColumnElement[bool]] = [work.visible(Customer)]
    if f.owner is not None:
        where.append(CUSTOMERS.owner_id.is_(None) if f.owner == 0 else CUSTOMERS.owner_id == f.owner)
    if f.region:
        where.append(
            CUSTOMERS.region_code.is_(None)
            if f.region == "-"
            else CUSTOMERS.region_code.in_(regions.below(work, f.region))
        )
    for name in ("grade", "kind", "industry", "source"):
        if (value := getattr(f, name)) is not None:
            where.append(getattr(CUSTOMERS, name) == value)
    if f.tag:
        where.append(exists().where(TAGS.customer_id == CUSTOMERS.id, TAGS.tag == f.tag))
    if f.lifecycle is not None:
        where.append(lifecycle_is(f.lifecycle))
    if f.contacted is not None:
        where.append(_contacted(f.contacted))
    if f.created_from is not None:
        where.append(CUSTOMERS.created_at >= clock.start_of(f.created_from))
    if f.created_to is not None:
        where.append(CUSTOMERS.created_at < clock.start_of(f.created_to + timedelta(days=1)))
    return where + _follow_up_conditions(f)


def lifecycle_is(stage: Lifecycle) -> ColumnElement[bool]:
    """The rule of `views.lifecycle` as SQL (docs/decisions/0006-lifecycle.md)."""
    none = or_(CUSTOMERS.deal_count == 0, CUSTOMERS.last_deal_at.is_(None), CUSTOMERS.first_deal_at.is_(None))
    new = and_(CUSTOMERS.deal_count == 1, CUSTOMERS.first_deal_at >= clock.days_ago(views.NEW_DAYS))
    established = CUSTOMERS.last_deal_at >= clock.days_ago(views.RISK_DAYS - 1)
    lost = CUSTOMERS.last_deal_at < clock.days_ago(views.LOST_DAYS - 1)
    rules = {
        Lifecycle.PROSPECT: none,
        Lifecycle.NEW: and_(not_(none), new),
        Lifecycle.ESTABLISHED: and_(not_(none), not_(new), established),
        Lifecycle.AT_RISK: and_(not_(none), not_(new), not_(established), not_(lost)),
        Lifecycle.LOST: and_(not_(none), not_(new), lost),
    }
    return rules[stage]


def _follow_up_conditions(f: CustomerFilter) -> list[ColumnElement[bool]]:
    """Read from what activities and tasks keep on the customer (activities.touch), so that an index can answer."""
    last, due = CUSTOMERS.last_contact_at, CUSTOMERS.next_due_at
    today = clock.start_of(clock.today())
    where: list[ColumnElement[bool]] = []
    if f.active_from is not None or f.active_to is not None:
        where.append(_active(f))
    if f.idle_days is not None:
        where.append(func.coalesce(last, CUSTOMERS.created_at) < clock.days_ago(f.idle_days - 1))
    if f.overdue is not None:
        where.append(due < today if f.overdue else or_(due.is_(None), due >= today))
    if f.no_next_step is not None:
        where.append(due.is_(None) if f.no_next_step else due.is_not(None))
    if f.batch is not None:
        where.append(CUSTOMERS.batch_id == f.batch)
    if f.duplicates_of is not None:
        here = or_(
            and_(PAIRS.a_id == f.duplicates_of, PAIRS.b_id == CUSTOMERS.id),
            and_(PAIRS.b_id == f.duplicates_of, PAIRS.a_id == CUSTOMERS.id),
        )
        where.append(exists().where(here, PAIRS.status == PairStatus.OPEN))
    return where


def _active(f: CustomerFilter) -> ColumnElement[bool]:
    """Somebody was in contact in these days; a note to oneself is no contact."""
    if f.active_to is None or f.active_to >= clock.today():
        recent: ColumnElement[bool] = CUSTOMERS.last_contact_at >= clock.start_of(f.active_from or date(1970, 1, 1))
        return recent
    spoken = [
        ACTIVITIES.customer_id == CUSTOMERS.id,
        ACTIVITIES.deleted_at.is_(None),
        ACTIVITIES.type != ActivityType.NOTE,
        ACTIVITIES.at < clock.start_of(f.active_to + timedelta(days=1)),
    ]
    if f.active_from is not None:
        spoken.append(ACTIVITIES.at >= clock.start_of(f.active_from))
    return exists().where(*spoken)


def _contacted(when: Contacted) -> ColumnElement[bool]:
    last: Any = CUSTOMERS.last_contact_at
    today = clock.today()
    week, month = clock.start_of(today - timedelta(days=today.weekday())), clock.start_of(today.replace(day=1))
    rules: dict[Contacted, ColumnElement[bool]] = {
        Contacted.TODAY: last >= clock.start_of(today),
        Contacted.WEEK: last >= week,
        Contacted.MONTH: last >= month,
        Contacted.EARLIER: last < month,
        Contacted.NEVER: last.is_(None),
    }
    return rules[when]
