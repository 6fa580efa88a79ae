"""PostgreSQL's side of backups: pg_dump and pg_restore, as processes of their own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import column, func, inspect, make_url, select, table

from cim import audit, db
from cim.config import settings
from cim.errors import Conflict, Invalid
from cim.models import AuditEntry


def dump(target: Path) -> dict[str, Any]:
    """Write a custom-format dump of one snapshot, and return what that snapshot holds.
    Raises Conflict when pg_dump is missing or fails."""
    version = table("alembic_version", column("version_num"))
    entry: Any = AuditEntry
    options = db.engine().execution_options(isolation_level="REPEATABLE READ")
    with options.connect() as connection:
        snapshot = connection.execute(select(func.pg_export_snapshot())).scalar_one()
        names = sorted(inspect(connection).get_table_names())
        rows = {n: int(connection.execute(select(func.count()).select_from(table(n))).scalar_one()) for n in names}
        newest = connection.execute(select(entry.seq, entry.mac).order_by(entry.seq.desc()).limit(1)).first()
        revision = connection.execute(select(version.c.version_num)).scalar_one_or_none()
        _run("pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}")
    seq, mac = newest or (0, audit.GENESIS)
    return {"rows": rows, "head_seq": int(seq), "head_mac": bytes(mac).hex(), "revision": revision}


def examine(path: Path) -> None:
    """Whether a dump can be listed; its checksum says the rest. Raises Invalid("file")."""
    try:
        _run("pg_restore", "--list", str(path), connected=False)
    except Conflict as error:
        raise Invalid("file", "The backup {name} is damaged: {problem}.", name=path.name, problem=str(error)) from error


def restore(path: Path) -> None:
    """Replace every table by those of a dump, in one transaction: all or nothing. Raises Conflict when it fails."""
    _run("pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error", "--single-transaction", str(path))


def _run(program: str, *options: str, connected: bool = True) -> None:
    """Run one of PostgreSQL's programs on the database in force. The password goes by the environment: arguments can be
    seen by every user of the machine."""
    found = shutil.which(program)
    if found is None:
        raise Conflict(
            "{program} is not installed. Install PostgreSQL's client programs (postgresql-client).", program=program
        )
    url = make_url(settings().database_url)
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    address = url.set(drivername="postgresql", password=None) if url.password else url.set(drivername="postgresql")
    target = ["--dbname", address.render_as_string(hide_password=False)] if connected else []
    done = subprocess.run(
        [found, *target, *options], env={"LC_ALL": "C", **secret}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise Conflict("{program} failed: {problem}", program=program, problem=said)
