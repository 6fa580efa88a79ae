"""What a filter of customers means in SQL. KPIs, charts, lists and exports all count with this."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from cim import clock
from cim.analytics import periods
from cim.analytics.worklist_reasons import USUAL_CONTACT
from cim.models import (
    Activity,
    Contact,
    Customer,
    CustomerTag,
    DuplicatePair,
    ImportBatch,
    Opportunity,
    SalesOrder,
    Star,
    Ticket,
    User,
    WorklistEntry,
)
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.models.customer import Lifecycle
from cim.models.imports import ImportKind
from cim.models.listing import Contacted, CustomerFilter
from cim.models.search import PairStatus
from cim.service import custom_filters, lifecycles, regions
from cim.work import Work

CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)
ACTIVITIES = columns(Activity)
CONTACTS = columns(Contact)
BATCHES = columns(ImportBatch)
_BROUGHT = (ACTIVITIES, columns(Opportunity), columns(SalesOrder), columns(Ticket))
PAIRS = columns(DuplicatePair)
STARS = columns(Star)
USERS = columns(User)
WAITING = columns(WorklistEntry)


def customers(work: Work, f: CustomerFilter) -> list[ColumnElement[bool]]:
    """All conditions of a filter, scope first. The query text is not among them: that is search's."""
    where: list[ColumnElement[bool]] = [work.visible(Customer), *_whose(work, f)]
    if f.ids:
        where.append(CUSTOMERS.id.in_(f.ids))
    if f.region:
        where.append(
            CUSTOMERS.region_code.is_(None)
            if f.region == "-"
            else CUSTOMERS.region_code.in_(regions.below(work, f.region))
        )
    for name in ("grade", "kind", "party", "industry", "source"):
        if (value := getattr(f, name)) is not None:
            where.append(getattr(CUSTOMERS, name) == value)
    if f.tag:
        where.append(exists().where(TAGS.customer_id == CUSTOMERS.id, TAGS.tag == f.tag))
    if f.lifecycle is not None:
        where.append(lifecycle_is(f.lifecycle))
    if f.contacted is not None:
        where.append(_contacted(f.contacted))
    where += custom_filters.conditions(work, f.custom)
    return where + _created_and_confirmed(f) + _follow_up_conditions(f)


def _whose(work: Work, f: CustomerFilter) -> list[ColumnElement[bool]]:
    """By owner: a person, the pool, whoever looks, his team; or followed by whoever looks."""
    owner, me = CUSTOMERS.owner_id, work.actor.user_id or 0
    where: list[ColumnElement[bool]] = []
    if f.owner is not None:
        where.append(owner.is_(None) if f.owner == 0 else owner == f.owner)
    if f.mine is not None:
        where.append(owner == me if f.mine else or_(owner.is_(None), owner != me))
    if f.team is not None:
        ours = or_(owner == me, owner.in_(_team(work)))
        where.append(ours if f.team else or_(owner.is_(None), not_(ours)))
    if f.starred is not None:
        star = exists().where(STARS.customer_id == CUSTOMERS.id, STARS.user_id == me)
        where.append(star if f.starred else not_(star))
    return where


def _team(work: Work) -> Any:
    """Who is in the actor's team: with the teams below for those who lead some, else the team itself."""
    if work.actor.team_user_ids:
        return sorted(work.actor.team_user_ids)
    return select(USERS.id).where(USERS.team_id == work.actor.team_id) if work.actor.team_id is not None else []


