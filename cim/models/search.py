"""What search and duplicate detection look things up in. Rebuilt from the customers at any time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from cim.models.base import Model, View, text_enum


class LookupKey(Model, table=True):
    """A blinded fact and who has it: phone (full, last 4, first 7), e-mail, ID, and the matching keys of DATA section 3."""

    __tablename__ = "lookup_key"
    __audited__ = False
    __table_args__ = (Index("ix_lookup_key_digest", "digest", "customer_id"),)
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    kind: str = Field(max_length=24)
    digest: bytes = Field(sa_type=LargeBinary)


class CustomerSearch(Model, table=True):
    """The folded text of one customer, to verify a hit. The grams sit in FTS5 (SQLite) or in `grams` (PostgreSQL)."""

    __tablename__ = "customer_search"
    __audited__ = False
    customer_id: int = Field(primary_key=True, foreign_key="customer.id")
    document: str = Field(sa_type=Text)


class PairStatus(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"
    MERGED = "merged"


class DuplicatePair(Model, table=True):
    """Two customers that may be one, waiting for a decision. a_id < b_id."""

    __tablename__ = "duplicate_pair"
    __table_args__ = (UniqueConstraint("a_id", "b_id"),)
    id: int | None = Field(default=None, primary_key=True)
    a_id: int = Field(foreign_key="customer.id")
    b_id: int = Field(foreign_key="customer.id", index=True)
    score: int
    reasons: list[Any] = Field(default_factory=list, sa_type=JSON)
    status: PairStatus = text_enum(PairStatus.OPEN)
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)
    found_at: datetime


class DuplicateView(View):
    """A possible duplicate, masked: enough to recognise, never more than the actor may know."""

    id: int | None
    code: str
    name: str
    phone: str
    owner: str
    score: int
    sure: bool
    reasons: list[tuple[str, dict[str, Any], int]]


class DraftPreview(View):
    """A draft while it is being typed. `shown` is each value as it would be stored, where that differs from what was
    typed; `wrong` the message id and parameters of what is not acceptable, both by field. `sharing` are customers that
    are no duplicates, and have the same phone or e-mail; `missing` are the fields that a rule wants filled."""

    shown: dict[str, str]
    wrong: dict[str, tuple[str, dict[str, Any]]]
    duplicates: list[DuplicateView]
    sharing: list[DuplicateView] = []
    missing: list[str] = []
