"""Follow-ups of a file: whose they are, which are there already, and bringing them in with their next steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from cim.errors import Invalid
from cim.history import Change
from cim.i18n import N_, _
from cim.models import Activity, Task
from cim.models.base import Model
from cim.models.imports import ImportMode, OnDuplicate
from cim.permissions import Permission
from cim.service import activities
from cim.service.importing import reference
from cim.service.importing.lines import Line, Notes
from cim.service.importing.people import People
from cim.service.importing.reference import Known
from cim.service.importing.steps import Options, Plan, Progress
from cim.work import Work

THERE_ALREADY = N_("The same follow-up is there already: left out.")
STANDS_TWICE = N_("The same follow-up is there already: added once more.")
_CHUNK = 1000


def plan(work: Work, lines: Sequence[Line], options: Options, notes: Notes) -> Plan:
    """Decide about every line. Raises Invalid("mode") unless the mode is to add: follow-ups have no code."""
    if options.mode is not ImportMode.ADD:
        raise Invalid("mode", "Follow-ups can only be added, not updated.")
    made = Plan(notes, facts={"people": People(work)})
    known = reference.resolve(work, lines, notes)
    seen = _stored(work, {customer.id for customer in known.values()})
    for line in lines:
        customer = known.get(line.number)
        if customer is None:
            continue
        values = line.standard.plain
        same = (customer.id, values["at"], values["type"], values.get("content", ""))
        if same in seen:
            made.doubles += 1
            made.ask(line, options)
            if options.decided(line.number) is OnDuplicate.SKIP:
                made.skip(line, "content", THERE_ALREADY)
                continue
            notes.warn(line, "content", STANDS_TWICE)
        seen.add(same)
        made.new.append((line, customer))
    return made


def apply(work: Work, made: Plan, *, batch_id: int, progress: Progress | None) -> int:
    """Carry a plan out. Returns 0: nothing is updated, and the customers' dates are derived anew."""
    people: People = made.facts["people"]
    ids = list(work.next_ids(Activity, len(made.new)))
    work.load_ciphers(customer.uid for _line, customer in made.new)
    rows = [
        _row(work, number, line, customer, people.author(line.standard.plain["author"]), batch_id)
        for number, (line, customer) in zip(ids, made.new, strict=True)
    ]
    owners = [customer for _line, customer in made.new]
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        insert(work, Activity, rows[part], owners[part])
        if progress:
            progress(min(start + _CHUNK, len(rows)), len(rows))
    _plan_next(work, rows, owners)
    activities.touch(work, sorted({customer.id for customer in owners}))
    return 0


def insert(
    work: Work,
    model: type[Model],
    rows: Sequence[dict[str, Any]],
    owners: Sequence[Known],
    *,
    clear: Sequence[dict[str, Any]] = (),
) -> None:
    """Insert rows that belong to customers, each with its history sealed under the customer's key. `clear` holds the
    sealed values of each row as text, and those of its custom fields: the history is made of them."""
    silent = {"id", "uid", "created_at", "updated_at", "version"}
    derived = {column.name for column in model.__table__.columns if column.info.get("derived")}  # type: ignore[attr-defined]
    changes = [
        Change(
            row["id"],
            {name: value for name, value in (row | text).items() if name not in silent},
            owner.uid,
            work.cipher(owner.uid),
            {name: value for name, value in row.items() if name not in derived},
        )
        for row, owner, text in zip(rows, owners, clear or [{}] * len(rows), strict=True)
    ]
    work.bulk(model, list(rows), changes=changes)


def _row(
    work: Work, number: int, line: Line, customer: Known, author: tuple[int | None, str], batch_id: int
) -> dict[str, Any]:
    values = line.standard.plain
    return {
        "id": number,
        "customer_id": customer.id,
        "type": values["type"],
        "at": values["at"],
        "next_at": values.get("next_at"),
        "content": values.get("content", ""),
        "outcome": values.get("outcome", ""),
        "contact": values.get("contact", ""),
        "place": values.get("place", ""),
        "purpose": "",
        "author_id": author[0],
        "author": author[1],
        "batch_id": batch_id,
        "created_at": work.now,
        "updated_at": work.now,
        "deleted_at": None,
        "version": 1,
    }


def _plan_next(work: Work, rows: Sequence[dict[str, Any]], owners: Sequence[Known]) -> None:
    """One task for each customer whose newest follow-up here names a next one that is still to come."""
    newest: dict[int, tuple[dict[str, Any], Known]] = {}
    for row, owner in zip(rows, owners, strict=True):
        held = newest.get(owner.id)
        if held is None or held[0]["at"] < row["at"]:
            newest[owner.id] = (row, owner)
    due = [(row, owner) for row, owner in newest.values() if row["next_at"] and row["next_at"] > work.now]
    numbers = work.next_ids(Task, len(due))
    tasks = [
        {
            "id": number,
            "title": _("Follow up"),
            "due_at": row["next_at"],
            "customer_id": owner.id,
            "assignee_id": _assignee(work, row["author_id"], owner.owner_id),
            "created_by_id": work.actor.user_id,
            "activity_id": row["id"],
            "done_at": None,
            "done_by_id": None,
            "created_at": work.now,
            "updated_at": work.now,
            "deleted_at": None,
            "version": 1,
        }
        for number, (row, owner) in zip(numbers, due, strict=True)
    ]
    insert(work, Task, tasks, [owner for _row, owner in due])


def _assignee(work: Work, *wanted: int | None) -> int | None:
    """The first of these to whom the actor may give a task, as when typing one; else the actor."""
    reached = (user for user in wanted if user is not None and work.owns(Permission.TASK_WRITE, user))
    return next(reached, work.actor.user_id)


def _stored(work: Work, ids: set[int]) -> set[tuple[int, datetime, Any, str]]:
    """What tells two follow-ups of these customers apart."""
    table: Any = Activity
    found: set[tuple[int, datetime, Any, str]] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        columns = (table.customer_id, table.at, table.type, table.content)
        statement = select(*columns).where(table.customer_id.in_(part), table.deleted_at.is_(None))
        for customer_id, at, kind, content in work.session.execute(statement):
            found.add((customer_id, at if at.tzinfo else at.replace(tzinfo=UTC), kind, content))
    return found
