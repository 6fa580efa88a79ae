"""Files of customers: who may add, read and find them; what is refused; sealed on disk, whole, and nothing left over."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from cim import clock, crypto, db, file_store, service
from cim.access import SYSTEM, Actor
from cim.config import settings
from cim.errors import CimError, Conflict, Denied, Invalid, NotFound
from cim.models import Customer, StoredFile, SubjectKey
from cim.models.activity import ActivityDraft
from cim.models.customer import CustomerDraft
from cim.permissions import Permission
from cim.service import audit, files
from cim.work import GUARDS, Guard, Work
from tests.factories import Personas, history, recorded

PDF = b"%PDF-1.7\n" + b"contract 13800138000 " * 50
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


@pytest.fixture
def one(people: Personas) -> int:
    """A customer of ann."""
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000"))


def rows() -> list[StoredFile]:
    with db.session(writing=False) as session:
        return list(session.execute(select(StoredFile).order_by(StoredFile.id)).scalars())  # type: ignore[arg-type]


def on_disk() -> list[str]:
    return list(file_store.names())


def path_of_only() -> Path:
    [name] = on_disk()
    return file_store.path_of(name)


def assert_logged(people: Personas) -> None:
    """The chain holds, and no row of a file was changed past it (the personas came without an entry)."""
    assert audit.verify(people.audrey).ok
    drifted = audit.verify(people.audrey, reconcile=True).drifted
    assert {name.split()[0] for name in drifted} <= {"app_user", "team"}


# ---- the way of a file
def test_what_goes_in_comes_out_and_is_recorded(people: Personas, one: int) -> None:
    with recorded("files.add", by=people.ann, times=1):
        number = files.add(people.ann, one, "合同.pdf", PDF, note="2026 年框架")
    [seen] = files.list(people.ann, one)
    assert (seen.id, seen.name, seen.size, seen.note) == (number, "合同.pdf", len(PDF), "2026 年框架")
    assert (seen.media_type, seen.author, seen.customer) == ("application/pdf", "安晓然", "南京信诺环保科技有限公司")
    with recorded("files.read", by=people.ann, times=1):
        content = files.read(people.ann, number)
    assert (content, content.name, content.media_type) == (PDF, "合同.pdf", "application/pdf")
    [entry] = audit.entries(people.audrey, action="files.read")
    assert (entry.object_type, entry.object_id, entry.changes["file"]) == (
        "stored_file",
        str(number),
        (None, "合同.pdf"),
    )
    assert_logged(people)


@pytest.mark.parametrize("size", [1, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20, 20 * 2**20])
def test_every_size_comes_back(people: Personas, one: int, size: int) -> None:
    content = (b"a" + random.Random(size).randbytes(97).hex().encode() * (size // 194 + 1))[:size]
    assert files.read(people.ann, files.add(people.ann, one, "log.txt", content)) == content


def test_nothing_of_it_lies_on_the_disk_in_clear(people: Personas, one: int) -> None:
    files.add(people.ann, one, "合同.pdf", PDF)
    path = path_of_only()
    assert path.is_relative_to(settings().home / "files")
    assert b"13800138000" not in path.read_bytes()
    assert b"PDF" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert rows()[0].digest not in {crypto.digest(PDF.decode("latin-1"))}


@pytest.mark.parametrize("way", ["flip", "cut", "cut at a chunk", "append", "swap chunks", "gone", "other file"])
def test_damage_is_noticed(people: Personas, one: int, way: str) -> None:
    number = files.add(people.ann, one, "log.txt", b"abc" * 2**20)
    path = path_of_only()
    content, chunk = path.read_bytes(), 2**20 + 16
    damaged = {
        "flip": content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
        "cut": content[:-1],
        "cut at a chunk": content[: 2 + 2 * chunk],
        "append": content + b"x",
        "swap chunks": content[:2]
        + content[2 + chunk : 2 + 2 * chunk]
        + content[2 : 2 + chunk]
        + content[2 + 2 * chunk :],
        "other file": b"".join(crypto.FileCipher(crypto.FileCipher.new_key()).seal(b"abc")),
    }
    if way == "gone":
        path.unlink()
    else:
        path.write_bytes(damaged[way])
    with pytest.raises(Conflict):
        files.read(people.ann, number)
    files.add(people.ann, one, "noch.txt", b"abc" * 2**20)
    if way == "gone":
        assert files.read(people.ann, number) == b"abc" * 2**20, "adding it again puts lost content back"


def test_the_same_content_is_kept_once(people: Personas, one: int) -> None:
    first = files.add(people.ann, one, "合同.pdf", PDF)
    assert files.add(people.ann, one, "合同 (1).pdf", PDF) == first
    files.remove(people.ann, first)
    again = files.add(people.ann, one, "合同 (2).pdf", PDF)
    assert again != first
    assert len(on_disk()) == 1
    other = service.customers.create(people.ann, CustomerDraft(name="李四"))
    files.add(people.ann, other, "合同.pdf", PDF)
    assert len(on_disk()) == 2, "nobody can tell from the disk that two customers have the same file"


def test_a_second_press_adds_nothing(people: Personas, one: int) -> None:
    first = files.add(people.ann, one, "a.pdf", PDF, token="t1")
    assert files.add(people.ann, one, "b.png", PNG, token="t1") == first
    assert len(files.list(people.ann, one)) == 1


def test_rename_keeps_the_ending(people: Personas, one: int) -> None:
    number = files.add(people.ann, one, "scan.pdf", PDF)
    with recorded("files.rename", by=people.ann, times=1):
        assert files.rename(people.ann, number, "../合同\u202e.pdf", note="签字版")
        assert not files.rename(people.ann, number, "合同")
    assert [(f.name, f.note) for f in files.list(people.ann, one)] == [("合同.pdf", "签字版")]
    files.rename(people.ann, number, "合同.exe")
    assert files.list(people.ann, one)[0].name == "合同.exe.pdf"


def test_removed_files_come_back(people: Personas, one: int) -> None:
    number = files.add(people.ann, one, "合同.pdf", PDF)
    with recorded("files.remove", by=people.ann, times=1):
        files.remove(people.ann, number, reason="wrong customer")
    assert files.list(people.ann, one) == []
    assert [f.id for f in files.list(people.ann, one, removed=True)] == [number]
    with pytest.raises(NotFound):
        files.read(people.ann, number)
    with recorded("files.restore", by=people.ann, times=1):
        files.restore(people.ann, number)
    assert files.read(people.ann, number) == PDF


# ---- who
@pytest.mark.parametrize(
    ("who", "sees", "reads", "changes"),
    [
        ("ann", True, True, True),
        ("bo", False, False, False),
        ("mei", True, True, True),
        ("kai", True, True, True),
        ("audrey", True, False, False),
        ("root", True, False, True),
    ],
)
def test_relations(people: Personas, one: int, who: str, sees: bool, reads: bool, changes: bool) -> None:
    me: Actor = getattr(people, who)
    number = files.add(people.ann, one, "合同.pdf", PDF)

    def may(function: Any, *args: Any) -> bool:
        try:
            function(me, *args)
        except (Denied, NotFound):
            return False
        return True

    assert may(files.list, one) is sees
    assert bool(files.find(me, "合同")) is sees
    assert may(files.read, number) is reads
    assert may(files.rename, number, "框架合同") is changes
    assert may(files.add, one, "a.png", PNG) is changes
    assert may(files.remove, number) is changes
    if changes:
        files.restore(me, number)
    else:
        with pytest.raises((Denied, NotFound)):
            files.restore(me, number)
    if sees:
        seen = next(f for f in files.list(me, one) if f.id == number)
        assert (seen.may_download, seen.may_remove) == (reads, changes)


def test_the_pool_is_closed_until_claimed(people: Personas) -> None:
    pool = service.customers.create(people.root, CustomerDraft(name="公海公司", owner_id=None))
    number = files.add(people.root, pool, "张三13900139000.pdf", PDF)
    assert files.list(people.ann, pool)[0].name == "张三139****9000.pdf"
    with recorded("files.read", by=people.ann, times=1), pytest.raises(Denied):
        files.read(people.ann, number)
    assert history()[-1].result == "denied"
    service.customers.claim(people.ann, pool)
    assert files.read(people.ann, number) == PDF
    assert files.list(people.ann, pool)[0].name == "张三13900139000.pdf"


# ---- what is refused
@pytest.mark.parametrize("name", ["a.html", "a.pdf.exe", "b.pdf", "", "..", "/", "\u202e.pdf"])
def test_what_is_refused_leaves_nothing(people: Personas, one: int, name: str) -> None:
    before = len(history())
    with pytest.raises(Invalid):
        files.add(people.ann, one, name, b"<html>")
    assert (files.list(people.ann, one), on_disk(), len(history())) == ([], [], before)


def test_the_largest_file_and_the_most_files(people: Personas, one: int, monkeypatch: pytest.MonkeyPatch) -> None:
    service.settings.change(people.root, "files.megabytes", 1)
    with pytest.raises(Invalid, match="larger than 1 MB"):
        files.add(people.ann, one, "a.pdf", PDF + bytes(2**20))
    monkeypatch.setattr(files, "MOST_FILES", 2)
    kept = [files.add(people.ann, one, f"{n}.pdf", PDF + bytes([n])) for n in range(2)]
    with pytest.raises(Invalid, match="2 files"):
        files.add(people.ann, one, "c.pdf", PDF)
    assert files.add(people.ann, one, "again.pdf", PDF + b"\x01") == kept[1]
    files.remove(people.ann, kept[0])
    files.add(people.ann, one, "c.pdf", PDF)


# ---- keys
def opened_work(session: Any, me: Actor) -> Work:
    return Work(
        session, me, Guard("merges.merge", Permission.CUSTOMER_WRITE, True, False, GUARDS["files.add"].function)
    )


def test_a_file_moves_with_a_merge_and_back(people: Personas, one: int) -> None:
    other = service.customers.create(people.ann, CustomerDraft(name="李四"))
    number = files.add(people.ann, one, "合同.pdf", PDF)
    sealed = path_of_only().read_bytes()
    with db.session(writing=True) as session:
        work = opened_work(session, people.root)
        files.rehome(work, work.get(StoredFile, number), work.get(Customer, other))
        work.finish()
        session.commit()
    assert [f.id for f in files.list(people.ann, other)] == [number]
    assert files.read(people.ann, number) == PDF
    assert files.add(people.ann, other, "合同.pdf", PDF) == number, "known by its content in its new place too"
    with db.session(writing=True) as session:
        work = opened_work(session, people.root)
        work.get(StoredFile, number).customer_id = one
        work.finish()
        session.commit()
    assert [f.id for f in files.list(people.ann, one)] == [number]
    assert files.read(people.ann, number) == PDF
    assert path_of_only().read_bytes() == sealed
    assert_logged(people)


def test_without_the_key_of_its_customer_nobody_reads_it(people: Personas, one: int) -> None:
    number = files.add(people.ann, one, "合同.pdf", PDF)
    with db.session(writing=True) as session:
        session.execute(delete(SubjectKey))
        session.commit()
    with pytest.raises(Conflict):
        files.read(people.ann, number)
    assert audit.verify(people.audrey).ok


def test_a_key_put_beside_another_file_opens_nothing(people: Personas, one: int) -> None:
    first, second = files.add(people.ann, one, "a.pdf", PDF), files.add(people.ann, one, "b.png", PNG)
    with db.session(writing=True) as session:
        rows_ = {row.id: row for row in session.execute(select(StoredFile)).scalars()}
        rows_[second].keys, rows_[second].digest = dict(rows_[first].keys), rows_[first].digest
        session.commit()
    with pytest.raises(Conflict):
        files.read(people.ann, second)


# ---- nothing is left over
def later(monkeypatch: pytest.MonkeyPatch, **ahead: float) -> None:
    monkeypatch.setenv("CIM_NOW", (clock.now() + timedelta(**ahead)).isoformat())


def test_a_write_that_was_not_saved_is_swept(people: Personas, one: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.session(writing=True) as session:
        files.add(opened_work(session, people.ann), one, "合同.pdf", PDF)
    assert rows() == []
    assert len(on_disk()) == 1
    (path_of_only().parent / ".x.part").touch()
    assert files.sweep(SYSTEM) == 0, "it may be about to be saved"
    later(monkeypatch, hours=25)
    with recorded("files.sweep", by=SYSTEM, times=1):
        assert files.sweep(SYSTEM) == 2
    assert on_disk() == []


def test_old_content_that_is_wanted_again_is_not_swept(people: Personas, one: int) -> None:
    first = files.add(people.ann, one, "合同.pdf", PDF)
    path = path_of_only()
    os.utime(path, (1, 1))
    files.remove(people.ann, first)
    with db.session(writing=True) as session:
        files.add(opened_work(session, people.ann), one, "合同.pdf", PDF)
    assert path.stat().st_mtime > 1


def test_removed_files_go_when_nothing_can_be_undone_any_more(
    people: Personas, one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = files.add(people.ann, one, "a.pdf", PDF), files.add(people.ann, one, "b.png", PNG)
    files.remove(people.ann, gone)
    later(monkeypatch, days=89)
    assert files.sweep(SYSTEM) == 0
    later(monkeypatch, days=2)
    assert files.sweep(SYSTEM) == 1
    with pytest.raises(Conflict):
        files.restore(people.ann, gone)
    assert files.read(people.ann, kept) == PNG


def test_only_the_operator_sweeps(people: Personas) -> None:
    for me in (people.ann, people.mei, people.kai, people.audrey):
        with pytest.raises(Denied):
            files.sweep(me)


def test_random_acts_leave_no_orphan(people: Personas, one: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds, double adds, failed adds, removals, restores and moves: afterwards the disk holds exactly what rows need."""
    dice = random.Random(7)
    other, done = service.customers.create(people.ann, CustomerDraft(name="李四")), Counter[str]()
    for _turn in range(300):
        ids = [row.id or 0 for row in rows()]
        act = dice.choice(["add", "add", "fail", "remove", "restore", "move", "rename"])
        try:
            if act in ("add", "fail"):
                home, content = dice.choice([one, other]), PDF + bytes([dice.randrange(12)])
                if act == "add":
                    files.add(people.ann, home, f"{dice.randrange(9)}.pdf", content)
                else:
                    with db.session(writing=True) as session:
                        files.add(opened_work(session, people.ann), home, "x.pdf", content + b"x")
            elif ids and act == "move":
                with db.session(writing=True) as session:
                    work = opened_work(session, people.root)
                    files.rehome(
                        work, work.get(StoredFile, dice.choice(ids)), work.get(Customer, dice.choice([one, other]))
                    )
                    work.finish()
                    session.commit()
            elif ids and act == "rename":
                files.rename(people.ann, dice.choice(ids), f"{dice.randrange(99)}")
            elif ids:
                getattr(files, act)(people.ann, dice.choice(ids))
            done[act] += 1
        except CimError:
            continue
    assert min(done[act] for act in ("add", "fail", "remove", "restore", "move", "rename")) >= 10, done
    later(monkeypatch, days=2)
    files.sweep(SYSTEM)
    assert set(on_disk()) == {row.digest for row in rows()}
    for home in (one, other):
        for seen in files.list(people.ann, home):
            assert files.read(people.ann, seen.id).startswith(PDF)
    later(monkeypatch, days=200)
    files.sweep(SYSTEM)
    assert set(on_disk()) == {row.digest for row in rows() if row.deleted_at is None}
    assert_logged(people)


def test_a_file_of_a_follow_up_stands_with_it(people: Personas, one: int) -> None:
    call = service.activities.log(people.ann, one, ActivityDraft(content="寄合同"))
    number = files.add(people.ann, one, "合同.pdf", PDF, activity_id=call)
    assert [file.id for file in files.list(people.ann, one)] == [number]
    [entry] = service.timeline.of(people.ann, one, text="寄合同").entries
    assert [(file.id, file.name) for file in entry.files] == [(number, "合同.pdf")]
    other = service.customers.create(people.ann, CustomerDraft(name="李四"))
    with pytest.raises(Invalid) as refused:
        files.add(people.ann, other, "合同.pdf", PDF, activity_id=call)
    assert refused.value.field == "activity_id"
