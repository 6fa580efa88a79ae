"""From a file to judged lines, without comparing them with the base: reading, mapping, defaults, and corrections made
in the grid, after which only the rows that were touched are judged again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cim import normalize, tabular
from cim.errors import Invalid
from cim.i18n import N_, _
from cim.models.custom import CustomFieldView
from cim.models.imports import Failure, ImportKind, ImportPreview
from cim.service import regions
from cim.service.importing import mapping as columns
from cim.service.importing import own_fields, rows
from cim.service.importing.lines import Extras, Line, Notes
from cim.service.importing.steps import Progress
from cim.service.places import Places
from cim.tabular import table as tables
from cim.work import Work

Edits = Mapping[tuple[int, str], str]
"""Corrected cells by row of the file and canonical column."""
DAMAGED = N_("The value contains the invisible or damaged character {code}. Type it again.")
TOO_LONG = N_("The value has more than {limit} characters.")
SAMPLE = 5
_CHUNK = 1000
_CHECKED = {
    ImportKind.CUSTOMERS: ("kind", "gender", "grade", "birthday", "created_at"),
    ImportKind.CONTACTS: ("birthday",),
    ImportKind.ACTIVITIES: ("type", "at", "next_at"),
    ImportKind.PRODUCTS: ("price", "currency", "margin"),
    ImportKind.ORDERS: ("date", "quantity", "unit_price", "amount", "currency", "status"),
    ImportKind.OPPORTUNITIES: (
        "amount",
        "currency",
        "probability",
        "expected_close",
        "created_at",
        "closed_at",
        "result",
    ),
    ImportKind.TICKETS: ("type", "priority", "opened_at", "status", "closed_at", "satisfaction"),
}
"""Columns whose cells are read by a rule, so that a default for them can be tried before any row is."""


@dataclass(frozen=True)
class Reading:
    """How a file is read where it is not left to be detected."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


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
    defaults: Mapping[str, str] = field(default_factory=dict)
    edits: Edits = field(default_factory=dict)
    dropped: frozenset[int] = frozenset()


@dataclass(frozen=True)
class _Bench:
    """What judging needs besides the rows."""

    kind: ImportKind
    headers: columns.Headers
    own: Sequence[CustomFieldView]
    places: Places

    def judge(self, found: Iterable[tables.Row], notes: Notes, extras: Extras) -> list[Line]:
        return rows.judge(self.kind, self.headers, found, notes, self.places, extras=extras, own=self.own)


def read(work: Work, content: bytes, filename: str, kind: ImportKind, reading: Reading) -> tabular.Table:
    """The table of a file; its header is found by the columns that this kind knows. Raises Invalid("file")."""
    own = own_fields.columns(own_fields.fields(work, kind))
    return tabular.read(
        content,
        filename=filename,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        sheet=reading.sheet,
        known_headers=columns.known(kind, own),
    )


def headers(
    work: Work, kind: ImportKind, found: list[str], chosen: Mapping[str, str] | None, *, complete: bool = True
) -> columns.Headers:
    """Which header means what. Raises Invalid("mapping") and Invalid("file")."""
    own = own_fields.columns(own_fields.fields(work, kind))
    return columns.match(kind, found, chosen, complete=complete, own=own)


def previewed(work: Work, table: tabular.Table, kind: ImportKind, mapping: Mapping[str, str] | None) -> ImportPreview:
    try:
        matched = headers(work, kind, table.headers, mapping)
        problem = ""
    except Invalid as error:
        if error.field != "file":
            raise
        matched = headers(work, kind, table.headers, mapping, complete=False)
        problem = _(error.msgid, **error.params)
    own = own_fields.columns(own_fields.fields(work, kind))
    return ImportPreview(
        headers=table.headers,
        sample=[row.cells for row in table.rows[:SAMPLE]],
        rows=len(table.rows) + len({p.row for p in table.problems}),
        mapping=matched.mapping,
        unknown_columns=matched.unknown,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        other_sheets=table.other_sheets,
        details={
            "header_row": table.header_row,
            "problem": problem,
            "columns": [c.name for c in (*columns.COLUMNS[kind], *own)],
            "labels": {c.name: c.header for c in own},
        },
    )


def judged(
    work: Work,
    table: tabular.Table,
    *,
    filename: str,
    kind: ImportKind,
    mapping: Mapping[str, str] | None,
    defaults: Mapping[str, str],
    progress: Progress | None = None,
) -> Prepared:
    """Every row of a table judged. Raises Invalid("defaults") for a value that no row could have."""
    bench = _bench(work, kind, headers(work, kind, table.headers, mapping))
    given = _defaults(bench, defaults)
    notes = _damage(_notes(bench), table.problems)
    lines: list[Line] = []
    for start in range(0, len(table.rows), _CHUNK):
        if progress:
            progress(start, len(table.rows))
        lines += bench.judge(table.rows[start : start + _CHUNK], notes, Extras({}, given))
    count = len(table.rows) + len({problem.row for problem in table.problems})
    return Prepared(kind, filename, count, lines, notes, bench.headers, table, given)


