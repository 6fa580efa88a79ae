"""The audit page: for auditor and administrator; filters in the address; masked until revealed; a broken chain in red."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from cim import db, service
from cim.config import settings
from cim.models.customer import CustomerDraft
from cim.service import users
from tests.factories import Personas, history, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/audit.py"


@pytest.fixture
def logged(people: Personas) -> int:
    """A customer of ann; returns the number of its entry."""
    service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000"))
    users.add_team(people.root, "新组")
    return next(e.seq for e in history() if e.action == "customers.create" and e.object_type == "customer")


def shown(app: object) -> str:
    parts = [*app.dataframe, *app.table, *app.caption, *app.markdown]  # type: ignore[attr-defined]
    return " ".join(str(p.value) for p in parts).replace("\\", "")


@pytest.mark.parametrize("who", ["audrey", "root"])
def test_it_opens_for_those_who_may(people: Personas, logged: int, open_page: OpenPage, who: str) -> None:
    app = open_page(getattr(people, who), PAGE)
    assert not app.exception
    assert app.title[0].value == "审计日志"
    assert len(app.dataframe[0].value) == len(history())


@pytest.mark.parametrize("who", ["ann", "mei", "kai"])
def test_it_refuses_the_others(people: Personas, logged: int, open_page: OpenPage, who: str) -> None:
    app = open_page(getattr(people, who), PAGE)
    assert not app.exception
    assert not app.dataframe
    assert history()[-1].actor == who


def test_filters_come_from_the_address(people: Personas, logged: int, open_page: OpenPage) -> None:
    app = open_page(people.audrey, PAGE, who="ann")
    assert list(app.dataframe[0].value.iloc[:, 0]) == [logged]
    app = open_page(people.audrey, PAGE, who="nobody")
    assert not app.dataframe
    assert app.info


def test_values_are_masked_until_revealed_with_a_reason(people: Personas, logged: int, open_page: OpenPage) -> None:
    app = open_page(people.audrey, PAGE, entry=str(logged))
    assert "138****8000" in shown(app)
    assert "13800138000" not in shown(app)
    app.button(key="audit.reveal").click().run()
    assert app.error
    assert "13800138000" not in shown(app)
    app.text_input(key=f"audit.reason.{logged}").input("投诉核查")
    with recorded("audit.reveal", by=people.audrey, times=1):
        app.button(key="audit.reveal").click().run()
    assert not app.exception
    assert "13800138000" in shown(app)


def test_verify_says_whole_or_broken(people: Personas, logged: int, open_page: OpenPage) -> None:
    app = open_page(people.audrey, PAGE)
    app.button(key="audit.verify").click().run()
    assert history()[-1].mac.hex()[:12] in app.success[0].value
    with db.engine().begin() as connection:
        drop = (
            "DROP TRIGGER audit_entry_update" if settings().is_sqlite else "ALTER TABLE audit_entry DISABLE TRIGGER ALL"
        )
        connection.execute(text(drop))
        connection.execute(text(f"UPDATE audit_entry SET actor = 'bo' WHERE seq = {logged}"))
    app.button(key="audit.verify").click().run()
    assert not app.success
    assert str(logged) in app.error[0].value


def test_the_export_is_recorded(people: Personas, logged: int, open_page: OpenPage) -> None:
    app = open_page(people.audrey, PAGE, who="ann")
    with recorded("audit.export", by=people.audrey, times=1):
        app.button(key="audit.export").click().run()
    assert not app.exception
