"""The audit chain: field differences, sealing, appending, verifying (SECURITY: audit design).

Append-only HMAC chain, signed heads outside the database, row digests that expose direct SQL edits.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from pydantic_core import to_json  # the bytes of json.dumps without spaces (a test compares them), three times as fast
from sqlalchemy import Table, func, select, text
from sqlmodel import Session

from cim import crypto, db
from cim.models import AuditEntry, metadata
from cim.models.audit import Result
from cim.models.base import columns

VERSION = "1"
GENESIS = bytes(32)
_PLAIN = frozenset({str, int, bool, type(None), float, list, dict})
_CHUNK = 2000  # entries of one statement: an import has as many as rows, and they need not all be held twice
_LOCK = 0x43494D  # any constant: the advisory lock that serialises writers of the chain on PostgreSQL


@dataclass
class Event:
    """Something that happened to one object (or to none), before it becomes a link of the chain."""

    action: str
    object_type: str = ""
    object_id: str = ""
    subject_uid: str = ""
    result: Result = Result.OK
    reason: str = ""
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    row_digest: bytes | None = None


def append(
    session: Session, who: dict[str, Any], at: datetime, change_set_id: int, events: list[tuple[Event, Any]]
) -> tuple[int, int, bytes]:
    """Write events as links of the chain, in the session's transaction. Each comes with the cipher of its subject, or None.
    Returns the numbers of the first and the last of them, and the MAC of the new head. `who` holds actor_id, actor,
    role, session_id, source, ip."""
    keys = crypto.keys()
    if not db.is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    before, prev = head(session)
    seq = before
    rows = []
    for happened, cipher in events:
        seq += 1
        row = who | {
            "seq": seq,
            "at": at,
            "change_set_id": change_set_id,
            "action": happened.action,
            "object_type": happened.object_type,
            "object_id": happened.object_id,
            "subject_uid": happened.subject_uid,
            "result": happened.result,
            "reason": happened.reason,
            "fields": ",".join(happened.changes),
            "changes": _pack(happened.changes, cipher, seq),
            "row_digest": happened.row_digest,
            "prev": prev,
        }
        prev = row["mac"] = keys.mac(prev, canonical(row))
        rows.append(row)
        if len(rows) == _CHUNK:
            db.insert_many(session, _table(), rows)
            rows = []
    db.insert_many(session, _table(), rows)
    return before + 1, seq, prev


def head(session: Session) -> tuple[int, bytes]:
    """Sequence number and MAC of the newest entry; (0, zeros) for an empty log."""
    newest = session.execute(select(_table().c.seq, _table().c.mac).order_by(_table().c.seq.desc()).limit(1)).first()
    return (newest[0], bytes(newest[1])) if newest else (0, GENESIS)


def canonical(row: dict[str, Any]) -> bytes:
    """The bytes an entry's MAC covers: version tag, then every column in fixed order, as compact JSON of strings and integers."""
    moment: datetime = row["at"]
    return to_json(
        [
            VERSION,
            row["seq"],
            int(moment.timestamp() * 1_000_000)
            if moment.tzinfo
            else int(moment.replace(tzinfo=UTC).timestamp() * 1_000_000),
            row["change_set_id"],
            row["actor_id"],
            row["actor"],
            row["role"],
            row["session_id"],
            row["source"],
            row["ip"],
            row["action"],
            row["object_type"],
            row["object_id"],
            row["subject_uid"],
            str(row["result"]),
            row["reason"],
            row["fields"],
            _hex(row["changes"]),
            _hex(row["row_digest"]),
        ]
    )


def unpack(entry: AuditEntry, cipher: crypto.Cipher | None) -> dict[str, tuple[Any, Any]] | None:
    """Before and after of each changed field; None when the subject's key was erased."""
    if entry.changes is None:
        return {}
    if not entry.subject_uid:
        return {k: (v[0], v[1]) for k, v in json.loads(entry.changes).items()}
    if cipher is None:
        return None
    return {k: (v[0], v[1]) for k, v in json.loads(cipher.open(entry.changes, _place(entry.seq))).items()}


def walk(
    session: Session, *, after: int = 0, until: int | None = None, chunk: int = 5000
) -> Iterator[tuple[int, bytes]]:
    """Recompute the chain from entry `after` on, yielding (seq, mac). Raises Broken at the first entry that does not fit."""
    keys = crypto.keys()
    table = _table()
    prev = GENESIS
    if after:
        prev = bytes(session.execute(select(table.c.mac).where(table.c.seq == after)).scalar_one())
    while True:
        rows = (
            session.execute(select(table).where(table.c.seq > after).order_by(table.c.seq).limit(chunk))
            .mappings()
            .all()
        )
        for row in rows:
            if row["seq"] != after + 1:
                raise Broken(after + 1, "entry is missing")
            if bytes(row["prev"]) != prev:
                raise Broken(row["seq"], "entry does not follow the one before it")
            mac = keys.mac(prev, canonical(dict(row)))
            if not hmac.compare_digest(mac, bytes(row["mac"])):
                raise Broken(row["seq"], "entry was altered")
            after, prev = row["seq"], mac
            yield after, mac
        if len(rows) < chunk or (until is not None and after >= until):
            return


class Broken(Exception):
    """The chain does not hold at entry `seq`."""

    def __init__(self, seq: int, problem: str) -> None:
        super().__init__(f"{problem} at {seq}")
        self.seq = seq
        self.problem = problem


def row_digest(table: str, values: dict[str, Any], keys: crypto.Keys | None = None) -> bytes:
    """Keyed digest of a row's stored values (16 bytes): a later direct SQL edit no longer matches it. `keys` saves
    looking them up for each of many rows."""
    added = _added_later(table)
    told = [[k, plain(values[k])] for k in sorted(values) if k not in added or values[k] is not None]
    return (keys or crypto.keys()).mac(b"row", to_json([table, *told]))[:16]


def plain(value: Any) -> Any:
    """A value as JSON can hold it exactly: text, integer, true/false or null."""
    if type(value) in _PLAIN:
        return value
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat() if value.tzinfo else value.replace(tzinfo=UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            # a database gives 5.00 back for 5: one value has one text
            return f"{value.normalize():f}" if value else "0"
        case bytes() | memoryview():
            return bytes(value).hex()
    return value


def count(session: Session) -> int:
    """Number of entries."""
    return int(session.execute(select(func.count()).select_from(AuditEntry)).scalar_one())


@cache
def _added_later(table: str) -> frozenset[str]:
    """Columns that the first release did not have (cim.models.base.later)."""
    known = metadata.tables.get(table)
    return frozenset(c.name for c in known.columns if c.info.get("later")) if known is not None else frozenset()


def _pack(changes: dict[str, tuple[Any, Any]], cipher: crypto.Cipher | None, seq: int) -> bytes | None:
    if not changes:
        return None
    content = to_json({k: [plain(v[0]), plain(v[1])] for k, v in changes.items()})
    return cipher.seal(content.decode(), _place(seq)) if cipher else content


def _place(seq: int) -> str:
    return f"audit_entry.changes.{seq}"


def _hex(value: bytes | None) -> str:
    return "" if value is None else bytes(value).hex()


def _table() -> Table:
    return columns(AuditEntry).__table__  # type: ignore[no-any-return]
