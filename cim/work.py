"""The one door for work: @command and @query. The only place that begins and commits, checks permissions and writes history."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, bindparam, event, func, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session

from cim import access, audit, checkpoint, clock, crypto, db, history
from cim.access import Actor as Actor
from cim.errors import Conflict, Denied, NotFound, SessionEnded
from cim.models import AuthSession, ChangeSet, Customer, OnceToken, SubjectKey, Team, User
from cim.models.audit import Result
from cim.models.base import Model, columns
from cim.models.user import UserStatus
from cim.permissions import Permission, Scope

CUSTOMERS = columns(Customer)
USERS = columns(User)
TEAMS = columns(Team)
SUBJECT_KEYS = columns(SubjectKey)

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

LARGEST_ID = 2**31 - 1
"""A link may ask for any number; beyond this one a database does not look but fails."""

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Model)
log = logging.getLogger("cim.work")


@dataclass(frozen=True)
class Guard:
    """What stands before a service function."""

    action: str
    permission: Permission
    writing: bool
    recorded: bool
    function: Callable[..., Any]


GUARDS: dict[str, Guard] = {}
"""Every guarded service function, by action name (`customers.create`)."""


def command(
    permission: Permission,
) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Actor | Work, P], R]]:
    """A function of `(work, ...)` that writes becomes one of `(actor, ...)`: one transaction, permission first, history last.
    Called with a Work it joins that transaction. Raises Denied, SessionEnded, Conflict, and what the function raises."""
    return _guard(permission, writing=True, recorded=False)


def query(
    permission: Permission, *, recorded: bool = False
) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Actor | Work, P], R]]:
    """As `command`, for reading. `recorded` reads (exports, unmasking) leave an entry in the audit log."""
    return _guard(permission, writing=recorded, recorded=recorded)


class Work:
    """One unit of work of one actor: its transaction, its reach, and the history it will leave."""

    def __init__(self, session: Session, actor: Actor, guard: Guard) -> None:
        self.session = session
        self.actor = actor
        self.action = guard.action
        self.now: datetime = clock.now()
        self.reason = ""
        self.head: tuple[int, int, bytes] | None = None
        self._events: dict[tuple[str, str], audit.Event] = {}
        self._loose: list[audit.Event] = []
        self._rows: dict[tuple[str, str], Model] = {}
        self._ciphers: dict[str, crypto.Cipher | None] = {}
        self._uids: dict[int, str] = {}
        session.info["work"] = self

    # ---- reaching rows
    def visible(self, model: type[Any]) -> ColumnElement[bool]:
        """The condition every query on `model` starts with."""
        return access.visible(self.actor, model)

    def get(self, model: type[M], key: Any, *, version: int | None = None, to: Permission | None = None) -> M:
        """One row in the actor's reach. NotFound when there is none; Conflict when it is no longer at `version`;
        Denied when the actor may see it but the permission `to` does not reach its owner."""
        table: Any = model
        row: M | None = None
        if not isinstance(key, int) or 0 < key <= LARGEST_ID:
            row = self.session.execute(select(model).where(table.id == key, self.visible(model))).scalar_one_or_none()
        if row is None:
            raise NotFound("This record does not exist or is not yours to see.")
        if to is not None and isinstance(row, Customer) and not access.owns(self.actor, to, row.owner_id):
            raise Denied("This customer is looked after by somebody else.")
        if version is not None and getattr(row, "version", version) != version:
            raise Conflict("Somebody changed this record while you were editing it.")
        return row

    def owns(self, permission: Permission, owner_id: int | None) -> bool:
        """Whether a permission of the actor reaches rows of this owner."""
        return access.owns(self.actor, permission, owner_id)

    def may_see_clear(self, owner_id: int | None) -> bool:
        """Whether personal values of a customer of this owner leave unmasked."""
        return access.may_see_clear(self.actor, owner_id)

    # ---- writing rows
    def add(self, row: M) -> M:
        """Insert a row now, so that it has its id. Its history is written at the end."""
        self.session.add(row)
        self.session.flush()
        return row

    def next_ids(self, model: type[Model], count: int) -> range | list[int]:
        """Ids for `count` rows to be bulk-inserted, reserved in this transaction."""
        table: Any = model
        if db.is_sqlite(self.session):
            start = int(self.session.execute(select(func.coalesce(func.max(table.id), 0))).scalar_one()) + 1
            return range(start, start + count)
        sequence = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
        return [int(v) for v in self.session.execute(sequence, {"name": table.__tablename__, "count": count}).scalars()]

    def bulk(
        self,
        model: type[Model],
        rows: list[dict[str, Any]],
        *,
        changes: Iterable[history.Change] = (),
        chunk: int = 5000,
    ) -> None:
        """Insert many rows by one prepared statement, with the history given beside them."""
        table: Any = model
        for start in range(0, len(rows), chunk):
            self.session.execute(insert(table.__table__), rows[start : start + chunk])
        for change in changes:
            self._ciphers[change.subject_uid] = change.cipher
            self._loose.append(history.bulk_event(self.action, table.__tablename__, change))

    def serialise(self, name: str) -> None:
        """Let no two transactions be past this point at once. SQLite's write lock does that already."""
        if not db.is_sqlite(self.session):
            self.session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})

    def replayed(self, token: str | None) -> int | None:
        """The result of an earlier save with the same token: the second press of a button, or a retry."""
        if not token:
            return None
        self.serialise(token)
        done = self.session.get(OnceToken, token[:64])
        return done.result_id if done is not None and done.user_id == self.actor.user_id else None

    def remember(self, token: str | None, result_id: int) -> None:
        """Store the result for `replayed`, in the same transaction."""
        if token:
            self.session.add(
                OnceToken(
                    token=token[:64],
                    action=self.action,
                    user_id=self.actor.user_id,
                    result_id=result_id,
                    created_at=self.now,
                )
            )

    # ---- customers' keys
    def new_subject(self, uid: str) -> crypto.Cipher:
        """Make and store the key of a new customer."""
        cipher, wrapped = crypto.keys().new_subject(uid)
        self.session.add(SubjectKey(uid=uid, wrapped=wrapped, created_at=self.now))
        self._ciphers[uid] = cipher
        return cipher

    def cipher(self, uid: str) -> crypto.Cipher | None:
        """The key of a customer, or None when it was erased."""
        if uid not in self._ciphers:
            self.load_ciphers([uid])
        return self._ciphers[uid]

    def load_ciphers(self, uids: Iterable[str]) -> None:
        """Fetch the keys of many customers by one query, for a list."""
        missing = [uid for uid in dict.fromkeys(uids) if uid not in self._ciphers]
        keys = crypto.keys()
        for start in range(0, len(missing), 500):
            part = missing[start : start + 500]
            found = dict(
                self.session.execute(
                    select(SUBJECT_KEYS.uid, SUBJECT_KEYS.wrapped).where(SUBJECT_KEYS.uid.in_(part))
                ).all()
            )
            for uid in part:
                wrapped = found.get(uid)
                self._ciphers[uid] = keys.open_subject(uid, bytes(wrapped)) if wrapped else None

    def subject_of(self, customer_id: int) -> str:
        """The uid under which a customer's values, and those of its contacts and activities, are sealed."""
        if customer_id not in self._uids:
            uid = self.session.execute(select(CUSTOMERS.uid).where(CUSTOMERS.id == customer_id)).scalar_one()
            self._uids[customer_id] = uid
        return self._uids[customer_id]

    # ---- history
    def record(
        self, action: str = "", *, result: Result = Result.OK, reason: str = "", of: Model | None = None, **facts: Any
    ) -> None:
        """Put an event into the audit log that is not a change of a row (a reveal, an export, a sign-in)."""
        happened = audit.Event(action or self.action, result=result, reason=reason)
        happened.changes = {name: (None, value) for name, value in facts.items()}
        if of is not None:
            happened.object_type, happened.object_id, happened.subject_uid = history.name_of(of, self.subject_of)
        self._loose.append(happened)

    def note(self, row: Model, field: str, before: Any, after: Any) -> None:
        """Add a change that is no column of the row (its tags) to the row's history."""
        if before != after:
            self._event_of(row).changes[field] = (before, after)

    def saw_changes(self, row: Model, changes: dict[str, tuple[Any, Any]]) -> None:
        """Called by the flush hook with what a flush wrote for one row."""
        happened = self._event_of(row)
        for name, (before, after) in changes.items():
            first = happened.changes.get(name, (before, None))[0]
            happened.changes[name] = (first, after)

    def finish(self) -> None:
        """Write the history of this unit of work. Nothing changed, nothing recorded."""
        self.session.flush()
        events = [*(e for e in self._events.values() if e.changes), *self._loose]
        if not events:
            return
        for key, row in self._rows.items():
            self._events[key].row_digest = history.digest_of(row)
        values = {
            "at": self.now,
            "action": self.action,
            "actor_id": self.actor.user_id,
            "reason": self.reason,
            "entries": len(events),
        }
        table: Any = ChangeSet
        change_set = self.session.execute(insert(table.__table__).returning(table.id), values).scalar_one()
        self.load_ciphers(e.subject_uid for e in events if e.subject_uid)
        for e in events:
            e.reason = e.reason or self.reason
        sealed = [(e, self._ciphers.get(e.subject_uid)) for e in events]
        for e, cipher in sealed:
            if e.subject_uid and cipher is None:
                e.changes = {}
        self.head = audit.append(self.session, _who(self.actor), self.now, change_set, sealed)

    def _event_of(self, row: Model) -> audit.Event:
        object_type, object_id, uid = history.name_of(row, self.subject_of)
        key = (object_type, object_id)
        self._rows[key] = row
        return self._events.setdefault(key, audit.Event(self.action, object_type, object_id, uid))


