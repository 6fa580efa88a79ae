"""`jobs list` and `jobs run`, and `insights quality`: what they do, once a day, and what they print."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from cim import service
from cim.access import SYSTEM
from cim.cli import main
from cim.models.customer import CustomerDraft
from cim.models.job import JobStatus
from tests.factories import Personas

CHORES = service.chores.CHORES
NAMES = [name for name, chore in CHORES.items() if chore.needed is None]
DAILY = {name for name in NAMES if CHORES[name].every is None and CHORES[name].at is None}
HOURLY = {name for name in NAMES if CHORES[name].every == timedelta(hours=1)}


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_everything_runs_once_a_day(
    people: Personas, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-22T23:50:00+08:00")
    service.customers.create(people.ann, CustomerDraft(name="甲某商行"))
    listed = {v["name"]: (v["due"], v["status"]) for v in told(capsys, "jobs", "list")}
    assert list(listed) == list(CHORES)
    assert all(listed[name] == (True, None) for name in NAMES)
    done = {view["name"]: view for view in told(capsys, "jobs", "run")}
    assert set(NAMES) <= set(done)
    assert {view["status"] for view in done.values()} == {"done"}
    assert done["quality.snapshot"]["result"] == {"count": 1}
    assert done["pool.warn_and_return"]["result"] == {"warned": 0, "returned": 0, "withdrawn": 0}
    assert done["backups.daily_if_due"]["result"]["file"]
    assert told(capsys, "jobs", "run") == []
    assert not any(view["due"] for view in told(capsys, "jobs", "list"))
    monkeypatch.setenv("CIM_NOW", "2026-11-23T00:10:00+08:00")  # another local day, twenty minutes later
    found = {view["name"] for view in told(capsys, "jobs", "run")}
    assert found >= DAILY
    assert not found & HOURLY
    monkeypatch.setenv("CIM_NOW", "2026-11-23T01:00:00+08:00")
    assert {view["name"] for view in told(capsys, "jobs", "run")} >= HOURLY


def test_one_by_name_runs_whether_it_is_due_or_not(people: Personas, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        [view] = told(capsys, "jobs", "run", "quality.snapshot")
        assert (view["name"], view["status"]) == ("quality.snapshot", "done")
    assert main(["jobs", "run", "nonsense"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "quality.snapshot" in err


def test_a_failure_is_kept_told_and_tried_again_after_an_hour(
    people: Personas, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-22T10:00:00+08:00")

    def broken(_actor: object) -> None:
        raise RuntimeError("no disk")

    monkeypatch.setitem(
        service.chores.CHORES, "quality.snapshot", service.chores.Chore("Data quality of the day", broken)
    )
    done = {view.name: view for view in service.chores.run_due(SYSTEM)}
    assert done["quality.snapshot"].status is JobStatus.FAILED
    assert done["quality.snapshot"].problem
    assert "no disk" not in done["quality.snapshot"].problem
    assert done["sessions.purge"].status is JobStatus.DONE, "the rest goes on"
    assert service.chores.run_due(SYSTEM) == []
    monkeypatch.setenv("CIM_NOW", "2026-11-22T11:00:00+08:00")
    assert "quality.snapshot" in {view.name for view in service.chores.run_due(SYSTEM)}
    assert main(["jobs", "run", "quality.snapshot", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["status"] == "failed"


def test_two_servers_do_it_once(people: Personas) -> None:
    rounds: list[str] = []
    threads = [
        threading.Thread(target=lambda: rounds.extend(view.name for view in service.chores.run_due(SYSTEM)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rounds) == len(set(rounds))
    assert set(rounds) >= set(NAMES)
    assert all(view.status is JobStatus.DONE for view in service.chores.everything(SYSTEM) if view.name in rounds)


def test_quality_for_other_programs(people: Personas, capsys: pytest.CaptureFixture[str]) -> None:
    service.customers.create(people.ann, CustomerDraft(name="甲某商行", code="C1"))
    found = told(capsys, "insights", "quality", "--as", "mei")
    assert (found["score"], found["by_owner"]) == (46.0, {"安晓然": 46.0})
    assert (found["worst"][0]["code"], found["worst"][0]["points"]) == ("C1", 30.0)
    assert main(["insights", "quality", "--as", "mei"]) == 0
    assert "46" in capsys.readouterr().out
    assert told(capsys, "insights", "quality", "--as", "bo")["score"] is None
