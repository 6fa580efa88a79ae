"""Backups: whole and signed, good only when checked, restored in one step, every damage found before it does harm."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from cim import backup, checkpoint, clock, crypto, db, schema, service
from cim.access import SYSTEM
from cim.config import settings
from cim.errors import CimError, Conflict, Denied, Invalid, NotFound
from cim.models import AuthSession, Team
from cim.models.audit import Result
from cim.models.customer import CustomerDraft
from cim.service import audit, backups, users
from tests.factories import Personas, history, recorded


def teams() -> set[str]:
    with db.session(writing=False) as session:
        return {team.name for team in session.execute(select(Team)).scalars()}


def make(people: Personas) -> Path:
    service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000"))
    return backups.create(people.root)


def damage(path: Path, at: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(at * (len(content) - 1))] ^= 0x10
    path.write_bytes(content)


def sign_in(people: Personas) -> int:
    with db.session(writing=True) as session:
        held = AuthSession(
            user_id=people.ann.user_id or 0,
            session_version=1,
            created_at=clock.now(),
            last_seen_at=clock.now(),
            expires_at=clock.now() + timedelta(hours=1),
        )
        session.add(held)
        session.commit()
        return held.id or 0


# ---- taking one


def test_a_backup_says_what_it_holds_and_is_recorded(people: Personas) -> None:
    service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司", phone="13800138000"))
    head = history()[-1]
    with recorded("backups.create", by=people.root, times=1):
        path = backups.create(people.root)
    manifest = backup.read_manifest(path)
    assert path.parent == settings().backups
    assert (manifest.head_seq, manifest.head_mac) == (head.seq, head.mac.hex())
    assert (manifest.revision, manifest.size) == (schema.newest(), path.stat().st_size)
    assert manifest.rows["customer"] == 1
    assert manifest.rows["audit_entry"] == head.seq
    assert backups.verify(people.root, path).head == head.mac.hex()
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, f"{path.name}.json"]


def test_the_key_is_not_in_the_backup_and_personal_values_are_sealed(people: Personas) -> None:
    content = make(people).read_bytes()
    assert (settings().keys / "kek.key").read_bytes() not in content
    assert b"13800138000" not in content


def test_only_its_owner_can_read_a_backup(people: Personas, tmp_path: Path) -> None:
    path = backups.create(people.root, tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_goes_where_it_is_told_to(people: Personas, tmp_path: Path) -> None:
    path = backups.create(people.root, tmp_path / "elsewhere")
    assert path.parent == tmp_path / "elsewhere"
    assert backups.verify(people.root, path).kind == "manual"
    assert backups.available(people.root) == []


def test_two_in_one_second_do_not_overwrite_each_other(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-11-21T12:00:00+08:00")
    assert len({backups.create(people.root).name for _ in range(3)}) == 3
    assert len(backups.available(people.root)) == 3


def test_a_folder_that_cannot_be_written_is_a_refusal(people: Personas, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("in the way")
    with pytest.raises(CimError):
        backups.create(people.root, place)
    assert place.read_text() == "in the way"


def test_only_the_administrator(people: Personas, tmp_path: Path) -> None:
    path = make(people)
    calls: list[Callable[..., object]] = [
        backups.create,
        backups.available,
        backups.daily_if_due,
        lambda me: backups.verify(me, path),
        lambda me: backups.restore(me, path),
    ]
    for person in (people.ann, people.mei, people.kai, people.audrey):
        for call in calls:
            with pytest.raises(Denied):
                call(person)
        assert history()[-1].result is Result.DENIED


# ---- checking one


@pytest.mark.parametrize("place", [0.0, 0.02, 0.5, 0.97, 1.0])
def test_a_flipped_bit_is_found(people: Personas, place: float) -> None:
    path = make(people)
    damage(path, place)
    with pytest.raises(Invalid):
        backups.verify(people.root, path)


def test_a_short_or_missing_file_is_found(people: Personas) -> None:
    path = make(people)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(Invalid):
        backups.verify(people.root, path)
    path.unlink()
    with pytest.raises(NotFound):
        backups.verify(people.root, path)


@pytest.mark.parametrize("field", ["sha256", "rows", "revision", "head_mac", "created_at", "file", "signature"])
def test_an_altered_manifest_is_found(people: Personas, field: str) -> None:
    path = make(people)
    beside = path.with_name(f"{path.name}.json")
    told = json.loads(beside.read_text())
    told[field] = {} if field == "rows" else "2026-01-01T00:00:00+00:00" if field == "created_at" else "00"
    beside.write_text(json.dumps(told))
    with pytest.raises(Invalid):
        backups.verify(people.root, path)
    assert backups.available(people.root) == []
    beside.unlink()
    with pytest.raises(NotFound):
        backups.verify(people.root, path)


def test_another_installations_key_is_refused(
    people: Personas, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = make(people)
    before = teams()
    monkeypatch.setenv("CIM_DATABASE_URL", settings().database_url)
    monkeypatch.setenv("CIM_HOME", str(tmp_path / "other"))
    crypto.create_keys()
    with pytest.raises(Conflict, match="another key file"):
        backups.restore(SYSTEM, path)
    assert teams() == before


# ---- restoring one


def test_restore_brings_the_old_state_back_and_says_so(people: Personas) -> None:
    path = make(people)
    manifest = backup.read_manifest(path)
    users.add_team(people.root, "后来的组")
    old = history()[-1]
    held = sign_in(people)
    report = backups.restore(people.root, path)
    assert "后来的组" not in teams()
    assert (report.old_head_seq, report.old_head) == (old.seq, old.mac.hex())
    newest = history()[-1]
    assert (newest.action, newest.seq, newest.actor) == ("backups.restore", manifest.head_seq + 1, "root")
    changes = audit.entries(people.audrey, action="backups.restore")[0].changes
    assert (changes["old_entry"], changes["old_head"]) == ((None, old.seq), (None, old.mac.hex()))
    assert audit.verify(people.audrey).ok
    assert schema.differences() == []
    with db.session(writing=False) as session:
        assert all(s.revoked_at for s in session.execute(select(AuthSession)).scalars()), held
    # the heads of the log before are kept for whoever compares
    assert any(p.name.endswith("head.json") and p.name != "head.json" for p in settings().checkpoints.iterdir())
    users.add_team(people.root, "weiter")
    assert audit.verify(people.audrey).ok


def test_sessions_in_the_backup_are_over(people: Personas) -> None:
    held = sign_in(people)
    path = backups.create(people.root)
    backups.restore(people.root, path)
    with db.session(writing=False) as session:
        row = session.get(AuthSession, held)
        assert row is not None
        assert row.revoked_at is not None
        assert row.revoke_reason == "restore"


def test_the_database_before_is_kept_and_can_be_restored(people: Personas) -> None:
    path = make(people)
    users.add_team(people.root, "后来的组")
    kept = backups.restore(SYSTEM, path).kept
    assert kept is not None
    backup.put_back(kept)
    assert "后来的组" in teams()


@pytest.mark.parametrize("place", [0.0, 0.5])
def test_a_damaged_backup_changes_nothing(people: Personas, place: float) -> None:
    path = make(people)
    users.add_team(people.root, "后来的组")
    damage(path, place)
    with pytest.raises(Invalid):
        backups.restore(SYSTEM, path)
    assert "后来的组" in teams()
    assert audit.verify(people.audrey).ok


def test_a_newer_schema_is_refused(people: Personas) -> None:
    path = make(people)
    beside = path.with_name(f"{path.name}.json")
    told = json.loads(beside.read_text())
    told.pop("signature")
    told["revision"] = "9999"
    beside.write_text(json.dumps(told | {"signature": crypto.keys().sign(backup._message(told))}))
    with pytest.raises(CimError):
        backups.restore(SYSTEM, path)
    with pytest.raises(Conflict, match="newer version"):
        backup.put_in_place(path, backup.read_manifest(path))


# ---- daily


def test_one_a_day_and_fourteen_days(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_NOW", "2026-10-01T09:00:00+08:00")
    manual = backups.create(people.root)
    taken = []
    for day in range(1, 21):
        monkeypatch.setenv("CIM_NOW", f"2026-10-{day:02}T09:30:00+08:00")
        taken.append(backups.daily_if_due(SYSTEM))
        assert backups.daily_if_due(SYSTEM) is None
    left = backups.available(people.root)
    assert [v.path for v in left if v.kind == "daily"] == [p for p in reversed(taken) if p is not None][:15]
    assert manual in [v.path for v in left]
    monkeypatch.setenv("CIM_NOW", "2027-06-01T09:30:00+08:00")
    backups.daily_if_due(SYSTEM)
    daily = [v for v in backups.available(people.root) if v.kind == "daily"]
    assert len(daily) == backups.KEEP_AT_LEAST


# ---- what only a file database knows


def test_restore_waits_for_nobody_else_to_use_the_file(people: Personas) -> None:
    path = make(people)
    if not settings().is_sqlite:
        return
    users.add_team(people.root, "后来的组")
    other = sqlite3.connect(str(settings().sqlite_path))
    other.execute("SELECT count(*) FROM team").fetchone()
    with pytest.raises(Conflict, match="still running"):
        backups.restore(SYSTEM, path)
    other.close()
    assert "后来的组" in teams()
    backups.restore(SYSTEM, path)
    assert "后来的组" not in teams()


@pytest.mark.parametrize("way", ["gone", "overwritten", "shortened"])
def test_restore_after_the_database_file_was_lost(people: Personas, way: str) -> None:
    path = make(people)
    current = settings().sqlite_path
    if current is None:
        return
    last = checkpoint.read()[-1]
    db.engine().dispose()
    if way == "gone":
        current.unlink()
    elif way == "overwritten":
        current.write_bytes(b"not a database at all" * 1000)
    else:
        os.truncate(current, current.stat().st_size // 3)
    report = backups.restore(SYSTEM, path)
    assert report.old_head_seq == last[0]
    assert service.customers.search(people.ann).total == 1
    assert audit.verify(people.audrey).ok
    assert backup.integrity() == []


def test_an_upgrade_takes_a_backup_first(people: Personas, home: Path) -> None:
    assert backup.upgrade_with_backup() is None
    with db.engine().execution_options(immediate=True).connect() as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="newer version"):
        backup.upgrade_with_backup()
    assert backup.held() == []


def test_an_empty_installation_is_made_without_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIM_DATABASE_URL", raising=False)
    monkeypatch.setenv("CIM_HOME", str(tmp_path / "fresh"))
    crypto.create_keys()
    assert backup.upgrade_with_backup() is None
    assert schema.current() == schema.newest()
    db.engine().dispose()
    shutil.rmtree(tmp_path / "fresh")
