"""Merges: which record went into which, by which change-set, so that they can be taken apart again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from cim.models.base import Model


class Merge(Model, table=True):
    """One loser of one merge. `kept` holds what history does not: sealed values as they were stored before ("customer.1.phone":
    hexadecimal), so that unmerge restores the very same bytes. `undone_by_id` is the change-set that took it apart, or the
    one that took that back since: the last that turned it round."""

    __tablename__ = "merge"
    __audited__ = False
    id: int | None = Field(default=None, primary_key=True)
    winner_id: int = Field(foreign_key="customer.id", index=True)
    loser_id: int = Field(foreign_key="customer.id", index=True)
    change_set_id: int | None = Field(default=None, index=True)
    kept: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    at: datetime
    undone_at: datetime | None = None
    undone_by_id: int | None = Field(default=None, index=True)
