"""The personas and rows that tests start from. The same people as in the demo company and the screenshots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import event, select

from cim import db
from cim.access import Actor
from cim.models import AuditEntry, Team, User
from cim.permissions import Role

TEAMS = {"销售部": None, "华东组": "销售部", "华南组": "销售部"}
PEOPLE = {
    "ann": ("安晓然", Role.REP, "华东组"),
    "bo": ("薄文博", Role.REP, "华南组"),
    "mei": ("梅若华", Role.MANAGER, "销售部"),
    "kai": ("凯思远", Role.SERVICE, None),
    "audrey": ("奥德莉", Role.AUDITOR, None),
    "root": ("管理员", Role.ADMIN, None),
}
PASSWORD_HASH = "not a hash: sign-in tests set real passwords"


@dataclass(frozen=True)
class Personas:
    """The six people, as the acting users of service calls."""

    ann: Actor
    bo: Actor
    mei: Actor
    kai: Actor
    audrey: Actor
    root: Actor

    @classmethod
    def load(cls) -> Personas:
        with db.session(writing=False) as session:
            users = {u.username: u for u in session.execute(select(User)).scalars()}
        return cls(
            **{
                name: Actor(users[name].id, name, users[name].name, users[name].role, users[name].team_id)
                for name in PEOPLE
            }
        )

    def __iter__(self) -> Iterator[Actor]:
        return iter((self.ann, self.bo, self.mei, self.kai, self.audrey, self.root))


def hire() -> None:
    """Create the teams and the personas, all able to act at once."""
    with db.session(writing=True) as session:
        teams: dict[str, int] = {}
        for name, above in TEAMS.items():
            team = Team(name=name, parent_id=teams.get(above or ""))
            session.add(team)
            session.flush()
            teams[name] = team.id or 0
        for username, (name, role, team_name) in PEOPLE.items():
            session.add(
                User(
                    username=username,
                    name=name,
                    role=role,
                    team_id=teams.get(team_name or ""),
                    password_hash=PASSWORD_HASH,
                    must_change_password=False,
                )
            )
        session.commit()


def history(limit: int = 1000) -> list[AuditEntry]:
    """The audit entries, oldest first."""
    with db.session(writing=False) as session:
        return list(session.execute(select(AuditEntry).order_by(AuditEntry.seq).limit(limit)).scalars())


@contextmanager
def recorded(action: str, *, by: Actor, times: int | None = None) -> Iterator[None]:
    """Asserts that the block leaves at least one entry of `action` by `by` (or exactly `times`), and none of others' names."""
    before = len(history(100_000))
    yield
    new = [e for e in history(100_000)[before:] if e.action == action and e.actor == by.username]
    assert new if times is None else len(new) == times, f"{action} by {by.username}: {len(new)} entries"


@contextmanager
def queries(most: int) -> Iterator[list[str]]:
    """Asserts that the block runs at most `most` SQL statements (transaction control not counted)."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)
    assert len(seen) <= most, "\n".join(seen)
