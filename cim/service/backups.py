"""Backups: taking, listing, checking and restoring them, each recorded. How it is done is cim/backup.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from cim import audit as chain
from cim import backup, checkpoint, clock, schema
from cim.backup import Manifest
from cim.config import settings
from cim.models import AuthSession
from cim.models.base import View
from cim.permissions import Permission
from cim.work import Work, command, query

KEEP_DAYS = 14
KEEP_AT_LEAST = 3


class BackupView(View):
    """A backup as a list shows it. `head` is the newest audit entry in it, for comparing with one written down; `files`
    counts the customers' files that belong to it."""

    path: Path
    kind: str
    created_at: datetime
    size: int
    rows: int
    revision: str
    head_seq: int
    head: str
    files: int = 0


class RestoreReport(View):
    """What a restore did. `kept` is the database before, `old_head` the newest audit entry it had."""

    restored: BackupView
    kept: Path | None
    old_head_seq: int
    old_head: str


@query(Permission.BACKUP_MANAGE)
def create(work: Work, to: Path | None = None) -> Path:
    """Take a consistent, checked copy of the database into `to` (default CIM_HOME/backups). The key file is not in it.
    Writers wait for nothing: the copy is made first and recorded in a transaction of its own. Raises Conflict."""
    return _taken(work, "backups.create", to, "manual")


@query(Permission.BACKUP_MANAGE)
def daily_if_due(work: Work) -> Path | None:
    """Take today's backup unless there is one, then let go of daily backups older than 14 days, never of the last 3."""
    if any(clock.local(m.created_at).date() == clock.today() for m in backup.held() if m.kind == "daily"):
        return None
    path = _taken(work, "backups.daily_if_due", None, "daily")
    for name in _outdated(backup.held()):
        backup.remove(name)
    return path


@query(Permission.BACKUP_MANAGE)
def available(work: Work) -> list[BackupView]:
    """The backups in CIM_HOME/backups, newest first; files that are not ours are left out."""
    return [_view(settings().backups / m.file, m) for m in backup.held()]


@query(Permission.BACKUP_MANAGE)
def verify(work: Work, path: Path) -> BackupView:
    """Whether a backup is whole, ours and consistent. Raises NotFound, Invalid("file") or Conflict: what is wrong."""
    return _view(path, backup.check(path))


@query(Permission.BACKUP_MANAGE)
def restore(work: Work, path: Path) -> RestoreReport:
    """Replace the database by a backup: checked first, the database before kept, an older schema upgraded, every
    session ended. The signed heads of the old log are set aside and the first new entry cites the old head.
    Raises what `verify` raises, and Conflict while CIM runs on the database."""
    manifest = backup.check(path)
    seq, mac = _head_of_current(work)
    work.session.close()  # nothing of ours may hold the file that is replaced
    kept = backup.put_in_place(path, manifest)
    try:
        schema.upgrade()
    except Exception:
        backup.put_back(kept)
        raise
    checkpoint.set_aside(clock.now())
    # The actor may not exist in the database that is restored: the machinery speaks in the actor's name.
    _restored(replace(work.actor, role=None, session_id=None), manifest, seq, mac)
    return RestoreReport(restored=_view(path, manifest), kept=kept, old_head_seq=seq, old_head=mac)


@command(Permission.BACKUP_MANAGE)
def _noted(work: Work, action: str, path: Path, manifest: Manifest) -> None:
    work.record(action, file=path.name, size=manifest.size, sha256=manifest.sha256, head=manifest.head_mac)


@command(Permission.BACKUP_MANAGE)
def _restored(work: Work, manifest: Manifest, seq: int, mac: str) -> None:
    """The first entry after a restore: from which file, and where the log stood that it replaced."""
    table: Any = AuthSession
    for session in work.session.execute(select(AuthSession).where(table.revoked_at.is_(None))).scalars():
        session.revoked_at, session.revoke_reason = work.now, "restore"
    work.record("backups.restore", file=manifest.file, sha256=manifest.sha256, old_entry=seq, old_head=mac)


def _taken(work: Work, action: str, to: Path | None, kind: str) -> Path:
    path = backup.copy(to, kind=kind)
    _noted(work.actor, action, path, backup.read_manifest(path))
    return path


def _head_of_current(work: Work) -> tuple[int, str]:
    """The newest entry of the log that is to be replaced; by the signed heads when the database does not answer."""
    path = settings().sqlite_path
    try:
        if path is None or path.exists():
            seq, mac = chain.head(work.session)
            return seq, mac.hex()
    except DatabaseError:
        work.session.close()
    try:
        return (checkpoint.read() or [(0, "")])[-1]
    except ValueError:
        return 0, ""


def _outdated(manifests: list[Manifest]) -> list[str]:
    """Daily backups older than 14 days, newest first on the way in; the last three of all kinds always stay."""
    oldest = clock.now() - timedelta(days=KEEP_DAYS)
    return [m.file for m in manifests[KEEP_AT_LEAST:] if m.kind == "daily" and m.created_at < oldest]


def _view(path: Path, manifest: Manifest) -> BackupView:
    return BackupView(
        path=path,
        kind=manifest.kind,
        created_at=manifest.created_at,
        size=manifest.size,
        rows=sum(manifest.rows.values()),
        revision=manifest.revision or "",
        head_seq=manifest.head_seq,
        head=manifest.head_mac,
        files=int(manifest.files.get("count", 0)),
    )
