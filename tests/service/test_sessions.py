"""From a password to a cookie, and everything that makes a cookie worthless."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from cim import clock, db, passwords
from cim.access import Actor
from cim.errors import Invalid, SessionEnded
from cim.models import AuthSession, LoginThrottle, User
from cim.models.audit import Result
from cim.models.user import UserStatus
from cim.permissions import Permission, Role
from cim.service import sessions, users
from cim.service.sessions import VISITOR
from tests.factories import Personas, history, queries, recorded

PASSWORD = "long walk by the quiet river"
OTHER = "seven green umbrellas dance"
BINDER = "binder"


@pytest.fixture(scope="module")
def stored() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def ann(people: Personas, stored: str) -> Actor:
    """ann, whose password is PASSWORD."""
    change(people.ann, password_hash=stored)
    return people.ann


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`later(minutes=31)` moves the clock on from the start of the test."""
    began = clock.now()
    monkeypatch.setenv("CIM_NOW", began.isoformat())
    return lambda **distance: monkeypatch.setenv("CIM_NOW", (began + timedelta(**distance)).isoformat())


def change(actor: Actor, **values: object) -> None:
    with db.session(writing=True) as session:
        user = session.get(User, actor.user_id)
        for name, value in values.items():
            setattr(user, name, value)
        session.commit()


def sign_in(username: str = "ann", password: str = PASSWORD, binder: str = BINDER) -> str:
    """The cookie that a sign-in gives."""
    checked = sessions.check_password(VISITOR, username, password)
    assert checked.ok
    ticket = sessions.open_ticket(VISITOR, checked.proof, binder=binder, user_agent="Firefox")
    token = sessions.redeem_ticket(VISITOR, ticket, binder=binder)
    assert token is not None
    return token


def test_sign_in_gives_the_user_and_is_recorded(ann: Actor) -> None:
    with recorded("sessions.sign_in", by=ann, times=1):
        token = sign_in(" Ann ")
    me = sessions.resolve(token)
    assert me is not None
    assert (me.user_id, me.username, me.role, me.source) == (ann.user_id, "ann", Role.REP, "web")
    assert me.session_id is not None
    with db.session(writing=False) as session:
        row = session.get(AuthSession, me.session_id)
        assert row is not None
        assert token not in (row.token_hash, row.ticket_hash)
        assert session.get(User, me.user_id).last_login_at is not None  # type: ignore[union-attr]


def test_resolving_takes_one_query_and_writes_once_in_thirty_seconds(ann: Actor, later: Callable[..., None]) -> None:
    token = sign_in()
    with queries(1):
        assert sessions.resolve(token)
    later(seconds=40)
    with queries(2):
        assert sessions.resolve(token)
    with queries(1):
        assert sessions.resolve(token)
    later(seconds=80)
    with queries(1):
        assert sessions.resolve(token, touch=False)


def test_a_wrong_password_is_refused_and_recorded(ann: Actor) -> None:
    assert not sessions.check_password(VISITOR, "ann", "wrong").ok
    entry = history()[-1]
    assert (entry.action, entry.result, entry.object_type, entry.object_id) == (
        "sessions.sign_in",
        Result.DENIED,
        "app_user",
        str(ann.user_id),
    )


@pytest.mark.parametrize("status", [UserStatus.DISABLED, UserStatus.PENDING])
def test_who_is_not_active_cannot_sign_in(ann: Actor, status: UserStatus) -> None:
    change(ann, status=status)
    assert sessions.check_password(VISITOR, "ann", PASSWORD) == sessions.SignIn(ok=False)


@pytest.mark.parametrize("name", ["ann", "nobody-of-this-name"])
def test_waiting_doubles_alike_for_names_that_exist_and_that_do_not(
    ann: Actor, later: Callable[..., None], name: str
) -> None:
    waits = [sessions.check_password(VISITOR, name, "wrong").retry_after for _attempt in range(5)]
    assert waits == [0, 0, 0, 0, 31]
    passed = 0
    for expected in (61, 121, 241, 481, 901, 901):
        passed += waits[-1]
        later(seconds=passed)
        waits.append(sessions.check_password(VISITOR, name, "wrong").retry_after)
        assert waits[-1] == expected


def test_the_right_password_waits_too_then_forgives(ann: Actor, later: Callable[..., None]) -> None:
    for _attempt in range(5):
        sessions.check_password(VISITOR, "ann", "wrong")
    locked = sessions.check_password(VISITOR, "ann", PASSWORD)
    assert not locked.ok
    assert locked.retry_after > 0
    later(seconds=32)
    assert sessions.check_password(VISITOR, "ann", PASSWORD).ok
    assert not sessions.check_password(VISITOR, "ann", "wrong").retry_after