def refused(actor: Actor, action: str, permission: Permission) -> None:
    """Write an attempt that was denied into the audit log, in a transaction of its own."""
    guard = Guard(action, permission, writing=True, recorded=True, function=refused)
    with db.session(writing=True) as session:
        work = Work(session, actor, guard)
        work.record(result=Result.DENIED, permission=permission.value)
        work.finish()
        session.commit()
    _checkpoint(work)


def _guard(permission: Permission, *, writing: bool, recorded: bool) -> Callable[..., Any]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        action = f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"
        guard = GUARDS[action] = Guard(action, permission, writing, recorded, function)

        @functools.wraps(function)
        def guarded(me: Actor | Work, /, *args: Any, **options: Any) -> Any:
            if isinstance(me, Work):
                if not me.actor.can(permission):
                    raise Denied("Your role does not permit this.")
                return function(me, *args, **options)
            return _run(guard, me, args, options)

        guarded.__dict__["__cim_guard__"] = guard
        return guarded

    return decorate


def _run(guard: Guard, me: Actor, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        with db.session(writing=guard.writing) as session:
            actor = reload(session, me)
            if not actor.can(guard.permission):
                raise Denied("Your role does not permit this.")
            work = Work(session, actor, guard)
            result = guard.function(work, *args, **options)
            if guard.writing:
                work.finish()
                session.commit()
    except SessionEnded:
        raise
    except Denied:
        refused(me, guard.action, guard.permission)
        raise
    except StaleDataError as error:
        raise Conflict("Somebody changed this record while you were editing it.") from error
    except IntegrityError as error:
        log.warning("integrity error in %s: %s", guard.action, type(error.orig).__name__)
        raise Conflict("Somebody saved the same thing a moment before. Look at it, then try again.") from error
    except OperationalError as error:
        if "locked" in str(error.orig) or "busy" in str(error.orig):
            raise Conflict("The database is busy. Nothing was saved: please try again.") from error
        if "full" in str(error.orig) or "readonly" in str(error.orig):
            raise Conflict("The disk is full or read-only. Nothing was saved: tell your administrator.") from error
        raise
    _checkpoint(work)
    return result


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
    if Scope.TEAM in {known.scope(p) for p in Permission}:
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


def _who(actor: Actor) -> dict[str, Any]:
    return {
        "actor_id": actor.user_id,
        "actor": actor.username,
        "role": actor.role.value if actor.role else "system",
        "session_id": actor.session_id,
        "source": actor.source,
        "ip": actor.ip,
    }


def _checkpoint(work: Work) -> None:
    if work.head is not None:
        checkpoint.note(*work.head, work.now)


@event.listens_for(Session, "after_flush")
def _collect(session: Session, _context: Any) -> None:
    work: Work | None = session.info.get("work")
    if work is None:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Model) and row.__audited__:
            changes = history.changes_of(row, work, deleted=row in session.deleted)
            if changes:
                work.saw_changes(row, changes)
