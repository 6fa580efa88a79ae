"""The numbers of the dashboard, counted anew each time, against the same statements without our indexes."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bench import base
from bench.measure import Line, bounded, compared, pairwise
from cim import db, service
from cim.access import Actor

TIMES = 5
TABLES = ("customer", "activity", "task", "customer_tag", "duplicate_pair", "lookup_key")
_WHOLE = re.compile(r"^SCAN (\w+)(?! USING)")
"""A step of a plan that reads a table from end to end without any index."""


def lines(folder: Path) -> list[Line]:
    """KPI sets of a rep (his own customers) and of a manager (all of the team), and how their plans reach the rows."""
    found: list[Line] = []
    with _without_indexes(folder / "plain.db") as plain:
        for name in ("ann", "mei"):
            me = base.actor(name)
            service.kpis.current(me)
            ours, theirs = pairwise([partial(_cold, me)] * TIMES, [partial(_cold, me, plain)] * TIMES)
            facts = {"p50": ours.p50, "p95": ours.p95}
            found.append(
                compared(
                    f"KPI set cold: {'a rep' if name == 'ann' else 'a manager'}",
                    ours.cpu_p50,
                    theirs.cpu_p50,
                    0.25,
                    against="the same without our indexes, CPU",
                    **facts,
                )
            )
    scans = {step for name in ("ann", "mei") for step in _scans(base.actor(name))}
    shown = {"steps": "; ".join(sorted(scans))} if scans else {}
    return [*found, bounded("KPI set: plans that read a whole table", len(scans), 0, unit="steps", **shown)]


def _cold(me: Actor, url: str = "") -> None:
    """One KPI set over a fresh connection: SQLite's cache of pages is empty then."""
    with _database(url):
        db.engine().dispose()
        service.kpis.current(me)


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
        wanted = f"SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE INDEX%' AND tbl_name IN {TABLES}"
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


