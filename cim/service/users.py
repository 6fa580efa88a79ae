"""Accounts and teams: who works with CIM, in which role, under whom; and the first administrator."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from cim import access, passwords
from cim.config import settings
from cim.crypto import digest
from cim.errors import Conflict, Denied, Invalid
from cim.i18n import N_
from cim.models import Team, User
from cim.models.base import View
from cim.models.user import TeamView, UserDraft, UserStatus, UserView
from cim.permissions import Permission, Role
from cim.service import sessions, ticket_escalation
from cim.work import Work, command, query

SETUP_MINUTES = 30


@dataclass(frozen=True)
class Credential:
    """A password that is told once and stored nowhere. Empty when the caller chose it."""

    user_id: int
    username: str
    password: str


class Colleague(View):
    """A user as pickers and lists show him."""

    id: int
    name: str
    team_id: int | None = None


# ---- reading
@query(Permission.USER_MANAGE)
def everyone(work: Work) -> list[UserView]:
    """Every account, the active ones first, by name."""
    user: Any = User
    team: Any = Team
    rows = work.session.execute(
        select(User, team.name).outerjoin(Team, user.team_id == team.id).order_by(user.status, user.name)
    )
    return [_view(found, name) for found, name in rows]


@query(Permission.COLLEAGUE_READ)
def colleagues(work: Work, *, assignable: bool = False, also: int | None = None) -> list[Colleague]:
    """Active users by name, for pickers. `assignable`: only those to whom the user may hand a customer. `also`:
    an id to include although disabled (the present owner of a record)."""
    user: Any = User
    wanted = [work.visible(User), (user.status == UserStatus.ACTIVE) | (user.id == also)]
    if assignable:
        reach = Permission.CUSTOMER_ASSIGN if work.actor.can(Permission.CUSTOMER_ASSIGN) else Permission.CUSTOMER_WRITE
        ids = access.reached_users(work.actor, reach)
        wanted.append(user.role.in_([Role.REP, Role.MANAGER]) | (user.id == also))
        if ids is not None:
            wanted.append(user.id.in_(sorted({*ids, also or 0})))
    rows = work.session.execute(select(user.id, user.name, user.team_id).where(*wanted).order_by(user.name, user.id))
    return [Colleague(id=row[0], name=row[1], team_id=row[2]) for row in rows]


@query(Permission.COLLEAGUE_READ)
def teams(work: Work) -> list[TeamView]:
    """All teams by name."""
    rows = work.session.execute(select(Team).where(work.visible(Team)).order_by(Team.name)).scalars()
    return [TeamView(**row.model_dump(include=set(TeamView.model_fields))) for row in rows]


# ---- accounts
@command(Permission.USER_MANAGE)
def add(work: Work, draft: UserDraft, *, password: str | None = None, must_change: bool = True) -> Credential:
    """Create an account. Without a password one is generated and told once in the result. Either has to be changed
    at the first sign-in unless `must_change` is false. Raises Invalid for a taken name, an unknown team, or a password
    against the policy."""
    _free_name(work, draft.username)
    _known_team(work, draft.team_id)
    if password is not None:
        passwords.check(password, username=draft.username)
    secret = password or passwords.generated()
    row = work.add(User(**draft.model_dump(), password_hash=passwords.hashed(secret), must_change_password=must_change))
    return Credential(row.id or 0, row.username, "" if password else secret)


@command(Permission.USER_MANAGE)
def update(work: Work, user_id: int, *, version: int, name: str, role: Role, team_id: int | None) -> None:
    """Change name, role and team. A new role or team ends the user's sessions. Raises Invalid, Conflict, NotFound."""
    user = work.get(User, user_id, version=version)
    if not name.strip() or len(name.strip()) > 60:
        raise Invalid("name", "Enter a name of at most 60 characters.")
    _known_team(work, team_id)
    if role is not user.role:
        _not_oneself(work, user, N_("You cannot change your own role."))
        if user.role is Role.ADMIN:
            _another_admin(work, user)
    if (role, team_id) != (user.role, user.team_id):
        sessions.bump(user)
    user.name, user.role, user.team_id = name.strip(), role, team_id


@command(Permission.USER_MANAGE)
def disable(work: Work, user_id: int, *, reason: str = "") -> None:
    """Lock an account out, at once in every browser. Its customers stay with it until they are handed over; its unfinished
    tickets go to whom the rules of the service desk choose."""
    user = work.get(User, user_id)
    _not_oneself(work, user, N_("You cannot disable your own account."))
    if user.role is Role.ADMIN:
        _another_admin(work, user)
    if user.status is not UserStatus.DISABLED:
        work.reason = reason.strip()[:500]
        user.status = UserStatus.DISABLED
        sessions.bump(user)
        ticket_escalation.move(work, user_id)


