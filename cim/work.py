"""The one door for work: @command and @query. The only place that begins and commits, checks permissions and writes history."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, event, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session

from cim import access, audit, checkpoint, clock, crypto, db, history
from cim.access import Actor as Actor
from cim.errors import Conflict, Denied, NotFound, SessionEnded
from cim.models import ChangeSet, Customer, OnceToken, SubjectKey
from cim.models.audit import Result
from cim.models.base import Model, columns
from cim.permissions import Permission

CUSTOMERS = columns(Customer)
SUBJECT_KEYS = columns(SubjectKey)

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
        self._change_set: int | None = None
        session.info["work"] = self

    # ---- reaching rows
    def visible(self, model: type[Any], *, few: bool = False) -> ColumnElement[bool]:
        """The condition every query on `model` starts with; `few` where it finds few rows without it."""
        return access.visible(self.actor, model, few=few)

    def removed(self, model: type[Any]) -> ColumnElement[bool]:
        """The rows of `model` in the recycle bin that the actor may bring back."""
        return access.removed(self.actor, model)

    def get(
        self, model: type[M], key: Any, *, version: int | None = None, to: Permission | None = None, held: bool = False
    ) -> M:
        """One row in the actor's reach, with `held` locked and as it is stored by now. NotFound when there is none;
        Conflict when it is no longer at `version`; Denied when the actor may see it but `to` does not reach its owner."""
        table: Any = model
        row: M | None = None
        if not isinstance(key, int) or 0 < key <= LARGEST_ID:
            wanted = select(model).where(table.id == key, self.visible(model, few=True))
            if held:
                wanted = wanted.with_for_update().execution_options(populate_existing=True)
            row = self.session.execute(wanted).scalar_one_or_none()
        if row is None:
            raise NotFound("This record does not exist or is not yours to see.")
        if to is not None and isinstance(row, Customer) and not access.owns(self.actor, to, row.owner_id):
            raise Denied("This customer is looked after by somebody else.")
        if version is not None and getattr(row, "version", version) != version:
            raise Conflict("Somebody changed this record while you were editing it.")
        return row

    def find(self, model: type[M], key: int) -> M | None:
        """The row of this number, whoever may see it; None when there is none, also for a number no row can have."""
        return self.session.get(model, key) if 0 < key <= LARGEST_ID else None

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
            db.insert_many(self.session, table.__table__, rows[start : start + chunk])
        keys = crypto.keys()
        for change in changes:
            self._ciphers[change.subject_uid] = change.cipher
            self._loose.append(history.bulk_event(self.action, table.__tablename__, change, keys))

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

    def forget_ciphers(self) -> None:
        """Let go of the keys fetched so far: 2.6 kB each, which long reads need not keep."""
        self._ciphers.clear()

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

    def change_set(self) -> int:
        """The number under which this unit of work will stand in the history, for rows that refer to it."""
        if self._change_set is None:
            self._change_set = self._begin(entries=0)
        return self._change_set

    def settle(self) -> None:
        """Put down the history of what was changed until now and let go of those rows, so that long work does not hold
        every row it changed. Nobody may go on using them."""
        self.session.flush()
        self._loose += self._seen()
        for row in self._rows.values():
            if row in self.session:
                self.session.expunge(row)
        self._events.clear()
        self._rows.clear()

    def finish(self) -> None:
        """Write the history of this unit of work. Nothing changed, nothing recorded."""
        self.session.flush()
        events = [*self._seen(), *self._loose]
        if not events:
            return
        if self._change_set is None:
            self._change_set = self._begin(entries=len(events))
        else:
            table: Any = ChangeSet
            known = update(table.__table__).where(table.id == self._change_set)
            self.session.execute(known.values(reason=self.reason, entries=len(events)))
        self.load_ciphers(e.subject_uid for e in events if e.subject_uid)
        for e in events:
            e.reason = e.reason or self.reason
        sealed = [(e, self._ciphers.get(e.subject_uid)) for e in events]
        for e, cipher in sealed:
            if e.subject_uid and cipher is None:
                e.changes = {}
        self.head = audit.append(self.session, _who(self.actor), self.now, self._change_set, sealed)

    def _begin(self, *, entries: int) -> int:
        table: Any = ChangeSet
        values = {"at": self.now, "action": self.action, "actor_id": self.actor.user_id, "reason": self.reason}
        made = insert(table.__table__).returning(table.id)
        return int(self.session.execute(made, values | {"entries": entries}).scalar_one())

    def _seen(self) -> list[audit.Event]:
        """What the flush hook saw, with the digests of the rows as they are now."""
        for key, row in self._rows.items():
            self._events[key].row_digest = history.digest_of(row)
        return [e for e in self._events.values() if e.changes]

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
            actor = access.reload(session, me)
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
