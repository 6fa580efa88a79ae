"""Background work: it goes on by itself, tells how far it is, stops when asked, and is nobody else's business."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from cim import clock, db, i18n, server, service, work
from cim.access import SYSTEM
from cim.errors import Conflict, Invalid, NotFound
from cim.models import Customer, Job
from cim.models.customer import CustomerDraft
from cim.models.job import JobStatus
from cim.permissions import Permission
from cim.service import jobs
from cim.service.jobs import Telling
from tests.factories import Personas, history

SECONDS = 20


class Paced:
    """Work that waits for the test between its steps."""

    def __init__(self, steps: int = 3) -> None:
        self.steps = steps
        self.go, self.told = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, telling: Telling) -> dict[str, Any]:
        for step in range(self.steps):
            telling.tell(step, self.steps)
            self.told.release()
            assert self.go.acquire(timeout=SECONDS)
        telling.tell(self.steps, self.steps)
        return {"steps": self.steps}

    def step(self) -> None:
        self.go.release()

    def at_step(self) -> None:
        assert self.told.acquire(timeout=SECONDS)


@pytest.fixture
def paced() -> Iterator[Paced]:
    made = Paced()
    yield made
    for _step in range(10):
        made.step()


def row_of(job_id: int) -> Job:
    with db.session(writing=False) as session:
        return session.get_one(Job, job_id)


def test_it_tells_how_far_it_is_and_what_came_of_it(people: Personas, paced: Paced) -> None:
    one = jobs.start(people.ann, "test", "数数", paced)
    paced.at_step()
    paced.step()
    paced.at_step()
    seen = jobs.get(people.ann, one)
    assert (seen.status, seen.done, seen.total, seen.title, seen.user) == (JobStatus.RUNNING, 1, 3, "数数", "安晓然")
    assert [job.id for job in jobs.mine(people.ann, running=True)] == [one]
    paced.step()
    paced.step()
    jobs.settle()
    seen = jobs.get(people.ann, one)
    assert (seen.status, seen.result, seen.problem) == (JobStatus.DONE, {"steps": 3}, "")
    assert seen.finished_at is not None
    assert jobs.mine(people.ann, running=True) == []
    assert not jobs.stop(people.ann, one)


def test_a_stopped_job_leaves_nothing_of_its_transaction(people: Personas, paced: Paced) -> None:
    def create(telling: Telling) -> None:
        service.customers.create(people.ann, CustomerDraft(name="甲公司"))
        paced(telling)

    def in_one(telling: Telling) -> None:
        lines = "\n".join(f"客户{n}," for n in range(1500))
        prepared = service.imports.prepare(
            people.ann, f"客户名称,备注\n{lines}".encode(), filename="x.csv", kind=service.imports.ImportKind.CUSTOMERS
        )

        def told(done: int, total: int) -> None:
            jobs.stop(people.ann, telling.job_id)
            telling.tell(done, total)

        service.imports.run(people.ann, prepared, progress=told)

    one = jobs.start(people.ann, "test", "", in_one)
    jobs.settle()
    assert jobs.get(people.ann, one).status is JobStatus.STOPPED
    two = jobs.start(people.ann, "test", "", create)
    paced.at_step()
    assert jobs.stop(people.ann, two)
    paced.step()
    jobs.settle()
    assert jobs.get(people.ann, two).status is JobStatus.STOPPED
    with db.session(writing=False) as session:
        assert list(session.execute(select(Customer.name)).scalars()) == [
            "甲公司"
        ]  # what was committed before the stop stays
    assert [e.action for e in history() if e.object_type == "customer"] == ["customers.create"]


def test_another_person_finds_nothing(people: Personas, paced: Paced) -> None:
    one = jobs.start(people.ann, "test", "", paced)
    for stranger in (people.bo, people.mei, people.kai, people.audrey):
        for look in (jobs.get, jobs.stop, jobs.kept):
            with pytest.raises(NotFound):
                look(stranger, one)
        assert jobs.mine(stranger) == []
    seen = jobs.get(people.root, one)
    assert (seen.mine, seen.user) == (False, "安晓然")
    for number in (0, -1, 999, 2**40, "1"):
        with pytest.raises(NotFound):
            jobs.get(people.ann, number)  # type: ignore[arg-type]
    paced.at_step()
    assert jobs.stop(people.root, one)
    paced.step()
    jobs.settle()
    assert jobs.get(people.ann, one).status is JobStatus.STOPPED


def test_what_it_kept_is_for_its_owner_alone_and_the_newest_three(people: Personas) -> None:
    def keeping(value: str) -> int:
        return jobs.start(people.ann, "test", "", lambda telling: telling.keep([value]))

    numbers = []
    for value in "abcd":
        numbers.append(keeping(value))
        jobs.settle()
    assert [jobs.kept(people.ann, n) for n in numbers] == [None, ["b"], ["c"], ["d"]]
    assert jobs.kept(people.root, numbers[-1]) is None
    with pytest.raises(NotFound):
        jobs.kept(people.bo, numbers[-1])


def test_what_was_kept_goes_without_anybody_asking_and_never_piles_up(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rows:
        """Something large."""

    held: list[weakref.ref[Rows]] = []

    def keep(telling: Telling) -> None:
        rows = Rows()
        held.append(weakref.ref(rows))
        telling.keep(rows)

    def alive() -> list[bool]:
        gc.collect()
        return [one() is not None for one in held]

    monkeypatch.setattr(jobs, "KEPT_MOST", 2)
    for who in (people.ann, people.bo, people.mei):
        jobs.start(who, "test", "", keep)
        jobs.settle()
    assert alive() == [False, True, True]
    jobs.forget_old()
    assert alive() == [False, True, True]
    monkeypatch.setattr(jobs, "KEPT_SECONDS", -1)
    server._tidy()
    assert alive() == [False, False, False]


def test_a_refusal_is_its_sentence_and_a_bug_a_number(people: Personas) -> None:
    def refuse(_telling: Telling) -> None:
        raise Invalid("file", "The file is empty.")

    def fail(_telling: Telling) -> None:
        raise ZeroDivisionError("13800138000")

    with i18n.use("en"):
        one, two = (jobs.start(people.ann, "test", "", function) for function in (refuse, fail))
    jobs.settle()
    refused, failed = jobs.get(people.ann, one), jobs.get(people.ann, two)
    assert (refused.status, refused.problem) == (JobStatus.FAILED, "The file is empty.")
    assert failed.status is JobStatus.FAILED
    assert f"{clock.now():%y%m%d}" in failed.problem
    assert "13800138000" not in failed.problem


def test_it_speaks_the_language_and_acts_as_the_person_who_started_it(people: Personas) -> None:
    heard = []

    def listen(_telling: Telling) -> None:
        heard.append((i18n.language(), threading.current_thread().daemon))
        service.customers.create(people.ann, CustomerDraft(name="甲公司"))

    for language in ("en", "zh"):
        with i18n.use(language):
            jobs.start(people.ann, "test", "", listen)
        jobs.settle()
    assert heard[0] == ("en", True)
    assert heard[1] == ("zh", True)
    [first, *_rest] = [e for e in history() if e.action == "customers.create"]
    assert (first.actor, first.source) == ("ann", people.ann.source)


def test_a_restart_marks_what_was_running_as_lost(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.session(writing=True) as session:
        left = Job(kind="test", title="", user_id=people.ann.user_id, started_at=clock.now(), alive_at=clock.now())
        session.add(left)
        session.commit()
    # with several servers on one PostgreSQL another one may be at it, until nothing was heard of it for long
    monkeypatch.setenv("CIM_NOW", "2099-01-01T00:00:00")
    assert jobs.mark_lost(SYSTEM) == 1
    assert jobs.mark_lost(SYSTEM) == 0
    seen = jobs.get(people.ann, left.id or 0)
    assert seen.status is JobStatus.LOST
    assert seen.problem
    assert row_of(left.id or 0).finished_at is not None


def test_a_restart_leaves_alone_what_runs_in_this_process(people: Personas, paced: Paced) -> None:
    one = jobs.start(people.ann, "test", "", paced)
    paced.at_step()
    assert jobs.mark_lost(SYSTEM) == 0
    assert jobs.get(people.ann, one).status is JobStatus.RUNNING


def test_a_person_cannot_fill_the_server_with_work(people: Personas) -> None:
    waiting = [Paced() for _n in range(jobs.MOST_WAITING)]
    for paced in waiting:
        jobs.start(people.ann, "test", "", paced)
    with pytest.raises(Conflict):
        jobs.start(people.ann, "test", "", waiting[0])
    other = Paced(0)
    jobs.start(people.bo, "test", "", other)
    for paced in waiting:
        for _step in range(3):
            paced.step()
    jobs.settle()
    assert {job.status for job in jobs.mine(people.ann)} == {JobStatus.DONE}


def test_nothing_starts_when_the_transaction_that_asked_for_it_fails(people: Personas) -> None:
    ran: list[int] = []

    def ask(joined: work.Work) -> None:
        jobs.start(joined, "test", "", lambda _telling: ran.append(1) or {})  # type: ignore[func-returns-value]
        raise Invalid("x", "no")

    guard = work.Guard("jobs.start", Permission.ACCOUNT, writing=True, recorded=False, function=ask)
    with pytest.raises(Invalid):
        work._run(guard, people.ann, (), {})
    jobs.settle()
    assert ran == []
    assert jobs.mine(people.ann) == []
