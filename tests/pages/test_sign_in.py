"""The gate as a visitor meets it: the form, what follows it, and what ends a session while a page is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from cim import db, passwords
from cim.access import SYSTEM
from cim.models import AuthSession, User
from cim.models.audit import Result
from cim.permissions import Role
from cim.service import sessions, users
from cim.service.sessions import VISITOR
from cim.ui import state
from tests.factories import Personas, history
from tests.pages.conftest import BINDER, Browser, OpenPage

PASSWORD = "long walk by the quiet river"
GUARDED = """
from cim.permissions import Permission
from cim.ui import shell
import streamlit as st

me = shell.open_page("Secrets", Permission.AUDIT_READ)
st.write("SECRET")
"""


@pytest.fixture
def ann(people: Personas) -> User:
    with db.session(writing=True) as session:
        user = session.get(User, people.ann.user_id)
        assert user is not None
        user.password_hash = passwords.hashed(PASSWORD)
        session.commit()
    return user


def submit(app: AppTest, username: str, password: str) -> AppTest:
    app.text_input[0].input(username)
    app.text_input[1].input(password)
    return app.button[0].click().run()


def texts(app: AppTest) -> str:
    return " ".join(str(element.value) for element in [*app.error, *app.warning, *app.title, *app.markdown])


def test_a_visitor_sees_the_form_and_nothing_else(open_page: OpenPage) -> None:
    app = open_page(None)
    assert not app.exception
    assert [field.label for field in app.text_input] == ["用户名", "密码"]
    assert not app.title
    assert not app.sidebar.button


def test_the_form_speaks_the_browsers_language(visitor: Browser, open_page: OpenPage) -> None:
    visitor.locale = "en-GB"
    app = open_page(None)
    assert [field.label for field in app.text_input] == ["User name", "Password"]
    app.segmented_control[0].set_value("zh").run()
    assert [field.label for field in app.text_input] == ["用户名", "密码"]


def test_the_right_password_leads_to_a_ticket_for_this_browser(ann: User, open_page: OpenPage) -> None:
    app = submit(open_page(None), "ann", PASSWORD)
    assert not app.exception
    reached = app.session_state[state.SIGN_IN]
    assert reached["step"] == "ticket"
    token = sessions.redeem_ticket(VISITOR, reached["ticket"], binder=BINDER)
    me = sessions.resolve(token)
    assert me is not None
    assert me.username == "ann"
    assert "authentication_status" not in app.session_state


@pytest.mark.parametrize(("username", "password"), [("ann", "wrong"), ("nobody", "wrong"), ("ann", "x" * 5000)])
def test_a_wrong_password_gets_the_same_words(ann: User, open_page: OpenPage, username: str, password: str) -> None:
    app = submit(open_page(None), username, password)
    assert len(app.error) == 1
    assert state.SIGN_IN not in app.session_state
    assert "authentication_status" not in app.session_state


def test_after_five_failures_the_form_says_how_long_to_wait(ann: User, open_page: OpenPage) -> None:
    app = open_page(None)
    for _attempt in range(5):
        submit(app, "ann", "wrong")
    submit(app, "ann", PASSWORD)
    assert any(str(second) in app.error[0].value for second in range(20, 32))
    assert state.SIGN_IN not in app.session_state


def test_the_forced_change_stands_before_everything(ann: User, open_page: OpenPage, people: Personas) -> None:
    made = users.reset(people.root, people.ann.user_id)
    app = submit(open_page(None), "ann", made.password)
    assert app.session_state[state.SIGN_IN]["step"] == "change"
    app.switch_page("pages/account.py").run()
    assert [field.key for field in app.text_input] == ["forced-new", "forced-again"]
    app.text_input[0].input("short")
    app.text_input[1].input("short")
    app.button[0].click().run()
    assert len(app.error) == 1
    app.text_input[0].input(PASSWORD)
    app.text_input[1].input(PASSWORD)
    app.button[0].click().run()
    assert app.session_state[state.SIGN_IN]["step"] == "ticket"


def test_a_signed_in_user_lands_on_the_dashboard(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann)
    assert not app.exception
    assert app.title[0].value
    assert "安晓然" in texts(app)


@pytest.mark.parametrize("navigation", [None, True])
@pytest.mark.parametrize("who", [None, "ann", "audrey"])
def test_a_page_opened_without_home_is_guarded_too(
    people: Personas,
    visitor: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    who: str | None,
    navigation: bool | None,
) -> None:
    monkeypatch.setattr(PagesManager, "uses_pages_directory", navigation)
    if who is not None:
        visitor.sign_in(getattr(people, who))
    app = AppTest.from_string(GUARDED, default_timeout=30).run()
    assert not app.exception
    assert ("SECRET" in texts(app)) is (who == "audrey")
    denied = [e for e in history() if e.action == "pages.open"]
    assert [(e.actor, e.result) for e in denied] == ([("ann", Result.DENIED)] if who == "ann" else [])


def test_a_refusal_is_recorded_once_however_often_the_page_runs(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, "pages/users.py")
    app.run()
    assert len(app.error) == 1
    assert sum(e.action == "pages.open" and e.actor == "ann" for e in history()) == 1


Ending = Callable[[Personas, Browser], object]
ENDINGS: dict[str, Ending] = {
    "disabled": lambda people, _browser: users.disable(people.root, people.ann.user_id),
    "password reset": lambda people, _browser: users.reset(people.root, people.ann.user_id),
    "signed out elsewhere": lambda people, _browser: sessions.end_all(people.ann),
    "cookie copied, then signed out": lambda _people, browser: sessions.end(VISITOR, browser.token or ""),
    "cookie tampered": lambda _people, browser: setattr(browser, "token", (browser.token or "")[:-1] + "~"),
    "cookie gone": lambda _people, browser: setattr(browser, "token", None),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_next_click_finds_the_session_over(
    people: Personas, visitor: Browser, open_page: OpenPage, ending: str
) -> None:
    app = open_page(people.ann, "pages/account.py")
    app.session_state["customer_note"] = "CANARY"
    ENDINGS[ending](people, visitor)
    app.button(key="end-all").click().run()
    assert not app.exception
    assert [field.label for field in app.text_input] == ["用户名", "密码"]
    assert "customer_note" not in app.session_state


def test_a_session_that_ends_while_the_page_works_leads_to_the_form(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, "pages/account.py")
    app.button(key="end-all").click().run()
    assert not app.exception
    assert [field.label for field in app.text_input] == ["用户名", "密码"]


def with_callback() -> None:
    import streamlit as st

    from cim.permissions import Permission
    from cim.ui import gate, shell

    @gate.guarded(Permission.CUSTOMER_WRITE)
    def save(me: object, word: str) -> None:
        st.session_state["saved"] = f"{me.username} {word}"  # type: ignore[attr-defined]

    shell.open_page("Page", Permission.ACCOUNT)
    st.button("Save", on_click=save, args=("now",), key="save")


def test_a_callback_runs_only_for_who_may(people: Personas, visitor: Browser) -> None:
    visitor.sign_in(people.ann)
    app = AppTest.from_function(with_callback, default_timeout=30).run()
    app.button(key="save").click().run()
    assert app.session_state["saved"] == "ann now"
    users.disable(people.root, people.ann.user_id)
    visitor_app = AppTest.from_function(with_callback, default_timeout=30)
    visitor.sign_in(people.audrey)
    visitor_app.run().button(key="save").click().run()
    assert "saved" not in visitor_app.session_state
    assert len(visitor_app.warning) == 1


def test_a_callback_of_a_user_disabled_a_moment_before_does_not_run(people: Personas, visitor: Browser) -> None:
    visitor.sign_in(people.ann)
    app = AppTest.from_function(with_callback, default_timeout=30).run()
    users.disable(people.root, people.ann.user_id)
    app.button(key="save").click().run()
    assert "saved" not in app.session_state


def test_another_person_in_the_same_tab_finds_nothing_of_the_first(
    people: Personas, visitor: Browser, open_page: OpenPage
) -> None:
    app = open_page(people.ann)
    app.session_state["customer_note"] = "CANARY"
    visitor.sign_in(people.bo)
    app.run()
    assert "customer_note" not in app.session_state
    assert "薄文博" in texts(app)


def test_sign_out_ends_the_session_before_the_browser_answers(
    people: Personas, visitor: Browser, open_page: OpenPage
) -> None:
    app = open_page(people.ann)
    app.button(key="sign-out").click().run()
    assert not app.exception
    assert sessions.resolve(visitor.token) is None
    assert state.LEAVING in app.session_state


def test_the_language_is_stored_with_the_user(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.ann, "pages/account.py")
    app.sidebar.segmented_control[0].set_value("en").run()
    assert app.title[0].value == "My account"
    with db.session(writing=False) as session:
        assert session.get(User, people.ann.user_id).language == "en"  # type: ignore[union-attr]
    assert open_page(people.ann, "pages/account.py").title[0].value == "My account"


def test_the_first_administrator_is_made_on_this_page(people: Personas, open_page: OpenPage) -> None:
    with db.session(writing=True) as session:
        for model in (AuthSession, User):
            for row in session.execute(select(model)).scalars():
                session.delete(row)
        session.commit()
    code = users.setup_code(SYSTEM)
    app = open_page(None)
    for key, value in {
        "setup-code": code,
        "setup-username": "boss",
        "setup-name": "老板",
        "setup-password": PASSWORD,
        "setup-again": PASSWORD,
    }.items():
        app.text_input(key=key).input(value)
    app.button[0].click().run()
    assert not app.exception
    assert [field.label for field in app.text_input] == ["用户名", "密码"]
    assert [u.role for u in users.everyone(SYSTEM)] == [Role.ADMIN]


def test_every_ticket_reaches_the_browser() -> None:
    """A random ticket has two underscores in a row once in a while, which a component's key must not have."""
    app = AppTest.from_string("from cim.ui.bridge import post\npost('/session/start', nonce='ab__cd', ticket='ab__cd')")
    assert not app.run(timeout=30).exception
