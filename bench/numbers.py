"""The numbers of the dashboard, counted anew each time, against the same statements without our indexes."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from bench import base
from bench.measure import Line, bounded, compared, repeat
from cim import db, service
from cim.access import Actor

TIMES, PATIENCE = 5, 20
"""The statements without indexes are run once, and no longer than twenty times ours: each row asks a whole table."""

TABLES = ("customer", "activity", "task", "customer_tag", "duplicate_pair", "lookup_key")
_WHOLE = re.compile(r"^SCAN (\w+)(?! USING)")
"""A step of a plan that reads a table from end to end without any index."""


def lines(folder: Path) -> list[Line]:
    """KPI sets of a rep (his own customers) and of a manager (all of the team), and how their plans reach the rows."""
    found: list[Line] = []
    with _without_indexes(folder / "plain.db") as plain:
        for name, title in (("ann", "a rep"), ("mei", "a manager")):
            me = base.actor(name)
            ours = repeat(partial(_cold, me), TIMES)
            with _limited(plain, ours.cpu_p50 * PATIENCE):
                theirs = repeat(partial(_cold, me, plain), warm=0, times=1)
            against = "the same without our indexes, CPU"
            found.append(
                compared(
                    f"KPI set cold: {title}",
                    ours.cpu_p50,
                    theirs.cpu_p50,
                    0.25,
                    against=f"{against}, stopped at {PATIENCE}x"
                    if theirs.cpu_p50 > ours.cpu_p50 * PATIENCE
                    else against,
                    facts={"p50": ours.p50, "p95": ours.p95},
                )
            )
    scans = {step for name in ("ann", "mei") for step in _scans(base.actor(name))}
    shown = {"steps": "; ".join(sorted(scans))} if scans else {}
    return [*found, bounded("KPI set: plans that read a whole table", len(scans), 0, unit="steps", facts=shown)]


def _cold(me: Actor, url: str = "") -> None:
    """One KPI set over a fresh connection: SQLite's cache of pages is empty then."""
    with _database(url):
        db.engine().dispose()
        with suppress(OperationalError):  # stopped by _limited: what it took until then counts
            service.kpis.current(me)


@contextmanager
def _limited(url: str, milliseconds: float) -> Iterator[None]:
    """Let no statement on that database run on once the block has used so much processor time."""
    until = time.process_time() + milliseconds / 1e3

    def prepare(connection: Any, _record: object) -> None:
        connection.set_progress_handler(lambda: time.process_time() > until, 10_000)

    with _database(url):
        engine = db.engine()
    event.listen(engine, "connect", prepare)
    try:
        yield
    finally:
        event.remove(engine, "connect", prepare)


@contextmanager
def _database(url: str) -> Iterator[None]:
    if not url:
        yield
        return
    os.environ["CIM_DATABASE_URL"] = url
    try:
        yield
    finally:
        del os.environ["CIM_DATABASE_URL"]


@contextmanager
def _without_indexes(copy: Path) -> Iterator[str]:
    """The URL of a copy of the database in which the tables have their primary keys and unique columns only."""
    with base.raw() as source, sqlite3.connect(copy) as target:
        source.backup(target)
    with base.raw(copy) as plain:
        wanted = (
            f"SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE INDEX%' AND tbl_name IN {TABLES}"
        )
        for (name,) in plain.execute(wanted).fetchall():
            plain.execute(f'DROP INDEX "{name}"')
    url = f"sqlite:///{copy}"
    yield url
    with _database(url):
        db.engine().dispose()


def _scans(me: Actor) -> set[str]:
    """The steps of the plans of one KPI set that go over a whole table without an index."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, parameters))

    engine = db.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        service.kpis.current(me)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with base.raw() as connection:
        steps = [row[3] for s, p in seen for row in connection.execute(f"EXPLAIN QUERY PLAN {s}", p)]
    return {step for step in steps if (found := _WHOLE.match(step)) and found[1] in TABLES}
