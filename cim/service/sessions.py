"""Sign-in and browser sessions: from a password to a ticket to a cookie, and what ends it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, or_, select, update

from cim import passwords
from cim.access import Actor
from cim.config import settings
from cim.crypto import digest
from cim.errors import Conflict, Invalid, NotFound, SessionEnded
from cim.models import AuthSession, LoginThrottle, OnceToken, User
from cim.models.audit import Result
from cim.models.base import View, columns
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.work import Work, command, query

VISITOR = Actor(user_id=None, username="visitor", name="visitor", role=None, source="web")
"""Who acts before anybody is signed in: functions that take it accept only proofs (password, ticket, cookie)."""

SHORTEST_PASSWORD = passwords.SHORTEST
FREE_FAILURES, FIRST_WAIT, LONGEST_WAIT = 5, 30, 15 * 60
ADDRESS_SHARE = 10  # an office shares one address: it may fail ten times as often as one name
PROOF_SECONDS = 300
TOUCH_SECONDS = 30
_not_before: dict[int, float] = {}
"""When a session that could not be marked as used is tried again."""
# built once and of bare columns, as in cim/access.py: it runs with every click
_USER: Any = columns(User).__table__.c
_HELD: Any = columns(AuthSession).__table__.c
_HOLDER = (
    select(_USER.id, _USER.username, _USER.name, _USER.role, _USER.team_id, _USER.status, _USER.language)
    .add_columns(_USER.session_version, _USER.must_change_password, _HELD.last_seen_at, _HELD.expires_at)
    .add_columns(_HELD.id.label("held"), _HELD.session_version.label("begun_with"), _HELD.ip, _HELD.revoked_at)
    .where(_USER.id == _HELD.user_id, _HELD.token_hash == bindparam("token"))
)
_NOT_VALID = "Signing in took too long. Please start again."


@dataclass(frozen=True)
class SignIn:
    """The outcome of a password check. `proof` opens the next step for five minutes; it never leaves the server."""

    ok: bool
    retry_after: int = 0
    proof: str = ""
    must_change_password: bool = False


class SessionView(View):
    """One of the user's own signed-in browsers."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    ip: str
    user_agent: str
    current: bool


def cookie_names() -> tuple[str, str]:
    """Names of the session cookie and of the cookie that binds a ticket to the browser that asked for it."""
    return ("__Host-cim", "__Host-cim_pre") if settings().secure_cookies else ("cim_session", "cim_pre")


# ---- from password to cookie
def check_password(visitor: Actor, username: str, password: str) -> SignIn:
    """Check a user name and password: the same work and answer for names that do not exist. After five failures each
    further one doubles a wait from 30 s to 15 min, in which the right password fails too (OWASP ASVS 5.0, 6.3.1)."""
    name = username.strip().lower()[:64]
    wait, stored = _stored_password(visitor, name)
    good = wait == 0 and passwords.matches(password, stored)  # outside of any transaction: it takes 50 ms
    return _conclude(visitor, name, good)


@query(Permission.ACCOUNT)
def _stored_password(work: Work, name: str) -> tuple[int, str | None]:
    user: Any = User
    row = work.session.execute(select(user.password_hash, user.status).where(user.username == name)).first()
    usable = row is not None and row[1] is UserStatus.ACTIVE
    return _wait(work, _throttles(work, name)), (row[0] if usable and row else None)


@command(Permission.ACCOUNT)
def _conclude(work: Work, name: str, good: bool) -> SignIn:
    rows = _throttles(work, name, counting=True)
    column: Any = User
    user: User | None = work.session.execute(select(User).where(column.username == name)).scalar_one_or_none()
    if wait := _wait(work, rows):
        return SignIn(ok=False, retry_after=wait)
    if good and user is not None and user.status is UserStatus.ACTIVE:
        forgive(work, name)
        return SignIn(ok=True, proof=_open_proof(work, user), must_change_password=user.must_change_password)
    _count_failure(work, name, rows)
    wait = _wait(work, _throttles(work, name))
    reason = "locked" if wait else "wrong password"
    work.record("sessions.sign_in", result=Result.DENIED, reason=reason, of=user)
    return SignIn(ok=False, retry_after=wait)