def mended(work: Work, prepared: Prepared, *, edits: Edits, drop: Collection[int] | None = None) -> Prepared:
    """The same with these cells corrected besides those corrected before, and these rows left out (None: as before).
    Only rows that this concerns are judged again. Raises Invalid("edits") for a row or column that is not there."""
    bench = _bench(work, prepared.kind, prepared.headers)
    dropped = prepared.dropped if drop is None else frozenset(drop)
    stood = {row.number: row for row in (*prepared.table.rows, *prepared.table.damaged)}
    named = set(prepared.headers.places) | set(prepared.defaults)
    if any(row not in stood or column not in named for row, column in edits) or not dropped <= stood.keys():
        raise Invalid("edits", "A corrected cell is not in this file. Check the file again.")
    touched = {row for row, _column in edits} | (dropped ^ prepared.dropped)
    all_edits = {**prepared.edits, **edits}
    notes = _without(prepared.notes, touched)
    by_row: dict[int, dict[str, str]] = defaultdict(dict)
    for (row, column), value in all_edits.items():
        if row in touched:
            by_row[row][column] = value
    good = _still_damaged(bench, prepared.table, touched - dropped, by_row, notes)
    again = bench.judge([stood[row] for row in sorted(good)], notes, Extras(by_row, prepared.defaults))
    lines = [line for line in prepared.lines if line.number not in touched] + again
    lines.sort(key=lambda line: line.number)
    return replace(prepared, lines=lines, notes=notes, edits=all_edits, dropped=dropped)


def _bench(work: Work, kind: ImportKind, found: columns.Headers) -> _Bench:
    return _Bench(kind, found, own_fields.fields(work, kind), regions.places(work))


def _notes(bench: _Bench) -> Notes:
    known = (*columns.COLUMNS[bench.kind], *own_fields.columns(bench.own))
    return Notes({column.name: column.header for column in known} | bench.headers.names)


def _damage(notes: Notes, problems: Iterable[tables.Problem]) -> Notes:
    for p in problems:
        notes.failed.add(p.row)
        notes.failures.append(Failure(row=p.row, column=p.column, value=p.value, reason=_(p.msgid, **p.params)))
    return notes


def _defaults(bench: _Bench, defaults: Mapping[str, str]) -> dict[str, str]:
    """The defaults that say something, for columns that the file does not have."""
    known = {column.name for column in (*columns.COLUMNS[bench.kind], *own_fields.columns(bench.own))}
    given = {column: value.strip() for column, value in defaults.items() if value.strip()}
    for column in given:
        if column not in known or column in ("customer", "customer_name", "code", "order_no", "number"):
            raise Invalid("defaults", "There can be no default value for {column}.", column=column)
        if column in bench.headers.places:
            raise Invalid("defaults", "The file has a column for {column}: leave out its default.", column=column)
    readers = rows.readers_of(bench.kind, bench.own)
    for column in given:
        if column in _CHECKED[bench.kind] or column.startswith("custom."):
            try:
                readers[column](given[column])
            except normalize.Bad as bad:
                raise Invalid("defaults", bad.msgid, **bad.params) from bad
    return given


def _without(notes: Notes, touched: Collection[int]) -> Notes:
    return Notes(
        notes.names,
        [failure for failure in notes.failures if failure.row not in touched],
        [warning for warning in notes.warnings if warning.row not in touched],
        notes.failed - set(touched),
    )


def _still_damaged(
    bench: _Bench,
    table: tabular.Table,
    touched: Collection[int],
    edits: Mapping[int, Mapping[str, str]],
    notes: Notes,
) -> set[int]:
    """The touched rows that can be judged: no damage is left in them, and none came with a correction."""
    mended_headers = {
        (row, bench.headers.names.get(column, column)) for row, cells in edits.items() for column in cells
    }
    left = [p for p in table.problems if p.row in touched and (p.row, p.column) not in mended_headers]
    _damage(notes, left)
    for row, cells in edits.items():
        for column, value in cells.items():
            code = tables.damage(value)
            long = len(value) > tables.LONGEST_CELL
            if row in touched and (code or long):
                line = Line(row, {column: value}, None)
                notes.fail(line, column, DAMAGED if code else TOO_LONG, code=code, limit=tables.LONGEST_CELL)
    return set(touched) - notes.failed
