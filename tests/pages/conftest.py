"""Fixtures of page tests: a page opened by a persona with a real session, through Home.py, as a browser would."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from cim import clock, crypto, db
from cim.access import Actor
from cim.models import AuthSession, User
from cim.ui import client as browser

ROOT = Path(__file__).resolve().parents[2]
BINDER = "binder-of-the-test-browser"
OpenPage = Callable[..., AppTest]


class Browser:
    """The browser of the test: its session cookie may be set, changed and taken away."""

    def __init__(self) -> None:
        self.token: str | None = None
        self.locale = "zh-CN"

    def seen(self) -> browser.Client:
        return browser.Client(self.token, BINDER, "203.0.113.9", "pytest", self.locale)

    def sign_in(self, actor: Actor) -> str:
        """Give the browser the cookie of a fresh session of this person."""
        self.token = session_of(actor)
        return self.token


def session_of(actor: Actor) -> str:
    """A session row of a person, as sign-in makes it. Returns the cookie's value."""
    token = secrets.token_urlsafe(32)
    with db.session(writing=True) as session:
        user = session.get(User, actor.user_id)
        assert user is not None
        session.add(
            AuthSession(
                user_id=user.id or 0,
                session_version=user.session_version,
                token_hash=crypto.digest(token),
                created_at=clock.now(),
                last_seen_at=clock.now(),
                expires_at=clock.now() + timedelta(hours=12),
            )
        )
        session.commit()
    return token


@pytest.fixture(autouse=True)
def navigation_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as the server does, with st.navigation from the first run on, which AppTest forgets; show all errors."""
    begin = PagesManager.__init__

    def begin_with_navigation(self: PagesManager, *args: object, **options: object) -> None:
        PagesManager.uses_pages_directory = False
        begin(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(PagesManager, "__init__", begin_with_navigation)
    monkeypatch.setenv("STREAMLIT_CLIENT_SHOW_ERROR_DETAILS", "full")


@pytest.fixture
def visitor(home: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """The test's browser, not signed in."""
    seen = Browser()
    monkeypatch.setattr(browser, "client", seen.seen)
    return seen


@pytest.fixture
def open_page(visitor: Browser) -> OpenPage:
    """`open_page(people.ann, "pages/search.py", q="李")`: the page as this person sees it, already run once.
    None as the actor opens it without a session. `.switch_page("pages/x.py")` and `.run()` go on from there."""

    def _open(actor: Actor | None, page: str = "", **query: str) -> AppTest:
        if actor is None:
            visitor.token = None
        else:
            visitor.sign_in(actor)
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30)
        for name, value in query.items():
            app.query_params[name] = value
        if page:
            app.switch_page(page)
        return app.run()

    return _open
