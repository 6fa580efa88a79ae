"""Data quality: the score of a day by owner, kept so that its course can be shown."""

from __future__ import annotations

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from cim.models.base import Model


class QualitySnapshot(Model, table=True):
    """Sums over the customers of one owner (0: the public pool) on one day; a mean over any group is a sum of these."""

    __tablename__ = "quality_snapshot"
    __audited__ = False
    __table_args__ = (UniqueConstraint("day", "owner_id"),)
    id: int | None = Field(default=None, primary_key=True)
    day: date
    owner_id: int = 0
    customers: int = 0
    points: int = 0
    complete: int = 0
    valid: int = 0
    unique: int = 0
    fresh: int = 0
