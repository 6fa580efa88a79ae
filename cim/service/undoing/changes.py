"""Which changes there are to take back: the list of change-sets as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, exists, false, func, not_, or_, select

from cim.config import settings as configured
from cim.i18n import N_, _, format_datetime
from cim.models import AuditEntry, ChangeSet, Customer, User
from cim.models.base import columns
from cim.models.undo import ChangeKind, ChangeSetView
from cim.permissions import Permission
from cim.service import settings
from cim.service.undoing import entries, rights
from cim.service.undoing.verdicts import MANAGED
from cim.work import Work

ENTRIES = columns(AuditEntry)
SETS = columns(ChangeSet)
CUSTOMERS = columns(Customer)
USERS = columns(User)

ALREADY = N_("This was already undone by {name}, {at}.")
TOO_OLD = N_("This is older than {days} days and can no longer be undone.")
NO_IMPORT = N_("Your role does not permit this.")
NOT_YOURS = N_("Only who manages the settings may undo this.")
STANDS = N_("What a customer answered stands.")

ACTIONS: dict[ChangeKind, tuple[str, ...]] = {
    ChangeKind.IMPORT: ("imports.",),
    ChangeKind.BULK: ("bulk_edit.",),
    ChangeKind.MERGE: ("customers.merge", "customers.unmerge", "merging.", "duplicates."),
    ChangeKind.UNDO: ("undo.", "recycle."),
}
"""What the actions of each kind begin with; an edit is what is none of them."""
_IMPORT = "import_batch"


def of_batch(work: Work, batch_id: int) -> int | None:
    """The change-set of an import."""
    known = and_(ENTRIES.object_type == _IMPORT, ENTRIES.object_id == str(batch_id), ENTRIES.row_digest.is_not(None))
    first = select(ENTRIES.change_set_id).where(known).order_by(ENTRIES.seq).limit(1)
    found: int | None = work.session.execute(first).scalar_one_or_none()
    return found


def of_batches(work: Work, batch_ids: Sequence[int | None]) -> dict[int, int]:
    """The change-set of each of these imports, by its number."""
    named = ENTRIES.object_id.in_([str(number) for number in batch_ids])
    first = (
        select(ENTRIES.object_id, func.min(ENTRIES.change_set_id))
        .where(ENTRIES.object_type == _IMPORT, named, ENTRIES.row_digest.is_not(None))
        .group_by(ENTRIES.object_id)
    )
    return {int(number): change_set for number, change_set in work.session.execute(first)}


def listed(
    work: Work, who: set[int] | None, *, kind: ChangeKind | None, customer_id: int | None, limit: int, page: int
) -> list[Any]:
    """(change-set, name of the person), newest first; `who` None is everybody."""
    of_set = exists().where(
        ENTRIES.change_set_id == SETS.id, ENTRIES.object_type.in_(entries.TABLES), ENTRIES.row_digest.is_not(None)
    )
    wanted = select(ChangeSet, USERS.name).outerjoin(User, USERS.id == SETS.actor_id).where(of_set)
    if who is not None:
        wanted = wanted.where(SETS.actor_id.in_(sorted(who)) if who else false())
    if kind is not None:
        wanted = wanted.where(_of_kind(kind))
    if customer_id is not None:
        touched = select(ENTRIES.change_set_id).where(
            ENTRIES.object_type == "customer", ENTRIES.object_id == str(customer_id), ENTRIES.row_digest.is_not(None)
        )
        wanted = wanted.where(SETS.id.in_(touched))
    start = limit * (max(1, page) - 1)
    return list(work.session.execute(wanted.order_by(SETS.id.desc()).limit(limit).offset(start)))


def views(work: Work, found: Sequence[Any]) -> list[ChangeSetView]:
    """Change-sets as they leave the service, by a handful of queries."""
    ids = [row.id for row, _name in found]
    told = _told(work, ids)
    undone = entries.undone(work, ids)
    by = _who(work, set(undone.values()))
    customers = _customers(work, {uid for one in told.values() if (uid := one["uid"])})
    days = settings.value(work, "undo.days")
    made = []
    for row, name in found:
        one = told[row.id]
        number, customer = customers.get(one["uid"], (None, ""))
        why_not = ""
        if row.id in undone:
            why_not = _(ALREADY, **by[undone[row.id]])
        elif row.action in rights.STANDS:
            why_not = _(STANDS)
        elif row.at < work.now - timedelta(days=days):
            why_not = _(TOO_OLD, days=days)
        elif one["import"] and not work.actor.can(Permission.IMPORT):
            why_not = _(NO_IMPORT)
        elif one["managed"] and not one["import"]:  # of an import the rates that it brought stay, the rest may go
            why_not = _(NOT_YOURS)
        same = {field: getattr(row, field) for field in ("id", "at", "actor_id", "action", "reason", "entries")}
        made.append(
            ChangeSetView(
                **same,
                actor=name or "",
                what=one["what"],
                fields=one["fields"],
                customer=customer,
                customer_id=number,
                undone=row.id in undone,
                may_undo=not why_not,
                why_not=why_not,
            )
        )
    return made


def _of_kind(kind: ChangeKind) -> Any:
    starts = ACTIONS.get(kind)
    if starts is not None:
        return or_(*(SETS.action.startswith(start, autoescape=True) for start in starts))
    return not_(or_(*(SETS.action.startswith(s, autoescape=True) for starts in ACTIONS.values() for s in starts)))


def _told(work: Work, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Of each change-set: kinds of record with how many, fields where there is one record, the customer behind it."""
    made: dict[int, dict[str, Any]] = {
        i: {"what": [], "fields": [], "uid": "", "import": False, "managed": False} for i in ids
    }
    counted = (
        select(ENTRIES.change_set_id, ENTRIES.object_type, func.count(ENTRIES.object_id.distinct()))
        .add_columns(func.min(ENTRIES.subject_uid), func.max(ENTRIES.subject_uid), func.max(ENTRIES.fields))
        .where(ENTRIES.change_set_id.in_(ids), ENTRIES.row_digest.is_not(None))
        .where(ENTRIES.object_type.in_(entries.LISTED))
        .group_by(ENTRIES.change_set_id, ENTRIES.object_type)
    )
    uids: dict[int, set[str]] = {}
    place = {table: number for number, table in enumerate(reversed(entries.LISTED))}
    for number, table, count, first, last, fields in work.session.execute(counted):
        one = made[number]
        if table == _IMPORT:
            one["import"] = True
            continue
        model = entries.TABLES[table]
        one["managed"] |= model in MANAGED and not rights.may_keep(work, model)
        one["what"].append((table, count))
        one["fields"] = fields.split(",") if count == 1 and len(one["what"]) == 1 else []
        uids.setdefault(number, set()).update({first, last} - {""})
    for number, one in made.items():
        counts = [item for item in one["what"] if item[0] not in entries.QUIET] or one["what"]
        one["what"] = sorted(counts, key=lambda item: place[item[0]])
        one["uid"] = next(iter(uids.get(number, ()))) if len(uids.get(number, ())) == 1 else ""
    return made


def _who(work: Work, ids: set[int]) -> dict[int, dict[str, str]]:
    """Who made each of these change-sets, and when, for a sentence."""
    if not ids:
        return {}
    wanted = select(SETS.id, USERS.name, SETS.at).outerjoin(User, USERS.id == SETS.actor_id)
    return {
        number: {
            "name": name or "system",
            "at": format_datetime(at, configured().zone),
        }
        for number, name, at in work.session.execute(wanted.where(SETS.id.in_(ids)))
    }


def _customers(work: Work, uids: set[str]) -> dict[str, tuple[int, str]]:
    """Number and name of those of these customers that the actor may see; also removed ones."""
    if not uids:
        return {}
    seen = or_(work.visible(Customer), work.removed(Customer))
    wanted = select(CUSTOMERS.uid, CUSTOMERS.id, CUSTOMERS.name).where(CUSTOMERS.uid.in_(sorted(uids)), seen)
    return {uid: (number, name) for uid, number, name in work.session.execute(wanted)}
