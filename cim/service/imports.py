"""Imports: a file becomes customers, contacts or activities: all good rows at once, the others named with the reason.

Preparing (parsing, normalising) holds up nobody and is a call of its own; `run` then only decides and writes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Any

from sqlalchemy import select

from cim import access, tabular
from cim.errors import Conflict
from cim.i18n import _
from cim.models import ImportBatch, User
from cim.models.base import View
from cim.models.imports import ImportKind, ImportMode, ImportPreview, ImportReport, OnDuplicate
from cim.permissions import Permission
from cim.service.importing import (
    activities,
    contacts,
    customers,
    opportunities,
    orders,
    preparing,
    products,
    reports,
    templates,
    tickets,
)
from cim.service.importing.preparing import Edits, Prepared, Reading
from cim.service.importing.steps import Options, Plan, Progress
from cim.service.undoing import changes, entries
from cim.work import Work, command, query

_STEPS: dict[ImportKind, ModuleType] = {
    ImportKind.CUSTOMERS: customers,
    ImportKind.CONTACTS: contacts,
    ImportKind.ACTIVITIES: activities,
    ImportKind.PRODUCTS: products,
    ImportKind.ORDERS: orders,
    ImportKind.OPPORTUNITIES: opportunities,
    ImportKind.TICKETS: tickets,
}


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
    change_set: int | None = None
    """What an undo takes back; None for an import that nothing is known of."""
    undone: bool = False


@query(Permission.IMPORT)
def preview(
    work: Work,
    content: bytes,
    *,
    filename: str,
    kind: ImportKind,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> ImportPreview:
    """What a file looks like: headers, first rows, and which column would mean what. A missing required column is left
    to the reader to map. Raises Invalid("file") when it is no table."""
    table = preparing.read(work, content, filename, kind, Reading(encoding, delimiter, sheet))
    return preparing.previewed(work, table, kind, mapping)


@query(Permission.IMPORT)
def prepare(
    work: Work,
    content: bytes | tabular.Table,
    *,
    filename: str,
    kind: ImportKind,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    defaults: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Read a file (CSV, TSV, TXT, XLSX, XLS; or what was read already) and bring each cell into canonical form.
    `mapping` is {header: column} and goes before the synonyms; "" leaves a column out. `defaults` are values of new
    records by column, for columns that the file does not have.
    Raises Invalid("file"), Invalid("mapping") or Invalid("defaults")."""
    table = content
    if isinstance(table, bytes):
        table = preparing.read(work, table, filename, kind, Reading(encoding, delimiter, sheet))
    return preparing.judged(
        work, table, filename=filename, kind=kind, mapping=mapping, defaults=defaults or {}, progress=progress
    )


@query(Permission.IMPORT)
def mend(work: Work, prepared: Prepared, *, edits: Edits, drop: Collection[int] | None = None) -> Prepared:
    """What was prepared with cells corrected ({(row, column): value}) and the rows `drop` left out (None: as before).
    Only the rows that this concerns are judged again. Raises Invalid("edits") for cells that are not there."""
    return preparing.mended(work, prepared, edits=edits, drop=drop)


