"""Regions: the tree 大区 > 省 > 市 that customers are placed in. What is shipped can be renamed, moved and removed, and a
team adds regions of its own (codes X001 and on); codes are never given again (docs/decisions/0005-divisions.md)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, insert, select

from cim import divisions, normalize
from cim.errors import Invalid, NotFound
from cim.models import Customer, Region
from cim.models.base import columns
from cim.models.region import RegionDraft, RegionLevel, RegionUse, RegionView
from cim.permissions import Permission
from cim.service import places as reading
from cim.service import typed, wording
from cim.service.places import label as label
from cim.work import Work, command, query

REGIONS = columns(Region)
CUSTOMERS = columns(Customer)

_LEVELS = [level.value for level in RegionLevel]
_BELOW = {None: RegionLevel.AREA, RegionLevel.AREA: RegionLevel.PROVINCE, RegionLevel.PROVINCE: RegionLevel.CITY}


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
    living = select(*shown).where(REGIONS.removed_at.is_(None)).order_by(REGIONS.position)
    found = {row.code: row for row in work.session.execute(living)}
    return [
        RegionView.model_construct(
            code=r.code,
            name=r.name,
            parent_code=r.parent_code,
            level=r.level,
            path=" / ".join(_path(r, found)),
            own=_is_own(r.code),
        )
        for r in found.values()
    ]


@query(Permission.SETTINGS_MANAGE)
def use(work: Work, code: str) -> RegionUse:
    """What hangs on a region, to be told before it is changed."""
    _living(work, code)
    inside = select(func.count()).select_from(Customer).where(CUSTOMERS.deleted_at.is_(None))
    here = select(func.count()).select_from(Region).where(REGIONS.parent_code == code, REGIONS.removed_at.is_(None))
    return RegionUse(
        below=work.session.execute(here).scalar_one(),
        customers=work.session.execute(inside.where(CUSTOMERS.region_code == code)).scalar_one(),
        all_customers=work.session.execute(inside.where(CUSTOMERS.region_code.in_(below(work, code)))).scalar_one(),
    )


@command(Permission.SETTINGS_MANAGE)
def add(work: Work, draft: RegionDraft) -> str:
    """Make a region of one's own below another and return its code. Its level is the one below its parent's.

    Raises Invalid at the name (empty, or taken beside it) and at the parent (below a city nothing lies)."""
    work.serialise("regions")
    parent = _living(work, draft.parent_code) if draft.parent_code else None
    level = _BELOW.get(parent.level if parent else None)
    if level is None:
        raise Invalid("parent_code", "Below a city there are no regions.")
    name = _free_name(work, draft.name, draft.parent_code)
    taken = work.session.execute(select(REGIONS.code).where(REGIONS.code.like("X%"))).scalars()
    number = max((int(code[1:]) for code in taken if _is_own(code)), default=0) + 1
    last = work.session.execute(select(func.max(REGIONS.position))).scalar_one() or 0
    row = Region(code=f"X{number:03}", name=name, parent_code=draft.parent_code, level=level, position=last + 1)
    work.add(row)
    _forget(work)
    return row.code


@command(Permission.SETTINGS_MANAGE)
def rename(work: Work, code: str, name: str) -> bool:
    """Call a region something else; it keeps its code and its customers. False when it is called so already."""
    work.serialise("regions")
    row = _living(work, code)
    wanted = typed.line("name", name, 60)
    if row.name == wanted:
        return False
    row.name = _free_name(work, wanted, row.parent_code, but=code)
    _forget(work)
    return True


@command(Permission.SETTINGS_MANAGE)
def move(work: Work, code: str, parent_code: str) -> bool:
    """Put a province into another area, or a city into another province. False when it lies there already."""
    work.serialise("regions")
    row, parent = _living(work, code), _living(work, parent_code)
    if _BELOW.get(parent.level) != row.level:
        raise Invalid("parent_code", "A province lies in an area, and a city in a province.")
    if row.parent_code == parent_code:
        return False
    _free_name(work, row.name, parent_code, but=code)
    row.parent_code = parent_code
    _forget(work)
    return True


@command(Permission.SETTINGS_MANAGE)
def remove(work: Work, code: str, *, successor: str | None = None, reason: str = "") -> int:
    """Offer a region no more; its customers go to the successor, each with its history. Returns how many went.

    Raises Invalid while regions lie below it, and when it has customers and no successor is named."""
    work.serialise("regions")
    row = _living(work, code)
    under = select(func.count()).select_from(Region).where(REGIONS.parent_code == code, REGIONS.removed_at.is_(None))
    if count := work.session.execute(under).scalar_one():
        raise Invalid(
            "code", "{count} regions lie below {name}: move or remove them first.", count=count, name=row.name
        )
    if successor is not None and _living(work, successor) is row:
        raise Invalid("successor", "Choose another region as successor.")
    inside = CUSTOMERS.region_code == code
    if successor is None and (count := wording.count(work, inside)):
        raise Invalid("successor", "{count} customers are in {name}: choose where they go.", count=count, name=row.name)
    work.reason = reason.strip()[:500]
    gone = wording.in_customers(work, inside, "region_code", successor) if successor else 0
    wording.in_views(work, ("region",), code, successor)
    for earlier in work.session.execute(select(Region).where(REGIONS.successor_code == code)).scalars():
        earlier.successor_code = successor
    row.removed_at, row.successor_code = work.now, successor
    _forget(work)
    return gone


def places(work: Work, *texts: str) -> reading.Places:
    """What differs from the shipped divisions, read once per unit of work; nothing is read while the texts (the region
    and address of a draft) are empty."""
    if texts and not any(text.strip() for text in texts):
        return reading.SHIPPED
    held = work.session.info
    if "places" not in held:
        held["places"] = _differences(work)
    found: reading.Places = held["places"]
    return found


def below(work: Work, code: str) -> list[str]:
    """The code itself and every code under it."""
    parents = work.session.execute(select(REGIONS.code, REGIONS.parent_code)).all()
    reached, size = {code}, 0
    while len(reached) != size:
        size = len(reached)
        reached |= {child for child, parent in parents if parent in reached}
    return sorted(reached)


def _differences(work: Work) -> reading.Places:
    shipped = divisions.load()
    rows = {row.code: row for row in work.session.execute(select(REGIONS.__table__))}
    named: dict[str, str] = {}
    twice: set[str] = set()
    for row in rows.values():
        if row.removed_at is not None or (row.code in shipped and shipped[row.code].name == row.name):
            continue
        parent = rows.get(row.parent_code or "")
        for name in {row.code, row.name, label(row.name, row.level, parent.name if parent else "")}:
            key = normalize.squeeze(name)
            twice |= {key} if key in named else set()
            named[key] = row.code
    gone = {row.code: row.successor_code or "" for row in rows.values() if row.removed_at is not None}
    above = {code: _living_above(code, rows) for code in gone}
    return reading.Places({key: code for key, code in named.items() if key not in twice}, gone, above)


def _living_above(code: str, rows: dict[str, Any]) -> str:
    while code and rows[code].removed_at is not None:
        code = rows[code].parent_code or ""
    return code


def _living(work: Work, code: str) -> Region:
    row = work.session.get(Region, code)
    if row is None or row.removed_at is not None:
        raise NotFound("This region does not exist.")
    return row


def _free_name(work: Work, raw: str, parent_code: str | None, *, but: str = "") -> str:
    name = typed.line("name", raw, 60)
    if not name:
        raise Invalid("name", "Enter the name.")
    beside = select(REGIONS.name).where(
        REGIONS.parent_code == parent_code if parent_code else REGIONS.parent_code.is_(None),
        REGIONS.removed_at.is_(None),
        REGIONS.code != but,
    )
    if normalize.squeeze(name) in {normalize.squeeze(other) for other in work.session.execute(beside).scalars()}:
        raise Invalid("name", "There is a region {name} here already.", name=name)
    return name


def _is_own(code: str) -> bool:
    return code[:1] == "X" and code[1:].isdigit()


def _forget(work: Work) -> None:
    work.session.info.pop("places", None)


def _path(region: Any, found: dict[str, Any]) -> list[str]:
    above = found.get(region.parent_code or "")
    return [*(_path(above, found) if above else []), region.name]
