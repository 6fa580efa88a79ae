"""What a change-set did to each record, read from the audit log; and who touched those records since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, select

from cim import audit, crypto
from cim.models import (
    Activity,
    Anniversary,
    AuditEntry,
    ChangeSet,
    Comment,
    Contact,
    Contract,
    CurrencyRate,
    Customer,
    CustomField,
    DuplicatePair,
    FieldRule,
    Holiday,
    ImportBatch,
    Opportunity,
    OpportunityLine,
    OpportunityStep,
    Option,
    OrderLine,
    Payment,
    Phrase,
    Product,
    ProductPrice,
    PublicLink,
    Region,
    SalesOrder,
    SavedView,
    ServiceRule,
    Setting,
    Skill,
    Stage,
    StageChange,
    StoredFile,
    Survey,
    SurveyAnswer,
    Target,
    Task,
    Ticket,
    User,
    WorkingHours,
    WorklistDecision,
    WorklistRule,
)
from cim.models.base import Model, columns
from cim.work import Work

CHUNK = 500
"""Records that are read, judged and written together."""

ENTRIES = columns(AuditEntry)
SETS = columns(ChangeSet)
USERS = columns(User)

TABLES: dict[str, type[Model]] = {
    str(model.__tablename__): model
    for model in (
        *(Comment, StoredFile, Task, PublicLink, SurveyAnswer, Activity, WorklistDecision, Anniversary),
        *(Ticket, Payment, OrderLine, SalesOrder, Contract),
        *(StageChange, OpportunityStep, OpportunityLine, Opportunity),
        *(Contact, DuplicatePair, Customer, ProductPrice, Product, CurrencyRate, Stage, Target, Survey),
        *(Skill, ServiceRule, WorkingHours, Holiday, WorklistRule, Phrase),
        *(SavedView, FieldRule, Option, CustomField, Setting, Region),
    )
}
"""What can be taken back, in the order in which it is: what belongs to a customer before the customer. Users, teams and
the record of an import are not here: an undo never touches them."""

QUIET = {"duplicate_pair"}
"""Follows along without being counted as a record of anybody."""

LISTED = [*TABLES, str(ImportBatch.__tablename__)]


@dataclass
class Later:
    """An entry about a record that came after the change-set. A `void` one was taken back since, or did take back: it left
    the values as they were."""

    change_set_id: int
    at: datetime
    actor: str
    fields: set[str]
    void: bool = False


@dataclass
class Step:
    """The net change of one record by one change-set. `changes` is None when its key was erased."""

    table: str
    key: str
    changes: dict[str, tuple[Any, Any]] | None = field(default_factory=dict)
    later: list[Later] = field(default_factory=list)
    created: bool = False
    deleted: bool = False

    @property
    def model(self) -> type[Model]:
        return TABLES[self.table]

    @property
    def identity(self) -> Any:
        """The primary key as the database has it."""
        key = next(iter(columns(self.model).__table__.primary_key.columns))
        if key.type.python_type is date:
            return date.fromisoformat(self.key)
        return int(self.key) if key.name == "id" else self.key


def objects(work: Work, change_set_id: int) -> list[tuple[str, str, list[int]]]:
    """(table, key, entries) of every record of a change-set that can be taken back, last entry first within its table."""
    found: dict[tuple[str, str], list[int]] = {}
    wanted = select(ENTRIES.seq, ENTRIES.object_type, ENTRIES.object_id).where(
        ENTRIES.change_set_id == change_set_id, ENTRIES.row_digest.is_not(None), ENTRIES.object_type.in_(TABLES)
    )
    for seq, table, key in work.session.execute(wanted.order_by(ENTRIES.seq.desc())):
        found.setdefault((table, key), []).append(seq)
    rank = {table: place for place, table in enumerate(TABLES)}
    return [(*name, seqs) for name, seqs in sorted(found.items(), key=lambda item: rank[item[0][0]])]


def chunks(found: Sequence[tuple[str, str, list[int]]]) -> Iterator[list[tuple[str, str, list[int]]]]:
    """Parts of `objects`, each of one table."""
    start = 0
    while start < len(found):
        table = found[start][0]
        part = [item for item in found[start : start + CHUNK] if item[0] == table]
        yield part
        start += len(part)


def steps(work: Work, part: Sequence[tuple[str, str, list[int]]]) -> list[Step]:
    """The entries of some records, opened; with what came later."""
    made = {key: Step(table, key) for table, key, _seqs in part}
    seqs = [seq for _table, _key, own in part for seq in own]
    rows: list[Any] = []
    for start in range(0, len(seqs), CHUNK):
        wanted = select(ENTRIES.seq, ENTRIES.object_id, ENTRIES.subject_uid, ENTRIES.changes)
        rows += work.session.execute(wanted.where(ENTRIES.seq.in_(seqs[start : start + CHUNK]))).all()
    work.load_ciphers(row.subject_uid for row in rows if row.subject_uid)
    for row in sorted(rows, key=lambda row: row.seq):
        step = made[row.object_id]
        _add(step, _opened(work, row))
    _mark_later(work, made, part[0][0], max(seqs))
    return list(made.values())


def undone(work: Work, ids: Iterable[int]) -> dict[int, int]:
    """Which of these change-sets are taken back now, and by which one. One whose undoing was itself undone is in force
    again."""
    link: dict[int, int | None] = {}
    asked = set(ids)
    waiting = set(asked)
    while waiting:
        found = select(SETS.id, SETS.undone_by_id).where(SETS.id.in_(sorted(waiting)[:CHUNK]))
        link |= {number: by for number, by in work.session.execute(found)}
        link |= dict.fromkeys(set(sorted(waiting)[:CHUNK]) - set(link))
        waiting = {by for by in (*link.values(), *asked) if by is not None} - set(link)
    return {number: by for number in asked if (by := link[number]) is not None and not _gone(link, by)}


def origin(work: Work, source: ChangeSet) -> ChangeSet:
    """What a change goes back to: of an undo, of the undo of an undo, the change at the beginning."""
    while True:
        before = select(ChangeSet).where(SETS.undone_by_id == source.id, SETS.id < source.id).limit(1)
        found = work.session.execute(before).scalar_one_or_none()
        if found is None:
            return source
        source = found


def _gone(link: dict[int, int | None], number: int) -> bool:
    """Whether a change-set is taken back: the last link of the chain of undoings holds, the one before it does not."""
    length, step = 0, link.get(number)
    while step is not None:
        length, step = length + 1, link.get(step)
    return length % 2 == 1


def _opened(work: Work, row: Any) -> dict[str, tuple[Any, Any]] | None:
    try:
        return audit.unpack(row, work.cipher(row.subject_uid) if row.subject_uid else None)
    except crypto.Unreadable:
        return None


def _add(step: Step, changes: dict[str, tuple[Any, Any]] | None) -> None:
    """Put one entry of a record to the others of the same change-set. An entry that makes the row goes before all others:
    rows that were inserted in bulk have theirs at the end."""
    if changes is None or step.changes is None:
        step.changes = None
        return
    required = {c.name for c in columns(step.model).__table__.columns if not c.nullable}
    made = any(before is None and after is not None for name, (before, after) in changes.items() if name in required)
    gone = any(before is not None and after is None for name, (before, after) in changes.items() if name in required)
    first, then = (changes, step.changes) if made else (step.changes, changes)
    together = dict(first)
    for name, (before, after) in then.items():
        together[name] = (first.get(name, (None if made or step.created else before, None))[0], after)
    step.changes = together
    step.created |= made
    step.deleted |= gone


def _mark_later(work: Work, made: dict[str, Step], table: str, last: int) -> None:
    """Who touched the records after entry `last`."""
    keys = sorted(made)
    wanted = (
        select(ENTRIES.object_id, ENTRIES.change_set_id, ENTRIES.at, func.coalesce(USERS.name, ENTRIES.actor))
        .add_columns(ENTRIES.fields)
        .outerjoin(User, USERS.id == ENTRIES.actor_id)
    )
    here = and_(ENTRIES.object_type == table, ENTRIES.object_id.in_(keys), ENTRIES.seq > last)
    for key, number, at, actor, fields in work.session.execute(
        wanted.where(here, ENTRIES.row_digest.is_not(None), ENTRIES.fields != "").order_by(ENTRIES.seq)
    ):
        made[key].later.append(Later(number, at, actor, set(fields.split(","))))
    sets = {entry.change_set_id for step in made.values() for entry in step.later}
    void = set(undone(work, sets)) | _undoings(work, sets)
    for step in made.values():
        for entry in step.later:
            entry.void = entry.change_set_id in void


def _undoings(work: Work, ids: set[int]) -> set[int]:
    """Which of these change-sets took another one back."""
    found: set[int] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        part = select(SETS.undone_by_id).where(SETS.undone_by_id.in_(wanted[start : start + CHUNK]))
        found.update(work.session.execute(part).scalars())
    return found
