"""Backups as files: a consistent copy with a signed manifest beside it, checking one, and putting one in place.

Who may, and the record of it, is cim/service/backups.py; PostgreSQL's side is cim/backup_postgres.py.
The key file is never part of a backup.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine
from sqlmodel import Session

from cim import audit, backup_files, backup_postgres, clock, crypto, db, durable, schema
from cim.config import settings
from cim.errors import Conflict, Invalid, NotFound

FORMAT = 1
SUFFIXES = {".db": "sqlite", ".dump": "postgresql"}


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `head` is the newest audit entry in it, `key` names the key file that it needs."""

    file: str
    kind: str
    database: str
    created_at: datetime
    size: int
    sha256: str
    revision: str | None
    rows: dict[str, int]
    head_seq: int
    head_mac: str
    key: str
    program: str
    files: dict[str, Any] = field(default_factory=dict)
    """Count, size and checksum of the list of customers' files (cim/backup_files.py)."""


def copy(to: Path | None = None, *, kind: str = "manual") -> Path:
    """A consistent copy of the running database, checked before it counts: temporary name, fsync, rename, manifest.
    `kind` is manual, daily, upgrade or restore. Returns the file; raises Conflict when it cannot be made or is bad."""
    folder = to or settings().backups
    if schema.current() is None:
        raise Conflict("There is nothing to back up yet. Run `python -m cim init` first.")
    moment = clock.now()
    target = _free_name(folder, moment)
    temporary = folder / f".{target.name}.{os.getpid()}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.touch(mode=0o600)  # before there is anything in it to read; both programs fill an empty file
        if settings().is_sqlite:
            _vacuum_into(temporary)
            facts = _examined(temporary)
        else:
            facts = backup_postgres.dump(temporary)
        with backup_files.alone(folder):
            facts |= backup_files.copy(target)
            manifest = _manifest(target.name, kind, moment, temporary, facts)
            durable.flush(temporary)
            os.replace(temporary, target)
        _write(target.with_name(f"{target.name}.json"), manifest)  # last: a file without manifest is no backup
        durable.flush_folder(folder)
    except (sqlite3.Error, OSError) as error:
        raise Conflict("The backup was not taken ({problem}). Nothing was changed.", problem=str(error)) from error
    finally:
        if folder.is_dir():
            temporary.unlink(missing_ok=True)
    return target


def check(path: Path) -> Manifest:
    """The manifest of a backup that is whole and ours: signature, checksum, integrity, foreign keys, audit head.
    Raises NotFound, Invalid("file") saying what is wrong, or Conflict for another key file."""
    manifest = read_manifest(path)
    if not path.is_file():
        raise NotFound("There is no backup {name}.", name=path.name)
    if durable.sha256(path) != manifest.sha256:
        raise Invalid("file", "The backup {name} is damaged: its checksum differs. Use another one.", name=path.name)
    if manifest.database == "sqlite":
        try:
            facts = _examined(path)
        except sqlite3.Error as error:
            raise Invalid(
                "file", "The backup {name} is damaged: {problem}.", name=path.name, problem=str(error)
            ) from error
        if (facts["head_seq"], facts["head_mac"], facts["rows"]) != (
            manifest.head_seq,
            manifest.head_mac,
            manifest.rows,
        ):
            raise Invalid("file", "The backup {name} holds other rows than its manifest says.", name=path.name)
        _walk(path, manifest)
    else:
        backup_postgres.examine(path)
    backup_files.check(path, manifest.files)
    return manifest


def read_manifest(path: Path) -> Manifest:
    """The signed manifest beside a backup. Raises NotFound without one, Invalid, and Conflict for another key file."""
    beside = path.with_name(f"{path.name}.json")
    if not beside.is_file():
        raise NotFound("There is no manifest {name} beside the backup.", name=beside.name)
    try:
        told = json.loads(beside.read_text(encoding="utf-8"))
        signature = str(told.pop("signature"))
        manifest = Manifest(**{**told, "created_at": datetime.fromisoformat(told["created_at"])})
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("file", "The manifest {name} cannot be read.", name=beside.name) from error
    if manifest.key != key_name():
        raise Conflict(
            "This backup was made with another key file ({theirs}, here {ours}). Put that key file into place first.",
            theirs=manifest.key,
            ours=key_name(),
        )
    if not crypto.keys().signed(_message(told), signature) or manifest.file != path.name:
        raise Invalid("file", "The manifest {name} was altered.", name=beside.name)
    return manifest


