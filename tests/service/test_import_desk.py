"""The desk when more than one thing happens at once: what is outdated neither comes back nor is imported."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from cim import service
from cim.access import Actor
from cim.errors import NotFound
from cim.models.imports import ImportChoices, ImportKind, ImportMode
from cim.service import import_desk, imports, jobs
from cim.service.jobs import Telling
from tests.factories import Personas

TEXT = "客户名称,备注,手机\n甲公司,乙方,12345\n丙公司,丁方,1\n"
MAPPING = {"客户名称": "name", "备注": "notes", "手机": "phone"}
OTHER = {"客户名称": "notes", "备注": "name", "手机": "phone"}
SECONDS = 20


class Slow:
    """The first check waits until it may go on; the others do not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.arrived, self.go, self.check = threading.Event(), threading.Event(), imports.check
        monkeypatch.setattr(imports, "check", self)

    def __call__(self, *arguments: Any, **how: Any) -> Any:
        if not self.arrived.is_set():
            self.arrived.set()
            assert self.go.wait(SECONDS)
        return self.check(*arguments, **how)

    def end(self) -> None:
        self.go.set()
        jobs.settle()


def begun(me: Actor, text: str = TEXT, mapping: dict[str, str] = MAPPING) -> str:
    key = import_desk.put(me, text.encode(), filename="x.csv", kind=ImportKind.CUSTOMERS)
    import_desk.read(me, key)
    import_desk.decide(me, key, mapping=mapping, choices=ImportChoices())
    return key


def ended(job: int) -> None:
    for live in [live for live in list(jobs._live.values()) if live.id == job]:
        assert live.thread is not None
        live.thread.join(SECONDS)


def test_a_check_that_ends_late_does_not_bring_back_other_columns(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    key = begun(people.ann)
    import_desk.check(people.ann, key)
    assert slow.arrived.wait(SECONDS)
    import_desk.decide(people.ann, key, mapping=OTHER, choices=ImportChoices())
    ended(import_desk.check(people.ann, key))
    token = import_desk.look(people.ann, key).token
    slow.end()
    assert import_desk.look(people.ann, key).token == token
    assert [row.cells["name"] for row in import_desk.grid(people.ann, key)] == ["乙方", "丁方"]


def test_a_file_that_is_read_anew_is_not_judged_by_an_old_check(
    people: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    key = begun(people.ann)
    import_desk.check(people.ann, key)
    assert slow.arrived.wait(SECONDS)
    import_desk.read(people.ann, key, encoding="utf-8")
    slow.end()
    assert import_desk.look(people.ann, key).report is None
    with pytest.raises(NotFound):
        import_desk.mend(people.ann, key, edits={(2, "phone"): "13800138000"})


def test_corrections_from_two_tabs_are_both_kept(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    key = begun(people.ann)
    ended(import_desk.check(people.ann, key))
    slow = Slow(monkeypatch)
    import_desk.mend(people.ann, key, edits={(2, "phone"): "13800138000"})
    assert slow.arrived.wait(SECONDS)
    ended(import_desk.mend(people.ann, key, edits={(3, "phone"): "13800138001"}))
    slow.end()
    seen = import_desk.look(people.ann, key)
    assert seen.report is not None
    assert (seen.edited, seen.report.failed) == (2, 0)


def test_an_import_that_waits_goes_by_what_was_checked(people: Personas) -> None:
    text = "客户编号,客户名称,备注\nA1,甲公司,{}\n"
    mapping = {"客户编号": "code", "客户名称": "name", "备注": "notes"}
    imports.run(people.ann, text.format("旧").encode(), filename="x.csv")
    key = begun(people.ann, text.format("新"), mapping)
    ended(import_desk.check(people.ann, key))
    go, busy = threading.Event(), threading.Semaphore(0)

    def occupy(_telling: Telling) -> None:
        busy.release()
        go.wait(SECONDS)

    for _turn in range(jobs.AT_ONCE):
        jobs.start(people.root, "test", "", occupy)
    for _turn in range(jobs.AT_ONCE):
        assert busy.acquire(timeout=SECONDS)
    import_desk.run(people.ann, key, token=import_desk.look(people.ann, key).token)
    import_desk.decide(people.ann, key, mapping=mapping, choices=ImportChoices(mode=ImportMode.UPSERT))
    go.set()
    jobs.settle()
    assert service.customers.by_code(people.ann, "A1").notes == "旧"


def test_the_desk_left_alone_longest_makes_room(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_desk, "_desks", {})
    monkeypatch.setattr(import_desk, "MOST_DESKS", 2)
    first, second = begun(people.ann), begun(people.bo)
    import_desk.look(people.ann, first)
    third = begun(people.mei)
    assert list(import_desk._desks) == [first, third]
    with pytest.raises(NotFound):
        import_desk.look(people.bo, second)
    import_desk.forget_old()
    assert list(import_desk._desks) == [first, third]
    monkeypatch.setattr(import_desk, "KEPT_SECONDS", -1)
    import_desk.forget_old()
    assert import_desk._desks == {}
