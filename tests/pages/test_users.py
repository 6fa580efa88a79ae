"""Administrators keep accounts on this page; nobody else sees anything of it."""

from __future__ import annotations

import pytest

from cim.models.user import UserStatus
from cim.service import sessions, users
from cim.service.sessions import VISITOR
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/users.py"


@pytest.mark.parametrize("who", ["ann", "mei", "kai", "audrey"])
def test_others_see_nothing_of_it(people: Personas, open_page: OpenPage, who: str) -> None:
    app = open_page(getattr(people, who), PAGE)
    assert not app.exception
    assert not app.title
    assert not app.dataframe
    assert len(app.error) == 1


def test_the_administrator_sees_all_accounts(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, PAGE)
    assert not app.exception
    assert len(app.dataframe[0].value) == 6


def test_adding_an_account_shows_its_password_once(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, PAGE)
    app.text_input(key="add-username").input("lin")
    app.text_input(key="add-name").input("林小满")
    with recorded("users.add", by=people.root, times=1):
        app.button(key="add-user-save").click().run()
    assert not app.exception
    assert sessions.check_password(VISITOR, "lin", app.code[0].value).must_change_password
    assert not app.run().code


@pytest.mark.parametrize(("username", "name"), [("ann", "林小满"), ("", "林小满"), ("lin lin", "x"), ("lin", " ")])
def test_a_refused_account_says_why_and_keeps_what_was_typed(
    people: Personas, open_page: OpenPage, username: str, name: str
) -> None:
    app = open_page(people.root, PAGE)
    app.text_input(key="add-username").input(username)
    app.text_input(key="add-name").input(name)
    app.button(key="add-user-save").click().run()
    assert not app.exception
    assert len(app.error) == 1
    assert app.text_input(key="add-name").value == name
    assert len(users.everyone(people.root)) == 6


def test_adding_a_team(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.root, PAGE)
    app.text_input(key="team-name").input("华北组")
    app.button(key="team-save").click().run()
    assert not app.exception
    assert "华北组" in {team.name for team in users.teams(people.root)}


def test_disabling_acts_through_the_page(people: Personas, open_page: OpenPage) -> None:
    from streamlit.testing.v1 import AppTest

    def editor(user_id: int) -> None:
        from cim.permissions import Permission
        from cim.service import users
        from cim.ui import shell
        from cim.ui.panels import accounts

        me = shell.open_page("Users", Permission.USER_MANAGE)
        chosen = next(user for user in users.everyone(me) if user.id == user_id)
        accounts.told_once()
        accounts.editor(chosen, users.teams(me), is_self=False)

    open_page(people.root, PAGE)
    app = AppTest.from_function(editor, kwargs={"user_id": people.ann.user_id}, default_timeout=30).run()
    next(button for button in app.button if button.key and button.key.startswith("disable-")).click().run()
    assert not app.exception
    ann = next(user for user in users.everyone(people.root) if user.username == "ann")
    assert ann.status is UserStatus.DISABLED
    next(button for button in app.button if button.key and button.key.startswith("reset-")).click().run()
    next(button for button in app.button if button.key and button.key.startswith("enable-")).click().run()
    assert next(user for user in users.everyone(people.root) if user.username == "ann").status is UserStatus.ACTIVE
