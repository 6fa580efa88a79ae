"""Tickets of the service desk: opened, assigned, answered, resolved, closed, rated. Each verb leaves its history."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from sqlalchemy import func, select

from cim import clock
from cim.errors import Conflict, Invalid, NotFound
from cim.i18n import N_
from cim.models import Contact, Customer, Product, SalesOrder, Ticket, User
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.ticket import TicketDraft, TicketStatus
from cim.models.ticket_view import TicketRow, TicketView
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import (
    comments,
    custom_values,
    skills,
    ticket_after,
    ticket_assigning,
    ticket_clock,
    ticket_people,
    ticket_rows,
    totals,
    typed,
)
from cim.service.ticket_rows import FINISHED, UNFINISHED
from cim.work import Work, command, query

TICKETS = columns(Ticket)
ESCALATED = N_("Ticket {number} of {customer} was escalated")
MOST_LEVELS = 9
SHOWN = 100
LIMITS = {"subject": 200, "category": 60}
PLAIN = ("type", "subject", "content", "priority", "category", "source", "contact_id", "product_id", "order_id")
"""What a draft sets of a ticket."""
RULED = {"type", "priority", "category"}
"""What the rules look at."""


# ---- arriving
@command(Permission.TICKET_OPEN)
def open(work: Work, customer_id: int, draft: TicketDraft, *, token: str | None = None) -> int:
    """Open a ticket of a customer and return its id. The rules of the service desk say by when it is due and who gets it;
    those are told. A second call with the same `token` returns the first one's id.

    Raises Invalid at the field, NotFound outside the actor's scope, Denied for a customer of somebody else."""
    if (done := work.replayed(token)) is not None:
        return done
    work.get(Customer, customer_id, to=Permission.TICKET_OPEN)
    values = _checked(work, customer_id, draft, set(PLAIN))
    own = custom_values.weigh(work, Noun.TICKET, draft.custom, stage="")
    opened_at = work.now if draft.opened_at is None else typed.moment("opened_at", draft.opened_at)
    if opened_at > work.now:
        raise Invalid("opened_at", "This lies in the future.")
    row = work.add(
        Ticket(
            **values,
            number=next_number(work),
            customer_id=customer_id,
            opened_at=opened_at,
            opened_by_id=work.actor.user_id,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    custom_values.settle(work, row, own)
    ticket_clock.set_due(work, row)
    ticket_assigning.by_rule(work, row)
    _moved(work, row)
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.TICKET_OPEN)
def update(work: Work, ticket_id: int, draft: TicketDraft, *, version: int) -> bool:
    """Change what the draft sets; False when nothing differed. A change of type, priority or category gives new due times,
    counted from the same beginning. Raises Invalid at the field, NotFound, Denied, Conflict."""
    row = _mine(work, ticket_id, Permission.TICKET_OPEN, version)
    values = _checked(work, row.customer_id, draft, draft.model_fields_set, held=row)
    own = custom_values.weigh(work, row, draft.custom, stage="")
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    if RULED & set(different) and row.status not in FINISHED:
        ticket_clock.set_due(work, row)
    changed = custom_values.settle(work, row, own) or bool(different)
    if changed:
        _moved(work, row)
    return changed


@command(Permission.TICKET_ASSIGN)
def remove(work: Work, ticket_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Take a ticket off every list. The row is kept, and comes back from the recycle bin."""
    row = _mine(work, ticket_id, Permission.TICKET_ASSIGN, version)
    work.reason = reason.strip()[:500]
    row.deleted_at = work.now
    ticket_after.withdraw_visits(work, row)
    _moved(work, row)


# ---- who has it
@command(Permission.TICKET_ASSIGN)
def assign(work: Work, ticket_id: int, handler_id: int | None = None, *, version: int | None = None) -> bool:
    """Give a ticket to somebody who handles tickets, or (None) to whom the rule chooses; False when that one has it
    already. Raises Invalid("handler_id"); Conflict when the ticket is finished, or the rule finds nobody."""
    row = _unfinished(work, ticket_id, Permission.TICKET_ASSIGN, version)
    if handler_id is None:
        before = row.handler_id
        if not ticket_assigning.by_rule(work, row):
            raise Conflict("Nobody who could take this ticket has room for it. Choose somebody.")
        _moved(work, row)
        return row.handler_id != before
    user = work.find(User, handler_id)
    if user is None or user.status is not UserStatus.ACTIVE or user.role not in skills.HANDLING:
        raise Invalid("handler_id", "Choose an active colleague of the service desk.")
    if row.handler_id == handler_id:
        return False
    ticket_assigning.give(work, row, handler_id, user.name, {"by": work.actor.name})
    _moved(work, row)
    return True


@command(Permission.TICKET_HANDLE)
def take(work: Work, ticket_id: int, *, version: int | None = None) -> bool:
    """Take a ticket oneself; False when one has it already."""
    row = _unfinished(work, ticket_id, Permission.TICKET_HANDLE, version)
    if row.handler_id == work.actor.user_id:
        return False
    _take(work, row)
    _moved(work, row)
    return True


# ---- working on it
@command(Permission.TICKET_HANDLE)
def respond(work: Work, ticket_id: int, text: str, *, version: int | None = None, token: str | None = None) -> int:
    """Note what was answered to the customer and return the comment's id; the first answer stops the clock of the response.
    A ticket without a handler becomes one's own. Raises Invalid("text"), Conflict when it is finished."""
    if (done := work.replayed(token)) is not None:
        return done
    row = _unfinished(work, ticket_id, Permission.TICKET_HANDLE, version)
    if row.handler_id is None:
        _take(work, row)
    note = comments.add(work, "ticket", ticket_id, text, internal=False)
    if row.responded_at is None:
        row.responded_at = work.now
    _moved(work, row)
    work.remember(token, note)
    return note


@command(Permission.TICKET_HANDLE)
def wait(work: Work, ticket_id: int, *, version: int | None = None) -> bool:
    """Wait for the customer: the clock stands still until `resume`. False when it does already."""
    row = _unfinished(work, ticket_id, Permission.TICKET_HANDLE, version)
    if row.status is TicketStatus.WAITING:
        return False
    if row.handler_id is None:
        _take(work, row)
    row.status = TicketStatus.WAITING
    ticket_clock.stand(work, row)
    _moved(work, row)
    return True


@command(Permission.TICKET_HANDLE)
def resume(work: Work, ticket_id: int, *, version: int | None = None) -> bool:
    """Go on with a ticket: the working time that it waited moves the due times. False when it was not waiting."""
    row = _unfinished(work, ticket_id, Permission.TICKET_HANDLE, version)
    if row.status is not TicketStatus.WAITING:
        return False
    ticket_clock.go_on(work, row)
    row.status = TicketStatus.OPEN
    _moved(work, row)
    return True


@command(Permission.TICKET_HANDLE)
def resolve(work: Work, ticket_id: int, resolution: str, *, version: int | None = None, close: bool = False) -> bool:
    """Say what solved it; with `close` close it at once, which plans the return visit. False when that stands there
    already. Raises Invalid("resolution") without words, Conflict when it is closed."""
    text = typed.lines("resolution", resolution, 5000)
    if not text:
        raise Invalid("resolution", "Say what was done.")
    row = _mine(work, ticket_id, Permission.TICKET_HANDLE, version)
    if row.status is TicketStatus.CLOSED:
        raise Conflict("This ticket is closed. Reopen it first.")
    if row.status is TicketStatus.RESOLVED and row.resolution == text and not close:
        return False
    if row.handler_id is None:
        _take(work, row)
    ticket_clock.go_on(work, row)
    row.status, row.resolution = TicketStatus.RESOLVED, text
    row.resolved_at = row.resolved_at or work.now
    row.responded_at = row.responded_at or work.now
    if close:
        ticket_after.closed(work, row)
    _moved(work, row)
    return True


@command(Permission.TICKET_HANDLE)
def close(work: Work, ticket_id: int, *, version: int | None = None) -> bool:
    """Close a resolved ticket and plan the return visit. False when it is closed; Conflict when it is not resolved."""
    row = _mine(work, ticket_id, Permission.TICKET_HANDLE, None)
    if row.status is TicketStatus.CLOSED:
        return False
    row = _mine(work, ticket_id, Permission.TICKET_HANDLE, version)
    if row.status is not TicketStatus.RESOLVED:
        raise Conflict("Resolve the ticket before you close it.")
    ticket_after.closed(work, row)
    _moved(work, row)
    return True


@command(Permission.TICKET_OPEN)
def reopen(work: Work, ticket_id: int, reason: str, *, version: int | None = None) -> bool:
    """Open a finished ticket again, with its reason as a note; its clock begins anew, and an open return visit is taken
    off. A handler who has left is replaced by the rule. Raises Invalid("reason"), Conflict when it is not finished."""
    row = _mine(work, ticket_id, Permission.TICKET_OPEN, version)
    if row.status not in FINISHED:
        raise Conflict("This ticket is not finished.")
    _said(work, row, reason)
    row.status, row.resolved_at, row.closed_at = TicketStatus.OPEN, None, None
    row.reopened += 1
    row.escalation, row.escalated_at, row.waited_minutes = 0, None, 0
    ticket_after.withdraw_visits(work, row)
    ticket_clock.set_due(work, row, since=work.now)
    handler = work.find(User, row.handler_id) if row.handler_id else None
    if handler is None or handler.status is not UserStatus.ACTIVE:
        row.status = TicketStatus.NEW
        ticket_assigning.by_rule(work, row)
    _moved(work, row)
    return True


@command(Permission.TICKET_OPEN)
def escalate(work: Work, ticket_id: int, reason: str, *, version: int | None = None) -> int:
    """Call for those who lead, with the reason as a note; returns how many were told. Raises Invalid("reason"), Conflict
    when the ticket is finished."""
    row = _unfinished(work, ticket_id, Permission.TICKET_OPEN, version)
    _said(work, row, reason)
    row.escalation, row.escalated_at = min(row.escalation + 1, MOST_LEVELS), work.now
    people = [number for number in ticket_people.leads(work, row) if number != work.actor.user_id]
    key = f"ticket.escalated:{row.id}:{row.reopened}:by:{row.escalation}"
    told = ticket_assigning.tell(work, row, people, kind="ticket.escalated", key=key, title=ESCALATED)
    _moved(work, row)
    return told


@command(Permission.TICKET_OPEN)
def rate(work: Work, ticket_id: int, score: int, comment: str = "", *, version: int | None = None) -> bool:
    """Write down what the customer said of a resolved ticket, 1 to 5; False when it stands there already. Raises
    Invalid("score"); Conflict while it is not resolved, and where the customer rated it by the link."""
    row = _mine(work, ticket_id, Permission.TICKET_OPEN, version)
    return ticket_after.rated(work, row, score, comment)


# ---- reading
@query(Permission.TICKET_READ)
def get(work: Work, ticket_id: int) -> TicketView:
    """One ticket. NotFound outside the actor's scope."""
    found = ticket_rows.whole(work, ticket_id) if 0 < ticket_id < 2**31 else None
    if found is None:
        raise NotFound("This record does not exist or is not yours to see.")
    return found


@query(Permission.TICKET_READ)
def of_customer(work: Work, customer_id: int, *, limit: int = SHOWN) -> Sequence[TicketRow]:
    """The tickets of a customer: those that are not finished first, then the newest. NotFound outside the actor's scope."""
    work.get(Customer, customer_id)
    wanted = ticket_rows.listed(work, few=True).where(TICKETS.customer_id == customer_id)
    finished = TICKETS.status.in_(FINISHED)
    return ticket_rows.lines(work, wanted.order_by(finished, TICKETS.opened_at.desc(), TICKETS.id.desc()).limit(limit))


# ---- below the doors
def next_number(work: Work) -> str:
    """The number of the next ticket of this year, T2026-00001; never one that was given before."""
    work.serialise("tickets.number")
    beginning = f"T{clock.today().year}-"
    held = TICKETS.number.like(f"{beginning}%"), func.length(TICKETS.number) < 12
    newest = select(TICKETS.number).where(*held).order_by(func.length(TICKETS.number).desc(), TICKETS.number.desc())
    numbers = (n.removeprefix(beginning) for n in work.session.execute(newest.limit(20)).scalars())
    last = max((int(n) for n in numbers if n.isdecimal()), default=0)
    first = f"{beginning}{last + 1:05d}"
    if work.session.execute(select(TICKETS.id).where(TICKETS.number == first).limit(1)).first() is None:
        return first
    # imported numbers may look like ours: the first one behind all of them that is free
    used = set(work.session.execute(select(TICKETS.number).where(TICKETS.number.like(f"{beginning}%"))).scalars())
    tails = (n.removeprefix(beginning) for n in used)
    last = max((int(n) for n in tails if n.isdecimal() and len(n) < 9), default=last)
    return next(n for n in (f"{beginning}{number:05d}" for number in count(last + 1)) if n not in used)


def _take(work: Work, row: Ticket) -> None:
    ticket_assigning.give(work, row, work.actor.user_id or 0, work.actor.name, {"taken": True})


def _said(work: Work, row: Ticket, reason: str) -> None:
    """A reason goes into the history and, as a note, onto the ticket."""
    text = typed.lines("reason", reason, 500)
    if not text:
        raise Invalid("reason", "Say why.")
    work.reason = text
    if work.actor.can(Permission.ACTIVITY_WRITE):
        comments.add(work, "ticket", row.id or 0, text)


def _mine(work: Work, ticket_id: int, to: Permission, version: int | None) -> Ticket:
    """A ticket whose customer the permission reaches."""
    row = work.get(Ticket, ticket_id, version=version)
    work.get(Customer, row.customer_id, to=to)
    return row


def _unfinished(work: Work, ticket_id: int, to: Permission, version: int | None) -> Ticket:
    row = _mine(work, ticket_id, to, version)
    if row.status not in UNFINISHED:
        raise Conflict("This ticket is finished. Reopen it first.")
    return row


def _moved(work: Work, row: Ticket) -> None:
    row.updated_at = work.now
    totals.touch(work, [row.customer_id])


def _checked(
    work: Work, customer_id: int, draft: TicketDraft, given: set[str], *, held: Ticket | None = None
) -> dict[str, Any]:
    """The values of a draft as they are stored, of the fields that are given. What a ticket refers to already may have
    gone since."""
    values = {name: getattr(draft, name) for name in PLAIN if name in given}
    for name, limit in LIMITS.items():
        if name in values:
            values[name] = typed.line(name, values[name], limit)
    if "content" in values:
        values["content"] = typed.lines("content", values["content"], 5000)
    if "subject" in values and not values["subject"]:
        raise Invalid("subject", "Say in one line what it is about.")
    _referred(work, customer_id, {n: v for n, v in values.items() if held is None or getattr(held, n) != v})
    return values


def _referred(work: Work, customer_id: int, values: dict[str, Any]) -> None:
    """A ticket refers to what the actor sees, and to people and orders of its own customer."""
    if values.get("contact_id") and work.get(Contact, values["contact_id"]).customer_id != customer_id:
        raise Invalid("contact_id", "This person belongs to another customer.")
    if values.get("order_id") and work.get(SalesOrder, values["order_id"]).customer_id != customer_id:
        raise Invalid("order_id", "This order belongs to another customer.")
    if values.get("product_id"):
        work.get(Product, values["product_id"])
