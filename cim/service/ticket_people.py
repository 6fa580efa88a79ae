"""Whom a ticket concerns beside its handler: those above, and those who assign."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from cim.models import Customer, Team, Ticket, User
from cim.models.base import columns
from cim.models.user import UserStatus
from cim.permissions import MATRIX, Permission, Role, Scope
from cim.work import Work

USERS = columns(User)
TEAMS = columns(Team)
CUSTOMERS = columns(Customer)


def leads(work: Work, row: Ticket) -> list[int]:
    """Whom to tell when a ticket goes wrong: the managers above its handler and above the owner of its customer; without
    one, the service desk but the handler; without them, the administrators."""
    users = _active(work)
    owner = select(CUSTOMERS.owner_id).where(CUSTOMERS.id == row.customer_id)
    owner_id = work.session.execute(owner).scalar_one_or_none()
    teams = {team for number, _, team in users if number in (row.handler_id, owner_id) and team is not None}
    above = _above(work, teams)
    found = [number for number, role, team in users if role is Role.MANAGER and team in above]
    everywhere = [role for role in Role if MATRIX[role].get(Permission.TICKET_ASSIGN) is Scope.ALL]
    for role in (Role.SERVICE, Role.ADMIN):
        if not found and role in everywhere:
            found = [number for number, held, _ in users if held is role and number != row.handler_id]
    return found


def _active(work: Work) -> list[tuple[int, Role, int | None]]:
    wanted = select(USERS.id, USERS.role, USERS.team_id).where(USERS.status == UserStatus.ACTIVE)
    return [(number, role, team) for number, role, team in work.session.execute(wanted.order_by(USERS.id))]


def _above(work: Work, teams: Iterable[int]) -> set[int]:
    """Teams with all those above them."""
    parents = {number: parent for number, parent in work.session.execute(select(TEAMS.id, TEAMS.parent_id))}
    found: set[int] = set()
    waiting = list(teams)
    while waiting:
        team = waiting.pop()
        if team not in found:
            found.add(team)
            if (parent := parents.get(team)) is not None:
                waiting.append(parent)
    return found
