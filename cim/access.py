"""Which rows an actor reaches, and which fields in clear. The only place that knows what a scope means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select, true
from sqlmodel import Session

from cim import clock
from cim.errors import SessionEnded
from cim.models import (
    Activity,
    Anniversary,
    AuthSession,
    Comment,
    Contact,
    Contract,
    Customer,
    Opportunity,
    OpportunityStep,
    Payment,
    Product,
    SalesOrder,
    SavedView,
    StoredFile,
    SurveyAnswer,
    Task,
    Team,
    Ticket,
    User,
)
from cim.models.base import columns
from cim.models.user import UserStatus
from cim.permissions import MATRIX, Permission, Role, Scope

CUSTOMERS = columns(Customer)
TASKS = columns(Task)
VIEWS = columns(SavedView)
PRODUCTS = columns(Product)
USERS = columns(User)
TEAMS = columns(Team)

BELOW: dict[type[Any], Permission] = {
    Contact: Permission.CUSTOMER_READ,
    Activity: Permission.CUSTOMER_READ,
    StoredFile: Permission.CUSTOMER_READ,
    Comment: Permission.CUSTOMER_READ,
    Anniversary: Permission.CUSTOMER_READ,
    Opportunity: Permission.SALES_READ,
    OpportunityStep: Permission.SALES_READ,
    SalesOrder: Permission.SALES_READ,
    Payment: Permission.SALES_READ,
    Contract: Permission.SALES_READ,
    Ticket: Permission.TICKET_READ,
    SurveyAnswer: Permission.TICKET_READ,
}
"""What belongs to a customer: seen by whoever sees the customer and has this permission."""

# built once and of bare columns, one query instead of two objects: it runs before every action
_USER: Any = USERS.__table__.c
_HELD: Any = columns(AuthSession).__table__.c
_HOLDER = (
    select(_USER.username, _USER.name, _USER.role, _USER.team_id, _USER.status, _USER.session_version)
    .add_columns(_HELD.id, _HELD.revoked_at, _HELD.expires_at, _HELD.session_version.label("version"))
    .select_from(
        USERS.__table__.outerjoin(columns(AuthSession).__table__, (_HELD.id == bindparam("held", type_=_HELD.id.type)))
    )
    .where(_USER.id == bindparam("user"))
)


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


def reload(session: Session, me: Actor) -> Actor:
    """The actor as the database knows it now. Raises SessionEnded when the user or the session is no longer good."""
    if me.role is None:
        return me
    found = session.execute(_HOLDER, {"user": me.user_id, "held": me.session_id}).first()
    if found is None or found.status is not UserStatus.ACTIVE:
        raise SessionEnded("Your session has ended. Please sign in again.")
    if me.session_id is not None and (
        found.id is None
        or found.revoked_at
        or found.expires_at <= clock.now()
        or found.version != found.session_version
    ):
        raise SessionEnded("Your session has ended. Please sign in again.")
    known = replace(
        me, username=found.username, name=found.name, role=found.role, team_id=found.team_id, team_user_ids=frozenset()
    )
    if Scope.TEAM in MATRIX[found.role].values():
        known = replace(known, team_user_ids=_team_members(session, known.team_id))
    return known


def _team_members(session: Session, team_id: int | None) -> frozenset[int]:
    """Users of a team and of the teams below it."""
    if team_id is None:
        return frozenset()
    parents = session.execute(select(TEAMS.id, TEAMS.parent_id)).all()
    below, size = {team_id}, 0
    while len(below) != size:
        size = len(below)
        below |= {child for child, parent in parents if parent in below}
    return frozenset(session.execute(select(USERS.id).where(USERS.team_id.in_(below))).scalars())


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


def visible(actor: Actor, model: type[Any], *, few: bool = False) -> ColumnElement[bool]:
    """The rows of `model` this actor may know of, as an SQL condition. `few` says that the statement finds few rows
    without it (one by its number, those of one customer): then SQLite looks at their customers instead of listing all
    that the actor sees."""
    if model is Customer:
        return and_(_reach(actor, CUSTOMERS.owner_id, pool=True), CUSTOMERS.deleted_at.is_(None))
    if model in BELOW:
        return and_(_of_visible_customer(actor, model, few), model.deleted_at.is_(None))
    if model is Product:
        return and_(true() if actor.can(Permission.SALES_READ) else false(), PRODUCTS.deleted_at.is_(None))
    if model is Task:
        return and_(_task_reach(actor), TASKS.deleted_at.is_(None))
    if model is SavedView:
        return and_(or_(VIEWS.user_id == actor.user_id, VIEWS.shared), VIEWS.deleted_at.is_(None))
    if model in (User, Team):
        return true() if actor.can(Permission.COLLEAGUE_READ) else false()
    raise LookupError(f"no rule of visibility for {model.__name__}")


def removed(actor: Actor, model: type[Any]) -> ColumnElement[bool]:
    """The removed rows of `model` that this actor may bring back: customers of those whose customers the actor may write
    (not what was merged into another one), and what belongs to such customers that stand; products of those who keep them."""
    ids = reached_users(actor, Permission.CUSTOMER_WRITE)
    mine: ColumnElement[bool] = true() if ids is None else CUSTOMERS.owner_id.in_(sorted(ids)) if ids else false()
    if model is Customer:
        return and_(mine, CUSTOMERS.deleted_at.is_not(None), CUSTOMERS.merged_into_id.is_(None))
    if model is Product:
        return and_(true() if actor.can(Permission.PRODUCT_MANAGE) else false(), PRODUCTS.deleted_at.is_not(None))
    if model in BELOW:
        standing = select(CUSTOMERS.id).where(mine, CUSTOMERS.deleted_at.is_(None))
        return and_(model.customer_id.in_(standing), model.deleted_at.is_not(None))
    raise LookupError(f"no recycle bin for {model.__name__}")


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


def _of_visible_customer(actor: Actor, model: type[Any], few: bool) -> ColumnElement[bool]:
    if not actor.can(BELOW[model]):
        return false()
    seen = select(CUSTOMERS.id).where(visible(actor, Customer))
    if few:
        return seen.where(CUSTOMERS.id == model.customer_id).correlate(model).exists()
    of_mine: ColumnElement[bool] = model.customer_id.in_(seen)
    return of_mine


def _task_reach(actor: Actor) -> ColumnElement[bool]:
    ids = reached_users(actor, Permission.TASK_WRITE)
    if ids is None or actor.role is Role.AUDITOR:
        return true()
    mine: ColumnElement[bool] = TASKS.assignee_id.in_(sorted(ids))
    return mine
