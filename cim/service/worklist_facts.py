"""What the worklist looks at, read for many customers at once by a query per kind of record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, or_, select

from cim import anniversaries, clock
from cim.analytics import worklist as table
from cim.analytics import worklist_reasons as reasons
from cim.analytics.worklist_reasons import Case, Thing
from cim.config import settings
from cim.models import (
    Activity,
    Anniversary,
    Contact,
    Contract,
    Customer,
    Opportunity,
    SalesOrder,
    Stage,
    SurveyAnswer,
    Ticket,
)
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.models.contract import ContractStatus
from cim.models.order import OrderStatus
from cim.models.survey import SurveyKind
from cim.models.ticket import TicketStatus, TicketType
from cim.service import views
from cim.service.worklist_stale import among
from cim.work import Work

CUSTOMERS = columns(Customer)
ACTIVITIES = columns(Activity)
CONTACTS = columns(Contact)
KEPT = columns(Anniversary)
ORDERS = columns(SalesOrder)
TICKETS = columns(Ticket)
CONTRACTS = columns(Contract)
DEALS = columns(Opportunity)
STAGES = columns(Stage)
ANSWERS = columns(SurveyAnswer)

LOOK_BACK = 730
"""So many days of contacts and orders say what is usual with a customer."""
AHEAD = timedelta(days=90)
"""So far a birthday is looked for."""
COUNTED = (OrderStatus.PAID, OrderStatus.COMPLETED)
OWING = (OrderStatus.CONFIRMED, *COUNTED)
WAITING = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.WAITING)
LOW = {SurveyKind.CSAT: 2, SurveyKind.NPS: 6, SurveyKind.CES: 3}
"""A score up to this is a low one."""
_SHOWN = (
    *("id", "owner_id", "grade", "created_at", "last_contact_at", "next_due_at", "birthday", "pool_warned_at"),
    *("deal_count", "first_deal_at", "last_deal_at", "order_count", "order_total", "first_order_on", "last_order_on"),
    *("owed", "credit_limit", "open_tickets"),
)

Usual = Mapping[tuple[str, str], tuple[float | None, float | None]]
"""Days between contacts and between orders by grade and stage of life; "" is all, None not known."""
Things = dict[int, list[Thing]]


class Rhythm(NamedTuple):
    """The local days on which a customer was contacted and on which it ordered, and where it belongs."""

    id: int
    grade: str
    stage: str
    contacts: Sequence[date]
    orders: Sequence[date]


def rhythms(work: Work, ids: Sequence[int]) -> list[Rhythm]:
    """When these customers were contacted and ordered."""
    spoken, _promised = _contacts(work, ids)
    bought, _unpaid = _orders(work, ids)
    return [
        Rhythm(row.id, row.grade.value, views.lifecycle(row).value, spoken.get(row.id, ()), bought.get(row.id, ()))
        for row in _customers(work, ids)
    ]


def cases(work: Work, ids: Sequence[int], usual: Usual) -> Iterator[tuple[Any, Case]]:
    """Each of these customers that stands, with all that the rules look at: ten queries, however many."""
    today = clock.today()
    spoken, promised = _contacts(work, ids)
    bought, unpaid = _orders(work, ids)
    complaints, requests = _tickets(work, ids)
    stuck, late = _deals(work, ids, today)
    contracts, low, birthdays = _contracts(work, ids), _low_scores(work, ids), _birthdays(work, ids, today)
    for row in _customers(work, ids):
        number, last = row.id, _day(row.last_contact_at)
        contact, order = usual_of(usual, row.grade.value, views.lifecycle(row).value)
        days, promise = bought.get(number, ()), promised.get(number)
        yield (
            row,
            Case(
                today=today,
                created=clock.local(row.created_at).date(),
                grade=row.grade.value,
                last_contact=last,
                contact_usual=table.expected_interval(spoken.get(number, ()), contact),
                last_order=max(days, default=row.last_order_on),
                order_usual=table.expected_interval(days, order),
                next_due=_day(row.next_due_at),
                promised=promise if promise and promise.day < today else None,
                complaints=complaints.get(number, ()),
                tickets=requests.get(number, ()),
                contracts=contracts.get(number, ()),
                stuck=stuck.get(number, ()),
                late_deals=late.get(number, ()),
                birthdays=[*birthdays.get(number, ()), *_birthday(row.birthday, today)],
                unpaid=unpaid.get(number, ()),
                owed=row.owed,
                credit_limit=row.credit_limit,
                low_score=low.get(number),
                pool_warned=_warned(row),
            ),
        )


def usual_of(usual: Usual, grade: str, stage: str) -> tuple[float, float]:
    """Days between contacts and between orders in a segment: of this grade and stage, else of the grade, else what a
    grade is to have and what is usual with all."""
    own = [usual.get(key, (None, None)) for key in ((grade, stage), (grade, ""), ("", ""))]
    first = float(table.CONTACT_DAYS.get(grade, reasons.USUAL_CONTACT))
    contact = next((found[0] for found in own[:2] if found[0] is not None), first)
    order = next((found[1] for found in own if found[1] is not None), float(reasons.USUAL_ORDER))
    return contact, order


# ---- one query each
def _customers(work: Work, ids: Sequence[int]) -> list[Any]:
    shown = select(*(getattr(CUSTOMERS, name) for name in _SHOWN))
    here = among(work, CUSTOMERS.id, ids)
    return list(work.session.execute(shown.where(here, CUSTOMERS.deleted_at.is_(None)).order_by(CUSTOMERS.id)))


def _contacts(work: Work, ids: Sequence[int]) -> tuple[dict[int, list[date]], dict[int, Thing]]:
    """The days of contact of each, and the follow-up promised at the last contact, where one was."""
    a, zone = ACTIVITIES, settings().zone
    wanted = select(a.customer_id, a.at, a.next_at, a.id).where(among(work, a.customer_id, ids))
    wanted = wanted.where(a.deleted_at.is_(None), a.type != ActivityType.NOTE, a.at >= clock.days_ago(LOOK_BACK))
    days: dict[int, list[date]] = defaultdict(list)
    promised: dict[int, Thing] = {}
    for customer_id, at, next_at, number in work.session.execute(wanted.order_by(a.customer_id, a.at, a.id)):
        days[customer_id].append(at.astimezone(zone).date())
        promised.pop(customer_id, None)
        if next_at is not None:
            promised[customer_id] = Thing(number, next_at.astimezone(zone).date())
    return days, promised


def _orders(work: Work, ids: Sequence[int]) -> tuple[dict[int, list[date]], Things]:
    """The days on which each ordered, and its orders of which something is to be paid."""
    o, since = ORDERS, clock.today() - timedelta(days=LOOK_BACK)
    shown = select(
        o.customer_id, o.ordered_on, o.status, o.due_on, o.id, (o.amount - o.paid + o.refunded).label("open")
    )
    business = and_(o.status.in_(COUNTED), o.ordered_on >= since)
    owing = and_(o.status.in_(OWING), o.due_on.is_not(None), o.amount - o.paid + o.refunded > 0)
    wanted = shown.where(among(work, o.customer_id, ids), o.deleted_at.is_(None), or_(business, owing))
    days: dict[int, list[date]] = defaultdict(list)
    unpaid: Things = defaultdict(list)
    for row in work.session.execute(wanted.order_by(o.customer_id, o.ordered_on, o.id)):
        if row.status in COUNTED and row.ordered_on >= since:
            days[row.customer_id].append(row.ordered_on)
        if row.due_on is not None and row.open > 0:
            unpaid[row.customer_id].append(Thing(row.id, row.due_on))
    return days, unpaid


def _tickets(work: Work, ids: Sequence[int]) -> tuple[Things, Things]:
    """Open complaints, and other open tickets."""
    t = TICKETS
    wanted = select(t.customer_id, t.id, t.opened_at, t.type).where(among(work, t.customer_id, ids))
    wanted = wanted.where(t.deleted_at.is_(None), t.closed_at.is_(None), t.status.in_(WAITING))
    complaints: Things = defaultdict(list)
    others: Things = defaultdict(list)
    for row in work.session.execute(wanted):
        of = complaints if row.type is TicketType.COMPLAINT else others
        of[row.customer_id].append(Thing(row.id, clock.local(row.opened_at).date()))
    return complaints, others


def _deals(work: Work, ids: Sequence[int], today: date) -> tuple[Things, Things]:
    """Open opportunities beyond the limit of their stage, and those past their expected close."""
    d = DEALS
    wanted = select(d.customer_id, d.id, d.stage_since, d.expected_close, STAGES.days_limit)
    wanted = wanted.join(Stage, STAGES.id == d.stage_id)
    wanted = wanted.where(among(work, d.customer_id, ids), d.deleted_at.is_(None), d.closed_at.is_(None))
    stuck: Things = defaultdict(list)
    late: Things = defaultdict(list)
    for row in work.session.execute(wanted):
        limit = clock.local(row.stage_since).date() + timedelta(days=row.days_limit)
        if row.days_limit and limit < today:
            stuck[row.customer_id].append(Thing(row.id, limit))
        if row.expected_close is not None and row.expected_close < today:
            late[row.customer_id].append(Thing(row.id, row.expected_close))
    return stuck, late


def _contracts(work: Work, ids: Sequence[int]) -> Things:
    c = CONTRACTS
    wanted = select(c.customer_id, c.id, c.ends_on).where(among(work, c.customer_id, ids))
    wanted = wanted.where(c.deleted_at.is_(None), c.status == ContractStatus.ACTIVE, c.ends_on >= clock.today())
    found: Things = defaultdict(list)
    for row in work.session.execute(wanted):
        found[row.customer_id].append(Thing(row.id, row.ends_on))
    return found


def _low_scores(work: Work, ids: Sequence[int]) -> dict[int, Thing]:
    """The last answer of each where it was a low one."""
    a = ANSWERS
    wanted = select(a.customer_id, a.id, a.at, a.kind, a.score).where(among(work, a.customer_id, ids))
    wanted = wanted.where(a.deleted_at.is_(None)).order_by(a.customer_id, a.at, a.id)
    last = {row.customer_id: row for row in work.session.execute(wanted)}
    return {i: Thing(row.id, clock.local(row.at).date()) for i, row in last.items() if row.score <= LOW[row.kind]}


def _birthdays(work: Work, ids: Sequence[int], today: date) -> dict[int, list[date]]:
    """The coming birthdays of the people of each, by the calendar in which they are kept."""
    found: dict[int, list[date]] = defaultdict(list)
    people = select(CONTACTS.customer_id, CONTACTS.birthday).where(among(work, CONTACTS.customer_id, ids))
    people = people.where(CONTACTS.deleted_at.is_(None), CONTACTS.birthday.is_not(None))
    for customer_id, birthday in work.session.execute(people):
        found[customer_id] += _birthday(birthday, today)
    d, last = KEPT, today + AHEAD
    kept = select(d.customer_id, d.calendar, d.month, d.day, d.leap).where(among(work, d.customer_id, ids))
    for customer_id, *when in work.session.execute(kept.where(d.deleted_at.is_(None), d.birthday)):
        found[customer_id] += anniversaries.between(today, last, *when)
    return found


def _birthday(birthday: date | None, today: date) -> list[date]:
    if birthday is None:
        return []
    return list(anniversaries.between(today, today + AHEAD, "solar", birthday.month, birthday.day))


def _day(moment: datetime | None) -> date | None:
    return clock.local(moment).date() if moment is not None else None


def _warned(row: Any) -> date | None:
    """The day of a warning that no contact has answered."""
    if row.pool_warned_at is None or (row.last_contact_at is not None and row.last_contact_at > row.pool_warned_at):
        return None
    return _day(row.pool_warned_at)
