"""Your day: the one message a morning that says what is overdue, due and coming up, at the hour a person chose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, select

from cim import access, clock
from cim.access import Actor
from cim.analytics import worklist as reasons
from cim.config import settings
from cim.i18n import _, format_date, format_datetime
from cim.models import Channel, Contract, Customer, Delivery, Task, Ticket, User
from cim.models.base import columns
from cim.models.contract import ContractStatus
from cim.models.ticket import TicketStatus
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import anniversaries, notice_kinds, notices, outgoing, worklist
from cim.work import Work, command, query

CHANNELS, DELIVERIES, USERS = columns(Channel), columns(Delivery), columns(User)
TASKS, CUSTOMERS = columns(Task), columns(Customer)
CONTRACTS, TICKETS = columns(Contract), columns(Ticket)
LISTED = 10
"""Lines of each part; the others are counted."""
WORKLIST_LISTED, REASONS = 5, 2
CONTRACT_DAYS = 30
KEY = "day."


@dataclass(frozen=True)
class Day:
    """One message of a day."""

    subject: str
    text: str


def key_of(day: date) -> str:
    """Under which the message of a day is kept: once for each channel."""
    return f"{KEY}{day:%Y-%m-%d}"


@query(Permission.SETTINGS_MANAGE)
def anything_due(work: Work) -> bool:
    """Whether somebody's hour has come and the message of the day is not planned yet."""
    return bool(_due(work))


@command(Permission.SETTINGS_MANAGE)
def plan(work: Work) -> int:
    """Plan the message of the day for everybody whose hour has come: late when the server was down at that hour, never
    after midnight, and once for each channel. What it says is gathered when it is sent. Returns how many."""
    key = key_of(clock.today())
    return notices.plan(work, [{"channel_id": number, "key": key, "notice_id": None} for number in _due(work)])


# ---- below the doors
def compose(work: Work, user: User) -> Day | None:
    """What the day holds for a user, in the language in force; None when it holds nothing. Only what he may see, and
    nothing personal but names."""
    me = access.reload(work.session, Actor(user.id, user.username, user.name, user.role, user.team_id))
    with _seen_by(work, me):
        gathered = (_tasks(work), _worklist(work), _birthdays(work), _tickets(work), _contracts(work))
    parts = [part for part in gathered if part]
    if not parts:
        return None
    subject = _("Your day, {day}", day=format_date(clock.today()))
    return Day(subject, "\n\n".join([subject, *parts]))


@contextmanager
def _seen_by(work: Work, me: Actor) -> Iterator[None]:
    """Reading with the reach of a user, inside work of the server."""
    server, work.actor = work.actor, me
    try:
        yield
    finally:
        work.actor = server


def _due(work: Work) -> list[int]:
    """Ids of the channels that get the message of today and have not got it planned."""
    planned = select(DELIVERIES.channel_id).where(DELIVERIES.key == key_of(clock.today()))
    wanted = (
        select(CHANNELS.id, CHANNELS.user_id)
        .join(User, and_(USERS.id == CHANNELS.user_id, USERS.status == UserStatus.ACTIVE))
        .where(CHANNELS.active, CHANNELS.closed_at.is_(None), CHANNELS.id.not_in(planned))
    )
    found = work.session.execute(wanted).all()
    wishes = notice_kinds.wishes_of(work, [user_id for _id, user_id in found])
    hour = clock.local(work.now).hour
    due = []
    for channel_id, user_id in found:
        wish = wishes[user_id]
        chosen = notice_kinds.goes_to(wish, str(channel_id), notice_kinds.DIGEST)
        if chosen and wish.digest_hour is not None and hour >= wish.digest_hour:
            due.append(channel_id)
    return due


