"""The page of scheduled work: what there is, how it ended, run at once; and messages that did not arrive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cim import service
from cim.access import SYSTEM
from cim.models.job import JobStatus
from cim.models.notice import DeliveryStatus
from cim.models.notice_view import ChannelDraft
from cim.service import channels, chores, delivery
from cim.service.chores import Chore
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage
from tests.service.outside import mail_sink, use_mail_server
from tests.service.test_notices import tell

PAGE = "pages/jobs.py"


def test_only_the_administrator_sees_it_and_runs_work(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.mei, PAGE)
    assert not app.title
    assert len(app.error) == 1
    app = open_page(people.root, PAGE)
    assert not app.exception
    keys = [button.key for button in app.button]
    assert all(f"jobs.{name}.run" in keys for name in chores.CHORES)
    with recorded("chores.run", by=people.root, times=1):
        app.button(key="jobs.sessions.purge.run").click().run()
    assert not app.exception
    assert chores.last(SYSTEM, "sessions.purge").status is JobStatus.DONE


def test_a_failure_stands_on_top_with_its_sentence(
    people: Personas, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_actor: object) -> None:
        raise RuntimeError("no disk")

    monkeypatch.setitem(chores.CHORES, "files.sweep", Chore("Daily backup", broken, every=timedelta(hours=1)))
    chores.run(SYSTEM, "files.sweep")
    app = open_page(people.root, PAGE)
    assert not app.exception
    assert next(button.key for button in app.button if str(button.key).endswith(".run")) == "jobs.files.sweep.run"
    assert len(app.error) == 1
    assert "no disk" not in app.error[0].value


def test_a_message_that_failed_is_sent_again_by_a_press(
    people: Personas, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-23T09:00:00+08:00")
    channels.add(people.ann, ChannelDraft(address="ann@example.cn"))
    tell(people.ann)
    with mail_sink() as (sink, port):
        use_mail_server(port)
        sink.answers = ["550 no"]
        delivery.send_waiting(SYSTEM)
    [view] = delivery.troubled(people.root)
    app = open_page(people.root, PAGE, tab="messages")
    assert not app.exception
    with recorded("delivery.resend", by=people.root, times=1):
        app.button(key=f"delivery.{view.id}.again").click().run()
    assert service.delivery.counts(people.root)[DeliveryStatus.WAITING] == 1
