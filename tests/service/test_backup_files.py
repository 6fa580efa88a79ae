"""Files of customers in backups: copied once, checked, put back when lost, gone with the last backup that needs them."""

from __future__ import annotations

import json
import os

import pytest

from cim import backup, file_store, service
from cim.access import SYSTEM
from cim.config import settings
from cim.errors import Conflict, Invalid, NotFound
from cim.models.customer import CustomerDraft
from cim.service import backups, files
from tests.factories import Personas
from tests.service.test_backups import damage, make


def with_files(people: Personas, count: int = 3) -> list[int]:
    """Files of a customer of ann."""
    one = service.customers.create(people.ann, CustomerDraft(name="李四"))
    return [files.add(people.ann, one, f"{n}.txt", f"合同 {n}".encode() * 99) for n in range(count)]


def test_files_are_in_the_backup_once_and_sealed(people: Personas) -> None:
    first = with_files(people)
    one, two = make(people), backups.create(people.root)
    copies = [p for p in (one.parent / "files").rglob("*") if p.is_file()]
    assert len(copies) == 3
    assert {p.stat().st_mode & 0o077 for p in copies} == {0}
    assert not any("合同".encode() in p.read_bytes() for p in copies)
    assert {p.stat().st_nlink for p in copies} == {1}, "a copy is no second name for the same bytes"
    assert [v.files for v in backups.available(people.root)] == [3, 3]
    assert one.with_name(f"{one.name}.files").read_text() == two.with_name(f"{two.name}.files").read_text()
    files.remove(people.ann, first[0])
    assert backups.verify(people.root, backups.create(people.root)).files == 3


@pytest.mark.parametrize("way", ["gone", "damaged"])
def test_restore_puts_lost_files_back(people: Personas, way: str) -> None:
    first, _second, _third = with_files(people)
    before = files.read(people.ann, first)
    path = make(people)
    later = with_files_of_another(people)
    for name in list(file_store.names()):
        lost = file_store.path_of(name)
        if way == "gone":
            lost.unlink()
        else:
            damage(lost, 0.5)
    with pytest.raises(Conflict):
        files.read(people.ann, first)
    backups.restore(people.root, path)
    assert files.read(people.ann, first) == before
    with pytest.raises(NotFound):
        files.read(people.ann, later)


def with_files_of_another(people: Personas) -> int:
    other = service.customers.create(people.ann, CustomerDraft(name="王五"))
    return files.add(people.ann, other, "spät.txt", b"later")


def test_files_that_came_after_the_backup_stay_for_the_way_back(people: Personas) -> None:
    path = make(people)
    later = with_files_of_another(people)
    for name in file_store.names():
        os.utime(file_store.path_of(name), (1, 1))
    kept = backups.restore(people.root, path).kept
    assert files.sweep(SYSTEM) == 0
    backup.put_back(kept)
    assert files.read(people.ann, later) == b"later"


@pytest.mark.parametrize("way", ["gone", "flipped", "list gone", "list altered", "facts altered"])
def test_a_damaged_file_in_a_backup_is_found(people: Personas, way: str) -> None:
    with_files(people)
    path = make(people)
    one = next(p for p in (path.parent / "files").rglob("*") if p.is_file())
    listed, beside = path.with_name(f"{path.name}.files"), path.with_name(f"{path.name}.json")
    if way == "gone":
        one.unlink()
    elif way == "flipped":
        damage(one, 0.4)
    elif way == "list gone":
        listed.unlink()
    elif way == "list altered":
        listed.write_text("".join(listed.read_text().splitlines(keepends=True)[1:]))
    else:
        beside.write_text(json.dumps(json.loads(beside.read_text()) | {"files": {}}))
    with pytest.raises(Invalid):
        backups.verify(people.root, path)
    with pytest.raises(Invalid):
        backups.restore(SYSTEM, path)
    if way in ("gone", "flipped"):
        assert backups.verify(people.root, backups.create(people.root)).files == 3
        assert backups.verify(people.root, path).files == 3, "the next backup makes good what was damaged"


def test_copies_go_with_the_last_backup_that_needs_them(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-10-01T09:00:00+08:00")
    first, *_rest = with_files(people)
    assert backups.daily_if_due(SYSTEM) is not None
    files.remove(people.ann, first)
    monkeypatch.setenv("CIM_NOW", "2027-06-01T09:00:00+08:00")
    assert files.sweep(SYSTEM) == 1

    def copies() -> int:
        return len(list(file_store.names(folder=settings().backups / "files")))

    for day in range(2, 5):
        assert copies() == 3
        monkeypatch.setenv("CIM_NOW", f"2027-06-{day:02}T09:00:00+08:00")
        backups.daily_if_due(SYSTEM)
    assert copies() == 2
    assert len(list(settings().backups.glob("*.files"))) == len(backups.available(people.root))
