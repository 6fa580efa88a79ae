"""Regions: 大区 > 省 > 市, by GB/T 2260 code."""

from __future__ import annotations

from enum import StrEnum

from sqlmodel import Field

from cim.models.base import Model, View, text_enum


class RegionLevel(StrEnum):
    AREA = "area"
    PROVINCE = "province"
    CITY = "city"


class Region(Model, table=True):
    """One node of the tree. A filter on a region includes everything below it."""

    __tablename__ = "region"
    code: str = Field(primary_key=True, max_length=12)
    name: str = Field(max_length=60)
    parent_code: str | None = Field(default=None, foreign_key="region.code", index=True)
    level: RegionLevel = text_enum(RegionLevel.CITY)
    position: int = 0


class RegionView(View):
    code: str
    name: str
    parent_code: str | None
    level: RegionLevel
    path: str
