"""The audit log and its change-sets: one store for history, timeline and undo."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field

from cim.models.base import Model, View, text_enum


class Result(StrEnum):
    OK = "ok"
    DENIED = "denied"
    ERROR = "error"


class ChangeSet(Model, table=True):
    """One action of one person, whatever the number of rows it changed."""

    __tablename__ = "change_set"
    __audited__ = False
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    action: str = Field(max_length=60)
    actor_id: int | None = Field(default=None, index=True)
    reason: str = Field(default="", max_length=500)
    entries: int = 0
    undone_by_id: int | None = Field(default=None, foreign_key="change_set.id", index=True)


class AuditEntry(Model, table=True):
    """One link of the chain: append-only, gapless, each MAC over the one before (SECURITY: audit design)."""

    __tablename__ = "audit_entry"
    __audited__ = False
    __table_args__ = (
        Index("ix_audit_entry_object", "object_type", "object_id", "seq"),
        Index("ix_audit_entry_actor", "actor_id", "seq"),
    )
    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(index=True)
    change_set_id: int = Field(index=True)
    actor_id: int | None = None
    actor: str = Field(max_length=60)
    role: str = Field(max_length=20)
    session_id: int | None = None
    source: str = Field(max_length=20)
    ip: str = Field(default="", max_length=64)
    action: str = Field(max_length=60, index=True)
    object_type: str = Field(default="", max_length=40)
    object_id: str = Field(default="", max_length=40)
    subject_uid: str = Field(default="", max_length=32)
    result: Result = text_enum(Result.OK)
    reason: str = Field(default="", max_length=500)
    fields: str = Field(default="", max_length=2000)
    changes: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    row_digest: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    prev: bytes = Field(sa_type=LargeBinary)
    mac: bytes = Field(sa_type=LargeBinary)


class AuditView(View):
    """One entry as the auditor reads it. `changes` maps a field to (before, after), personal values masked."""

    seq: int
    at: datetime
    actor: str
    role: str
    source: str
    ip: str
    action: str
    object_type: str
    object_id: str
    object_name: str
    result: Result
    reason: str
    fields: list[str]
    changes: dict[str, tuple[Any, Any]]
    labels: dict[str, str] = {}
    """What the custom fields among them are called."""


class ChainReport(View):
    """What `audit.verify` found. `broken_at` is the first entry that does not fit, `problem` says what is wrong."""

    ok: bool
    entries: int
    head: str
    checkpoints: int
    broken_at: int | None = None
    problem: str = ""
    drifted: list[str] = []
