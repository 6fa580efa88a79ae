"""Regions: 大区 > 省 > 市, by GB/T 2260 code."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field

from cim.models.base import Draft, Model, View, later, text_enum


class RegionLevel(StrEnum):
    AREA = "area"
    PROVINCE = "province"
    CITY = "city"


class Region(Model, table=True):
    """One node of the tree. A filter on a region includes everything below it. A removed one stays as a row that nobody
    is offered: its code is never given again, and its name leads to the successor."""

    __tablename__ = "region"
    code: str = Field(primary_key=True, max_length=12)
    name: str = Field(max_length=60)
    parent_code: str | None = Field(default=None, foreign_key="region.code", index=True)
    level: RegionLevel = text_enum(RegionLevel.CITY)
    position: int = 0
    removed_at: datetime | None = later()
    successor_code: str | None = later(foreign_key="region.code")


class RegionDraft(Draft):
    """A region of one's own, below `parent_code` (None: an area of its own)."""

    name: str
    parent_code: str | None = None


class RegionView(View):
    code: str
    name: str
    parent_code: str | None
    level: RegionLevel
    path: str
    own: bool = False


class RegionUse(View):
    """What hangs on a region: regions below it, customers in it, and customers in it or below."""

    below: int
    customers: int
    all_customers: int
