"""Exports: rows leave as CSV or XLSX, masked and capped as the role demands, each with an entry in the audit log."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from cim import clock, search_text, tabular, words
from cim.errors import Invalid
from cim.i18n import N_, _
from cim.models import Customer
from cim.models.base import View
from cim.models.custom import Noun
from cim.models.imports import ImportKind
from cim.models.listing import CustomerFilter, Order
from cim.models.record_list import RecordFilter
from cim.permissions import EXPORT_CAP, Permission
from cim.service import budget, conditions, custom_values, search
from cim.service import records as listing
from cim.service.exporting import cells
from cim.service.exporting import customers as rows
from cim.service.exporting import records as of_records
from cim.service.importing import mapping, own_fields
from cim.service.importing.columns import Column
from cim.work import LARGEST_ID, Work, query

Format = Literal["csv", "xlsx"]
CHUNK = 1000
SHEETS = {
    ImportKind.CUSTOMERS: N_("Customers"),
    ImportKind.CONTACTS: N_("Contacts"),
    ImportKind.ACTIVITIES: N_("Follow-ups"),
}
ROWS = {
    ImportKind.CUSTOMERS: rows.customers,
    ImportKind.CONTACTS: rows.contacts,
    ImportKind.ACTIVITIES: rows.activities,
}


PERSONAL = frozenset({*Customer.SEALED, "birthday"})
"""Columns whose values are masked for most people: exporting them in clear counts against the day's budget."""


class Exported(bytes):
    """The file, with the number of its rows and the reference under which the audit log knows it."""

    rows: int = 0
    reference: str = ""


class ExportColumn(View):
    """One column on offer: its name for `fields`, and the header that the file gets."""

    name: str
    header: str


@query(Permission.EXPORT, recorded=True)
def customers(
    work: Work,
    narrowed: CustomerFilter | None = None,
    *,
    reason: str,
    fields: Sequence[str] | None = None,
    format: Format = "csv",
    ids: Sequence[int] | None = None,
) -> Exported:
    """The customers that the filter lets through, as this actor may see them, in the columns that an import reads.

    `ids` takes these customers instead, as far as the actor reaches them. `fields` picks canonical columns (CONTRACT:
    import columns), custom fields as `custom.KEY`. Raises Invalid("reason") without a reason, Invalid("rows") over the cap
    of the role, Invalid("fields"), Invalid("format"), and Denied beyond the day's budget of personal data.
    """
    asked = Asked(ImportKind.CUSTOMERS, narrowed or CustomerFilter(), ids, reason, fields, format)
    return _export(work, asked)


@query(Permission.EXPORT, recorded=True)
def contacts(
    work: Work,
    narrowed: CustomerFilter | None = None,
    *,
    reason: str,
    fields: Sequence[str] | None = None,
    format: Format = "csv",
    ids: Sequence[int] | None = None,
) -> Exported:
    """The contacts of the customers that the filter lets through; otherwise as `customers`."""
    asked = Asked(ImportKind.CONTACTS, narrowed or CustomerFilter(), ids, reason, fields, format)
    return _export(work, asked)


@query(Permission.EXPORT, recorded=True)
def activities(
    work: Work,
    narrowed: CustomerFilter | None = None,
    *,
    reason: str,
    fields: Sequence[str] | None = None,
    format: Format = "csv",
    ids: Sequence[int] | None = None,
) -> Exported:
    """The follow-ups of the customers that the filter lets through; otherwise as `customers`."""
    asked = Asked(ImportKind.ACTIVITIES, narrowed or CustomerFilter(), ids, reason, fields, format)
    return _export(work, asked)


@query(Permission.EXPORT, recorded=True)
def records(
    work: Work,
    noun: Noun,
    narrowed: RecordFilter | None = None,
    *,
    reason: str,
    fields: Sequence[str] | None = None,
    format: Format = "csv",
    ids: Sequence[int] | None = None,
) -> Exported:
    """The opportunities, orders (a row for each line), contracts, products or tickets that the filter lets through; otherwise
    as `customers`. Raises Denied for a noun that the role may not read."""
    kind = listing.listed(work, noun)
    narrowed = narrowed or RecordFilter()
    found = of_records.found(work, kind, narrowed, ids)
    given = _without_personal(narrowed) if ids is None else {"selected": len(set(ids))}
    made = File(
        sheet=_(words.VALUES["nouns"][noun]),
        built_in=of_records.COLUMNS[noun],
        noun=noun,
        ids=[number for number, _customer, _owner in found],
        owners={customer: owner for _number, customer, owner in found if customer},
        filters=json.dumps({"noun": noun.value} | given, ensure_ascii=False),
        reason=reason,
        fields=fields,
        format=format,
    )
    return _made(work, made, of_records.ROWS[noun])


