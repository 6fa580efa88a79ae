"""Edits of a customer as the audit log tells them: which fields, by whom; those close together folded into one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, String, and_, bindparam, cast, func, or_, select

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
    wanted, given = _wanted(work, customer_id, files, merges, person, before)
    result = work.session.execute(wanted, given, execution_options={"yield_per": CHUNK})
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
) -> tuple[Select[Any], dict[str, Any]]:
    """The statement, and what it asks for."""
    ids = [str(i) for i in (customer_id, *lineage.predecessors(work, [customer_id]))]
    given: dict[str, Any] = {"customer": customer_id, "ids": ids, "files": files}
    given |= {"person": person} if person is not None else {}
    given |= {"before": before + FOLD} if before is not None else {}
    return _statement(merges, person is not None, before is not None), given


@cache
def _statement(merges: bool, person: bool, before: bool) -> Select[Any]:
    """Built once: it runs with every page of a timeline."""
    customer = bindparam("customer", type_=Integer())
    theirs = select(cast(FILES.id, String)).where(FILES.customer_id == customer)
    of_files = and_(
        ENTRIES.object_type == "stored_file",
        ENTRIES.action.in_(bindparam("files", expanding=True)),
        ENTRIES.object_id.in_(theirs),
    )
    records = ENTRIES.object_id.in_(bindparam("ids", expanding=True))
    # as an expression, so that no database walks the whole log by time instead of the entries of these records
    at = func.coalesce(ENTRIES.at, ENTRIES.at)
    who = func.coalesce(USERS.name, func.nullif(ENTRIES.actor, SYSTEM.username), "")
    wanted: Select[Any] = select(ENTRIES.seq, ENTRIES.at, ENTRIES.actor_id, who, ENTRIES.action, ENTRIES.fields)
    wanted = wanted.outerjoin(User, USERS.id == ENTRIES.actor_id).where(
        or_(and_(ENTRIES.object_type == "customer", records), of_files), ENTRIES.result == Result.OK
    )
    wanted = wanted.where(ENTRIES.row_digest.is_not(None), ENTRIES.fields != "", ENTRIES.action != "demo.load")
    if not merges:
        told = select(MERGES.change_set_id).where(MERGES.winner_id == customer, MERGES.undone_at.is_(None))
        wanted = wanted.where(ENTRIES.change_set_id.not_in(told))
    if person:
        wanted = wanted.where(ENTRIES.actor_id == bindparam("person", type_=Integer()))
    if before:
        wanted = wanted.where(at < bindparam("before", type_=ENTRIES.at.type))
    return wanted.order_by(at.desc(), ENTRIES.seq.desc())
