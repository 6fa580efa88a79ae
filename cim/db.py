"""Engine, pragmas, sessions, and what state the schema is in. Transactions are begun and ended in cim/work.py only."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    LargeBinary,
    Row,
    String,
    Table,
    TypeDecorator,
    create_engine,
    event,
    insert,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeEngine
from sqlmodel import Session

from cim.config import settings

BUSY_SECONDS = 5


def engine() -> Engine:
    """The engine of the database in force (CIM_DATABASE_URL)."""
    return _engine(settings().database_url)


@contextmanager
def session(*, writing: bool) -> Iterator[Session]:
    """A session in one transaction. A writing one takes SQLite's write lock at once (BEGIN IMMEDIATE), so that what it
    read is still true when it writes."""
    with Session(_bound(engine(), writing), expire_on_commit=False, autoflush=True) as opened:
        yield opened


def is_sqlite(connection: Connection | Session) -> bool:
    """Whether this connection talks to SQLite (else PostgreSQL)."""
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    return bind.dialect.name == "sqlite"


def insert_many(session: Session, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all name the same columns, in the session's transaction. SQLAlchemy prepares every row of an
    `executemany` anew, which costs more than the database does; here the statement and the conversions of a table's
    columns are prepared once."""
    if not rows:
        return
    connection = session.connection()
    statement, forms = _prepared_insert(table, tuple(rows[0]), connection.dialect)
    if connection.dialect.positional:
        given: Any = [tuple(form(row[name]) if form else row[name] for name, form in forms) for row in rows]
    else:
        given = [{name: form(row[name]) if form else row[name] for name, form in forms} for row in rows]
    connection.exec_driver_sql(statement, given)


def insert_absent(
    session: Session, table: Table, rows: Sequence[dict[str, Any]], *, key: Sequence[str]
) -> Sequence[Row[Any]]:
    """Insert the rows whose `key` columns no row has yet, also while another server tries the same; returns the id and
    the key of those that went in."""
    if not rows:
        return []
    dialect = sqlite if is_sqlite(session) else postgresql
    made = dialect.insert(table).values(list(rows)).on_conflict_do_nothing(index_elements=list(key))
    return session.execute(made.returning(table.c.id, *(table.c[name] for name in key))).all()


@contextmanager
def unchecked_references(connection: Connection) -> Iterator[None]:
    """While a migration rebuilds a table, SQLite must not take the rows that refer to it for orphans. To be followed by
    `check_references` in the migration's own transaction."""
    if not is_sqlite(connection):
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def check_references(connection: Connection) -> None:
    """Raise RuntimeError, and so undo the transaction, when a reference leads nowhere. PostgreSQL has looked already."""
    if is_sqlite(connection):
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(3)
        if broken:
            raise RuntimeError(f"references lead nowhere after the migration: {[tuple(row) for row in broken]}")


def wait_for_server(seconds: float = 10) -> None:
    """Return once the database answers. Raises OperationalError when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with engine().connect() as connection:
                connection.execute(text("SELECT 1"))
            return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@lru_cache(maxsize=64)
def _prepared_insert(table: Table, names: tuple[str, ...], dialect: Dialect) -> tuple[str, list[tuple[str, Any]]]:
    """The driver's own INSERT, and its columns in order, each with what turns a value into one the driver takes."""
    compiled: Any = insert(table).compile(dialect=dialect, column_keys=list(names))
    ordered = list(compiled.positiontup) if dialect.positional else list(names)
    return str(compiled), [(name, _form(table.c[name].type, dialect)) for name in ordered]


def _form(kind: TypeEngine[Any], dialect: Dialect) -> Any:
    plain = isinstance(kind, (LargeBinary, String)) and not isinstance(kind, TypeDecorator)
    return None if plain else kind.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(maxsize=8)
def _engine(url: str) -> Engine:
    # hide_parameters: the values of a failed statement are customers' data, and errors are logged
    if not url.startswith("sqlite"):
        return create_engine(
            url,
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5},
            hide_parameters=True,
        )
    settings().home.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS}, pool_size=10, hide_parameters=True
    )
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


@lru_cache(maxsize=16)
def _bound(engine: Engine, writing: bool) -> Engine:
    """The same engine and its pool, whose transactions begin as `session` says. Kept: making it costs as much as a query."""
    return engine.execution_options(immediate=writing)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions on its own: _begin_sqlite does
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # else INSERT OR REPLACE walks past the delete trigger of the audit log
        "secure_delete=ON",
        "temp_store=MEMORY",
        "cache_size=-32000",
        "mmap_size=268435456",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
