"""PostgreSQL databases for tests. Making and dropping one costs most of a second, so one is cleaned and renamed instead:
rows go, those of the template come back, numbers begin again. One whose tables were changed is dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

FINGERPRINT = """
SELECT coalesce((SELECT md5(string_agg(oid::text || relname || relkind::text, ',' ORDER BY oid)) FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i', 'S')), '')
    || coalesce((SELECT md5(string_agg(oid::text || tgenabled::text, ',' ORDER BY oid)) FROM pg_trigger), '')
    || coalesce((SELECT md5(string_agg(attrelid::text || attname::text || atttypid::text, ',' ORDER BY attrelid, attnum)) FROM pg_attribute
                 WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)), '')
"""
"""What a test changes that alters tables, columns, indexes or triggers."""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass
class Postgres:
    """The databases of one test process, on the server of `url`."""

    url: str
    template: str = ""
    free: str = ""
    fingerprint: str = ""
    rows: dict[str, bytes] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    sequences: list[tuple[str, int | None]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    def create(self, name: str) -> None:
        """An empty database: what the template is made in."""
        self._admin("CREATE DATABASE {}", name)

    def learn(self, name: str) -> None:
        """Take this database, which nobody is connected to any more, as the template."""
        self.template = name
        with self._connected(name) as connection:
            self.tables = [table for (table,) in connection.execute(TABLES)]
            self.sequences = list(connection.execute(SEQUENCES).fetchall())
            for table in self.tables:
                if digest := self._digest(connection, table):
                    self.digests[table] = digest
                    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
                        self.rows[table] = b"".join(bytes(part) for part in copy)

    def take(self, name: str) -> None:
        """A database of this name that is as the template."""
        if self.free and self._renamed(name):
            return
        self._admin("CREATE DATABASE {} TEMPLATE {}", name, self.template)
        if not self.fingerprint:
            with self._connected(name) as connection:
                self.fingerprint = self._one(connection, FINGERPRINT)

    def give_back(self, name: str) -> None:
        """A test is done with its database."""
        if self.free or not self._clean(name):
            self.drop(name)
        else:
            self.free = name

    def drop(self, name: str) -> None:
        self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def close(self) -> None:
        """The process ends."""
        for name in (self.free, self.template):
            if name:
                self.drop(name)

    def _renamed(self, name: str) -> bool:
        """Whether the free one could be had. Somebody who was cut off may not be gone yet: then it is dropped."""
        held, self.free = self.free, ""
        try:
            self._admin("ALTER DATABASE {} RENAME TO {}", held, name)
        except psycopg.errors.ObjectInUse:
            self.drop(held)
            return False
        return True

    def _clean(self, name: str) -> bool:
        with self._connected(name) as connection:
            connection.execute(OTHERS)
            if self._one(connection, FINGERPRINT) != self.fingerprint:
                self.fingerprint = ""
                return False
            connection.execute("SET session_replication_role = replica")
            same = [table for table, digest in self.digests.items() if self._digest(connection, table) == digest]
            for table in self.tables:
                if table not in same:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table, rows in self.rows.items():
                if table not in same:
                    with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                        copy.write(rows)
            for sequence, value in self.sequences:
                place = sql.Literal(f'public."{sequence}"')
                last, used = sql.Literal(value or 1), sql.Literal(value is not None)
                connection.execute(sql.SQL("SELECT setval({}, {}, {})").format(place, last, used))
        return True

    def _digest(self, connection: Any, table: str) -> str:
        named = sql.Identifier(table)
        asked = sql.SQL("SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {} t").format(named)
        return self._one(connection, asked)

    def _one(self, connection: Any, asked: Any) -> str:
        return str((connection.execute(asked).fetchone() or ("",))[0] or "")

    def _connected(self, name: str) -> Any:
        place = make_url(self.url).set(drivername="postgresql", database=name)
        return psycopg.connect(place.render_as_string(hide_password=False))

    def _admin(self, statement: str, *names: str) -> None:
        place = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))
