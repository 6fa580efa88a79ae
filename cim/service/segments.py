"""Customers counted by region, industry, grade, lifecycle, source or owner. Each group opens exactly what it counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import aliased

from cim import words
from cim.errors import Invalid
from cim.i18n import _
from cim.models import Customer, CustomValue, Region, User
from cim.models.custom import FieldType, Noun
from cim.models.customer import Grade, Lifecycle
from cim.models.listing import CustomerFilter
from cim.models.region import RegionLevel
from cim.models.segment import Dimension, SegmentRowView, SegmentView
from cim.permissions import Permission
from cim.service import conditions, custom_filters, custom_values
from cim.work import Work, query

COUNTED = (FieldType.CHOICE, FieldType.CHOICES, FieldType.YESNO)
"""Types of custom fields that customers are counted by."""
HERE = "."
"""The group of customers that are placed in the opened region itself, not further down."""


@query(Permission.SEGMENT_READ)
def count(
    work: Work,
    dimension: Dimension | str,
    *,
    second: Dimension | str | None = None,
    narrowed: CustomerFilter | None = None,
) -> SegmentView:
    """The customers in reach that the filter lets through, counted by one dimension or by two, largest group first.

    Regions are counted one level below `narrowed.region` (大区, then 省, then 市), each with everything under it. A
    search text in the filter is left out: it belongs to a ranked list. `total` is the number of customers behind the
    filter, and the sum of the rows unless a custom field takes several choices. A custom field of choices or of yes and
    no is the dimension `custom.KEY`. Raises Invalid("dimension") for any other.
    """
    within = (narrowed or CustomerFilter()).model_copy(update={"q": ""})
    axes = [_axis(work, dimension, within)]
    if second is not None and second != dimension:
        axes.append(_axis(work, second, within))
    where = conditions.customers(work, within)
    inner = select(*(axis.column.label(f"v{n}") for n, axis in enumerate(axes))).select_from(Customer).where(*where)
    for axis in axes:
        if axis.beside is not None:
            inner = inner.outerjoin(axis.beside, axis.on)
    grouped = inner.subquery()
    columns = list(grouped.c)
    counts: dict[tuple[str, ...], int] = defaultdict(int)
    for *values, customers in work.session.execute(select(*columns, func.count()).group_by(*columns)):
        counts[tuple(axis.group(v) for axis, v in zip(axes, values, strict=True))] += customers
    rows = [_row(axes, values, customers, within) for values, customers in counts.items()]
    rows.sort(key=lambda row: (-row.count, row.label, row.second_label))
    return SegmentView(
        dimension=dimension,
        second=axes[1].dimension if len(axes) > 1 else None,
        rows=rows,
        total=sum(counts.values()) if not any(axis.several for axis in axes) else _all(work, where),
        path=_path(work, within.region),
        labels=custom_values.labels(work, [axis.dimension for axis in axes], Noun.CUSTOMER),
    )


@dataclass(frozen=True)
class _Axis:
    """One dimension: the column to group by, the group a stored value falls into, its label, and its filter. The column
    may stand in a table `beside` that of customers; `several` says that one customer may fall into several groups."""

    dimension: Dimension | str
    column: Any
    group: Callable[[Any], str]
    label: Callable[[str], str]
    narrow: Callable[[str], dict[str, Any] | None]
    deeper: Callable[[str], bool] = lambda _value: False
    beside: Any = None
    on: Any = None
    several: bool = False


def _all(work: Work, where: list[Any]) -> int:
    return int(work.session.execute(select(func.count()).select_from(Customer).where(*where)).scalar_one())


def _axis(work: Work, dimension: Dimension | str, within: CustomerFilter) -> _Axis:
    c: Any = Customer
    blank = _("Not filled in")
    match dimension:
        case Dimension.REGION:
            return _regions(work, within)
        case Dimension.OWNER:
            return _owners(work)
        case Dimension.LIFECYCLE:
            stage = case(
                *((conditions.lifecycle_is(stage), stage.value) for stage in Lifecycle), else_=Lifecycle.PROSPECT.value
            )
            return _Axis(
                dimension, stage, str, lambda v: words.value("lifecycle", v), lambda v: {"lifecycle": Lifecycle(v)}
            )
        case Dimension.GRADE:
            return _Axis(
                dimension, c.grade, lambda v: str(v or ""), lambda v: v or blank, lambda v: {"grade": Grade(v)}
            )
        case Dimension.INDUSTRY | Dimension.SOURCE:
            column = c.industry if dimension == Dimension.INDUSTRY else c.source
        case _:
            return _own(work, dimension, within)
    return _Axis(dimension, column, str, lambda v: v or blank, lambda v: {str(dimension): v})


def _own(work: Work, dimension: str, within: CustomerFilter) -> _Axis:
    """The choices of a custom field, or yes and no."""
    key = dimension.removeprefix(custom_values.PREFIX)
    field = custom_values.catalogue(work, Noun.CUSTOMER).get(key) if dimension != key else None
    if field is None or field.personal or field.type not in COUNTED:
        raise Invalid("dimension", "Customers cannot be counted by {name}.", name=dimension[:60])
    held: Any = aliased(CustomValue)
    names = {"yes": _("yes"), "no": _("no")} if field.type is FieldType.YESNO else {}
    return _Axis(
        dimension,
        held.text,
        lambda v: str(v or ""),
        lambda v: names.get(v, v) or _("Not filled in"),
        lambda v: {"custom": within.custom | {key: v or custom_filters.EMPTY}},
        beside=held,
        on=and_(held.record_id == Customer.id, held.field_id == field.id),
        several=field.type is FieldType.CHOICES,
    )


def _owners(work: Work) -> _Axis:
    u: Any = User
    names: dict[str, str] = {
        str(row[0]): row[1] for row in work.session.execute(select(u.id, u.name).where(work.visible(User)))
    }
    return _Axis(
        Dimension.OWNER,
        Customer.owner_id,
        lambda v: str(v or ""),
        lambda v: names.get(v, v) if v else _("Public pool"),
        lambda v: {"owner": int(v or 0)},
    )


def _regions(work: Work, within: CustomerFilter) -> _Axis:
    tree = _tree(work)
    opened = "" if within.region == "-" else within.region
    parents = {code: parent for code, (_name, parent, _level) in tree.items()}

    def group(code: str | None) -> str:
        """The ancestor right below the opened region; "" without a region, HERE for the opened region itself."""
        if code is None:
            return ""
        while code != opened and (parent := parents.get(code)) and parent != opened:
            code = parent
        return HERE if code == opened else code

    def label(value: str) -> str:
        if value == HERE:
            return _("{region} (no details)", region=tree[opened][0])
        return tree[value][0] if value else _("Not filled in")

    def narrow(value: str) -> dict[str, Any] | None:
        if value == HERE:
            return None if set(parents.values()) & {opened} else {"region": opened}
        return {"region": value or "-"}

    return _Axis(Dimension.REGION, Customer.region_code, group, label, narrow, lambda v: v in set(parents.values()))


def _tree(work: Work) -> dict[str, tuple[str, str | None, RegionLevel]]:
    r: Any = Region
    found = work.session.execute(select(r.code, r.name, r.parent_code, r.level))
    return {row[0]: (row[1], row[2], row[3]) for row in found}


def _path(work: Work, region: str) -> list[tuple[str, str]]:
    """Code and name of the opened region and of those above it, outermost first."""
    if region in ("", "-"):
        return []
    tree = _tree(work)
    path: list[tuple[str, str]] = []
    code: str | None = region
    while code in tree:
        path.insert(0, (code, tree[code][0]))
        code = tree[code][1]
    return path


def _row(axes: Iterable[_Axis], values: tuple[str, ...], customers: int, within: CustomerFilter) -> SegmentRowView:
    narrowing = [axis.narrow(value) for axis, value in zip(axes, values, strict=True)]
    update = {name: value for part in narrowing for name, value in (part or {}).items()}
    own = {key: value for part in narrowing for key, value in (part or {}).get("custom", {}).items()}
    update |= {"custom": own} if own else {}
    labels = [axis.label(value) for axis, value in zip(axes, values, strict=True)]
    first, *_rest = axes
    return SegmentRowView(
        value=values[0],
        label=labels[0],
        count=customers,
        second=values[1] if len(values) > 1 else "",
        second_label=labels[1] if len(values) > 1 else "",
        filter=None if None in narrowing else within.model_copy(update=update),
        deeper=first.deeper(values[0]),
    )
