"""Accounts: only administrators keep them, and there is always one left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from cim import clock, db
from cim.access import SYSTEM
from cim.config import settings
from cim.errors import Conflict, Denied, Invalid
from cim.models import Team, User
from cim.models.user import UserDraft, UserStatus, UserView
from cim.permissions import Role
from cim.service import sessions, users
from cim.service.sessions import VISITOR
from tests.factories import Personas, history, recorded

PASSWORD = "long walk by the quiet river"


def seen(people: Personas, username: str) -> UserView:
    return next(user for user in users.everyone(people.root) if user.username == username)


def draft(username: str = "lin", role: Role = Role.REP, team_id: int | None = None) -> UserDraft:
    return UserDraft(username=username, name="林小满", role=role, team_id=team_id)


def test_a_new_account_has_a_one_time_password(people: Personas) -> None:
    with recorded("users.add", by=people.root):
        made = users.add(people.root, draft())
    assert len(made.password) >= 16
    assert made.password not in str([e.changes for e in history()])
    checked = sessions.check_password(VISITOR, "lin", made.password)
    assert checked.ok
    assert checked.must_change_password


def test_an_account_with_a_given_password_may_start_at_once(people: Personas) -> None:
    made = users.add(SYSTEM, draft(), password=PASSWORD, must_change=False)
    assert made.password == ""
    checked = sessions.check_password(VISITOR, "lin", PASSWORD)
    assert (checked.ok, checked.must_change_password) == (True, False)


@pytest.mark.parametrize("password", ["short", "password123!", "lin-lin-1234567", "x" * 40])
def test_a_weak_password_is_refused(people: Personas, password: str) -> None:
    with pytest.raises(Invalid) as refused:
        users.add(people.root, draft(), password=password)
    assert refused.value.field == "password"


def test_names_are_unique_and_teams_exist(people: Personas) -> None:
    with pytest.raises(Invalid, match="taken"):
        users.add(people.root, draft("ann"))
    with pytest.raises(Invalid, match="does not exist"):
        users.add(people.root, draft(team_id=999))


@pytest.mark.parametrize("who", ["ann", "bo", "mei", "kai", "audrey"])
def test_only_the_administrator_keeps_accounts(people: Personas, who: str) -> None:
    me = getattr(people, who)
    bo = people.bo.user_id or 0
    attempts = [
        lambda: users.everyone(me),
        lambda: users.add(me, draft()),
        lambda: users.update(me, bo, version=1, name="x", role=Role.ADMIN, team_id=None),
        lambda: users.disable(me, bo),
        lambda: users.enable(me, bo),
        lambda: users.reset(me, bo),
        lambda: users.add_team(me, "新组"),
    ]
    for attempt in attempts:
        with pytest.raises(Denied):
            attempt()
    assert sum(e.result == "denied" for e in history()) == len(attempts)


def test_changing_the_role_ends_sessions_and_is_recorded(people: Personas) -> None:
    ann = seen(people, "ann")
    with recorded("users.update", by=people.root, times=1):
        users.update(people.root, ann.id, version=ann.version, name="安晓", role=Role.MANAGER, team_id=ann.team_id)
    after = seen(people, "ann")
    assert (after.name, after.role) == ("安晓", Role.MANAGER)
    with db.session(writing=False) as session:
        assert session.get(User, ann.id).session_version == 2  # type: ignore[union-attr]


def test_saving_unchanged_writes_nothing(people: Personas) -> None:
    ann, before = seen(people, "ann"), len(history())
    users.update(people.root, ann.id, version=ann.version, name=ann.name, role=ann.role, team_id=ann.team_id)
    assert (len(history()), seen(people, "ann").version) == (before, ann.version)


def test_two_administrators_do_not_overwrite_each_other(people: Personas) -> None:
    ann = seen(people, "ann")
    users.update(people.root, ann.id, version=ann.version, name="安晓", role=ann.role, team_id=ann.team_id)
    with pytest.raises(Conflict):
        users.update(people.root, ann.id, version=ann.version, name="安然", role=ann.role, team_id=ann.team_id)


def test_disabling_is_recorded_with_its_reason_and_can_be_undone(people: Personas) -> None:
    with recorded("users.disable", by=people.root, times=1):
        users.disable(people.root, people.ann.user_id or 0, reason="离职")
    assert seen(people, "ann").status is UserStatus.DISABLED
    users.enable(people.root, people.ann.user_id or 0)
    assert seen(people, "ann").status is UserStatus.ACTIVE


def test_reset_gives_a_new_password_and_ends_waiting(people: Personas) -> None:
    for _attempt in range(6):
        sessions.check_password(VISITOR, "ann", "wrong")
    made = users.reset(people.root, people.ann.user_id or 0)
    checked = sessions.check_password(VISITOR, "ann", made.password)
    assert checked.ok
    assert checked.must_change_password


def test_nobody_disables_demotes_or_resets_himself(people: Personas) -> None:
    users.add(people.root, draft("admin2", Role.ADMIN))
    root = seen(people, "root")
    with pytest.raises(Denied):
        users.disable(people.root, root.id)
    with pytest.raises(Denied):
        users.update(people.root, root.id, version=root.version, name=root.name, role=Role.REP, team_id=None)
    with pytest.raises(Denied):
        users.reset(people.root, root.id)


def test_the_last_administrator_stays(people: Personas) -> None:
    root = seen(people, "root")
    with pytest.raises(Conflict):
        users.disable(SYSTEM, root.id)
    with pytest.raises(Conflict):
        users.update(SYSTEM, root.id, version=root.version, name=root.name, role=Role.AUDITOR, team_id=None)
    users.add(people.root, draft("admin2", Role.ADMIN))
    users.disable(SYSTEM, root.id)
    second = next(u for u in users.everyone(SYSTEM) if u.username == "admin2")
    with pytest.raises(Conflict):
        users.disable(SYSTEM, second.id)


def test_colleagues_for_pickers(people: Personas) -> None:
    def names(me: object, **options: object) -> set[str]:
        return {c.name for c in users.colleagues(me, **options)}  # type: ignore[arg-type]

    assert {"安晓然", "薄文博", "梅若华"} <= names(people.ann)
    assert names(people.ann, assignable=True) == {"安晓然"}
    assert names(people.mei, assignable=True) == {"安晓然", "薄文博", "梅若华"}
    users.disable(people.root, people.bo.user_id or 0)
    assert "薄文博" not in names(people.mei, assignable=True)
    assert "薄文博" in names(people.mei, assignable=True, also=people.bo.user_id)


def test_teams_form_a_tree(people: Personas) -> None:
    top = next(team for team in users.teams(people.root) if team.name == "销售部")
    made = users.add_team(people.root, "华北组", parent_id=top.id)
    assert next(team for team in users.teams(people.ann) if team.id == made).parent_id == top.id
    for name in ("华北组", " ", "组" * 61):
        with pytest.raises(Invalid):
            users.add_team(people.root, name)


def test_the_first_administrator_needs_the_setup_code(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Conflict):
        users.setup_code(SYSTEM)
    _fire_everybody()
    code = users.setup_code(SYSTEM)
    assert code not in (settings().home / "setup.json").read_text()
    with pytest.raises(Invalid, match="setup code"):
        users.found(VISITOR, "guess", draft("boss"), password=PASSWORD)
    with pytest.raises(Invalid, match="at least"):
        users.found(VISITOR, code, draft("boss"), password="short")
    users.found(VISITOR, code.upper(), draft("boss"), password=PASSWORD)
    assert [(u.username, u.role) for u in users.everyone(SYSTEM)] == [("boss", Role.ADMIN)]
    with pytest.raises(Invalid, match="setup code"):
        users.found(VISITOR, code, draft("boss2"), password=PASSWORD)
    assert sessions.check_password(VISITOR, "boss", PASSWORD).ok


def test_a_started_server_keeps_the_code_that_init_showed(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    _fire_everybody()
    code = users.setup_code(SYSTEM)
    assert users.setup_code(SYSTEM, keep=True) == ""
    users.found(VISITOR, code, draft("boss"), password=PASSWORD)
    _fire_everybody()
    assert users.setup_code(SYSTEM, keep=True)


def test_the_setup_code_grows_old(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    _fire_everybody()
    code = users.setup_code(SYSTEM)
    monkeypatch.setenv("CIM_NOW", (clock.now() + timedelta(minutes=31)).isoformat())
    with pytest.raises(Invalid, match="setup code"):
        users.found(VISITOR, code, draft("boss"), password=PASSWORD)


def _fire_everybody() -> None:
    """As on the day of the installation: no user, no team."""
    with db.session(writing=True) as session:
        for model in (User, Team):
            for row in sorted(session.execute(select(model)).scalars(), key=lambda row: -(row.id or 0)):
                session.delete(row)
                session.flush()
        session.commit()
