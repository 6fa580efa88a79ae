"""The schema: from nothing to the newest revision it is what the models say, and its guards hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from cim import crypto, db, schema
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