def _open_proof(work: Work, user: User) -> str:
    proof = secrets.token_urlsafe(32)
    work.add(
        AuthSession(
            user_id=user.id or 0,
            session_version=user.session_version,
            ticket_hash=digest(f"proof {proof}"),
            ticket_expires_at=work.now + timedelta(seconds=PROOF_SECONDS),
            created_at=work.now,
            last_seen_at=work.now,
            expires_at=work.now + timedelta(seconds=settings().session_seconds),
        )
    )
    return proof


@command(Permission.ACCOUNT)
def replace_password(work: Work, proof: str, *, new: str) -> None:
    """The forced change before the first session. Raises Invalid("new", ...); SessionEnded for an old proof."""
    held, user = _proved(work, proof)
    passwords.check(new, username=user.username, field="new")
    if passwords.matches(new, user.password_hash):
        raise Invalid("new", "Choose a password you have not used before.")
    work.actor = _actor(user, held.id, work.actor.ip)
    _set_password(work, user, new)
    held.session_version = user.session_version


@command(Permission.ACCOUNT)
def open_ticket(work: Work, proof: str, *, binder: str, user_agent: str = "", language: str = "") -> str:
    """Swap a proof for a one-time ticket of 30 seconds, good only in the browser that holds the cookie `binder`.
    `language` is what was chosen on the sign-in page. Raises SessionEnded."""
    held, user = _proved(work, proof)
    if user.must_change_password or not binder:
        raise SessionEnded(_NOT_VALID)
    ticket = secrets.token_urlsafe(32)
    held.ticket_hash = digest(f"ticket {ticket}")
    held.ticket_expires_at = work.now + timedelta(seconds=settings().ticket_seconds)
    held.binder_hash, held.ip, held.user_agent = digest(binder), work.actor.ip, user_agent[:200]
    if language and user.language != language:
        work.actor = _actor(user, held.id, work.actor.ip)
        user.language = language
    return ticket


@command(Permission.ACCOUNT)
def redeem_ticket(work: Work, ticket: str, *, binder: str) -> str | None:
    """Swap a ticket for the cookie's value; None when it is unknown, used, too old, or another browser's."""
    token = secrets.token_urlsafe(32)
    good: Any = AuthSession
    won = work.session.execute(
        update(AuthSession)
        .where(good.ticket_hash == digest(f"ticket {ticket}"), good.binder_hash == digest(binder))
        .where(good.ticket_expires_at > work.now, good.token_hash.is_(None), good.revoked_at.is_(None))
        .values(token_hash=digest(token), ticket_hash=None, last_seen_at=work.now)
        .returning(good.id)
    ).scalar_one_or_none()
    if won is None:
        return None
    held, user = work.session.execute(_pair().where(good.id == won)).one()
    if not _in_force(user, held.session_version):
        held.revoked_at, held.revoke_reason = work.now, "not in force"
        return None
    user.last_login_at = work.now
    work.actor = _actor(user, held.id, work.actor.ip or held.ip)
    work.record("sessions.sign_in", of=user)
    return token


def _proved(work: Work, proof: str) -> tuple[AuthSession, User]:
    held: Any = AuthSession
    found = work.session.execute(_pair().where(held.ticket_hash == digest(f"proof {proof}"))).first()
    if found is None or found[0].ticket_expires_at is None or found[0].ticket_expires_at <= work.now:
        raise SessionEnded(_NOT_VALID)
    if found[1].status is not UserStatus.ACTIVE or found[1].session_version != found[0].session_version:
        raise SessionEnded(_NOT_VALID)
    return found[0], found[1]


# ---- the check before everything
def resolve(token: str | None, touch: bool = True) -> Actor | None:
    """Who holds this cookie, or None: unknown, signed out, idle 30 min, older than 12 h, disabled, demoted, password
    changed or to be changed. `touch` counts as use; what runs by itself (heartbeat, downloads) passes False."""
    if not token or not isinstance(token, str) or len(token) > 200:
        return None
    found = _holder(VISITOR, token)
    if found is None:
        return None
    actor, stale = found
    if touch and stale and actor.session_id is not None and time.monotonic() > _not_before.get(actor.session_id, 0):
        try:
            _touch(VISITOR, actor.session_id)
        except Conflict:
            # a long import holds the database: pages are read meanwhile, and do not wait for it at every click
            _not_before[actor.session_id] = time.monotonic() + TOUCH_SECONDS
        else:
            _not_before.pop(actor.session_id, None)
    return actor


