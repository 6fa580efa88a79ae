"""Records side by side before they are merged: what differs, what belongs to each, and which are out of reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from cim import normalize
from cim.errors import Invalid
from cim.i18n import language
from cim.models import Activity, Contact, Customer, StoredFile, Task
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.customer_view import CustomerView
from cim.models.merge_view import MergeField, MergePreview, MergeSide, OutOfReach
from cim.permissions import Permission
from cim.service import custom_values, merging, pairs, views
from cim.work import LARGEST_ID, Work

CUSTOMERS = columns(Customer)
PERSONAL = (*Customer.SEALED, "birthday")
_PLACES = {"region_code": "region", "owner_id": "owner"}
"""Fields that are shown by the name of what they lead to."""


def preview(work: Work, ids: Sequence[int]) -> MergePreview:
    """These customers side by side, as the actor may see them. Those that are gone are left out, those out of reach only
    named. Raises Invalid for more than one merge takes."""
    wanted = [i for i in dict.fromkeys(ids) if 0 < i <= LARGEST_ID]
    if len(wanted) > merging.MOST:
        raise Invalid("ids", "Choose from 2 to {most} customers.", most=merging.MOST)
    found = select(Customer).where(CUSTOMERS.id.in_(wanted), CUSTOMERS.deleted_at.is_(None))
    rows = sorted(work.session.execute(found).scalars(), key=lambda row: wanted.index(row.id or 0))
    reached = [row for row in rows if row.owner_id is None or work.owns(Permission.CUSTOMER_READ, row.owner_id)]
    names = pairs.named(work, {row.owner_id for row in rows})
    foreign = [row for row in rows if row not in reached]
    work.load_ciphers(row.uid for row in reached)
    shown = {row.id or 0: views.customer(work, row) for row in reached}
    return MergePreview(
        sides=_sides(work, reached, shown),
        fields=_fields(work, reached, shown),
        out_of_reach=[
            OutOfReach(name=normalize.name_masked(row.name), owner=names.get(row.owner_id, "")) for row in foreign
        ],
    )


def _sides(work: Work, rows: Sequence[Customer], shown: dict[int, CustomerView]) -> list[MergeSide]:
    mine = [row for row in rows if merging.may_change(work, row.owner_id)]
    best = pairs.best_of(mine or rows).id if rows else None
    counts = {model: _below(work, model, list(shown)) for model in (Contact, Activity, Task, StoredFile)}
    return [
        MergeSide(
            id=row.id or 0,
            code=row.code,
            name=row.name,
            owner=shown[row.id or 0].owner,
            version=row.version,
            created_at=row.created_at,
            completeness=row.completeness,
            contacts=counts[Contact].get(row.id or 0, 0),
            activities=counts[Activity].get(row.id or 0, 0),
            tasks=counts[Task].get(row.id or 0, 0),
            files=counts[StoredFile].get(row.id or 0, 0),
            best=row.id == best,
            may_change=row in mine,
        )
        for row in rows
    ]


def _fields(work: Work, rows: Sequence[Customer], shown: dict[int, CustomerView]) -> list[MergeField]:
    """Every field that is filled in somewhere, the differing ones first. Whether values differ is judged by what is
    stored: two masked ones may look alike. Personal ones differ wherever one of them is masked: who may not see a value
    is not to learn of it by putting a record of his own beside it."""
    clear = _clear(work, rows)
    opened = {row.id or 0: views.opened(work, row) for row in rows}
    fields = []
    for name in merging.FIELDS:
        stored = {row.id or 0: _stored(row, name, opened, shown) for row in rows}
        seen = {i: getattr(view, _PLACES.get(name, name)) for i, view in shown.items()}
        hidden = name in PERSONAL and not clear
        differs = hidden or len({repr(value) for value in stored.values()}) > 1
        joined = name in (*merging.JOINED, "tags")
        fields.append(MergeField(name=name, values=seen, differs=differs, joined=joined))
    fields += _custom(work, rows, shown)
    filled = [one for one in fields if any(value not in (None, "", []) for value in one.values.values())]
    return sorted(filled, key=lambda one: not one.differs)


def _clear(work: Work, rows: Sequence[Customer]) -> bool:
    """Whether the actor sees every one of these records unmasked."""
    return all(work.may_see_clear(row.owner_id) for row in rows)


def _stored(row: Customer, name: str, opened: dict[int, dict[str, str]], shown: dict[int, CustomerView]) -> Any:
    if name in Customer.SEALED:
        return opened[row.id or 0][name]
    return shown[row.id or 0].tags if name == "tags" else getattr(row, name)


def _custom(work: Work, rows: Sequence[Customer], shown: dict[int, CustomerView]) -> list[MergeField]:
    held = custom_values.values(work, Noun.CUSTOMER, list(shown))
    clear = _clear(work, rows)
    fields = []
    for own in custom_values.live(work, Noun.CUSTOMER):
        stored = {i: held.get(i, {}).get(own.key) for i in shown}
        fields.append(
            MergeField(
                name=custom_values.PREFIX + own.key,
                label=own.named(language()),
                values={i: view.custom.get(own.key) for i, view in shown.items()},
                differs=(own.personal and not clear) or len({repr(value) for value in stored.values()}) > 1,
            )
        )
    return fields


def _below(work: Work, model: Any, ids: Sequence[int]) -> dict[int, int]:
    """How many rows of a table belong to each customer."""
    counted = select(model.customer_id, func.count()).where(model.customer_id.in_(ids), model.deleted_at.is_(None))
    return {row[0]: int(row[1]) for row in work.session.execute(counted.group_by(model.customer_id))}
