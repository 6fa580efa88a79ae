"""Which rows an actor reaches, and which fields in clear. The only place that knows what a scope means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from cim.models import Activity, Contact, Customer, Task, Team, User
from cim.models.base import columns
from cim.permissions import MATRIX, Permission, Role, Scope

CUSTOMERS = columns(Customer)
TASKS = columns(Task)


@dataclass(frozen=True)
class Actor:
    """Who acts: an identity claim. Role, team and status are read from the database again by every service call."""

    user_id: int | None
    username: str
    name: str
    role: Role | None
    team_id: int | None = None
    session_id: int | None = None
    source: str = "system"
    ip: str = ""
    language: str = ""
    team_user_ids: frozenset[int] = frozenset()

    def scope(self, permission: Permission) -> Scope | None:
        """The reach of a permission for this actor. The system itself (role None) reaches everything."""
        return Scope.ALL if self.role is None else MATRIX[self.role].get(permission)

    def can(self, permission: Permission) -> bool:
        return self.scope(permission) is not None


SYSTEM = Actor(user_id=None, username="system", name="system", role=None)


def owns(actor: Actor, permission: Permission, owner_id: int | None) -> bool:
    """Whether a permission of the actor reaches rows of this owner. The public pool (None) belongs to nobody but `all`."""
    match actor.scope(permission):
        case Scope.ALL:
            return True
        case Scope.TEAM:
            return owner_id is not None and (owner_id in actor.team_user_ids or owner_id == actor.user_id)
        case Scope.OWN:
            return owner_id is not None and owner_id == actor.user_id
    return False


def may_see_clear(actor: Actor, owner_id: int | None) -> bool:
    """Whether personal values of a customer of this owner are shown unmasked."""
    return owns(actor, Permission.CUSTOMER_UNMASK, owner_id)


def visible(actor: Actor, model: type[Any]) -> ColumnElement[bool]:
    """The rows of `model` this actor may know of, as an SQL condition."""
    if model is Customer:
        return and_(_reach(actor, CUSTOMERS.owner_id, pool=True), CUSTOMERS.deleted_at.is_(None))
    if model in (Contact, Activity):
        return and_(_of_visible_customer(actor, model), model.deleted_at.is_(None))
    if model is Task:
        return and_(_task_reach(actor), TASKS.deleted_at.is_(None))
    if model in (User, Team):
        return true() if actor.can(Permission.COLLEAGUE_READ) else false()
    raise LookupError(f"no rule of visibility for {model.__name__}")


def reached_users(actor: Actor, permission: Permission) -> set[int] | None:
    """Ids of the users whose rows a permission reaches; None for all."""
    match actor.scope(permission):
        case Scope.ALL:
            return None
        case Scope.TEAM:
            return {*actor.team_user_ids, actor.user_id or 0}
        case Scope.OWN:
            return {actor.user_id or 0}
    return set()


def _reach(actor: Actor, column: Any, *, pool: bool) -> ColumnElement[bool]:
    ids = reached_users(actor, Permission.CUSTOMER_READ)
    if ids is None:
        return true()
    if not ids:
        return false()
    mine: ColumnElement[bool] = column == next(iter(ids)) if len(ids) == 1 else column.in_(sorted(ids))
    return or_(mine, column.is_(None)) if pool else mine


def _of_visible_customer(actor: Actor, model: type[Any]) -> ColumnElement[bool]:
    of_mine: ColumnElement[bool] = model.customer_id.in_(select(CUSTOMERS.id).where(visible(actor, Customer)))
    return of_mine


def _task_reach(actor: Actor) -> ColumnElement[bool]:
    ids = reached_users(actor, Permission.TASK_WRITE)
    if ids is None or actor.role is Role.AUDITOR:
        return true()
    mine: ColumnElement[bool] = TASKS.assignee_id.in_(sorted(ids))
    return mine