@query(Permission.ACCOUNT)
def _holder(work: Work, token: str) -> tuple[Actor, bool] | None:
    found = work.session.execute(_HOLDER, {"token": digest(token)}).first()
    if found is None:
        return None
    idle = work.now - found.last_seen_at
    if found.revoked_at or found.expires_at <= work.now or idle >= timedelta(seconds=settings().idle_seconds):
        return None
    if not _in_force(found, found.begun_with):
        return None
    return _actor(found, found.held, found.ip), idle > timedelta(seconds=TOUCH_SECONDS)


@command(Permission.ACCOUNT)
def _touch(work: Work, session_id: int) -> None:
    held: Any = AuthSession
    work.session.execute(update(AuthSession).where(held.id == session_id).values(last_seen_at=work.now))


# ---- ending
@command(Permission.ACCOUNT)
def end(work: Work, token: str, *, reason: str = "signed out") -> None:
    """Revoke the session of a cookie. Nothing happens for one that is unknown or over."""
    held: Any = AuthSession
    found = work.session.execute(_pair().where(held.token_hash == digest(token), held.revoked_at.is_(None))).first()
    if found is None:
        return
    session, user = found
    session.revoked_at, session.revoke_reason = work.now, reason[:40]
    work.actor = _actor(user, session.id, session.ip)
    work.record("sessions.sign_out", reason=reason)


@command(Permission.ACCOUNT)
def end_all(work: Work, *, keep_current: bool = False) -> None:
    """Sign out everywhere, or everywhere but here."""
    user = _self(work)
    bump(user)
    if keep_current and work.actor.session_id is not None:
        held = work.session.get(AuthSession, work.actor.session_id)
        if held is not None:
            held.session_version = user.session_version
    work.record("sessions.end_all", kept_current=keep_current)


@query(Permission.ACCOUNT)
def own(work: Work) -> list[SessionView]:
    """The browsers in which the user is signed in now, the newest first."""
    user, held = _self(work), _columns()
    rows = work.session.execute(
        select(AuthSession)
        .where(held.user_id == user.id, held.revoked_at.is_(None), held.token_hash.is_not(None))
        .where(held.session_version == user.session_version, held.expires_at > work.now)
        .where(held.last_seen_at > work.now - timedelta(seconds=settings().idle_seconds))
        .order_by(held.last_seen_at.desc())
    ).scalars()
    return [
        SessionView(**row.model_dump(include=set(SessionView.model_fields)), current=row.id == work.actor.session_id)
        for row in rows
    ]


# ---- the user's own account
@command(Permission.ACCOUNT)
def change_password(work: Work, *, current: str, new: str) -> Invalid | None:
    """Change one's own password: other browsers are signed out, this one stays. Returns (does not raise) what is wrong
    with an input, because a wrong current password must be counted like a failed sign-in."""
    user = _self(work)
    rows = _throttles(work, user.username, counting=True)
    if wait := _wait(work, rows):
        return Invalid("current", "Too many attempts. Try again in {seconds} seconds.", seconds=wait)
    if not passwords.matches(current, user.password_hash):
        _count_failure(work, user.username, rows)
        work.record(result=Result.DENIED, reason="wrong password")
        return Invalid("current", "The current password is wrong.")
    try:
        passwords.check(new, username=user.username, field="new")
    except Invalid as refused:
        return refused
    if passwords.matches(new, user.password_hash):
        return Invalid("new", "Choose a password you have not used before.")
    _set_password(work, user, new)
    if work.actor.session_id is not None and (held := work.session.get(AuthSession, work.actor.session_id)):
        held.session_version = user.session_version
    return None


@command(Permission.ACCOUNT)
def choose_language(work: Work, language: str) -> None:
    """Store the language the user wants to see; "" follows the browser."""
    _self(work).language = language