@command(Permission.USER_MANAGE)
def enable(work: Work, user_id: int) -> None:
    """Let a disabled or pending account sign in again."""
    user = work.get(User, user_id)
    user.status = UserStatus.ACTIVE
    sessions.forgive(work, user.username)


@command(Permission.USER_MANAGE)
def reset(work: Work, user_id: int) -> Credential:
    """Give a one-time password, to be changed at the next sign-in. Ends the user's sessions and any waiting time."""
    user = work.get(User, user_id)
    _not_oneself(work, user, N_("Change your own password on the page “My account”."))
    secret = passwords.generated()
    user.password_hash, user.must_change_password = passwords.hashed(secret), True
    user.password_changed_at = work.now
    sessions.bump(user)
    sessions.forgive(work, user.username)
    return Credential(user.id or 0, user.username, secret)


@command(Permission.USER_MANAGE)
def add_team(work: Work, name: str, *, parent_id: int | None = None) -> int:
    """Create a team, below another one or at the top. Returns its id. Raises Invalid for an empty or taken name."""
    name = name.strip()
    if not name or len(name) > 60:
        raise Invalid("name", "Enter a name of at most 60 characters.")
    if work.session.execute(select(Team.id).where(Team.name == name)).first():  # type: ignore[call-overload]
        raise Invalid("name", "There is a team of this name already.")
    _known_team(work, parent_id)
    return work.add(Team(name=name, parent_id=parent_id)).id or 0


# ---- the first administrator
@query(Permission.ACCOUNT)
def nobody_yet(work: Work) -> bool:
    """Whether there is no account at all: the sign-in page then asks for the setup code."""
    return work.session.execute(select(User.id).limit(1)).first() is None  # type: ignore[call-overload]


@query(Permission.USER_MANAGE)
def setup_code(work: Work, *, keep: bool = False) -> str:
    """Make the code with which the first administrator is created within 30 minutes; an older one stops working. With
    `keep` one that is still good stays, and the answer is "": only its digest is stored ($CIM_HOME/setup.json).
    Raises Conflict when there are accounts already."""
    if not nobody_yet(work):
        raise Conflict("There are accounts already: an administrator adds others.")
    if keep and _held_code(work):
        return ""
    code = passwords.generated()
    held = {"digest": digest(code), "until": (work.now + timedelta(minutes=SETUP_MINUTES)).isoformat()}
    path = _setup_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(held), "utf-8")
    return code


@command(Permission.ACCOUNT)
def found(work: Work, code: str, draft: UserDraft, *, password: str) -> int:
    """Create the first administrator with the setup code. Raises Invalid for the code, the name or the password."""
    work.serialise("first administrator")
    if work.actor.role is not None or not nobody_yet(work) or not _code_fits(work, code):
        raise Invalid("code", "The setup code is wrong or too old. Make a new one: python -m cim init")
    passwords.check(password, username=draft.username)
    values = draft.model_dump() | {"role": Role.ADMIN}
    user = work.add(User(**values, password_hash=passwords.hashed(password), must_change_password=False))
    _setup_file().unlink(missing_ok=True)
    return user.id or 0


def _setup_file() -> Path:
    return settings().home / "setup.json"


def _code_fits(work: Work, code: str) -> bool:
    held = _held_code(work)
    return bool(held) and hmac.compare_digest(held, digest(code.strip().lower()))


def _held_code(work: Work) -> str:
    """The digest of the code that is good now, or ""."""
    try:
        held = json.loads(_setup_file().read_text("utf-8"))
        return str(held["digest"]) if datetime.fromisoformat(held["until"]) > work.now else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


# ---- rules
def _free_name(work: Work, username: str) -> None:
    if work.session.execute(select(User.id).where(User.username == username)).first():  # type: ignore[call-overload]
        raise Invalid("username", "This user name is taken.")


def _known_team(work: Work, team_id: int | None) -> None:
    if team_id is not None and work.find(Team, team_id) is None:
        raise Invalid("team_id", "This team does not exist.")


def _not_oneself(work: Work, user: User, message: str) -> None:
    if user.id == work.actor.user_id:
        raise Denied(message)


def _another_admin(work: Work, user: User) -> None:
    work.serialise("administrators")
    other: Any = User
    left = work.session.execute(
        select(func.count())
        .select_from(User)
        .where(other.role == Role.ADMIN, other.status == UserStatus.ACTIVE, other.id != user.id)
    ).scalar_one()
    if left == 0:
        raise Conflict("This is the last administrator. Make somebody else administrator first.")


def _view(user: User, team: str | None) -> UserView:
    fields = set(UserView.model_fields) - {"team"}
    return UserView(**user.model_dump(include=fields), team=team or "")
