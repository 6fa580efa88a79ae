"""Regions: the tree 大区 > 省 > 市 that customers are placed in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from cim import divisions
from cim.models import Region
from cim.models.base import columns
from cim.models.region import RegionLevel, RegionView
from cim.permissions import Permission
from cim.work import Work, command, query

REGIONS = columns(Region)

_LEVELS = [level.value for level in RegionLevel]


@command(Permission.BACKUP_MANAGE)
def seed(work: Work) -> int:
    """Fill the table from the shipped list of divisions (docs/decisions/0005-divisions.md). Returns the number of rows added."""
    known = set(work.session.execute(select(REGIONS.code)).scalars())
    rows = [
        {"code": d.code, "name": d.name, "parent_code": d.parent or None, "level": d.level, "position": position}
        for position, d in enumerate(divisions.load().values())
        if d.level in _LEVELS and d.code not in known
    ]
    rows.sort(key=lambda row: _LEVELS.index(str(row["level"])))
    if rows:
        work.session.execute(insert(REGIONS.__table__), rows)
        work.record(rows=len(rows))
    return len(rows)


@query(Permission.COLLEAGUE_READ)
def tree(work: Work) -> list[RegionView]:
    """Every region, parents before children, each with its path ("华东 / 江苏省 / 南京市")."""
    shown = (REGIONS.code, REGIONS.name, REGIONS.parent_code, REGIONS.level)
    found = {row.code: row for row in work.session.execute(select(*shown).order_by(REGIONS.position))}
    return [
        RegionView.model_construct(
            code=r.code, name=r.name, parent_code=r.parent_code, level=r.level, path=" / ".join(_path(r, found))
        )
        for r in found.values()
    ]


def below(work: Work, code: str) -> list[str]:
    """The code itself and every code under it."""
    parents = work.session.execute(select(REGIONS.code, REGIONS.parent_code)).all()
    reached, size = {code}, 0
    while len(reached) != size:
        size = len(reached)
        reached |= {child for child, parent in parents if parent in reached}
    return sorted(reached)


def label(name: str | None, level: str | None, parent: str | None) -> str:
    """How a list shows a region: "江苏省南京市", "北京市", "华东"."""
    if not name:
        return ""
    return f"{parent or ''}{name}" if level == RegionLevel.CITY else name


def _path(region: Any, found: dict[str, Any]) -> list[str]:
    above = found.get(region.parent_code or "")
    return [*(_path(above, found) if above else []), region.name]