@query(Permission.EXPORT)
def choices(work: Work, kind: ImportKind) -> list[ExportColumn]:
    """The columns that an export of this kind can have, in their order."""
    return _offered(mapping.COLUMNS[kind], own_fields.columns(own_fields.fields(work, kind)))


@query(Permission.EXPORT)
def record_choices(work: Work, noun: Noun) -> list[ExportColumn]:
    """As `choices`, of a noun that `records` exports."""
    listing.listed(work, noun)
    return _offered(of_records.COLUMNS[noun], own_fields.columns(custom_values.live(work, noun)))


@query(Permission.EXPORT)
def used_today(work: Work) -> budget.Budget:
    """How many customers' personal data the actor has looked up or taken out today, and what is allowed."""
    return budget.today(work)


@dataclass(frozen=True)
class Asked:
    """Which customers an export is about."""

    kind: ImportKind
    narrowed: CustomerFilter
    ids: Sequence[int] | None
    reason: str
    fields: Sequence[str] | None
    format: str


@dataclass(frozen=True)
class File:
    """What a file is to hold: these records, in these columns. `owners` of the customers that they belong to decide what is
    masked; `noun` has custom fields."""

    sheet: str
    built_in: Sequence[Column]
    noun: Noun | None
    ids: list[int]
    owners: Mapping[int, int | None]
    filters: str
    reason: str
    fields: Sequence[str] | None
    format: str


Rows = Callable[[Work, list[int], list[str]], Iterator[dict[str, Any]]]
"""Rows of these records; the names of the columns say which custom fields are wanted."""


def _export(work: Work, asked: Asked) -> Exported:
    found = _found(work, asked)
    made = File(
        sheet=_(SHEETS[asked.kind]),
        built_in=mapping.COLUMNS[asked.kind],
        noun=own_fields.NOUNS.get(asked.kind),
        ids=[number for number, _owner in found],
        owners=dict(found),
        filters=_shown(asked),
        reason=asked.reason,
        fields=asked.fields,
        format=asked.format,
    )
    return _made(work, made, ROWS[asked.kind], counted=asked.kind is ImportKind.CUSTOMERS)


def _made(work: Work, file: File, made_of: Rows, *, counted: bool = False) -> Exported:
    """Check what is asked, take it from the budget, write the file, and record it. `counted` where a record is a row."""
    if not file.reason.strip():
        raise Invalid("reason", "Say what the export is for: it is recorded.")
    if file.format not in ("csv", "xlsx"):
        raise Invalid("format", "Choose CSV or XLSX.")
    held = custom_values.live(work, file.noun) if file.noun else []
    own = own_fields.columns(held)
    names = _fields(file, own)
    tells = {*PERSONAL, *(f"{custom_values.PREFIX}{field.key}" for field in held if field.personal)}
    clear = sum(work.may_see_clear(owner) for owner in file.owners.values()) if tells & set(names) else 0
    budget.take(work, clear)
    facts: dict[str, Any] = {
        "rows": 0,
        "filters": file.filters,
        "format": file.format,
        "reference": secrets.token_hex(4),
        "clear": clear,
    }
    if counted:
        _check_cap(work, len(file.ids))
    lines = _counted(work, facts, _cells(work, file.ids, names, made_of))
    made = Exported(_file(work, file, [_header(file.built_in, name, own) for name in names], lines, facts))
    work.record(reason=file.reason.strip()[:500], **facts)
    made.rows, made.reference = facts["rows"], str(facts["reference"])
    return made


def _cells(work: Work, ids: list[int], names: list[str], made_of: Rows) -> Iterator[list[str]]:
    """Row by row, so that an export holds its file and not its rows."""
    for start in range(0, len(ids), CHUNK):
        for row in made_of(work, ids[start : start + CHUNK], names):
            yield [cells.written(row.get(name)) for name in names]
        work.forget_ciphers()


