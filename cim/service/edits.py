"""Edits of a customer as the audit log tells them: which fields, by whom; those close together folded into one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, String, and_, cast, func, or_, select

from cim.access import SYSTEM
from cim.models import AuditEntry, Merge, StoredFile, User
from cim.models.audit import Result
from cim.models.base import columns
from cim.service import lineage
from cim.work import Work

ENTRIES = columns(AuditEntry)
FILES = columns(StoredFile)
MERGES = columns(Merge)
USERS = columns(User)

FOLD = timedelta(minutes=2)
"""Edits of one person that follow each other more closely are shown as one."""
CHUNK = 200


@dataclass
class Edit:
    """One edit, or several that are one: `at` and `seq` are those of the newest."""

    seq: int
    at: datetime
    first: datetime
    actor: str
    actor_id: int | None
    action: str
    fields: set[str]

    @property
    def creates(self) -> bool:
        """Whether the record was made: it got its code, every field is in it, and none of them is news."""
        return "code" in self.fields

    @property
    def gives(self) -> bool:
        """Whether the customer got another owner."""
        return "owner_id" in self.fields and not self.creates


def folded(
    work: Work,
    customer_id: int,
    *,
    files: tuple[str, ...],
    merges: bool = True,
    person: int | None = None,
    before: datetime | None = None,
) -> Iterator[Edit]:
    """Edits of a customer's own fields, and what `files` (actions) did to its files, newest first; those of records that
    were merged into it are among them, and with `merges` the merges. `before` skips what is newer by more than the fold,
    so that a fold is the same wherever the reading begins. One query, read as far as it is asked for."""
    result = work.session.execute(
        _wanted(work, customer_id, files, merges, person, before), execution_options={"yield_per": CHUNK}
    )
    held: Edit | None = None
    try:
        for seq, at, actor_id, actor, action, fields in result:
            same = held is not None and (held.actor, held.action) == (actor, action) and held.first - at < FOLD
            if held is not None and same:
                held.fields |= set(fields.split(","))
                held.first = at
                continue
            if held is not None:
                yield held
            held = Edit(seq, at, at, actor, actor_id, action, set(fields.split(",")))
        if held is not None:
            yield held
    finally:
        result.close()


def _wanted(
    work: Work, customer_id: int, files: tuple[str, ...], merges: bool, person: int | None, before: datetime | None
) -> Select[Any]:
    ids = [str(i) for i in (customer_id, *lineage.predecessors(work, [customer_id]))]
    theirs = select(cast(FILES.id, String)).where(FILES.customer_id == customer_id)
    of_files = and_(ENTRIES.object_type == "stored_file", ENTRIES.action.in_(files), ENTRIES.object_id.in_(theirs))
    here = or_(and_(ENTRIES.object_type == "customer", ENTRIES.object_id.in_(ids)), of_files)
    # as an expression, so that no database walks the whole log by time instead of the entries of these records
    at = func.coalesce(ENTRIES.at, ENTRIES.at)
    who = func.coalesce(USERS.name, func.nullif(ENTRIES.actor, SYSTEM.username), "")
    wanted: Select[Any] = select(ENTRIES.seq, ENTRIES.at, ENTRIES.actor_id, who, ENTRIES.action, ENTRIES.fields)
    wanted = wanted.outerjoin(User, USERS.id == ENTRIES.actor_id).where(
        here, ENTRIES.result == Result.OK, ENTRIES.row_digest.is_not(None), ENTRIES.fields != ""
    )
    wanted = wanted.where(ENTRIES.action != "demo.load")
    if not merges:
        told = select(MERGES.change_set_id).where(MERGES.winner_id == customer_id, MERGES.undone_at.is_(None))
        wanted = wanted.where(ENTRIES.change_set_id.not_in(told))
    if person is not None:
        wanted = wanted.where(ENTRIES.actor_id == person)
    if before is not None:
        wanted = wanted.where(at < before + FOLD)
    return wanted.order_by(at.desc(), ENTRIES.seq.desc())
