"""Who gets a ticket: the readable rule, and the facts that it decided by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cim.i18n import N_
from cim.models import Customer, Ticket, User
from cim.models.ticket import TicketStatus
from cim.service import notices, skills, ticket_clock, ticket_people
from cim.work import Work

ASSIGNED = N_("Ticket {number} of {customer} is yours")
NOBODY = N_("Ticket {number} of {customer} has no handler")
TOLD = 5
"""Colleagues beside the chosen one that are told."""
_NEVER = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Candidate:
    """Somebody who may get a ticket. `level` is that of the wanted skill, `last` when they were given a ticket last."""

    user_id: int
    name: str
    level: int = 0
    open: int = 0
    capacity: int = 0
    last: datetime | None = None

    @property
    def full(self) -> bool:
        return bool(self.capacity) and self.open >= self.capacity


def choose(candidates: Sequence[Candidate], skill: str = "") -> tuple[Candidate | None, list[Candidate]]:
    """The one who gets it, and the others who could have, in order. With a skill only who has it; nobody who is full;
    then the highest level, the fewest open tickets, the one whose last ticket is longest ago, the lower number."""
    fit = [one for one in candidates if not one.full and (not skill or one.level > 0)]
    fit.sort(key=lambda one: (-one.level if skill else 0, one.open, one.last or _NEVER, one.user_id))
    return (fit[0], fit[1:]) if fit else (None, [])


def by_rule(work: Work, row: Ticket, *, but: int | None = None) -> bool:
    """Give a ticket to whom the rule chooses (`but` not to this one) and tell them; False when there is nobody, and then
    those who assign are told. Two tickets at once do not count the same load."""
    work.serialise("tickets.assigning")
    rule = ticket_clock.rule_of(work, row)
    skill = rule.skill if rule is not None else ""
    chosen, others = choose(_candidates(work, skill, but), skill)
    why: dict[str, Any] = {"rule": rule.id if rule is not None else None, "skill": skill}
    if chosen is None:
        row.assigned_why = why | {"nobody": True}
        unassigned(work, row)
        return False
    why |= {"level": chosen.level, "open": chosen.open, "capacity": chosen.capacity}
    why["others"] = [{"name": one.name, "level": one.level, "open": one.open} for one in others[:TOLD]]
    give(work, row, chosen.user_id, chosen.name, why)
    return True


def give(work: Work, row: Ticket, user_id: int, name: str, why: dict[str, Any]) -> None:
    """Make somebody the handler, with the reason, and tell them unless they did it themselves."""
    row.handler_id, row.handler, row.assigned_at, row.assigned_why = user_id, name, work.now, why
    if row.status is TicketStatus.NEW:
        row.status = TicketStatus.OPEN
    if user_id != work.actor.user_id:
        key = f"ticket.assigned:{row.id}:{user_id}:{work.now.isoformat(timespec='seconds')}"
        tell(work, row, [user_id], kind="ticket.assigned", key=key, title=ASSIGNED)


def unassigned(work: Work, row: Ticket) -> None:
    """Nobody has this ticket any more, or yet: it is new again, and those who assign are told."""
    row.handler_id, row.handler, row.assigned_at = None, "", None
    if row.status is TicketStatus.OPEN:
        row.status = TicketStatus.NEW
    key = f"ticket.unassigned:{row.id}:{work.now.isoformat(timespec='seconds')}"
    tell(work, row, ticket_people.leads(work, row), kind="ticket.unassigned", key=key, title=NOBODY)


def tell(work: Work, row: Ticket, user_ids: Sequence[int | None], *, kind: str, key: str, title: str) -> int:
    """Tell people about a ticket, with a link to it; returns how many were told. The subject stays in the house."""
    customer = work.find(Customer, row.customer_id)
    return notices.tell(
        work,
        user_ids,
        kind=kind,
        key=key,
        title=title,
        params={"number": row.number, "customer": customer.name if customer else ""},
        link=f"/ticket?id={row.id}",
        customer_id=row.customer_id,
        urgent=row.priority == "urgent",
    )


def name_of(work: Work, user_id: int | None) -> str:
    """The name of a user, "" for nobody."""
    user = work.find(User, user_id) if user_id else None
    return user.name if user is not None else ""


def _candidates(work: Work, skill: str, but: int | None) -> list[Candidate]:
    people = [one for one in skills.deskmates(work) if one.drawn and one.user_id != but]
    last = skills.last_assigned(work, [one.user_id for one in people])
    return [
        Candidate(one.user_id, one.name, one.skills.get(skill, 0), one.open, one.capacity, last.get(one.user_id))
        for one in people
    ]