def _counted(work: Work, facts: dict[str, Any], lines: Iterator[list[str]]) -> Iterator[list[str]]:
    for facts["rows"], row in enumerate(lines, 1):
        _check_cap(work, facts["rows"])
        yield row


def _check_cap(work: Work, count: int) -> None:
    cap = EXPORT_CAP.get(work.actor.role) if work.actor.role else None
    if cap is not None and count > cap:
        raise Invalid(
            "rows", "{count} rows are more than the {cap} your role may export. Narrow it.", count=count, cap=cap
        )


def _file(work: Work, file: File, headers: list[str], lines: Iterator[list[str]], facts: dict[str, Any]) -> bytes:
    """The rows in the format asked for; a workbook also says who took it out, when, why, and where the log has it."""
    if file.format == "csv":
        return tabular.write_csv(headers, lines)

    def about() -> Iterator[tuple[str, str]]:  # read after the rows: only then is their number known
        yield _("Exported by"), f"{work.actor.name} ({work.actor.username})"
        yield _("Time"), clock.local(work.now).isoformat(sep=" ", timespec="seconds")
        yield _("Filter"), facts["filters"]
        yield _("Reason"), file.reason.strip()[:500]
        yield _("Rows"), str(facts["rows"])
        yield _("Audit reference"), facts["reference"]

    return tabular.write_xlsx(headers, lines, sheet=file.sheet, about=about(), about_sheet=_("About"))


def _offered(built_in: Sequence[Column], own: Sequence[Column]) -> list[ExportColumn]:
    return [ExportColumn(name=each.name, header=each.header) for each in (*built_in, *own) if each.written]


def _fields(file: File, own: Sequence[Column]) -> list[str]:
    known = [column.name for column in (*file.built_in, *own) if column.written]
    if unknown := [name for name in file.fields or () if name not in known]:
        raise Invalid("fields", "There is no column {name}.", name=unknown[0])
    if file.fields is not None and not file.fields:
        raise Invalid("fields", "Choose at least one column.")
    return [name for name in known if file.fields is None or name in file.fields]


def _header(built_in: Sequence[Column], name: str, own: Sequence[Column]) -> str:
    found: Column = next(column for column in (*built_in, *own) if column.name == name)
    return found.header


def _found(work: Work, asked: Asked) -> list[tuple[int, int | None]]:
    """(id, owner) of the customers that are wanted and in the actor's reach."""
    c: Any = Customer
    shown = select(c.id, c.owner_id).order_by(c.id)
    wanted = asked.ids
    if wanted is None and not asked.narrowed.q.strip():
        where = conditions.customers(work, asked.narrowed)
        return [tuple(row) for row in work.session.execute(shown.where(*where))]
    wanted = _searched(work, asked.narrowed) if wanted is None else sorted(set(wanted))
    found: list[tuple[int, int | None]] = []
    for start in range(0, len(wanted), CHUNK):
        part = [number for number in wanted[start : start + CHUNK] if 0 < number <= LARGEST_ID]
        found += [tuple(row) for row in work.session.execute(shown.where(c.id.in_(part), work.visible(Customer)))]
    return found


def _searched(work: Work, narrowed: CustomerFilter) -> list[int]:
    ids: list[int] = []
    page, more = 1, True
    while more:
        found = search.customers(work, narrowed, order=Order.NEWEST, page=page, size=200)
        ids += [row.id for row in found.rows]
        more, page = len(found.rows) == 200, page + 1
    return ids


def _shown(asked: Asked) -> str:
    """The filter for the log and the file. A phone number, e-mail or ID in it stays out: the log is no place for it."""
    if asked.ids is not None:
        return json.dumps({"selected": len(set(asked.ids))})
    return json.dumps(_without_personal(asked.narrowed), ensure_ascii=False)


def _without_personal(narrowed: CustomerFilter | RecordFilter) -> dict[str, Any]:
    given = narrowed.model_dump(mode="json", exclude_defaults=True)
    if search_text.query(narrowed.q).kind in ("phone", "email", "identity"):
        given["q"] = "•••"
    return given
