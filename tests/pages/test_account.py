"""Everybody keeps his own password, language and browsers here."""

from __future__ import annotations

import pytest

from cim import db, passwords
from cim.models import User
from cim.service import sessions
from tests.factories import Personas, recorded
from tests.pages.conftest import Browser, OpenPage, session_of

PAGE = "pages/account.py"
OLD, NEW = "long walk by the quiet river", "seven green umbrellas dance"


@pytest.mark.parametrize("who", ["ann", "mei", "kai", "audrey", "root"])
def test_everybody_has_it(people: Personas, open_page: OpenPage, who: str) -> None:
    app = open_page(getattr(people, who), PAGE)
    assert not app.exception
    assert app.title[0].value == "我的账户"


@pytest.mark.parametrize(
    ("current", "new", "again", "accepted"),
    [(OLD, NEW, NEW, True), (OLD, NEW, NEW + "x", False), ("wrong", NEW, NEW, False), (OLD, "short", "short", False)],
)
def test_changing_the_password(
    people: Personas, open_page: OpenPage, visitor: Browser, current: str, new: str, again: str, accepted: bool
) -> None:
    with db.session(writing=True) as session:
        session.get(User, people.ann.user_id).password_hash = passwords.hashed(OLD)  # type: ignore[union-attr]
        session.commit()
    app = open_page(people.ann, PAGE)
    for key, value in (("pw-current", current), ("pw-new", new), ("pw-again", again)):
        app.text_input(key=key).input(value)
    app.button(key="pw-save").click().run()
    assert not app.exception
    assert (len(app.success), len(app.error)) == ((1, 0) if accepted else (0, 1))
    assert sessions.resolve(visitor.token)
    assert sessions.check_password(sessions.VISITOR, "ann", NEW).ok is accepted


def test_signing_out_the_other_browsers(people: Personas, open_page: OpenPage, visitor: Browser) -> None:
    elsewhere = session_of(people.ann)
    app = open_page(people.ann, PAGE)
    with recorded("sessions.end_all", by=people.ann, times=1):
        app.button(key="end-others").click().run()
    assert sessions.resolve(elsewhere) is None
    assert sessions.resolve(visitor.token)
    app.button(key="end-all").click().run()
    assert not app.exception
    assert app.text_input[0].label == "用户名"


def test_choosing_a_language(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, PAGE)
    app.radio[0].set_value("en").run()
    assert app.title[0].value == "My account"
