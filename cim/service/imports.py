"""Imports: a file becomes customers, contacts or activities: all good rows at once, the others named with the reason.

Preparing (parsing, normalising) holds up nobody and is a call of its own; `run` then only decides and writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sqlalchemy import func, select

from cim import access, tabular
from cim.errors import Conflict, Invalid
from cim.i18n import _
from cim.models import Activity, Contact, Customer, DuplicatePair, ImportBatch, User
from cim.models.base import View
from cim.models.imports import Failure, ImportKind, ImportMode, ImportPreview, ImportReport, OnDuplicate
from cim.permissions import Permission
from cim.service.importing import activities, contacts, customers, rows
from cim.service.importing import mapping as columns
from cim.service.importing.lines import Line, Notes
from cim.service.importing.steps import Options, Plan, Progress
from cim.work import Work, command, query

SAMPLE = 5
_STEPS: dict[ImportKind, ModuleType] = {
    ImportKind.CUSTOMERS: customers,
    ImportKind.CONTACTS: contacts,
    ImportKind.ACTIVITIES: activities,
}
_TABLES: dict[ImportKind, Any] = {
    ImportKind.CUSTOMERS: Customer,
    ImportKind.CONTACTS: Contact,
    ImportKind.ACTIVITIES: Activity,
}


@dataclass(frozen=True)
class Prepared:
    """A file read and judged row by row, not yet compared with the base. Serves any number of checks and one run."""

    kind: ImportKind
    filename: str
    rows: int
    lines: list[Line]
    notes: Notes
    headers: columns.Headers
    table: tabular.Table


class BatchView(View):
    """One import of the past."""

    id: int
    kind: ImportKind
    mode: ImportMode
    filename: str
    at: Any
    actor: str
    rows: int
    added: int
    updated: int
    skipped: int
    failed: int
    duplicates: int


@query(Permission.IMPORT)
def preview(
    work: Work,
    content: bytes,
    *,
    filename: str,
    kind: ImportKind,
    encoding: str | None = None,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> ImportPreview:
    """What a file looks like: headers, first rows, and which column would mean what. A missing required column is left
    to the reader to map. Raises Invalid("file") when it is no table."""
    table = _read(content, filename, kind, encoding, sheet)
    try:
        found = _headers(kind, table.headers, mapping)
        problem = ""
    except Invalid as error:
        if error.field != "file":
            raise
        found, problem = _headers(kind, table.headers, mapping, complete=False), _(error.msgid, **error.params)
    return ImportPreview(
        headers=table.headers,
        sample=[row.cells for row in table.rows[:SAMPLE]],
        rows=len(table.rows) + len({p.row for p in table.problems}),
        mapping=found.mapping,
        unknown_columns=found.unknown,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        other_sheets=table.other_sheets,
        details={
            "header_row": table.header_row,
            "problem": problem,
            "columns": [c.name for c in columns.COLUMNS[kind]],
        },
    )


@query(Permission.IMPORT)
def prepare(
    work: Work,
    content: bytes,
    *,
    filename: str,
    kind: ImportKind,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Prepared:
    """Read a file (CSV, TSV, TXT, XLSX, XLS) and bring each cell into canonical form. `mapping` is {header: column}
    and goes before the synonyms; "" leaves a column out. Raises Invalid("file") or Invalid("mapping")."""
    table = _read(content, filename, kind, encoding, sheet)
    headers = _headers(kind, table.headers, mapping)
    notes = Notes(headers.names)
    for p in table.problems:
        notes.failed.add(p.row)
        notes.failures.append(Failure(row=p.row, column=p.column, value=p.value, reason=_(p.msgid, **p.params)))
    count = len(table.rows) + len(notes.failed)
    lines = rows.judge(kind, headers, table.rows, notes)
    return Prepared(kind, filename, count, lines, notes, headers, table)


@query(Permission.IMPORT)
def check(
    work: Work,
    prepared: Prepared,
    *,
    mode: ImportMode = ImportMode.ADD,
    on_duplicate: OnDuplicate = OnDuplicate.REVIEW,
    create_missing: bool = False,
) -> ImportReport:
    """What `run` would do now, without doing it and without holding up others."""
    options = Options(mode, on_duplicate, create_missing, dry_run=True)
    return _foreseen(prepared, _STEPS[prepared.kind].plan(work, prepared.lines, options, prepared.notes.copy()))


@command(Permission.IMPORT)
def run(
    work: Work,
    content: bytes | Prepared,
    *,
    filename: str = "",
    kind: ImportKind = ImportKind.CUSTOMERS,
    mode: ImportMode = ImportMode.ADD,
    on_duplicate: OnDuplicate = OnDuplicate.REVIEW,
    mapping: Mapping[str, str] | None = None,
    create_missing: bool = False,
    strict: bool = False,
    dry_run: bool = False,
    encoding: str | None = None,
    progress: Progress | None = None,
    token: str | None = None,
) -> ImportReport:
    """Import a file: all good rows in this one transaction, or none when anything goes wrong on the way.

    Give what `prepare` returned: a file given as bytes is read while the database is held. Rows that cannot be taken
    are listed as failures and left out; `strict` takes none when any fails. `progress(done, all)` may raise to stop,
    and then nothing was imported. A second call with the same `token` imports nothing and returns the first counts.
    Raises Invalid("file"), Invalid("mapping"), Invalid("mode"); Denied for `create_missing`.
    """
    if isinstance(content, bytes):
        content = prepare(work, content, filename=filename, kind=kind, mapping=mapping, encoding=encoding)
    if (done := work.replayed(token)) is not None:
        return _replayed(work, content, done)
    options = Options(mode, on_duplicate, create_missing, dry_run)
    work.serialise("customers.create")
    steps = _STEPS[content.kind]
    made: Plan = steps.plan(work, content.lines, options, content.notes.copy())
    if strict and made.notes.failed and not dry_run:
        return _refused(content, made)
    merged = len(made.facts.get("merged", ()))
    if dry_run or not (made.new or made.changed or merged):
        return _foreseen(content, made, dry_run=dry_run)
    batch = work.add(
        ImportBatch(
            kind=content.kind, mode=mode, filename=content.filename[:200], actor_id=work.actor.user_id, at=work.now
        )
    )
    updated = steps.apply(work, made, batch_id=batch.id or 0, progress=progress)
    if strict and made.notes.failed:
        raise Conflict("{count} rows could not be taken: nothing was imported.", count=len(made.notes.failed))
    _count(work, batch, content, made, updated)
    work.remember(token, batch.id or 0)
    return _report(content, made, batch=batch.id, **{name: getattr(batch, name) for name in _COUNTS})


@query(Permission.IMPORT)
def rejected(work: Work, prepared: Prepared, report: ImportReport) -> bytes:
    """The failed rows of a file as XLSX, as they stood there, with the reasons behind them: to be mended and imported
    again. A row that could not even be read has its number and the reasons only."""
    reasons: dict[int, list[str]] = {}
    for failure in report.failures:
        reasons.setdefault(failure.row, []).append(f"{failure.column}: {failure.reason}")
    stood = {row.number: row.cells for row in prepared.table.rows if row.number in reasons}
    blank = [""] * len(prepared.table.headers)
    found = [[*stood.get(number, blank), str(number), "; ".join(reasons[number])] for number in sorted(reasons)]
    headers = [*prepared.table.headers, _("Row in the file"), _("Reason")]
    return tabular.write_xlsx(headers, found, sheet=_("Failed rows"))


@query(Permission.IMPORT)
def template(work: Work, kind: ImportKind) -> bytes:
    """An empty XLSX with the headers that need no mapping."""
    names = [column.header for column in columns.COLUMNS[kind] if column.name != "customer_name"]
    return tabular.write_xlsx(names, [], sheet=_("Import"))


@query(Permission.IMPORT)
def batches(work: Work, *, limit: int = 50) -> list[BatchView]:
    """The imports of those whose work the actor may see, newest first."""
    batch: Any = ImportBatch
    user: Any = User
    wanted = select(batch, user.name).outerjoin(User, user.id == batch.actor_id).order_by(batch.id.desc()).limit(limit)
    ids = access.reached_users(work.actor, Permission.IMPORT)
    if ids is not None:
        wanted = wanted.where(batch.actor_id.in_(sorted(ids)))
    shown = set(BatchView.model_fields) - {"actor"}
    return [
        BatchView(**{name: getattr(row, name) for name in shown}, actor=name or "")
        for row, name in work.session.execute(wanted)
    ]


_COUNTS = ("rows", "added", "updated", "skipped", "failed", "duplicates")


def _read(content: bytes, filename: str, kind: ImportKind, encoding: str | None, sheet: str | None) -> tabular.Table:
    return tabular.read(content, filename=filename, encoding=encoding, sheet=sheet, known_headers=columns.known(kind))


def _headers(
    kind: ImportKind, headers: list[str], chosen: Mapping[str, str] | None, *, complete: bool = True
) -> columns.Headers:
    return columns.match(kind, headers, chosen, complete=complete)


def _count(work: Work, batch: ImportBatch, content: Prepared, made: Plan, updated: int) -> None:
    """Put into the batch what the database holds now, not what was meant to be written."""
    work.session.flush()
    table, pair = _TABLES[content.kind], DuplicatePair
    added = work.session.execute(select(func.count()).select_from(table).where(table.batch_id == batch.id)).scalar_one()
    pairs = work.session.execute(select(func.count()).select_from(pair).where(pair.batch_id == batch.id)).scalar_one()  # type: ignore[arg-type]
    counts = {"rows": content.rows, "added": added, "updated": updated, "failed": len(made.notes.failed)}
    counts |= {"skipped": len(made.skipped), "duplicates": pairs or made.doubles}
    for name, value in counts.items():
        setattr(batch, name, value)
    taken = sum(counts[name] for name in ("added", "updated", "skipped", "failed"))
    if added != len(made.new) or taken != content.rows:
        raise RuntimeError(f"import of {content.rows} rows accounts for {taken}")


def _replayed(work: Work, content: Prepared, batch_id: int) -> ImportReport:
    batch = work.session.get_one(ImportBatch, batch_id)
    counts = {name: getattr(batch, name) for name in _COUNTS}
    return _report(content, Plan(content.notes), batch=batch_id, **counts)


def _foreseen(content: Prepared, made: Plan, *, dry_run: bool = True) -> ImportReport:
    merged = len(made.facts.get("merged", ()))
    counts = {"added": len(made.new), "updated": len(made.changed) + merged, "skipped": len(made.skipped)}
    return _report(
        content,
        made,
        rows=content.rows,
        failed=len(made.notes.failed),
        duplicates=made.doubles,
        dry_run=dry_run,
        **counts,
    )


def _refused(content: Prepared, made: Plan) -> ImportReport:
    failed = len(made.notes.failed)
    return _report(
        content, made, rows=content.rows, added=0, updated=0, skipped=content.rows - failed, failed=failed, duplicates=0
    )


def _report(
    content: Prepared, made: Plan, *, batch: int | None = None, dry_run: bool = False, **counts: int
) -> ImportReport:
    return ImportReport(
        batch=batch,
        failures=sorted(made.notes.failures, key=lambda f: f.row),
        warnings=sorted(made.notes.warnings, key=lambda f: f.row),
        mapping=content.headers.mapping,
        unknown_columns=content.headers.unknown,
        dry_run=dry_run,
        **counts,
    )