@command(Permission.ACCOUNT)
def note_refusal(work: Work, page: str, permission: Permission) -> None:
    """Record that the user asked for a page that is not for his role."""
    work.record("pages.open", result=Result.DENIED, page=page, permission=permission.value)


@command(Permission.ACCOUNT)
def purge(work: Work) -> int:
    """Remove sessions that ended a month ago, counters of a day ago, save tokens of a week ago. Returns rows."""
    month, day, week = (work.now - timedelta(days=days) for days in (30, 1, 7))
    held = _columns()
    old = [
        delete(AuthSession).where(or_(held.expires_at < month, held.revoked_at < month)),
        delete(AuthSession).where(held.token_hash.is_(None), held.created_at < day),
        delete(LoginThrottle).where(LoginThrottle.updated_at < day),  # type: ignore[arg-type]
        delete(OnceToken).where(OnceToken.created_at < week),  # type: ignore[arg-type]
    ]
    return sum(getattr(work.session.execute(statement), "rowcount", 0) for statement in old)


# ---- for users.py, inside its own unit of work
def bump(user: User) -> None:
    """End every session of a user: a session carries the version it began with."""
    user.session_version += 1


def forgive(work: Work, name: str) -> None:
    """Forget the failed sign-ins of a name, and with them its waiting time."""
    work.session.execute(delete(LoginThrottle).where(LoginThrottle.key == _name_key(name)))  # type: ignore[arg-type]


def _set_password(work: Work, user: User, new: str) -> None:
    user.password_hash = passwords.hashed(new)
    user.must_change_password = False
    user.password_changed_at = work.now
    bump(user)


def _self(work: Work) -> User:
    user = work.session.get(User, work.actor.user_id) if work.actor.user_id else None
    if user is None:
        raise NotFound("This record does not exist or is not yours to see.")
    return user


def _columns() -> Any:
    return AuthSession


def _pair() -> Any:
    held: Any = AuthSession
    return select(AuthSession, User).join(User, held.user_id == User.id)


def _in_force(user: User | Row[Any], begun_with: int) -> bool:
    """Whether this user may go on with a session that began with this version."""
    return user.status is UserStatus.ACTIVE and user.session_version == begun_with and not user.must_change_password


def _actor(user: User | Row[Any], session_id: int | None, ip: str) -> Actor:
    return Actor(
        user.id, user.username, user.name, user.role, user.team_id, session_id, "web", ip, language=user.language
    )


# ---- counting failures: by name whether it exists or not, and by address
def _name_key(name: str) -> str:
    return f"name:{digest(name)}"  # a digest, because people type passwords into the wrong box


def _throttles(work: Work, name: str, *, counting: bool = False) -> dict[str, LoginThrottle | None]:
    """The counters of a name and of the address. `counting` holds them, so that guesses at once count one by one."""
    keys = [_name_key(name)] + ([f"ip:{work.actor.ip}"] if work.actor.ip else [])
    for key in sorted(keys) if counting else ():
        work.serialise(key)
    return {key: work.session.get(LoginThrottle, key, populate_existing=True) for key in keys}


def _wait(work: Work, rows: dict[str, LoginThrottle | None]) -> int:
    ends = [row.locked_until for row in rows.values() if row is not None and row.locked_until is not None]
    return max((int((end - work.now).total_seconds()) + 1 for end in ends if end > work.now), default=0)


def _count_failure(work: Work, name: str, rows: dict[str, LoginThrottle | None]) -> None:
    for key, row in rows.items():
        if row is None:
            row = work.add(LoginThrottle(key=key, updated_at=work.now))
        elif row.updated_at < work.now - timedelta(hours=1):
            row.failed_count = 0
        row.failed_count += 1
        row.updated_at = work.now
        share = 1 if key == _name_key(name) else ADDRESS_SHARE
        if seconds := _backoff(row.failed_count // share):
            row.locked_until = work.now + timedelta(seconds=seconds)


def _backoff(failures: int) -> int:
    if failures < FREE_FAILURES:
        return 0
    return int(min(FIRST_WAIT * 2.0 ** min(failures - FREE_FAILURES, 20), LONGEST_WAIT))