def _tasks(work: Work) -> str:
    """What is overdue, and what is to be done today."""
    reached = and_(CUSTOMERS.id == TASKS.customer_id, work.visible(Customer))
    end = clock.start_of(clock.today() + timedelta(days=1))
    wanted = (
        select(TASKS.title, TASKS.due_at, CUSTOMERS.id, CUSTOMERS.name)
        .outerjoin(Customer, reached)
        .where(TASKS.assignee_id == work.actor.user_id, TASKS.done_at.is_(None), TASKS.deleted_at.is_(None))
        .where(TASKS.due_at < end)
        .order_by(TASKS.due_at, TASKS.id)
    )
    found = work.session.execute(wanted).all()
    begin = clock.start_of(clock.today())
    late = [
        _line(row.title, row.name, row.id, format_date(clock.local(row.due_at).date()))
        for row in found
        if row.due_at < begin
    ]
    today = [
        _line(row.title, row.name, row.id, f"{clock.local(row.due_at):%H:%M}") for row in found if row.due_at >= begin
    ]
    return "\n\n".join(part for part in (_part(_("Overdue"), late), _part(_("Today"), today)) if part)


def _worklist(work: Work) -> str:
    """The top of the worklist, with the reasons that are nobody's birthday."""
    if not work.actor.can(Permission.CUSTOMER_READ):
        return ""
    lines = []
    for entry in worklist.mine(work, size=WORKLIST_LISTED).entries:
        facts = [fact for fact in entry.facts if not reasons.TABLE[fact.code].personal]
        why = "; ".join(_(fact.sentence, **fact.params) for fact in facts[:REASONS])
        lines.append(_line(why, entry.name, entry.customer_id))
    return _part(_("Whom to contact today"), lines)


def _birthdays(work: Work) -> str:
    """Birthdays and anniversaries of today, of my customers: whose it is, and no year."""
    today = clock.today()
    found = anniversaries.falling(work, today, today, owner=work.actor.user_id)
    lines = [
        _line(_("Birthday") if one.birthday else one.label, one.contact or one.customer, one.customer_id)
        for one in found
    ]
    return _part(_("Birthdays and anniversaries"), lines)


def _tickets(work: Work) -> str:
    """Open tickets of mine that are overdue or due today."""
    end = clock.start_of(clock.today() + timedelta(days=1))
    open_ = [TicketStatus.NEW, TicketStatus.OPEN]
    wanted = (
        select(TICKETS.number, TICKETS.subject, TICKETS.due_at, CUSTOMERS.id, CUSTOMERS.name)
        .join(Customer, CUSTOMERS.id == TICKETS.customer_id)
        .where(TICKETS.handler_id == work.actor.user_id, TICKETS.status.in_(open_), TICKETS.due_at < end)
        .where(work.visible(Ticket))
        .order_by(TICKETS.due_at, TICKETS.id)
    )
    found = work.session.execute(wanted).all()
    lines = [_line(f"{r.number} {r.subject}", r.name, r.id, format_datetime(r.due_at)) for r in found]
    return _part(_("Tickets due"), lines)


def _contracts(work: Work) -> str:
    """Contracts of mine that end within 30 days."""
    today = clock.today()
    wanted = (
        select(CONTRACTS.title, CONTRACTS.ends_on, CUSTOMERS.id, CUSTOMERS.name)
        .join(Customer, CUSTOMERS.id == CONTRACTS.customer_id)
        .where(CONTRACTS.owner_id == work.actor.user_id, CONTRACTS.status == ContractStatus.ACTIVE)
        .where(CONTRACTS.ends_on >= today, CONTRACTS.ends_on <= today + timedelta(days=CONTRACT_DAYS))
        .where(work.visible(Contract))
        .order_by(CONTRACTS.ends_on, CONTRACTS.id)
    )
    found = work.session.execute(wanted).all()
    return _part(_("Contracts that end soon"), [_line(r.title, r.name, r.id, format_date(r.ends_on)) for r in found])


def _part(title: str, lines: Iterable[str]) -> str:
    """A part with its heading; "" without lines."""
    told = list(lines)
    if not told:
        return ""
    more = [_("… and {count} more", count=len(told) - LISTED)] if len(told) > LISTED else []
    return "\n".join([f"{title} ({len(told)})", *told[:LISTED], *more])


def _line(what: str, customer: str | None, customer_id: Any, when: str = "") -> str:
    said = " · ".join(word for word in (when, outgoing.discreet(what), customer or "") if word)
    base = settings().base_url
    link = f"\n  {base}/customer?id={customer_id}" if base and customer_id is not None else ""
    return f"- {said}{link}"
