"""An import on its way through the wizard: the file and what was decided so far.

It lies in the memory of this process, for its owner alone and for an hour after it was last touched: a file of
customers must not lie in a table or a session in clear. Steps may be taken back, and nothing is lost by that.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cim import tabular
from cim.access import Actor
from cim.config import settings
from cim.errors import Conflict, NotFound
from cim.i18n import N_, _
from cim.models.imports import DeskView, Failure, GridRow, ImportChoices, ImportKind, ImportPreview, ImportReport
from cim.models.job import JobStatus
from cim.permissions import Permission
from cim.service import imports, jobs
from cim.service import settings as preferences
from cim.service.importing import preparing
from cim.service.importing.preparing import Edits, Prepared, Reading
from cim.service.jobs import Telling
from cim.tabular import Preview
from cim.work import Work, query

RESULT = ("batch", "rows", "added", "updated", "skipped", "failed", "duplicates", "contacts")
KEPT_SECONDS, MOST_DESKS = 3600, 20
MOST_REMEMBERED = 300
"""Headers whose columns are remembered for one user and kind."""

_GONE = N_("This import is no longer here: choose the file again.")
_CHANGED = N_("The file was changed since it was checked. Check it again.")


def _fresh_token() -> str:
    """What the desk holds is named by its token: another file, column, choice or cell has another one."""
    return secrets.token_hex(16)


@dataclass
class _Desk:
    user_id: int | None
    url: str
    kind: ImportKind
    filename: str
    content: bytes
    touched: float = field(default_factory=time.monotonic)
    table: tabular.Table | None = None
    reading: Reading = field(default_factory=Reading)
    mapping: dict[str, str] | None = None
    choices: ImportChoices = field(default_factory=ImportChoices)
    decided: dict[int, str] = field(default_factory=dict)
    prepared: Prepared | None = None
    report: ImportReport | None = None
    checking: int | None = None
    running: int | None = None
    token: str = field(default_factory=_fresh_token)
    run_token: str = ""


_desks: dict[str, _Desk] = {}
_lock = threading.Lock()


@query(Permission.IMPORT)
def put(work: Work, content: bytes, *, filename: str, kind: ImportKind) -> str:
    """Lay a file on the desk and return its key. One file of each person: a newer one takes its place.
    Raises Invalid("file") when it is larger than may be uploaded or no table; its encoding may still be unclear."""
    fresh = _Desk(work.actor.user_id, settings().database_url, kind, filename[:200], content)
    key = secrets.token_hex(8)
    with _lock:
        _forget_old()
        for old in [k for k, desk in _desks.items() if (desk.user_id, desk.url) == (fresh.user_id, fresh.url)]:
            del _desks[old]
        while len(_desks) >= MOST_DESKS:
            del _desks[min(_desks, key=lambda old: _desks[old].touched)]
        _desks[key] = fresh
    return key


@query(Permission.IMPORT)
def open_one(work: Work) -> str | None:
    """The key of what the actor has on the desk: an import that was begun and can be gone on with."""
    with _lock:
        _forget_old()
        mine = (work.actor.user_id, settings().database_url)
        return next((key for key, desk in _desks.items() if (desk.user_id, desk.url) == mine), None)


@query(Permission.IMPORT)
def look(work: Work, key: str) -> DeskView:
    """How far the import is. NotFound when it is gone or somebody else's."""
    desk = _of(work, key)
    return DeskView(
        kind=desk.kind,
        filename=desk.filename,
        encoding=desk.reading.encoding,
        delimiter=desk.reading.delimiter,
        sheet=desk.reading.sheet,
        mapping=desk.mapping,
        choices=desk.choices,
        checking=desk.checking,
        running=desk.running,
        report=desk.report,
        edited=len(desk.prepared.edits) if desk.prepared else 0,
        dropped=len(desk.prepared.dropped) if desk.prepared else 0,
        token=desk.token,
    )


