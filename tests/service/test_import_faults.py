"""An import is whole or not there: the process killed, the database failing at any statement, the user stopping it
(SECURITY T25)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from cim import db
from cim.errors import Conflict
from cim.models import Contact, Customer, CustomerSearch, CustomerTag, ImportBatch, LookupKey, SubjectKey
from cim.models.imports import ImportKind
from cim.service import audit, imports
from tests.factories import Personas, history

ROWS = 700
WRITTEN: list[Any] = [Customer, Contact, CustomerTag, CustomerSearch, LookupKey, SubjectKey, ImportBatch]
HEADER = "客户编号,客户名称,手机,标签,联系人2,联系人2手机"


def lines(mark: str, count: int = ROWS) -> str:
    rows = (f"{mark}{n},客户{mark}{n}有限公司,138{n:08d},重点,联系{n},139{n:08d}" for n in range(count))
    return "\n".join([HEADER, *rows]) + "\n"


def numbers() -> dict[str, int]:
    with db.session(writing=False) as session:
        return {
            table.__tablename__: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in WRITTEN
        }


def sound(people: Personas) -> bool:
    """The file of the database is whole, and the log fits."""
    with db.session(writing=False) as session:
        if db.is_sqlite(session):
            assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
            assert session.execute(text("PRAGMA foreign_key_check")).first() is None
    return audit.verify(people.audrey).ok


class _Fault:
    """Fails the statement of this number, counted from when it is armed."""

    def __init__(self, at: int, error: type[Exception]) -> None:
        self.at, self.error, self.seen = at, error, 0

    def __call__(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self.seen += 1
        if self.seen == self.at:
            raise self.error(statement, {}, Exception("injected"))  # type: ignore[call-arg]


@contextmanager
def failing(at: int, error: type[Exception] = IntegrityError) -> Iterator[_Fault]:
    fault = _Fault(at, error)
    event.listen(db.engine(), "before_cursor_execute", fault)
    try:
        yield fault
    finally:
        event.remove(db.engine(), "before_cursor_execute", fault)


def test_a_fault_at_any_statement_leaves_nothing(people: Personas) -> None:
    """T25: the database fails at statement k, for k from the first to the last; then the same file goes in whole."""
    prepared = imports.prepare(people.ann, lines("T", 60).encode(), filename="t.csv", kind=ImportKind.CUSTOMERS)
    with failing(at=-1) as counted, pytest.raises(KeyboardInterrupt):
        imports.run(people.ann, prepared, progress=_interrupt)
    assert counted.seen > 5
    entries, at = len(history(100_000)), 0
    while True:
        at += 1 if at < 12 else 3
        error = (IntegrityError, OperationalError)[at % 2]
        with failing(at, error) as fault:
            try:
                report = imports.run(people.ann, prepared)
            except (Conflict, OperationalError):
                assert set(numbers().values()) == {0}, at
                continue
        assert fault.seen < at  # nothing was left to fail: the import is whole
        break
    assert at > 20
    assert (report.added, report.contacts) == (60, 60)
    found = numbers()
    assert (found["customer"], found["contact"], found["import_batch"], found["subject_key"]) == (60, 60, 1, 60)
    assert len(history(100_000)) > entries
    assert sound(people)


def _interrupt(_done: int, _all: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("points", [(2, 7), pytest.param(tuple(range(8)) * 5, marks=pytest.mark.assure("G15"))])
def test_a_killed_import_is_there_whole_or_not_at_all(
    people: Personas, home: Path, points: tuple[int, ...], record_property: Callable[[str, object], None]
) -> None:
    """T25: the process that imports is killed at several points, from the first word it says to its last."""
    record_property("tried", len(points))
    outcomes = []
    for attempt, point in enumerate(points):
        file = home / f"{attempt}.csv"
        file.write_text(lines(f"K{attempt}-"), "utf-8")
        _import_and_kill(file, after=point)
        with db.session(writing=False) as session:
            code: Any = Customer.code
            mine = session.execute(select(func.count()).where(code.startswith(f"K{attempt}-"))).scalar_one()
        assert mine in (0, ROWS), attempt
        outcomes.append(mine)
        assert sound(people), attempt
    found = numbers()
    assert found["customer"] == found["subject_key"] == found["contact"] == sum(outcomes)
    assert found["import_batch"] == outcomes.count(ROWS)
    assert 0 in outcomes
    file = home / "whole.csv"
    file.write_text(lines("W"), "utf-8")
    whole = _started(file)
    whole.communicate()
    assert whole.returncode == 0
    assert numbers()["customer"] == sum(outcomes) + ROWS


def _started(file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cim", "import", "customers", str(file), "--as", "ann", "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _import_and_kill(file: Path, *, after: int) -> None:
    """Kill it (SIGKILL) after this many lines of progress; where it says fewer, a moment after its last one."""
    with _started(file) as process:
        assert process.stderr is not None
        for _line in range(after + 1):
            line = process.stderr.readline()
            if not line or f"{ROWS} / {ROWS}" in line:
                break
        try:
            process.wait(timeout=0.02 * after)
        except subprocess.TimeoutExpired:
            process.kill()