@query(Permission.IMPORT)
def check(
    work: Work,
    prepared: Prepared,
    *,
    mode: ImportMode = ImportMode.ADD,
    on_duplicate: OnDuplicate = OnDuplicate.REVIEW,
    create_missing: bool = False,
    choices: Mapping[int, str] | None = None,
    repeats_are_contacts: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """What `run` would do now, without doing it and without holding up others. `doubles` are the rows to decide about."""
    options = Options(mode, on_duplicate, create_missing, True, choices or {}, repeats_are_contacts, progress)
    return reports.foreseen(prepared, _STEPS[prepared.kind].plan(work, prepared.lines, options, prepared.notes.copy()))


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
    choices: Mapping[int, str] | None = None,
    repeats_are_contacts: bool = False,
    progress: Progress | None = None,
    token: str | None = None,
) -> ImportReport:
    """Import a file: all good rows in this one transaction, or none when anything goes wrong on the way.

    Give what `prepare` returned: a file given as bytes is read while the database is held. Rows that cannot be taken
    are listed as failures and left out; `strict` takes none when any fails. `choices` decide about possible duplicates
    row by row: "add", "skip", the code of the customer to update, or one of the `options` that `check` names;
    `repeats_are_contacts` makes contacts of rows that repeat a company with another contact person.
    `progress(done, all)` may raise to stop, and then nothing was imported. A second call with the same `token` imports
    nothing and returns the first counts. Raises Invalid("file"), Invalid("mapping"), Invalid("mode"); Denied for
    `create_missing`.
    """
    if isinstance(content, bytes):
        content = prepare(work, content, filename=filename, kind=kind, mapping=mapping, encoding=encoding)
    if (done := work.replayed(token)) is not None:
        return reports.replayed(work, content, done)
    options = Options(mode, on_duplicate, create_missing, dry_run, choices or {}, repeats_are_contacts, progress)
    work.serialise("customers.create")
    steps = _STEPS[content.kind]
    made: Plan = steps.plan(work, content.lines, options, content.notes.copy())
    if strict and made.notes.failed and not dry_run:
        return reports.refused(content, made)
    merged = len(made.facts.get("merged", ()))
    if dry_run or not (made.new or made.changed or merged):
        return reports.foreseen(content, made, dry_run=dry_run)
    batch = work.add(reports.batch(work, content, mode))
    updated = steps.apply(work, made, batch_id=batch.id or 0, progress=progress)
    if strict and made.notes.failed:
        raise Conflict("{count} rows could not be taken: nothing was imported.", count=len(made.notes.failed))
    reports.count(work, batch, content, made, updated)
    work.remember(token, batch.id or 0)
    return reports.done(work, content, made, batch)


@query(Permission.IMPORT)
def rejected(work: Work, prepared: Prepared, report: ImportReport) -> bytes:
    """The failed rows of a file as XLSX, as they stood there, with the reasons behind them: to be mended and imported
    again. A row that could not even be read has its number and the reasons only."""
    reasons: dict[int, list[str]] = {}
    for failure in report.failures:
        reasons.setdefault(failure.row, []).append(f"{failure.column}: {failure.reason}")
    stood = {row.number: row.cells for row in (*prepared.table.rows, *prepared.table.damaged) if row.number in reasons}
    blank = [""] * len(prepared.table.headers)
    found = [[*stood.get(number, blank), str(number), "; ".join(reasons[number])] for number in sorted(reasons)]
    headers = [*prepared.table.headers, _("Row in the file"), _("Reason")]
    return tabular.write_xlsx(headers, found, sheet=_("Failed rows"))


@query(Permission.IMPORT)
def template(work: Work, kind: ImportKind) -> bytes:
    """An XLSX to fill in, with the headers that need no mapping: a note at each, lists of choices, an example."""
    return templates.made(work, kind)


@query(Permission.IMPORT)
def batches(work: Work, *, limit: int = 50) -> list[BatchView]:
    """The imports of those whose work the actor may see, newest first."""
    batch: Any = ImportBatch
    user: Any = User
    wanted = select(batch, user.name).outerjoin(User, user.id == batch.actor_id).order_by(batch.id.desc()).limit(limit)
    ids = access.reached_users(work.actor, Permission.IMPORT)
    if ids is not None:
        wanted = wanted.where(batch.actor_id.in_(sorted(ids)))
    found = work.session.execute(wanted).all()
    sets = changes.of_batches(work, [row.id for row, _name in found])
    undone = entries.undone(work, sets.values())
    shown = set(BatchView.model_fields) - {"actor", "change_set", "undone"}
    return [
        BatchView(
            **{name: getattr(row, name) for name in shown},
            actor=name or "",
            change_set=sets.get(row.id),
            undone=sets.get(row.id) in undone,
        )
        for row, name in found
    ]
