"""What an import has to say: what would be done, what was done as the database counts it, and what was refused."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from cim.models import (
    Activity,
    Contact,
    Customer,
    DuplicatePair,
    ImportBatch,
    Opportunity,
    OrderLine,
    Product,
    SalesOrder,
    Ticket,
)
from cim.models.base import columns
from cim.models.imports import ImportKind, ImportMode, ImportReport
from cim.service.importing.preparing import Prepared
from cim.service.importing.steps import Plan
from cim.work import Work

COUNTS = ("rows", "added", "updated", "skipped", "failed", "duplicates")
_TABLES: dict[ImportKind, Any] = {
    ImportKind.CUSTOMERS: Customer,
    ImportKind.CONTACTS: Contact,
    ImportKind.ACTIVITIES: Activity,
    ImportKind.PRODUCTS: Product,
    ImportKind.OPPORTUNITIES: Opportunity,
    ImportKind.TICKETS: Ticket,
}


def batch(work: Work, content: Prepared, mode: ImportMode) -> ImportBatch:
    """The batch that the rows of this file will carry."""
    by = work.actor.user_id
    return ImportBatch(kind=content.kind, mode=mode, filename=content.filename[:200], actor_id=by, at=work.now)


def count(work: Work, batch: ImportBatch, content: Prepared, made: Plan, updated: int) -> None:
    """Put into the batch what the database holds now, not what was meant to be written."""
    work.session.flush()
    added = (
        _lines(work, batch.id)
        if content.kind is ImportKind.ORDERS
        else _of_batch(work, _TABLES[content.kind], batch.id)
    )
    pairs = _of_batch(work, DuplicatePair, batch.id)
    counts = {"rows": content.rows, "added": added, "updated": updated, "failed": len(made.notes.failed)}
    counts |= {"skipped": _skipped(content, made), "duplicates": pairs or made.doubles}
    for name, value in counts.items():
        setattr(batch, name, value)
    taken = sum(counts[name] for name in ("added", "updated", "skipped", "failed"))
    if added != len(made.new) or taken != content.rows:
        raise RuntimeError(f"import of {content.rows} rows accounts for {taken}")


def done(work: Work, content: Prepared, made: Plan, batch: ImportBatch) -> ImportReport:
    """The report of a batch that is being committed."""
    counts = _counts_of(batch) | {"contacts": _brought(work, content, batch.id)}
    return _report(content, made, counts, batch=batch.id)


def replayed(work: Work, content: Prepared, batch_id: int) -> ImportReport:
    """The counts of the batch that the same press of a button made before."""
    batch = work.session.get_one(ImportBatch, batch_id)
    counts = _counts_of(batch) | {"contacts": _brought(work, content, batch_id)}
    return _report(content, Plan(content.notes), counts, batch=batch_id)


def foreseen(content: Prepared, made: Plan, *, dry_run: bool = True) -> ImportReport:
    """What would be done, or that nothing was to be done."""
    merged = len(made.facts.get("merged", ()))
    bring = [line for line, *_rest in (*_new(content, made), *made.changed)]
    counts = {
        "rows": content.rows,
        "added": len(made.new),
        "updated": len(made.changed) + merged,
        "skipped": _skipped(content, made),
        "failed": len(made.notes.failed),
        "duplicates": made.doubles,
        "contacts": sum(len(line.contacts) for line in bring),
    }
    return _report(content, made, counts, dry_run=dry_run)


def refused(content: Prepared, made: Plan) -> ImportReport:
    """Nothing was taken, because some rows fail and all were to be taken or none."""
    failed = len(made.notes.failed)
    counts = {"rows": content.rows, "added": 0, "updated": 0, "skipped": content.rows - failed, "failed": failed}
    return _report(content, made, counts | {"duplicates": 0})


def _new(content: Prepared, made: Plan) -> list[tuple[Any, ...]]:
    return [(line,) for line in made.new] if content.kind is ImportKind.CUSTOMERS else []


def _skipped(content: Prepared, made: Plan) -> int:
    return len(made.skipped | content.dropped)


def _counts_of(batch: ImportBatch) -> dict[str, int]:
    return {name: getattr(batch, name) for name in COUNTS}


def _brought(work: Work, content: Prepared, batch_id: int | None) -> int:
    return _of_batch(work, Contact, batch_id) if content.kind is ImportKind.CUSTOMERS else 0


def _lines(work: Work, batch_id: int | None) -> int:
    """A row of a file of orders is a line of one."""
    line, order = columns(OrderLine), columns(SalesOrder)
    found = select(func.count()).select_from(OrderLine).join(SalesOrder, order.id == line.order_id)
    return int(work.session.execute(found.where(order.batch_id == batch_id)).scalar_one())


def _of_batch(work: Work, table: Any, batch_id: int | None) -> int:
    found = select(func.count()).select_from(table).where(table.batch_id == batch_id)
    return int(work.session.execute(found).scalar_one())


def _report(
    content: Prepared, made: Plan, counts: dict[str, int], *, batch: int | None = None, dry_run: bool = False
) -> ImportReport:
    return ImportReport(
        batch=batch,
        failures=sorted(made.notes.failures, key=lambda f: f.row),
        warnings=sorted(made.notes.warnings, key=lambda f: f.row),
        mapping=content.headers.mapping,
        unknown_columns=content.headers.unknown,
        dry_run=dry_run,
        doubles=sorted(made.asked, key=lambda d: d.row),
        **counts,
    )