def test_a_flood_costs_few_verifications(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    verify = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda *given: (tried.append(given[0]), verify(*given))[1])
    for number in range(60):
        sessions.check_password(VISITOR, "ann", f"guess {number}")
    assert len(tried) == 5
    assert sum(e.action == "sessions.sign_in" for e in history()) == 5


def test_an_address_that_tries_many_names_has_to_wait(people: Personas) -> None:
    visitor = Actor(None, "visitor", "visitor", None, source="web", ip="203.0.113.5")
    outcomes = [sessions.check_password(visitor, f"name{number}", "wrong").retry_after for number in range(51)]
    assert not any(outcomes[:49])
    assert outcomes[50]


def test_parallel_guesses_are_all_counted(ann: Actor) -> None:
    guesses = [threading.Thread(target=sessions.check_password, args=(VISITOR, "ann", "wrong")) for _ in range(4)]
    for guess in guesses:
        guess.start()
    for guess in guesses:
        guess.join()
    with db.session(writing=False) as session:
        assert [row.failed_count for row in session.execute(select(LoginThrottle)).scalars()] == [4]


def test_parallel_guesses_at_many_names_count_for_their_address(people: Personas) -> None:
    somewhere = replace(VISITOR, ip="192.0.2.1")
    names = [f"nobody{number}" for number in range(6)]
    guesses = [threading.Thread(target=sessions.check_password, args=(somewhere, name, "wrong")) for name in names]
    for guess in guesses:
        guess.start()
    for guess in guesses:
        guess.join()
    with db.session(writing=False) as session:
        counter = session.get(LoginThrottle, "ip:192.0.2.1")
    assert counter is not None
    assert counter.failed_count == len(names)


def test_a_ticket_works_once_and_only_in_the_browser_that_asked(ann: Actor, later: Callable[..., None]) -> None:
    proof = sessions.check_password(VISITOR, "ann", PASSWORD).proof
    ticket = sessions.open_ticket(VISITOR, proof, binder=BINDER)
    assert sessions.redeem_ticket(VISITOR, ticket, binder="another browser") is None
    assert sessions.redeem_ticket(VISITOR, proof, binder=BINDER) is None
    assert sessions.resolve(ticket) is None
    assert sessions.redeem_ticket(VISITOR, ticket, binder=BINDER)
    assert sessions.redeem_ticket(VISITOR, ticket, binder=BINDER) is None
    with pytest.raises(SessionEnded):
        sessions.open_ticket(VISITOR, proof, binder=BINDER)


def test_one_of_many_racing_redemptions_wins(ann: Actor) -> None:
    ticket = sessions.open_ticket(VISITOR, sessions.check_password(VISITOR, "ann", PASSWORD).proof, binder=BINDER)
    won: list[str | None] = []
    racers = [
        threading.Thread(target=lambda: won.append(sessions.redeem_ticket(VISITOR, ticket, binder=BINDER)))
        for _ in range(6)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sum(token is not None for token in won) == 1


def test_tickets_and_proofs_grow_old(ann: Actor, later: Callable[..., None]) -> None:
    proof = sessions.check_password(VISITOR, "ann", PASSWORD).proof
    ticket = sessions.open_ticket(VISITOR, proof, binder=BINDER)
    slow = sessions.check_password(VISITOR, "ann", PASSWORD).proof
    later(seconds=31)
    assert sessions.redeem_ticket(VISITOR, ticket, binder=BINDER) is None
    later(seconds=301)
    with pytest.raises(SessionEnded):
        sessions.open_ticket(VISITOR, slow, binder=BINDER)


def test_tampered_cookies_are_nobody(ann: Actor) -> None:
    token = sign_in()
    bits = [
        token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :]
        for place in range(len(token))
        for bit in range(7)
    ]
    wrong = [None, "", " ", token + "=", token.upper(), "x" * 900, "' OR 1=1 --", "%00", "\x00", "张" * 20, *bits[::5]]
    assert [sessions.resolve(cookie) for cookie in wrong] == [None] * len(wrong)
    assert sessions.resolve(token)


@pytest.mark.parametrize(
    "blow",
    [
        {"status": UserStatus.DISABLED},
        {"session_version": 9},
        {"must_change_password": True},
    ],
)
def test_a_session_ends_with_what_it_rests_on(ann: Actor, blow: dict[str, object]) -> None:
    token = sign_in()
    change(ann, **blow)
    assert sessions.resolve(token) is None


def test_idle_and_old_sessions_end(ann: Actor, later: Callable[..., None]) -> None:
    token = sign_in()
    later(minutes=29)
    assert sessions.resolve(token)
    later(minutes=58)
    assert sessions.resolve(token, touch=False)
    later(minutes=60)
    assert sessions.resolve(token, touch=False) is None
    token = sign_in()
    for minutes in range(60, 60 + 12 * 60, 20):
        later(minutes=minutes)
        assert sessions.resolve(token), minutes
    later(hours=13)
    assert sessions.resolve(token) is None


