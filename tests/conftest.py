"""Fixtures: a fresh installation per test (SQLite, or PostgreSQL when CIM_TEST_POSTGRES_URL is set) with the personas in it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import Pool

from cim import crypto, db, schema, service
from cim.access import SYSTEM
from tests.databases import Postgres
from tests.factories import Personas, hire

POSTGRES = os.environ.get("CIM_TEST_POSTGRES_URL", "")
DATABASES = Postgres(POSTGRES)


@event.listens_for(Pool, "checkout")
def _hurry(connection: object, _record: object, _proxy: object) -> None:
    """What a test writes need not outlive a loss of power."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation with keys, schema and personas, made once and copied for each test."""
    home = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        _enter(patch, home, f"cim_template_{uuid.uuid4().hex[:8]}")
        crypto.create_keys()
        if POSTGRES:
            DATABASES.create(_name())
        schema.upgrade()
        service.shipped.seed(SYSTEM)
        hire()
        db.engine().dispose()
        if POSTGRES:
            DATABASES.learn(_name())
        yield home
        if POSTGRES:
            db.engine().dispose()
            DATABASES.close()


@pytest.fixture
def home(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """CIM_HOME of a fresh installation."""
    fresh = tmp_path / "home"
    shutil.copytree(template, fresh)
    _enter(monkeypatch, fresh, f"cim_test_{uuid.uuid4().hex[:10]}")
    if POSTGRES:
        DATABASES.take(_name())
    yield fresh
    service.jobs.settle()
    db.engine().dispose()
    if POSTGRES:
        DATABASES.give_back(_name())


@pytest.fixture
def people(home: Path) -> Personas:
    """The personas as actors: people.ann, people.bo, people.mei, people.kai, people.audrey, people.root."""
    return Personas.load()


def _enter(patch: pytest.MonkeyPatch, home: Path, database: str) -> None:
    patch.setenv("CIM_HOME", str(home))
    patch.delenv("CIM_LANG", raising=False)
    if POSTGRES:
        url = make_url(POSTGRES).set(database=database)
        patch.setenv("CIM_DATABASE_URL", url.render_as_string(hide_password=False))
    else:
        patch.delenv("CIM_DATABASE_URL", raising=False)


def _name() -> str:
    return str(make_url(os.environ["CIM_DATABASE_URL"]).database)