def _created_and_confirmed(f: CustomerFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if f.created_from is not None:
        where.append(CUSTOMERS.created_at >= clock.start_of(f.created_from))
    if f.created_to is not None:
        where.append(CUSTOMERS.created_at < clock.start_of(f.created_to + timedelta(days=1)))
    if f.created_within:
        where += _within(CUSTOMERS.created_at, f.created_within)
    if f.confirmed_before_days is not None:
        limit = clock.days_ago(f.confirmed_before_days - 1)
        where += [
            CUSTOMERS.updated_at < limit,
            or_(CUSTOMERS.confirmed_at.is_(None), CUSTOMERS.confirmed_at < limit),
        ]
    if f.quality_most is not None:
        where.append(CUSTOMERS.quality <= f.quality_most)
    return where


def _within(column: Any, code: str) -> list[ColumnElement[bool]]:
    """A moment in the days of a relative date."""
    period = periods.within(code, clock.today())
    return [column >= clock.start_of(period.first), column < clock.start_of(period.last + timedelta(days=1))]


def lifecycle_is(stage: Lifecycle) -> ColumnElement[bool]:
    """The rule of `views.lifecycle` as SQL (docs/decisions/0006-lifecycle.md)."""
    return lifecycles.is_(stage)


def _follow_up_conditions(f: CustomerFilter) -> list[ColumnElement[bool]]:
    """Read from what activities and tasks keep on the customer (activities.touch), so that an index can answer."""
    last, due = CUSTOMERS.last_contact_at, CUSTOMERS.next_due_at
    today = clock.start_of(clock.today())
    where: list[ColumnElement[bool]] = []
    if f.active_from is not None or f.active_to is not None:
        where.append(_active(f.active_from, f.active_to))
    if f.contacted_within:
        period = periods.within(f.contacted_within, clock.today())
        where.append(_active(period.first, period.last))
    if f.due_within:
        where += _within(due, f.due_within)
    if f.idle_days is not None:
        where.append(func.coalesce(last, CUSTOMERS.created_at) < clock.days_ago(f.idle_days - 1))
    if f.overdue is not None:
        where.append(due < today if f.overdue else or_(due.is_(None), due >= today))
    if f.no_next_step is not None:
        where.append(due.is_(None) if f.no_next_step else due.is_not(None))
    if f.forgotten is not None:
        where.append(_forgotten() if f.forgotten else not_(_forgotten()))
    if f.has_open_task is not None:  # an open task is what a next step is; both words are asked for
        where.append(due.is_not(None) if f.has_open_task else due.is_(None))
    if f.batch is not None:
        where.append(_of_batch(f.batch))
    if f.duplicates_of is not None:
        here = or_(
            and_(PAIRS.a_id == f.duplicates_of, PAIRS.b_id == CUSTOMERS.id),
            and_(PAIRS.b_id == f.duplicates_of, PAIRS.a_id == CUSTOMERS.id),
        )
        where.append(exists().where(here, PAIRS.status == PairStatus.OPEN))
    return where


def _forgotten() -> ColumnElement[bool]:
    """Past the day by which the worklist expects a contact, and nobody was in touch since it was computed; before that, for
    longer than is usual where nothing is known."""
    today = clock.today()
    silent = func.coalesce(CUSTOMERS.last_contact_at, CUSTOMERS.created_at) < clock.days_ago(USUAL_CONTACT)
    late = [WAITING.customer_id == CUSTOMERS.id, or_(WAITING.contact_by < today, WAITING.contact_by.is_(None) & silent)]
    spoken = CUSTOMERS.last_contact_at >= clock.start_of(today)
    return and_(
        CUSTOMERS.owner_id.is_not(None), exists().where(*late), or_(CUSTOMERS.last_contact_at.is_(None), ~spoken)
    )


def _of_batch(number: int) -> ColumnElement[bool]:
    """The customers that an import brought, or those that it brought records of."""
    of_contacts = select(CONTACTS.customer_id).join(ImportBatch, BATCHES.id == CONTACTS.batch_id)
    return or_(
        CUSTOMERS.batch_id == number,
        CUSTOMERS.id.in_(of_contacts.where(CONTACTS.batch_id == number, BATCHES.kind == ImportKind.CONTACTS)),
        *(CUSTOMERS.id.in_(select(t.customer_id).where(t.batch_id == number)) for t in _BROUGHT),
    )


def _active(first: date | None, last: date | None) -> ColumnElement[bool]:
    """Somebody was in contact in these days; a note to oneself is no contact."""
    if last is None or last >= clock.today():
        recent: ColumnElement[bool] = CUSTOMERS.last_contact_at >= clock.start_of(first or date(1970, 1, 1))
        return recent
    spoken = [
        ACTIVITIES.customer_id == CUSTOMERS.id,
        ACTIVITIES.deleted_at.is_(None),
        ACTIVITIES.type != ActivityType.NOTE,
        ACTIVITIES.at < clock.start_of(last + timedelta(days=1)),
    ]
    if first is not None:
        spoken.append(ACTIVITIES.at >= clock.start_of(first))
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