def test_a_copied_cookie_is_dead_after_sign_out(ann: Actor) -> None:
    token = sign_in()
    with recorded("sessions.sign_out", by=ann, times=1):
        sessions.end(VISITOR, token)
        sessions.end(VISITOR, token)
    assert sessions.resolve(token) is None


def test_a_new_role_counts_at_once(ann: Actor) -> None:
    token = sign_in()
    change(ann, role=Role.AUDITOR)
    me = sessions.resolve(token)
    assert me is not None
    assert me.can(Permission.AUDIT_READ)


def test_the_forced_change_cannot_be_skipped(ann: Actor) -> None:
    change(ann, must_change_password=True)
    checked = sessions.check_password(VISITOR, "ann", PASSWORD)
    assert checked.must_change_password
    with pytest.raises(SessionEnded):
        sessions.open_ticket(VISITOR, checked.proof, binder=BINDER)
    for bad in ("short", PASSWORD, "ann-ann-xyz-123", "password1234", "aaaaaaaaaaaaaaa"):
        with pytest.raises(Invalid) as refused:
            sessions.replace_password(VISITOR, checked.proof, new=bad)
        assert refused.value.field == "new"
    with recorded("sessions.replace_password", by=ann, times=1):
        sessions.replace_password(VISITOR, checked.proof, new=OTHER)
    ticket = sessions.open_ticket(VISITOR, checked.proof, binder=BINDER)
    assert sessions.resolve(sessions.redeem_ticket(VISITOR, ticket, binder=BINDER))
    assert not sessions.check_password(VISITOR, "ann", PASSWORD).ok


def test_a_reset_between_password_and_ticket_stops_the_sign_in(ann: Actor, people: Personas) -> None:
    checked = sessions.check_password(VISITOR, "ann", PASSWORD)
    ticket = sessions.open_ticket(VISITOR, checked.proof, binder=BINDER)
    users.disable(people.root, ann.user_id)
    assert sessions.redeem_ticket(VISITOR, ticket, binder=BINDER) is None


def test_changing_the_password_ends_the_other_browsers(ann: Actor) -> None:
    here, elsewhere = sign_in(), sign_in()
    me = sessions.resolve(here)
    assert me is not None
    with recorded("sessions.change_password", by=ann, times=1):
        assert sessions.change_password(me, current=PASSWORD, new=OTHER) is None
    assert sessions.resolve(elsewhere) is None
    assert sessions.resolve(here)
    assert "•••" in (history()[-1].changes or b"").decode()
    assert sign_in(password=OTHER)


def test_guessing_the_current_password_is_counted(ann: Actor) -> None:
    me = sessions.resolve(sign_in())
    assert me is not None
    answers = [sessions.change_password(me, current="wrong", new=OTHER) for _attempt in range(6)]
    assert [answer.field for answer in answers if answer] == ["current"] * 6
    assert answers[-1] is not None
    assert answers[-1].params["seconds"] > 0
    assert not sessions.check_password(VISITOR, "ann", PASSWORD).ok


def test_sign_out_everywhere_or_everywhere_else(ann: Actor) -> None:
    here, elsewhere = sign_in(), sign_in()
    me = sessions.resolve(here)
    assert me is not None
    assert [(row.current, row.user_agent) for row in sessions.own(me)].count((True, "Firefox")) == 1
    assert len(sessions.own(me)) == 2
    sessions.end_all(me, keep_current=True)
    assert (sessions.resolve(elsewhere), sessions.resolve(here) is None) == (None, False)
    sessions.end_all(me)
    assert sessions.resolve(here) is None


def test_an_old_session_cannot_act_in_the_services(ann: Actor) -> None:
    token = sign_in()
    me = sessions.resolve(token)
    assert me is not None
    sessions.end(VISITOR, token)
    with pytest.raises(SessionEnded):
        sessions.choose_language(me, "en")


def test_the_language_of_the_sign_in_page_is_kept(ann: Actor) -> None:
    proof = sessions.check_password(VISITOR, "ann", PASSWORD).proof
    ticket = sessions.open_ticket(VISITOR, proof, binder=BINDER, language="en")
    me = sessions.resolve(sessions.redeem_ticket(VISITOR, ticket, binder=BINDER))
    assert me is not None
    assert me.language == "en"


def test_old_rows_are_purged(ann: Actor, later: Callable[..., None]) -> None:
    token = sign_in()
    sessions.check_password(VISITOR, secrets.token_hex(4), "wrong")
    assert sessions.purge(VISITOR) == 0
    assert sessions.resolve(token)
    later(days=40)
    assert sessions.purge(VISITOR) == 2
