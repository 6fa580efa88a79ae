"""Tickets that nobody may forget: escalation when they are late, and what becomes of them when their handler leaves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from cim.errors import Invalid
from cim.i18n import N_
from cim.models import Ticket, User
from cim.models.base import columns
from cim.models.ticket import TicketStatus
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import skills, ticket_assigning, ticket_clock, ticket_people, totals
from cim.service.ticket_rows import RUNNING, UNFINISHED, standing
from cim.work import Work, command, query

TICKETS = columns(Ticket)
SOON = N_("Ticket {number} of {customer} is not resolved yet")
LATE = N_("Ticket {number} of {customer} is overdue")
SILENT = N_("Ticket {number} of {customer} has waited too long for its first answer")
MOST = 1000
EARLY, OVERDUE = 1, 2
"""Levels: past the rule's time of escalation, past the due time."""


@command(Permission.SETTINGS_MANAGE)
def escalate_due(work: Work) -> int:
    """Tell those who lead, and the handler, of tickets past their time of escalation or their due time: once per level and
    opening. Returns how many tickets rose. Tickets that wait for the customer stand still. At most 1,000 a run."""
    wanted = select(Ticket).where(
        TICKETS.status.in_(RUNNING),
        standing(),
        TICKETS.due_at.is_not(None),
        TICKETS.escalation < OVERDUE,
    )
    rose = 0
    for row in work.session.execute(wanted.order_by(TICKETS.due_at, TICKETS.id).limit(MOST)).scalars():
        level = _level(row, work.now)
        if level > row.escalation:
            row.escalation, row.escalated_at, row.updated_at = level, work.now, work.now
            _tell(work, row, level)
            rose += 1
    _remind(work)
    return rose


@query(Permission.SETTINGS_MANAGE)
def anything_late(work: Work) -> bool:
    """Whether `escalate_due` would find anything: a cheap look."""
    shown = select(TICKETS.due_at, TICKETS.due_why, TICKETS.escalation, TICKETS.responded_at, TICKETS.respond_by)
    running = shown.where(TICKETS.status.in_(RUNNING), standing(), TICKETS.due_at.is_not(None))
    for row in work.session.execute(running):
        if _level(row, work.now) > row.escalation:
            return True
        if row.responded_at is None and row.respond_by is not None and row.respond_by < work.now:
            return True
    return False


@command(Permission.TICKET_ASSIGN)
def hand_over(work: Work, giver_id: int, taker_id: int | None = None, *, reason: str) -> int:
    """Give the unfinished tickets of one handler to another one, or (None) each to whom the rule chooses; returns how many.
    Only tickets in the actor's reach. Raises Invalid without a reason and for who may not handle tickets."""
    if len(reason.strip()) < 2:
        raise Invalid("reason", "Say why.")
    work.reason = reason.strip()[:500]
    taker = work.find(User, taker_id) if taker_id is not None else None
    fits = taker is not None and taker.status is UserStatus.ACTIVE and taker.role in skills.HANDLING
    if taker_id == giver_id or (taker_id is not None and not fits):
        raise Invalid("taker_id", "Choose an active colleague of the service desk.")
    return move(work, giver_id, taker, reach=True)


# ---- below the doors
def move(work: Work, giver_id: int, taker: User | None = None, *, reach: bool = False) -> int:
    """Give a user's unfinished tickets to another one, or each to whom the rule chooses (nobody else: it waits unassigned);
    returns how many. With `reach` only those that the actor sees; else the caller answers for the right."""
    wanted = select(Ticket).where(
        TICKETS.handler_id == giver_id, TICKETS.status.in_(UNFINISHED), TICKETS.deleted_at.is_(None)
    )
    if reach:
        wanted = wanted.where(work.visible(Ticket))
    rows = work.session.execute(wanted.order_by(TICKETS.due_at, TICKETS.id)).scalars().all()
    giver = ticket_assigning.name_of(work, giver_id)
    for row in rows:
        if taker is not None:
            ticket_assigning.give(work, row, taker.id or 0, taker.name, {"by": work.actor.name, "from": giver})
        elif ticket_assigning.by_rule(work, row, but=giver_id):
            row.assigned_why = {**row.assigned_why, "from": giver}
        row.updated_at = work.now
        work.session.flush()
    totals.touch(work, [row.customer_id for row in rows])
    return len(rows)


def _level(row: Any, now: datetime) -> int:
    if row.due_at is not None and row.due_at < now:
        return OVERDUE
    early = ticket_clock.escalate_at(row)
    return EARLY if early is not None and early < now else 0


def _tell(work: Work, row: Ticket, level: int) -> None:
    people = {*ticket_people.leads(work, row), row.handler_id}
    title = LATE if level == OVERDUE else SOON
    key = f"ticket.escalated:{row.id}:{row.reopened}:{level}"
    ticket_assigning.tell(work, row, sorted(p for p in people if p), kind="ticket.escalated", key=key, title=title)


def _remind(work: Work) -> None:
    """Tell handlers of first answers that are late, once."""
    wanted = select(Ticket).where(
        TICKETS.status == TicketStatus.OPEN,
        standing(),
        TICKETS.responded_at.is_(None),
        TICKETS.respond_by < work.now,
    )
    for row in work.session.execute(wanted.order_by(TICKETS.id).limit(MOST)).scalars():
        key = f"ticket.silent:{row.id}:{row.reopened}"
        ticket_assigning.tell(work, row, [row.handler_id], kind="ticket.silent", key=key, title=SILENT)
