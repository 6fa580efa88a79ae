"""`import`, `export` and `search`: data in, data out, and what the search box would find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from cim.access import Actor
from cim.cli import output
from cim.config import settings
from cim.errors import Invalid
from cim.i18n import _
from cim.models.imports import ImportKind, ImportMode, ImportReport, OnDuplicate
from cim.models.listing import CustomerFilter
from cim.models.record_list import ExportKind, RecordFilter

SHOWN_FAILURES = 20
File = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)]
Kind = Annotated[
    ImportKind,
    typer.Argument(metavar="KIND", help="customers, contacts, activities, products, orders, opportunities or tickets."),
]

Out = Annotated[ExportKind, typer.Argument(metavar="KIND", help="As an import takes them, and contracts.")]
CreateMissing = Annotated[
    bool,
    typer.Option(
        "--create-missing",
        help="Disabled accounts for unknown owners of customers; unknown customers of orders, opportunities, tickets.",
    ),
]
F = TypeVar("F", CustomerFilter, RecordFilter)


def register(above: typer.Typer) -> None:
    """Add the commands to the command line."""
    above.command("import")(import_file)
    above.command("export")(export_file)
    above.command("search")(search)


def import_file(
    kind: Kind,
    file: File,
    user: output.As,
    mode: Annotated[ImportMode, typer.Option(help="What becomes of customers that are known.")] = ImportMode.ADD,
    on_duplicate: Annotated[
        OnDuplicate, typer.Option("--on-duplicate", help="What becomes of possible duplicates.")
    ] = OnDuplicate.REVIEW,
    map_file: Annotated[
        Path | None, typer.Option("--map", metavar="FILE.json", help='{"header of the file": "column"}.')
    ] = None,
    create_missing: CreateMissing = False,
    encoding: Annotated[str | None, typer.Option(help="Instead of detecting it: utf-8, gb18030, ...")] = None,
    sheet: Annotated[str | None, typer.Option(metavar="NAME", help="Sheet of a workbook, else its first one.")] = None,
    default: Annotated[
        list[str] | None,
        typer.Option("--default", metavar="COLUMN=VALUE", help="For new customers, where the file has no such column."),
    ] = None,
    repeats_are_contacts: Annotated[
        bool,
        typer.Option(
            "--repeats-are-contacts", help="Rows repeating a company with another contact are contacts of it."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Take nothing when any row fails.")] = False,
    as_json: output.Json = False,
) -> None:
    """Take customers or other records from a CSV or XLSX file: all good rows at once, the others named."""
    read: dict[str, Any] = {"encoding": encoding, "sheet": sheet, "defaults": _defaults(default or [])}
    how: dict[str, Any] = {"mode": mode, "on_duplicate": on_duplicate, "create_missing": create_missing}
    how["repeats_are_contacts"] = repeats_are_contacts
    read |= {"kind": kind, "mapping": _mapping(map_file)}
    report = _imported(output.acting(user), file, read, how, dry_run=dry_run, strict=strict)
    output.show(report, as_json, lambda: _lines(report))
    if strict and report.failed:
        output.say(_("{count} rows could not be taken: nothing was imported.", count=report.failed))
        raise typer.Exit(1)


def export_file(
    kind: Out,
    file: File,
    user: output.As,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: it is recorded.")],
    where: output.Where = "",
    as_json: output.Json = False,
) -> None:
    """Write customers or other records to FILE.csv or FILE.xlsx, as the user may see them. Recorded."""
    from cim.service import exports

    me = output.acting(user)
    how: dict[str, Any] = {"reason": reason, "format": file.suffix.lower().lstrip(".")}
    if kind.noun is not None:
        made = exports.records(me, kind.noun, _narrowed(where, RecordFilter), **how)
    else:
        write = {
            ExportKind.CUSTOMERS: exports.customers,
            ExportKind.CONTACTS: exports.contacts,
            ExportKind.ACTIVITIES: exports.activities,
        }[kind]
        made = write(me, _narrowed(where, CustomerFilter), **how)
    _write(file, made)
    output.show({"file": file.name, "rows": made.rows}, as_json, lambda: _("{count} rows written.", count=made.rows))


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    user: output.As,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Most hits.")] = 50,
    as_json: output.Json = False,
) -> None:
    """What the search box returns, best first."""
    from cim.service import customers

    found = customers.search(output.acting(user), CustomerFilter(q=text), size=limit)
    shown = ("code", "name", "phone", "owner", "matched")
    hits = [{name: getattr(row, name) for name in shown} for row in found.rows]
    output.show(hits, as_json, lambda: ["  ".join(hit.values()) for hit in hits] or [_("Nothing found.")])


def _imported(
    me: Actor, file: Path, read: dict[str, Any], how: dict[str, Any], *, dry_run: bool, strict: bool
) -> ImportReport:
    from cim.service import imports

    output.say(_("Reading {file} ...", file=file.name))
    prepared = imports.prepare(me, _content(file), filename=file.name, **read)
    if dry_run:
        return imports.check(me, prepared, **how)
    return imports.run(me, prepared, strict=strict, progress=_told, **how)


def _narrowed(where: str, form: type[F]) -> F:
    allowed: dict[str, Any] = {name: lambda value: value for name in form.model_fields}
    try:
        return form.model_validate(output.filters(where, allowed))
    except ValidationError as error:
        wrong = ", ".join(sorted({str(part) for flaw in error.errors() for part in flaw["loc"]}))
        raise Invalid("where", "--where holds a value that cannot be read: {problem}", problem=wrong) from error


def _content(file: Path) -> bytes:
    size = file.stat().st_size
    if size > settings().max_upload_bytes:
        limit = settings().max_upload_bytes // 1024**2
        raise Invalid("file", "{file} is larger than {limit} MB. Split it.", file=file.name, limit=limit)
    return file.read_bytes()


def _mapping(file: Path | None) -> dict[str, str] | None:
    if file is None:
        return None
    try:
        made = json.loads(file.read_text("utf-8-sig"))
    except ValueError as error:
        raise Invalid("mapping", "{file} is not JSON: {problem}", file=file.name, problem=str(error)) from error
    if not isinstance(made, dict) or not all(isinstance(value, str) for value in made.values()):
        raise Invalid("mapping", "{file} must map headers to columns.", file=file.name)
    return made


def _defaults(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if wrong := next((name for name, sign, _value in pairs if not sign), None):
        raise Invalid("default", "--default {text} is not COLUMN=VALUE.", text=wrong)
    return {name.strip(): value for name, _sign, value in pairs}


def _write(file: Path, content: bytes) -> None:
    """All of the file or nothing: it appears under its name when it is complete."""
    part = file.with_name(f".{file.name}.part")
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(file)


def _told(done: int, count: int) -> None:
    output.say(_("{done} of {count}", done=done, count=count))


def _lines(report: ImportReport) -> list[str]:
    counts = {name: getattr(report, name) for name in ("rows", "added", "updated", "skipped", "failed", "duplicates")}
    head = _("Would be taken:") if report.dry_run else _("Import {batch}:", batch=report.batch or "-")
    lines = [" ".join([head, *(f"{name} {value}" for name, value in counts.items())])]
    if report.unknown_columns:
        lines.append(_("Columns left out: {columns}", columns=", ".join(report.unknown_columns)))
    for failure in report.failures[:SHOWN_FAILURES]:
        place = _("Row {row}, {column}", row=failure.row, column=failure.column)
        lines.append(f"{place}: {failure.value!r}: {failure.reason}")
    if len(report.failures) > SHOWN_FAILURES:
        lines.append(_("... and {count} more", count=len(report.failures) - SHOWN_FAILURES))
    return lines
