"""The installation that the measures run on: keys, schema, a team, customers with follow-ups and tasks."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from bench import rows
from cim import clock, crypto, db, schema, service
from cim.access import SYSTEM, Actor
from cim.config import settings
from cim.models import User
from cim.models.activity import ActivityType
from cim.models.customer import CustomerDraft, Grade, Kind
from cim.models.user import UserDraft
from cim.permissions import Permission, Role
from cim.service import bulk, sessions, standards
from cim.work import Work, command

_ACTIVITY = (
    "INSERT INTO activity (customer_id, at, type, content, author_id, created_at, updated_at, author, outcome, contact,"
    " place, purpose, version) VALUES (?, ?, ?, ?, ?, ?, ?, '', '', '', '', '', 1)"
)
_TASK = (
    "INSERT INTO task (title, due_at, customer_id, assignee_id, done_at, created_at, updated_at, version)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 1)"
)
_DERIVED = (
    "UPDATE customer SET last_contact_at = (SELECT max(at) FROM activity WHERE customer_id = customer.id"
    " AND type <> 'note'), next_due_at = (SELECT min(due_at) FROM task WHERE customer_id = customer.id"
    " AND done_at IS NULL)"
)
PART = 10_000
"""Customers in one transaction."""

ACTIVITIES, BUSIEST, TASK_EVERY = 10, 5000, 4
PASSWORD = "measured in one run"


@contextmanager
def installed(home: Path) -> Iterator[None]:
    """Let CIM work on the installation in `home`, SQLite, for the time of the block."""
    before = {name: os.environ.get(name) for name in ("CIM_HOME", "CIM_DATABASE_URL", "CIM_LANG")}
    os.environ["CIM_HOME"], os.environ["CIM_LANG"] = str(home), "zh"
    os.environ.pop("CIM_DATABASE_URL", None)
    try:
        yield
    finally:
        db.engine().dispose()
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def found() -> None:
    """Make keys, schema, regions, and ten reps (ann first) with a manager (mei) and an administrator (root)."""
    crypto.create_keys()
    schema.upgrade()
    service.shipped.seed(SYSTEM)
    team = service.users.add_team(SYSTEM, "销售部")
    reps = [("ann" if number == 0 else f"rep{number}", Role.REP) for number in range(rows.REPS)]
    for username, role in [*reps, ("mei", Role.MANAGER), ("root", Role.ADMIN)]:
        draft = UserDraft(username=username, name=username, role=role, team_id=None if role is Role.ADMIN else team)
        service.users.add(SYSTEM, draft, password=PASSWORD, must_change=False)


def actor(username: str) -> Actor:
    """A user as the acting one."""
    table: Any = User
    with db.session(writing=False) as session:
        user = session.execute(select(User).where(table.username == username)).scalar_one()
    return Actor(user.id, user.username, user.name, user.role, user.team_id)


def cookie(username: str) -> str:
    """Sign in as a browser does, and return the Cookie header of its next requests."""
    name, binder = sessions.cookie_names()
    proof = sessions.check_password(sessions.VISITOR, username, PASSWORD).proof
    ticket = sessions.open_ticket(sessions.VISITOR, proof, binder="bench")
    token = sessions.redeem_ticket(sessions.VISITOR, ticket, binder="bench")
    return f"{name}={token}; {binder}=bench"


def build(count: int) -> list[rows.Invented]:
    """Fill the base with `count` customers through the service, and with their follow-ups and tasks past it."""
    found()
    reps = [actor("ann" if number == 0 else f"rep{number}").user_id or 0 for number in range(rows.REPS)]
    root, invented = actor("root"), list(rows.customers(count))
    for start in range(0, count, PART):
        _fill(root, invented[start : start + PART], reps)
    _speak(invented, reps)
    return invented


def draft(one: rows.Invented, *, owner_id: int | None = None) -> CustomerDraft:
    """A customer as a form would hand it in."""
    return CustomerDraft(
        kind=Kind.COMPANY if one.company else Kind.PERSON,
        name=one.name,
        contact=one.contact,
        phone=one.phone,
        email=one.email,
        region=one.region,
        address=one.address,
        industry=one.industry,
        source=one.source,
        grade=Grade(one.grade),
        owner_id=owner_id,
    )


def raw(path: Path | None = None) -> closing[sqlite3.Connection]:
    """A bare connection to the database (or another file) under the settings of cim/db.py that cost or save time."""
    connection = sqlite3.connect(path or settings().sqlite_path or "", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA mmap_size=268435456")
    return closing(connection)


@command(Permission.IMPORT)
def _fill(work: Work, part: Sequence[rows.Invented], reps: Sequence[int]) -> None:
    new = [
        bulk.NewCustomer(
            standards.customer(draft(one)),
            owner_id=None if one.owner is None else reps[one.owner],
            created_at=work.now - timedelta(days=one.age),
        )
        for one in part
    ]
    bulk.insert(work, new)


def _speak(invented: Sequence[rows.Invented], reps: Sequence[int]) -> None:
    """Ten follow-ups a customer on average, most of them with a few; 5,000 with the first; an open task with every 8th."""
    chance, now = Random(2), clock.now()
    kinds = [kind.value for kind in ActivityType]
    with raw() as connection:
        connection.execute("BEGIN IMMEDIATE")
        for one in invented:
            owner = reps[one.owner or 0]
            times = BUSIEST if one.number == 1 else min(200, int(chance.paretovariate(1.1) * 2.5))
            moments = [_stored(now - timedelta(days=chance.random() * one.age)) for _again in range(times)]
            told = [(one.number, at, chance.choice(kinds), "谈", owner, at, at) for at in moments]
            connection.executemany(_ACTIVITY, told)
            if one.number % TASK_EVERY == 0:
                due = now + timedelta(days=chance.uniform(-30, 60))
                made = _stored(due - timedelta(days=60))
                done = made if one.number % (2 * TASK_EVERY) == 0 else None
                connection.execute(_TASK, ("回访", _stored(due), one.number, owner, done, made, made))
        connection.execute(_DERIVED)
        connection.execute("COMMIT")


def _stored(moment: datetime) -> str:
    """A moment as the SQLite driver of SQLAlchemy stores it."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
