"""Repairs of data quality that a value brings about, typed into a grid: each customer as its form would save it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from cim import normalize
from cim.errors import CimError, Invalid
from cim.models import Customer
from cim.models.base import columns
from cim.models.customer import CustomerDraft
from cim.models.listing import BulkResult, CellEdit, Skipped
from cim.permissions import Permission
from cim.service import customers, typed
from cim.work import Work, command

CUSTOMERS = columns(Customer)
FIELDS = ("phone", "phone2", "email", "uscc", "id_number", "birthday", "region", "industry", "source")
"""What a value repairs. Personal fields too: nobody sees a stored value here, a new one is typed."""
MOST = 200


@command(Permission.CUSTOMER_WRITE)
def save(work: Work, edits: Sequence[CellEdit]) -> BulkResult:
    """Save the values that are right, in one change; a wrong one is named and left out, as is a customer that somebody
    changed since its version. `done` counts values. Raises Invalid for more than 200."""
    if len(edits) > MOST:
        raise Invalid("cells", "{count} cells are too many: save at most {most} at once.", count=len(edits), most=MOST)
    by_row: dict[int, dict[str, CellEdit]] = {}
    for edit in edits:
        by_row.setdefault(edit.id, {})[edit.field] = edit
    result = BulkResult(done=0)
    for wanted in by_row.values():
        _save(work, wanted, result)
    if result.done:
        result.change_set = work.change_set()
    return result


def _save(work: Work, wanted: dict[str, CellEdit], result: BulkResult) -> None:
    given: dict[str, Any] = {}
    for name, edit in wanted.items():
        try:
            given[name] = _value(edit)
        except Invalid as refused:
            result.skipped.append(_skip(work, edit, refused))
    while given:
        edit = wanted[next(iter(given))]
        draft = CustomerDraft(name="x", **given)
        draft.model_fields_set.discard("name")
        try:
            if customers.update(work, edit.id, draft, version=edit.version):
                result.done += len(given)
            return
        except Invalid as refused:
            name = refused.field if refused.field in given else edit.field
            result.skipped.append(_skip(work, wanted[name], refused))
            del given[name]
        except CimError as refused:
            result.skipped += [_skip(work, wanted[name], refused) for name in given]
            return


def _value(edit: CellEdit) -> Any:
    if edit.field not in FIELDS:
        raise Invalid(edit.field, "There is no column {name}.", name=edit.field)
    raw = str(edit.value or "")
    return typed.canonical("birthday", raw, normalize.birthday) if edit.field == "birthday" else raw


def _skip(work: Work, edit: CellEdit, refused: CimError) -> Skipped:
    seen = select(CUSTOMERS.name).where(CUSTOMERS.id == edit.id, work.visible(Customer))
    name = work.session.execute(seen).scalar_one_or_none() or ""
    return Skipped(id=edit.id, name=name, field=edit.field, msgid=refused.msgid, params=refused.params)
