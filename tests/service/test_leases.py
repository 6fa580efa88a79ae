"""Of several servers one runs a kind of work at a time, also when one dies, is slow, or has a clock that jumps."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from cim import clock, db
from cim.access import SYSTEM
from cim.models import Lease
from cim.models.job import JobStatus
from cim.permissions import Permission
from cim.service import chores, leases, notices
from cim.service.chores import Chore
from cim.service.leases import Held
from cim.work import Guard, _run
from tests.factories import Personas, recorded

NAME = "test.work"


def do(function: Any, *arguments: Any) -> Any:
    """One short transaction of the server around a function below the doors."""
    guard = Guard("chores.run", Permission.SETTINGS_MANAGE, writing=True, recorded=False, function=function)
    return _run(guard, SYSTEM, arguments, {})


def stored() -> Lease:
    with db.session(writing=False) as session:
        return session.get_one(Lease, NAME)


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    monkeypatch.setenv("CIM_NOW", f"2026-11-22T{moment}+08:00")


def chore(monkeypatch: pytest.MonkeyPatch, run: Any, **options: Any) -> None:
    monkeypatch.setitem(chores.CHORES, NAME, Chore("Send messages", run, **options))


def runs() -> list[JobStatus]:
    return [run.status for run in chores.runs(SYSTEM, NAME)]


def test_one_holds_it_until_it_is_given_back_or_lapses(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, "10:00:00")
    first = do(leases.take, NAME)
    assert first == Held(NAME, 1)
    assert do(leases.take, NAME) is None
    at(monkeypatch, "10:01:00")
    assert do(leases.renew, first)
    at(monkeypatch, "10:02:00")
    assert do(leases.take, NAME) is None, "it was renewed a minute ago"
    at(monkeypatch, "10:02:31")
    second = do(leases.take, NAME)
    assert second == Held(NAME, 2)
    assert not do(leases.renew, first)
    assert not do(leases.give_back, first), "a late holder ends nothing of its successor"
    assert stored().fence == 2
    assert do(leases.give_back, second)
    assert do(leases.take, NAME) == Held(NAME, 3)


def test_a_clock_that_was_set_back_keeps_it_for_the_jump_at_most(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, "11:00:00")
    held = do(leases.take, NAME)
    at(monkeypatch, "10:00:00")
    assert do(leases.take, NAME) is None
    assert do(leases.renew, held), "its holder goes on"
    at(monkeypatch, "10:01:31")
    assert do(leases.take, NAME) is not None, "and the time of the new clock counts"


def test_of_many_threads_one_gets_it(home: object) -> None:
    got: list[Held | None] = []
    threads = [threading.Thread(target=lambda: got.append(do(leases.take, NAME))) for _n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [held for held in got if held is not None] == [Held(NAME, 1)]


def test_a_run_is_renewed_while_it_lasts(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = threading.Event()

    def again(held: Held) -> bool:
        renewed.set()
        return False

    monkeypatch.setattr(leases, "SECONDS", 0.03)
    with leases.kept(Held(NAME, 1), again):
        assert renewed.wait(10)


def test_work_that_a_server_left_is_lost_reported_and_run_again(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "10:00:00")
    done: list[int] = []
    chore(monkeypatch, lambda _actor: done.append(1), every=timedelta(hours=1))
    assert chores._begin(SYSTEM, NAME, asked=False) is not None  # and the server dies
    assert chores.last(SYSTEM, NAME).status is JobStatus.RUNNING
    assert chores.run_if_due(SYSTEM, NAME) is None
    at(monkeypatch, "10:01:31")
    lost = chores.last(SYSTEM, NAME)
    assert (lost.status, lost.due, bool(lost.problem)) == (JobStatus.LOST, True, True)
    view = chores.run_if_due(SYSTEM, NAME)
    assert view is not None
    assert view.status is JobStatus.DONE
    assert done == [1]
    assert runs() == [JobStatus.DONE, JobStatus.LOST]
    assert [notice.kind for notice in notices.mine(people.root)] == ["job.failed"]


def test_a_late_holder_does_not_conclude_over_its_successor(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, "10:00:00")

    def slow(_actor: object) -> None:
        at(monkeypatch, "10:05:00")  # meanwhile the lease lapsed, and another server begins
        assert chores._begin(SYSTEM, NAME, asked=True) is not None

    chore(monkeypatch, slow, every=timedelta(hours=1))
    chores.run_if_due(SYSTEM, NAME)
    assert runs() == [JobStatus.RUNNING, JobStatus.LOST]


def test_a_person_runs_it_and_the_server_does_it(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    actors: list[Any] = []
    chore(monkeypatch, actors.append, every=timedelta(hours=1))
    with recorded("chores.run", by=people.root, times=1):
        chores.run(people.root, NAME)
    assert actors[0].role is None
    [view] = chores.runs(people.root, NAME)
    assert (view.user, view.status) == ("管理员", JobStatus.DONE)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        ("2026-11-22T10:00:00", "2026-11-22T10:04:59", False),
        ("2026-11-22T10:00:00", "2026-11-22T10:05:00", True),
        ("2026-11-22T10:00:00", "2026-11-22T09:56:00", False),  # set back by less than the interval
        ("2026-11-22T10:00:00", "2026-11-22T08:00:00", True),  # set back further: it does not wait two hours
    ],
)
def test_when_it_is_due_also_after_a_jump(last: str, now: str, due: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    chore_ = Chore("x", lambda _actor: None, every=timedelta(minutes=5))
    monkeypatch.setenv("CIM_NOW", f"{last}+08:00")
    started = clock.now()
    monkeypatch.setenv("CIM_NOW", f"{now}+08:00")
    assert chores._is_due(chore_, JobStatus.DONE, started) is due


def test_an_idle_look_leaves_no_trace(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    chore(monkeypatch, lambda _actor: 1, every=timedelta(seconds=20), needed=lambda _actor: False)
    assert chores.run_if_due(SYSTEM, NAME) is None
    assert not chores.last(SYSTEM, NAME).due
    assert runs() == []
