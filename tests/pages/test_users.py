"""Administrators keep accounts on this page; nobody else sees anything of it."""

from cim.models import User
from cim.models.user import UserStatus
from tests.factories import Personas, recorded, user_of
from tests.pages.conftest import OpenPage

PAGE = "pages/users.py"


def test_only_the_administrator_opens_it(people: Personas, open_page: OpenPage) -> None:
    assert open_page(people.root, PAGE).title[0].value == "用户"