def put_in_place(path: Path, manifest: Manifest) -> Path | None:
    """Replace the database by a backup that `check` found good, every session in it ended; customers' files that are
    missing are put back first. Returns what is kept of the database before. Raises Conflict while anybody else uses the
    database, and for a schema newer than this program."""
    if manifest.database != ("sqlite" if settings().is_sqlite else "postgresql"):
        raise Conflict("This backup is of another kind of database ({kind}).", kind=manifest.database)
    if not schema.is_known(manifest.revision):
        raise Conflict(
            "This backup comes from a newer version of CIM (schema {revision}). Install that version first.",
            revision=manifest.revision,
        )
    _put_files_back(path, manifest)
    if not settings().is_sqlite:
        kept = copy(kind="restore")
        db.engine().dispose()
        backup_postgres.restore(path)
        return kept
    return _swap(path)


def put_back(kept: Path | None) -> None:
    """Undo `put_in_place`: the database before becomes the database again."""
    db.engine().dispose()
    current = settings().sqlite_path
    if kept is not None and current is not None:
        with closing(_alone(current)):
            os.replace(kept, current)
    elif kept is not None:
        backup_postgres.restore(kept)


def upgrade_with_backup(*, without_backup: bool = False) -> Path | None:
    """Bring the database to this program's schema; one that holds data is copied first. Returns the copy, or None.
    Raises Conflict for a database of a newer program, or when no copy can be made (`without_backup` makes none)."""
    revision = schema.current()
    if revision == schema.newest():
        return None
    if not schema.is_known(revision):
        raise Conflict(
            "The database belongs to a newer version of CIM (schema {revision}). Install that version.",
            revision=revision,
        )
    kept = copy(kind="upgrade") if revision is not None and not without_backup else None
    schema.upgrade()
    return kept


def held(folder: Path | None = None) -> list[Manifest]:
    """Manifests of the backups in a folder, newest first. Those that are not ours or cannot be read are left out."""
    found = []
    for path in (folder or settings().backups).glob("cim-*"):
        if path.suffix in SUFFIXES:
            try:
                found.append(read_manifest(path))
            except (Conflict, Invalid, NotFound):
                continue
    return sorted(found, key=lambda manifest: manifest.created_at, reverse=True)


def remove(name: str) -> None:
    """Delete a backup of CIM_HOME with its manifest, and the customers' files that only it held."""
    for file in (name, f"{name}.json", f"{name}.files"):
        (settings().backups / file).unlink(missing_ok=True)
    backup_files.prune(settings().backups)


def key_name() -> str:
    """16 hexadecimal characters that name the key file in force, and say nothing about it."""
    return hashlib.sha256(crypto.keys().signer.public_key().public_bytes_raw()).hexdigest()[:16]


def integrity() -> list[str]:
    """What SQLite finds wrong inside the database in force; empty when nothing, and for PostgreSQL."""
    path = settings().sqlite_path
    if path is None:
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return _wrong(connection)


# ---- SQLite