@query(Permission.IMPORT)
def read(
    work: Work, key: str, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> ImportPreview:
    """Read the file so, and show its beginning. The columns are those chosen on this desk, else those the actor chose
    for these headers before, else by synonym. Raises Invalid("file")."""
    desk = _of(work, key)
    reading = Reading(encoding, delimiter, sheet)
    if reading != desk.reading or desk.table is None:
        table = preparing.read(work, desk.content, desk.filename, desk.kind, reading)
        with _lock:
            desk.reading, desk.table, desk.mapping, desk.decided = reading, table, None, {}
            desk.prepared = desk.report = desk.checking = None
            desk.token = _fresh_token()
    if desk.mapping is not None:
        return preparing.previewed(work, desk.table, desk.kind, desk.mapping)
    seen = preparing.previewed(work, desk.table, desk.kind, None)
    remembered = _fitting(preferences.preference(work, _preference(desk.kind)), seen)
    return preparing.previewed(work, desk.table, desk.kind, remembered) if remembered else seen


@query(Permission.IMPORT)
def peek(work: Work, key: str) -> list[Preview]:
    """The first rows of a text file under every encoding that its bytes fit, most plausible first, for choosing by eye;
    one entry without an encoding for a workbook. Raises Invalid("file")."""
    desk = _of(work, key)
    return tabular.preview(desk.content, filename=desk.filename)


@query(Permission.IMPORT)
def decide(work: Work, key: str, *, mapping: Mapping[str, str], choices: ImportChoices) -> None:
    """Keep what was chosen on the desk. Another column or default asks for judging every row again."""
    desk = _of(work, key)
    with _lock:
        if desk.mapping != dict(mapping) or desk.choices.defaults != choices.defaults:
            desk.prepared, desk.decided = None, {}
        if desk.mapping != dict(mapping) or desk.choices != choices:
            desk.report = desk.checking = None
            desk.token = _fresh_token()
        desk.mapping, desk.choices = dict(mapping), choices


@query(Permission.IMPORT)
def check(work: Work, key: str) -> int:
    """Judge the file in the background and return the job's id. What it finds is dropped when something else was decided
    meanwhile. Raises Conflict when too much is running."""
    desk = _of(work, key)
    me = work.actor
    # as it stands now: the job may have to wait for its turn, and the desk may be another by then
    with _lock:
        token, table, mapping, before = desk.token, desk.table, desk.mapping, desk.prepared
        defaults, decided, how = desk.choices.defaults, dict(desk.decided), _how(desk)
        desk.report = None
    if table is None or mapping is None:
        raise NotFound(_GONE)

    def judge(telling: Telling) -> dict[str, Any]:
        prepared = before or imports.prepare(
            me,
            table,
            filename=desk.filename,
            kind=desk.kind,
            mapping=mapping,
            defaults=defaults,
            progress=telling.tell,
        )
        report = imports.check(me, prepared, choices=decided, progress=telling.tell, **how)
        with _lock:
            if desk.token == token:
                desk.prepared, desk.report = prepared, report
        return {}

    desk.checking = jobs.start(me, "imports.check", _("Checking {file}", file=desk.filename), judge)
    return desk.checking


@query(Permission.IMPORT)
def mend(
    work: Work, key: str, *, edits: Edits, drop: frozenset[int] | None = None, decided: Mapping[int, str] | None = None
) -> int:
    """Correct cells, leave rows out, decide about possible duplicates; then check again. Returns the job's id.
    Raises Conflict when somebody in another tab did so in the same moment."""
    desk = _of(work, key)
    before = desk.prepared
    if before is None:
        raise NotFound(_GONE)
    mended = imports.mend(work, before, edits=edits, drop=drop) if edits or drop is not None else before
    with _lock:
        if desk.prepared is not before:
            raise Conflict(_CHANGED)
        desk.prepared, desk.decided = mended, desk.decided | dict(decided or {})
        desk.token = _fresh_token()
    return check(work, key)


@query(Permission.IMPORT)
def grid(work: Work, key: str, *, limit: int = 200) -> list[GridRow]:
    """The rows that cannot be taken as they are, with what is wrong with each and their cells as they stand now."""
    desk = _of(work, key)
    if desk.prepared is None or desk.report is None:
        return []
    prepared = desk.prepared
    names = {header: column for column, header in prepared.headers.names.items()}
    wrong: dict[int, list[Failure]] = {}
    for failure in desk.report.failures:
        wrong.setdefault(failure.row, []).append(failure)
    numbers = sorted({*wrong, *prepared.dropped})[:limit]
    stood = {row.number: row.cells for row in (*prepared.table.rows, *prepared.table.damaged) if row.number in numbers}
    return [
        GridRow(
            row=number,
            dropped=number in prepared.dropped,
            wrong=[names[found.column] for found in wrong.get(number, []) if found.column in names],
            reasons="; ".join(f"{found.column}: {found.reason}" for found in wrong.get(number, [])),
            cells={
                column: prepared.edits.get((number, column), stood[number][place])
                for column, place in prepared.headers.places.items()
            },
        )
        for number in numbers
    ]


@query(Permission.IMPORT)
def run(work: Work, key: str, *, token: str) -> int:
    """Import what was checked, in the background, and return the job's id. A second press with the same `token` returns
    the first one's; one of a page that shows an older state is refused with Conflict."""
    desk = _of(work, key)
    again = desk.running if desk.run_token == token else None
    if again is not None and jobs.get(work, again).status in (JobStatus.RUNNING, JobStatus.DONE):
        return again
    with _lock:
        me, prepared, decided, how = work.actor, desk.prepared, dict(desk.decided), _how(desk)
        if prepared is None or desk.report is None or token != desk.token:
            raise Conflict(_CHANGED)

    def take(telling: Telling) -> dict[str, Any]:
        report = imports.run(me, prepared, token=token, choices=decided, progress=telling.tell, **how)
        telling.keep((prepared, report))
        return {name: getattr(report, name) for name in RESULT} | {"kind": desk.kind.value}

    _remember(me, desk)  # before the import holds the database
    desk.run_token = token
    desk.running = jobs.start(me, "imports.run", _("Importing {file}", file=desk.filename), take)
    return desk.running


@query(Permission.IMPORT)
def rejected(work: Work, job_id: int) -> bytes | None:
    """The failed rows of an import as XLSX, for an hour after it; None later."""
    held = jobs.kept(work, job_id)
    return imports.rejected(work, *held) if held else None


@query(Permission.IMPORT)
def reported(work: Work, job_id: int) -> ImportReport | None:
    """What an import found, for an hour after it; None later: its counts are in the job's result for good."""
    held = jobs.kept(work, job_id)
    return held[1] if held else None


@query(Permission.IMPORT)
def leave(work: Work, key: str) -> None:
    """Take the file off the desk. A job that runs goes on."""
    with _lock:
        desk = _desks.get(key)
        if desk is not None and desk.user_id == work.actor.user_id:
            del _desks[key]


def forget_old() -> None:
    """Let go of what lies on the desks for too long. The server asks for it, as nobody else may come for hours."""
    with _lock:
        _forget_old()


def _of(work: Work, key: str) -> _Desk:
    with _lock:
        _forget_old()
        desk = _desks.get(key)
        if desk is None or (desk.user_id, desk.url) != (work.actor.user_id, settings().database_url):
            raise NotFound(_GONE)
        desk.touched = time.monotonic()
    return desk


def _how(desk: _Desk) -> dict[str, Any]:
    chosen = desk.choices
    how: dict[str, Any] = {"mode": chosen.mode, "on_duplicate": chosen.on_duplicate}
    return how | {"create_missing": chosen.create_missing, "repeats_are_contacts": chosen.repeats_are_contacts}


def _forget_old() -> None:
    limit = time.monotonic() - KEPT_SECONDS
    for key in [key for key, desk in _desks.items() if desk.touched < limit]:
        del _desks[key]


def _preference(kind: ImportKind) -> str:
    return f"import.mapping.{kind}"


def _fitting(remembered: Any, seen: ImportPreview) -> dict[str, str]:
    """What was chosen for the headers of this file before, as far as it can still be chosen."""
    chosen: dict[str, str] = {}
    for header in seen.headers:
        column = str(remembered.get(header, "?")) if isinstance(remembered, dict) else "?"
        free = not column or column not in chosen.values()
        if free and column in ("", *seen.details["columns"]):
            chosen[header] = column
    return chosen


def _remember(me: Actor, desk: _Desk) -> None:
    """Keep the columns of these headers for the next file, the newest last."""
    before = preferences.preference(me, _preference(desk.kind))
    kept = before if isinstance(before, dict) else {}
    kept = {header: column for header, column in kept.items() if header not in (desk.mapping or {})}
    merged = list((kept | (desk.mapping or {})).items())[-MOST_REMEMBERED:]
    preferences.prefer(me, _preference(desk.kind), dict(merged))
