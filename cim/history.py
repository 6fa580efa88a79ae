"""What changed in a row: the field differences that cim/work.py hands to the audit log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import inspect

from cim import audit, crypto
from cim.models.base import Model

_SILENT = {"id", "uid", "created_at"}
HIDDEN = "•••"


class CipherSource(Protocol):
    """What knows the customers' keys (a Work)."""

    def cipher(self, uid: str) -> crypto.Cipher | None: ...
    def subject_of(self, customer_id: int) -> str: ...


@dataclass
class Change:
    """The history of one bulk-inserted row: plain values by field, and the key that seals them."""

    object_id: int
    values: dict[str, Any]
    subject_uid: str
    cipher: crypto.Cipher | None
    stored: dict[str, Any]


def bulk_event(action: str, table: str, change: Change, keys: crypto.Keys) -> audit.Event:
    """The event of one bulk-inserted row. `stored` are its column values as written, for the row digest."""
    happened = audit.Event(action, table, str(change.object_id), change.subject_uid)
    happened.changes = {k: (None, v) for k, v in change.values.items() if v not in (None, "", [])}
    happened.row_digest = audit.row_digest(table, change.stored, keys)
    return happened


def name_of(row: Model, subject_of: Callable[[int], str]) -> tuple[str, str, str]:
    """(table, id, uid of the customer it belongs to or "") of a row."""
    table: str = row.__tablename__  # type: ignore[assignment]
    key = inspect(row).identity or tuple(inspect(row).mapper.primary_key_from_instance(row))
    owner = getattr(row, "customer_id", None)
    uid = getattr(row, "uid", "") if table == "customer" else subject_of(owner) if owner is not None else ""
    return table, ",".join(str(k) for k in key), uid


def changes_of(row: Model, source: CipherSource, *, deleted: bool) -> dict[str, tuple[Any, Any]]:
    """Before and after of each audited column a flush is writing. Sealed values come out in clear: the log seals them again."""
    state: Any = inspect(row)
    changes: dict[str, tuple[Any, Any]] = {}
    for name, column in state.mapper.columns.items():
        if name in _SILENT or column.info.get("derived"):
            continue
        history = state.attrs[name].history
        replaced = history.deleted or (history.unchanged if deleted else ())  # a row that goes loses all of its values
        before = replaced[0] if replaced else None
        after = None if deleted else (history.added[0] if history.added else None)
        if not deleted and not history.has_changes():
            continue
        if before == after or (before is None and after in ("", False)):
            continue
        if column.info.get("secret"):
            before, after = before and HIDDEN, after and HIDDEN
        elif column.info.get("sealed"):
            before, after = _opened(row, name, before, source, _former(state)), _opened(row, name, after, source)
            if before == after:
                continue  # sealed under another key, as a contact is that moves to another customer
        changes[name] = (before, after)
    return changes


def digest_of(row: Model) -> bytes:
    """Row digest over the audited columns as they are stored."""
    state: Any = inspect(row)
    values = {n: getattr(row, n) for n, c in state.mapper.columns.items() if not c.info.get("derived")}
    return audit.row_digest(str(row.__tablename__), values)


def place(row: Model, field: str) -> str:
    """Where a sealed value lives; it opens nowhere else."""
    return f"{row.__tablename__}.{field}.{row.uid}"  # type: ignore[attr-defined]


def _former(state: Any) -> int | None:
    """The customer that a row belonged to before this flush, where that changes: its values were sealed under that key."""
    moved = state.attrs.customer_id.history.deleted if "customer_id" in state.mapper.columns else ()
    return moved[0] if moved else None


def _opened(
    row: Model, field: str, value: bytes | None, source: CipherSource, customer_id: int | None = None
) -> str | None:
    if value is None:
        return None
    uid = row.uid if row.__tablename__ == "customer" else source.subject_of(customer_id or row.customer_id)  # type: ignore[attr-defined]
    cipher = source.cipher(uid)
    return cipher.open(bytes(value), place(row, field)) if cipher else None