def _vacuum_into(target: Path) -> None:
    with closing(
        sqlite3.connect(f"file:{settings().sqlite_path}?mode=rw", uri=True, timeout=db.BUSY_SECONDS)
    ) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def _examined(path: Path) -> dict[str, Any]:
    """Facts of a copy, or sqlite3.DatabaseError when it is damaged. Immutable: no journal is made beside it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        if wrong := _wrong(connection):
            raise sqlite3.DatabaseError(wrong[0])
        names = [
            n
            for (n,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
            )
        ]
        tables = sorted(n for n in names if not n.startswith(("sqlite_", "customer_fts")))
        rows = {n: int(connection.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0]) for n in tables}
        seq, mac = connection.execute("SELECT seq, mac FROM audit_entry ORDER BY seq DESC LIMIT 1").fetchone() or (
            0,
            audit.GENESIS,
        )
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return {
        "rows": rows,
        "head_seq": int(seq),
        "head_mac": bytes(mac).hex(),
        "revision": revision[0] if revision else None,
    }


def _walk(path: Path, manifest: Manifest) -> None:
    """The audit chain of the copy holds. A copy of an older schema is walked after its upgrade, by `audit verify`."""
    if manifest.revision != schema.newest():
        return
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&immutable=1&uri=true", poolclass=NullPool)
    try:
        with Session(engine) as session:
            for _entry in audit.walk(session):
                pass
    except audit.Broken as error:
        raise Invalid(
            "file", "The audit log in the backup {name} does not hold at entry {seq}.", name=path.name, seq=error.seq
        ) from error
    finally:
        engine.dispose()


def _wrong(connection: sqlite3.Connection) -> list[str]:
    found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
    return found + [f"{row[0]} {row[1]}: {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]


def _put_files_back(path: Path, manifest: Manifest) -> None:
    try:
        backup_files.put_in_place(path, manifest.files)
    except OSError as error:
        raise Conflict(
            "The backup could not be put into place ({problem}). Nothing was changed.", problem=str(error)
        ) from error


def _swap(path: Path) -> Path | None:
    current = settings().sqlite_path
    assert current is not None
    stamp = f"{clock.now():%Y%m%dT%H%M%SZ}"
    incoming, kept = (
        current.with_name(f".{current.name}.{stamp}.part"),
        current.with_name(f"{current.name}.before-restore-{stamp}"),
    )
    db.engine().dispose()
    incoming.touch(mode=0o600)
    shutil.copyfile(path, incoming)
    try:
        _end_sessions(incoming)
        durable.flush(incoming)
        if not current.exists():
            _move_log(current, kept)
            os.replace(incoming, current)
            return None
        with closing(_alone(current)):
            kept.unlink(missing_ok=True)
            os.link(current, kept)
            _move_log(current, kept)
            os.replace(incoming, current)
            durable.flush_folder(current.parent)
    except OSError as error:
        raise Conflict(
            "The backup could not be put into place ({problem}). Nothing was changed.", problem=str(error)
        ) from error
    finally:
        incoming.unlink(missing_ok=True)
    return kept


def _alone(path: Path) -> sqlite3.Connection:
    """The only connection to the database, its log written back and gone: SQLite grants that when nobody else has one.
    A database too damaged to open is nobody's."""
    connection = sqlite3.connect(path, timeout=1, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        connection.close()
        raise Conflict("CIM is still running on this database. Stop it, then restore.") from error
    except sqlite3.DatabaseError:
        connection.close()
    return connection


def _move_log(current: Path, kept: Path) -> None:
    """Put a left-over write-ahead log beside the database it belongs to: SQLite would play it into the new one."""
    for rest in ("-wal", "-shm"):
        if (log := current.with_name(f"{current.name}{rest}")).exists():
            os.replace(log, kept.with_name(f"{kept.name}{rest}"))


def _end_sessions(path: Path) -> None:
    moment = f"{clock.now():%Y-%m-%d %H:%M:%S.%f}"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "UPDATE auth_session SET revoked_at = ?, revoke_reason = 'restore' WHERE revoked_at IS NULL", (moment,)
        )


# ---- files


def _free_name(folder: Path, moment: datetime) -> Path:
    suffix = ".db" if settings().is_sqlite else ".dump"
    name, number = f"cim-{moment:%Y%m%dT%H%M%SZ}", 1
    while (folder / f"{name}{suffix}").exists():
        number += 1
        name = f"cim-{moment:%Y%m%dT%H%M%SZ}-{number}"
    return folder / f"{name}{suffix}"


def _manifest(name: str, kind: str, moment: datetime, file: Path, facts: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "file": name,
        "kind": kind,
        "database": SUFFIXES[Path(name).suffix],
        "created_at": moment.isoformat(),
    }
    told |= {
        "size": file.stat().st_size,
        "sha256": durable.sha256(file),
        "key": key_name(),
        "program": f"CIM {schema.newest()}",
    }
    told |= facts
    return told | {"signature": crypto.keys().sign(_message(told))}


def _message(told: dict[str, Any]) -> bytes:
    return json.dumps({"format": FORMAT, **told}, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _write(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    durable.flush(temporary)
    os.replace(temporary, path)
