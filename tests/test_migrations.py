"""The schema: from nothing to the newest revision it is what the models say, and its guards hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from cim import crypto, db, schema
from cim.audit import row_digest
from cim.models import metadata
from cim.service import audit, users
from tests.factories import Personas, history


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A data folder with keys and no database (SQLite; the `home` fixture migrates the database of the run)."""
    monkeypatch.setenv("CIM_HOME", str(tmp_path / "new"))
    monkeypatch.delenv("CIM_DATABASE_URL", raising=False)
    crypto.create_keys()
    yield
    db.engine().dispose()


def test_from_nothing_to_the_newest(empty: None) -> None:
    assert schema.current() is None
    schema.upgrade()
    assert schema.current() == schema.newest()
    assert schema.differences() == []
    schema.upgrade()
    assert schema.differences() == []


def test_the_database_of_this_run_has_every_table(home: Path) -> None:
    assert schema.differences() == []
    assert set(metadata.tables) <= set(inspect(db.engine()).get_table_names())


def test_revisions_are_one_line_with_one_head() -> None:
    script = ScriptDirectory.from_config(schema.config())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    assert not any(revision.is_branch_point for revision in script.walk_revisions())


def test_unknown_revisions_are_told_apart() -> None:
    assert schema.is_known(None)
    assert schema.is_known(schema.newest())
    assert not schema.is_known("9999")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'x'",
        "DELETE FROM audit_entry",
        "INSERT INTO audit_entry SELECT seq + 7, at, change_set_id, actor_id, actor, role, session_id, source, ip, action, "
        "object_type, object_id, subject_uid, result, reason, fields, changes, row_digest, prev, mac FROM audit_entry",
    ],
)
def test_the_database_itself_refuses_accidents_with_the_log(people: Personas, statement: str) -> None:
    users.add_team(people.root, "组")
    before = [e.mac for e in history()]
    with pytest.raises(DBAPIError), db.engine().begin() as connection:
        connection.execute(text(statement))
    assert [e.mac for e in history()] == before
    assert audit.verify(people.audrey).ok


def test_replacing_an_entry_is_refused_too(people: Personas) -> None:
    users.add_team(people.root, "组")
    last = history()[-1].seq
    verb = "INSERT OR REPLACE" if db.engine().dialect.name == "sqlite" else "INSERT"
    with pytest.raises(DBAPIError), db.engine().begin() as connection:
        connection.execute(text(f"{verb} INTO audit_entry SELECT * FROM audit_entry WHERE seq = {last}"))
    assert audit.verify(people.audrey).ok


def test_a_database_of_the_first_release_comes_along_with_its_rows(empty: None) -> None:
    """Rows, their references, the guards of the log and the digests of its rows survive every later revision."""
    command.upgrade(schema.config(), "0001")
    regions = "INSERT INTO region (code, name, level, position) VALUES ('320000', '江苏省', 'province', 0)"
    customer = (
        "INSERT INTO customer (kind, party, name, contact, gender, uscc, industry, source, grade, preference, notes, "
        "created_at, updated_at, version, uid, code, region_code, imported_owner, name_order, completeness, deal_count) "
        "VALUES ('company', 'customer', '春天有限公司', '', '', '', '', '', '', '', '', '2026-01-01', '2026-01-01', 1, 'u1', "
        "'C000001', '320000', '', '', 0, 0)"
    )
    contact = (
        "INSERT INTO contact (name, title, role, created_at, updated_at, version, uid, customer_id) "
        "VALUES ('张三', '', '', '2026-01-01', '2026-01-01', 1, 'u2', 1)"
    )
    with db.engine().begin() as connection:
        for statement in (regions, customer, contact):
            connection.execute(text(statement))
    with db.session(writing=False) as session:
        before = dict(session.execute(text("SELECT * FROM customer")).mappings().one())
    schema.upgrade()
    assert schema.differences() == []
    with db.session(writing=False) as session:
        after = dict(session.execute(text("SELECT * FROM customer")).mappings().one())
        assert {name: after[name] for name in before} == before
        assert session.execute(text("SELECT name FROM contact WHERE customer_id = 1")).scalar_one() == "张三"
    added: dict[str, None] = dict.fromkeys(("merged_into_id", "confirmed_at", "owned_since"))
    assert row_digest("customer", before) == row_digest("customer", before | added)


def test_an_upgrade_that_would_leave_orphans_changes_nothing(empty: None) -> None:
    """The references are looked at before the commit: the database stays at the revision it had."""
    command.upgrade(schema.config(), "0001")
    orphan = (
        "INSERT INTO contact (name, title, role, created_at, updated_at, version, uid, customer_id) "
        "VALUES ('张三', '', '', '2026-01-01', '2026-01-01', 1, 'u2', 99)"
    )
    with db.engine().connect() as connection, db.unchecked_references(connection), connection.begin():
        connection.execute(text(orphan))
    before = inspect(db.engine()).get_table_names()
    with pytest.raises(RuntimeError, match="lead nowhere"):
        schema.upgrade()
    assert schema.current() == "0001"
    assert inspect(db.engine()).get_table_names() == before
