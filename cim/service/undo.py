"""Undo: an import, a bulk edit, a merge or an edit is taken back from the history it left, record by record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from cim import access
from cim.config import settings as configured
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.i18n import format_datetime
from cim.models import AuditEntry, ChangeSet, User
from cim.models.base import columns
from cim.models.undo import ChangeKind, ChangeSetView, Undone
from cim.permissions import Permission
from cim.service import settings
from cim.service.undoing import changes, entries, follow, merges, money, rows
from cim.work import Work, command, query

ENTRIES = columns(AuditEntry)
RENAMES = ("options.", "regions.")
"""Changes of a word everywhere it is used, also where the actor does not write otherwise."""
LARGE = 2000
"""Records from which on an undo lets go of each chunk before it takes the next."""


@command(Permission.CUSTOMER_WRITE)
def change_set(work: Work, change_set_id: int, *, token: str | None = None) -> Undone:
    """Take one change back: what it made goes, what it changed or removed comes back. A record that somebody changed
    since is kept, field by field; one that cannot be taken back is left as it is, and told with the reason.

    One's own changes, and those of the people whose customers the actor may write. Raises NotFound for others', Conflict
    when it was taken back already, Invalid when it is older than `undo.days` or holds nothing to take back, Denied for an
    import without the right to import. A second call with the same `token` does nothing and returns the first counts.
    """
    if (done := work.replayed(token)) is not None:
        return _replayed(work, done)
    source = _source(work, change_set_id)
    if not work.actor.can(Permission.IMPORT) and _is_import(work, change_set_id):
        raise Denied("Your role does not permit this.")
    work.serialise(f"undo.{change_set_id}")
    work.session.refresh(source)
    result = take_back(work, change_set_id)
    if result.change_set is not None:
        work.remember(token, result.change_set)
    return result


@command(Permission.CUSTOMER_WRITE)
def batch(work: Work, batch_id: int, *, token: str | None = None) -> Undone:
    """Take an import back, by its number. Returns and raises what `change_set` does."""
    found = changes.of_batch(work, batch_id)
    if found is None:
        raise NotFound("There is no import {number} that is yours to see.", number=batch_id)
    return change_set(work, found, token=token)


@query(Permission.CUSTOMER_WRITE)
def recent(
    work: Work,
    *,
    limit: int = 50,
    page: int = 1,
    actor_id: int | None = None,
    kind: ChangeKind | None = None,
    customer_id: int | None = None,
) -> list[ChangeSetView]:
    """Changes of records, newest first: one's own, and those of the people whose customers the actor may write. Narrowed
    to one person, one kind, or one customer. Each says whether the actor may take it back, and why not."""
    who = access.reached_users(work.actor, Permission.CUSTOMER_WRITE)
    if actor_id is not None:
        who = {actor_id} if who is None or actor_id in who else set()
    found = changes.listed(work, who, kind=kind, customer_id=customer_id, limit=max(1, min(limit, 200)), page=page)
    return changes.views(work, found)


def take_back(
    work: Work,
    change_set_id: int,
    *,
    kept: Mapping[str, str] | None = None,
    only: Collection[tuple[str, str]] | None = None,
) -> Undone:
    """Take a change back in a transaction that is open, whoever made it: the caller answers for the right, the records must
    be in the actor's reach still. `kept` holds sealed values as they were stored before ({"contact.5.phone": hexadecimal}),
    which are stored again where they say the same; what a merge kept is known. `only` names the records (table, id) of one
    part of the change: the rest stands, and so does the change; the caller looks after the rest. Raises Conflict when it
    was taken back, Denied and Conflict when a merge it holds cannot be turned round whole."""
    source = work.session.get(ChangeSet, change_set_id)
    if source is None:
        raise NotFound("There is no such change.")
    if only is None:
        _refuse_again(work, source)
        merges.look(work, change_set_id)
    found = [part for part in entries.objects(work, change_set_id) if only is None or part[:2] in only]
    if not found:
        raise Invalid("change_set", "There is nothing to take back in this change.")
    money.look(work, found)
    run = rows.Run(source, merges.kept(work, change_set_id) | dict(kept or {}))
    run.customers = {int(key): (table, key, seqs) for table, key, seqs in found if table == "customer"}
    run.renames = entries.origin(work, source).action.startswith(RENAMES) and work.actor.can(Permission.SETTINGS_MANAGE)
    for part in entries.chunks(found):
        rows.take_back(work, run, entries.steps(work, part))
        if len(found) > LARGE:
            work.settle()
    if run.written:
        follow.up(work, run, large=len(found) > LARGE)
        if only is None:
            _close(work, source)
    result = run.result if any(table not in entries.QUIET for table, _key, _seqs in found) else run.quiet
    return result.model_copy(update={"change_set": work.change_set() if run.written else None})


def _close(work: Work, source: ChangeSet) -> None:
    merges.turned_round(work, source.id or 0)
    merges.taken_back(work, source.id or 0)
    source.undone_by_id = work.change_set()
    work.record(change_set=source.id)
    work.session.flush()


def _source(work: Work, change_set_id: int) -> ChangeSet:
    """The change, if the actor may take it back at all."""
    source = None
    if 0 < change_set_id < 2**31:
        source = work.session.get(ChangeSet, change_set_id)
    who = access.reached_users(work.actor, Permission.CUSTOMER_WRITE)
    if source is None or (who is not None and source.actor_id not in who):
        raise NotFound("There is no such change that is yours to see.")
    days = settings.value(work, "undo.days")
    if source.at < work.now - timedelta(days=days):
        raise Invalid("change_set", changes.TOO_OLD, days=days)
    return source


def _refuse_again(work: Work, source: ChangeSet) -> None:
    by = entries.undone(work, [source.id or 0]).get(source.id or 0)
    if by is None:
        return
    user: Any = User
    sets: Any = ChangeSet
    wanted = select(user.name, sets.at).select_from(ChangeSet).outerjoin(User, user.id == sets.actor_id)
    name, at = work.session.execute(wanted.where(sets.id == by)).one()
    raise Conflict(changes.ALREADY, name=name or "system", at=format_datetime(at, configured().zone))


def _is_import(work: Work, change_set_id: int) -> bool:
    here = select(func.count()).where(ENTRIES.change_set_id == change_set_id, ENTRIES.object_type == "import_batch")
    return bool(work.session.execute(here).scalar_one())


def _replayed(work: Work, done: int) -> Undone:
    """What an undo with the same token did: the counts that can still be told."""
    counted = [name for name in entries.objects(work, done) if name[0] not in entries.QUIET]
    return Undone(undone=len(counted), change_set=done)
