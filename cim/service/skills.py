"""Who on the service desk can do what, how many tickets each may have, and who is away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select

from cim import clock
from cim.errors import Invalid, NotFound
from cim.models import Preference, Skill, Ticket, User
from cim.models.base import columns
from cim.models.ticket import TicketStatus
from cim.models.ticket_view import Deskmate
from cim.models.user import UserStatus
from cim.permissions import MATRIX, Permission, Role
from cim.service import settings, typed
from cim.work import Work, command, query

SKILLS = columns(Skill)
USERS = columns(User)
TICKETS = columns(Ticket)
PREFERENCES = columns(Preference)
GENERAL = ""
"""The row of a person that carries the capacity where no skill is named."""
LEVELS = (1, 2, 3)
MOST_SKILLS = 30
AWAY = "tickets.away"
HANDLING = [role for role in Role if Permission.TICKET_HANDLE in MATRIX[role]]
WORKED_ON = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.WAITING)
"""What counts as load."""


@query(Permission.TICKET_READ)
def everyone(work: Work) -> list[Deskmate]:
    """Everybody who may handle tickets, with skills, capacity and load, by name."""
    return deskmates(work)


@query(Permission.TICKET_READ)
def names(work: Work) -> list[str]:
    """The skills there are."""
    found = select(SKILLS.name).where(SKILLS.name != GENERAL).distinct().order_by(SKILLS.name)
    return list(work.session.execute(found).scalars())


@command(Permission.SETTINGS_MANAGE)
def set_person(work: Work, user_id: int, skills: Mapping[str, int], *, capacity: int = 0) -> bool:
    """Say what somebody can do (level 1 to 3 by word) and how many open tickets they may have (0: no limit); False when
    it is so already. Raises Invalid at the field, NotFound for who may not handle tickets."""
    user = work.find(User, user_id)
    if user is None or user.role not in HANDLING:
        raise NotFound("This record does not exist or is not yours to see.")
    if not 0 <= capacity <= 1000:
        raise Invalid("capacity", "Enter a whole number from {least} to {most}.", least=0, most=1000)
    wanted = {typed.line("name", name, 60): level for name, level in skills.items()}
    wanted.pop(GENERAL, None)
    if len(wanted) > MOST_SKILLS or any(level not in LEVELS for level in wanted.values()):
        raise Invalid("level", "Choose a level from 1 to 3.")
    if wanted or capacity:
        wanted[GENERAL] = 1
    held = {row.name: row for row in work.session.execute(select(Skill).where(SKILLS.user_id == user_id)).scalars()}
    before = {name: (row.level, row.capacity) for name, row in held.items()}
    after = {name: (level, capacity if name == GENERAL else 0) for name, level in wanted.items()}
    if before == after:
        return False
    for name, (level, most) in after.items():
        row = held.get(name)
        if row is None:
            work.session.add(Skill(user_id=user_id, name=name, level=level, capacity=most))
        else:
            row.level, row.capacity = level, most
    for name, row in held.items():
        if name not in after:
            work.session.delete(row)
    return True


@command(Permission.TICKET_HANDLE)
def away(work: Work, until: date | None) -> None:
    """Say until which day (included) one gets no tickets by rule; None is back again. Raises Invalid for a day that is
    over."""
    if until is not None and until < clock.today():
        raise Invalid("until", "Choose today or a later day.")
    settings.prefer(work, AWAY, until.isoformat() if until else None)


# ---- below the doors
def deskmates(work: Work) -> list[Deskmate]:
    """Active users whose role handles tickets. Four queries, however many there are."""
    wanted = [USERS.status == UserStatus.ACTIVE, USERS.role.in_(HANDLING)]
    people = work.session.execute(
        select(USERS.id, USERS.name, USERS.role).where(*wanted).order_by(USERS.name, USERS.id)
    )
    found = people.all()
    ids = [row[0] for row in found]
    skills: dict[int, dict[str, int]] = {}
    capacity: dict[int, int] = {}
    for row in work.session.execute(select(Skill).where(SKILLS.user_id.in_(ids)).order_by(SKILLS.name)).scalars():
        skills.setdefault(row.user_id, {})[row.name] = row.level
        capacity[row.user_id] = max(capacity.get(row.user_id, 0), row.capacity)
    load, absent = open_tickets(work, ids), _away(work, ids)
    return [
        Deskmate(
            user_id=number,
            name=name,
            skills={word: level for word, level in skills.get(number, {}).items() if word != GENERAL},
            capacity=capacity.get(number, 0),
            open=load.get(number, 0),
            away_until=absent.get(number),
            drawn=(role is Role.SERVICE or number in skills) and number not in absent,
        )
        for number, name, role in found
    ]


def open_tickets(work: Work, user_ids: list[int]) -> dict[int, int]:
    """How many tickets each of these users works on."""
    counted = (
        select(TICKETS.handler_id, func.count())
        .where(TICKETS.handler_id.in_(user_ids), TICKETS.status.in_(WORKED_ON), TICKETS.deleted_at.is_(None))
        .group_by(TICKETS.handler_id)
    )
    return {row[0]: row[1] for row in work.session.execute(counted)}


def last_assigned(work: Work, user_ids: list[int]) -> dict[int, Any]:
    """When each of these users was given a ticket last."""
    newest = (
        select(TICKETS.handler_id, func.max(TICKETS.assigned_at))
        .where(TICKETS.handler_id.in_(user_ids))
        .group_by(TICKETS.handler_id)
    )
    return {row[0]: row[1] for row in work.session.execute(newest)}


def _away(work: Work, user_ids: list[int]) -> dict[int, date]:
    """Who of these is away today, and until when."""
    held = select(PREFERENCES.user_id, PREFERENCES.value).where(
        PREFERENCES.user_id.in_(user_ids), PREFERENCES.name == AWAY
    )
    until = {row[0]: date.fromisoformat(str(row[1])) for row in work.session.execute(held) if row[1]}
    return {number: day for number, day in until.items() if day >= clock.today()}
