"""Changes of many customers at once: assign, set a field, tag, remove, and the cells of a grid. One transaction, one change
set; a customer that the actor may not change is left out with the reason, and the others are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, insert, select

from cim.errors import CimError, Invalid
from cim.i18n import N_, language
from cim.models import Customer, CustomerTag, CustomValue
from cim.models.base import columns
from cim.models.custom import CustomFieldView, Noun
from cim.models.customer import CustomerDraft
from cim.models.listing import MOST_SELECTED as MOST_SELECTED
from cim.models.listing import BulkResult, CellEdit, Selection, Skipped
from cim.permissions import Permission
from cim.service import (
    custom_types,
    custom_values,
    customers,
    index,
    ownership,
    record,
    regions,
    rules,
    search,
    standards,
    views,
)
from cim.service.custom_values import PREFIX
from cim.work import LARGEST_ID, Work, command

CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)
VALUES = columns(CustomValue)

CHUNK = 500
FIELDS = ("grade", "party", "industry", "source", "region", "preference")
"""What `set_field` sets, beside `custom.KEY`."""
CELLS = ("grade", "party", "industry", "source", "region", "contact", "preference", "tags")
"""What a grid may change, beside `custom.KEY`: plain fields, none that is ever masked."""
MOST_CELLS = 2000
NOT_YOURS = N_("This record does not exist or is not yours to see.")
SOMEBODY_ELSES = N_("This customer is looked after by somebody else.")
IN_POOL = N_("This customer is in the public pool: claim it first.")
NO_COLUMN = N_("There is no column {name}.")

Change = Callable[[Sequence[Customer]], list[Customer]]
"""Takes rows that the actor may change, returns those it changed."""


@command(Permission.CUSTOMER_ASSIGN)
def assign(work: Work, chosen: Selection, owner_id: int | None, *, reason: str = "") -> BulkResult:
    """Give customers to another user, or to the public pool (None), with all that goes along (service/ownership.py).
    Raises Invalid for a user who cannot have them."""
    if owner_id is not None:
        customers.new_owner(work, owner_id, Permission.CUSTOMER_ASSIGN)

    def give(rows: Sequence[Customer]) -> list[Customer]:
        changed = [row for row in rows if row.owner_id != owner_id]
        ownership.give(work, changed, owner_id)
        return changed

    return _each(work, chosen, give, [], reason, right=Permission.CUSTOMER_ASSIGN, edited=False)


@command(Permission.CUSTOMER_WRITE)
def set_field(work: Work, chosen: Selection, field: str, value: Any, *, reason: str = "") -> BulkResult:
    """Give customers the same value in one of FIELDS or a custom field; "" or None empties it. Raises Invalid for a field
    that cannot be set for many, and for a value that is wrong for all; what breaks a rule is left out."""
    skipped: list[Skipped] = []
    if field.startswith(PREFIX):
        change = _custom(work, field.removeprefix(PREFIX), value, skipped)
    elif field in FIELDS:
        change = _plain(work, field, value, skipped)
    else:
        raise Invalid("field", NO_COLUMN, name=field[:60])
    return _each(work, chosen, change, skipped, reason, found=field == "region" or field.startswith(PREFIX))


@command(Permission.CUSTOMER_WRITE)
def tag(
    work: Work, chosen: Selection, *, add: Iterable[str] = (), remove: Iterable[str] = (), reason: str = ""
) -> BulkResult:
    """Give customers tags and take tags from them; the others they have stay. Raises Invalid without any tag."""
    given, taken = (standards.customer(CustomerDraft(name="x", tags=list(tags))).tags for tags in (add, remove))
    if not given and not taken:
        raise Invalid("tags", "Choose a tag.")
    skipped: list[Skipped] = []

    def change(rows: Sequence[Customer]) -> list[Customer]:
        held = views.tags_of(work, [row.id or 0 for row in rows])
        after: dict[int, list[str]] = {}
        for row in rows:
            before = held.get(row.id or 0, [])
            wanted = sorted({*before, *given} - set(taken))
            if wanted != before and _allowed(work, row, {"tags": wanted}, {"tags": before}, skipped):
                after[row.id or 0] = wanted
                work.note(row, "tags", before, wanted)
        _retag(work, after)
        return [row for row in rows if row.id in after]

    return _each(work, chosen, change, skipped, reason)


@command(Permission.CUSTOMER_WRITE)
def remove(work: Work, chosen: Selection, *, reason: str = "") -> BulkResult:
    """Put customers into the recycle bin. Nothing below them is lost, and they can be restored."""

    def away(rows: Sequence[Customer]) -> list[Customer]:
        for row in rows:
            row.deleted_at = work.now
        index.drop(work, [row.id for row in rows if row.id is not None])
        return list(rows)

    return _each(work, chosen, away, [], reason, edited=False)


@command(Permission.CUSTOMER_WRITE)
def cells(work: Work, edits: Sequence[CellEdit]) -> BulkResult:
    """Save what was typed into a grid: each customer as a form would be, at its version. A wrong cell is named and left
    out, the right ones are saved; `done` counts cells. Raises Invalid for more than MOST_CELLS."""
    if len(edits) > MOST_CELLS:
        raise Invalid(
            "cells", "{count} cells are too many: save at most {most} at once.", count=len(edits), most=MOST_CELLS
        )
    by_row: dict[int, list[CellEdit]] = {}
    for edit in edits:
        by_row.setdefault(edit.id, []).append(edit)
    skipped: list[Skipped] = []
    done = sum(_save(work, customer_id, wanted, skipped) for customer_id, wanted in by_row.items())
    return BulkResult(done=done, skipped=skipped, change_set=work.change_set() if done else None)


# ---- many rows
def _each(
    work: Work,
    chosen: Selection,
    change: Change,
    skipped: list[Skipped],
    reason: str,
    *,
    right: Permission = Permission.CUSTOMER_WRITE,
    edited: bool = True,
    found: bool = False,
) -> BulkResult:
    """Change what was chosen, some hundred at a time. `edited` where the customers' own data changes, `found` where search
    then finds them by other words."""
    work.reason = reason.strip()[:500]
    done, ids = 0, _ids(work, chosen)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        where = CUSTOMERS.id.in_([i for i in part if 0 < i <= LARGEST_ID]), work.visible(Customer)
        # the lock keeps a colleague's save from failing the whole of it; SQLite has but one writer anyway
        held = select(Customer).where(*where).order_by(CUSTOMERS.id).with_for_update()
        rows = {row.id: row for row in work.session.execute(held).scalars()}
        work.load_ciphers(row.uid for row in rows.values())
        skipped += [Skipped(id=number, name="", msgid=NOT_YOURS) for number in part if number not in rows]
        free = [row for row in rows.values() if _may(work, right, row)]
        skipped += [
            _skip(row, SOMEBODY_ELSES if row.owner_id else IN_POOL)
            for row in rows.values()
            if not _may(work, right, row)
        ]
        changed = change(free)
        if edited and changed:
            for row in changed:
                row.updated_at = work.now  # a tag is no column: a form that is open notices it all the same
            record.refresh_all(work, changed, found=found)
        done += len(changed)
        work.settle()
    return BulkResult(done=done, skipped=skipped, change_set=work.change_set() if done else None)


def _ids(work: Work, chosen: Selection) -> list[int]:
    """The customers that were chosen, each once. Raises Invalid for none and for too many."""
    ids = list(dict.fromkeys(chosen.ids))
    if chosen.narrowed is not None:
        ids = search.ids(work, chosen.narrowed, most=MOST_SELECTED + 1)
    if not ids:
        raise Invalid("rows", "No customer is selected.")
    if len(ids) > MOST_SELECTED:
        raise Invalid("rows", "These are more than {most} customers. Narrow the list.", most=MOST_SELECTED)
    return ids


def _may(work: Work, right: Permission, row: Customer) -> bool:
    """Whether a right reaches this customer; customers of nobody may be given to somebody."""
    return work.owns(right, row.owner_id) or (right is Permission.CUSTOMER_ASSIGN and row.owner_id is None)


def _allowed(work: Work, row: Customer, wanted: dict[str, Any], held: dict[str, Any], skipped: list[Skipped]) -> bool:
    """Whether a customer may have these values by the rules of fields; if not, it is put with those left out."""
    try:
        rules.check(work, Noun.CUSTOMER, wanted, kind=row.kind, stage=views.lifecycle(row), held=held)
    except Invalid as invalid:
        skipped.append(_skip(row, invalid.msgid, invalid.field, **invalid.params))
        return False
    return True


def _plain(work: Work, field: str, value: Any, skipped: list[Skipped]) -> Change:
    """Sets a column to a value that was found good once for all."""
    draft = _draft(field, "" if value is None else value)
    standard = standards.customer(draft, regions.places(work, draft.region))
    column = "region_code" if field == "region" else field
    wanted = standard.plain[column]

    def change(rows: Sequence[Customer]) -> list[Customer]:
        others = [row for row in rows if getattr(row, column) != wanted]
        good = [r for r in others if _allowed(work, r, {field: wanted}, {field: getattr(r, column)}, skipped)]
        for row in good:
            setattr(row, column, wanted)
        return good

    return change


def _custom(work: Work, key: str, raw: Any, skipped: list[Skipped]) -> Change:
    """Sets a custom field to a value that was found good once for all."""
    field = custom_values.catalogue(work, Noun.CUSTOMER).get(key)
    if field is None or field.retired or field.personal:
        raise Invalid(PREFIX + key[:40], NO_COLUMN, name=PREFIX + key[:40])
    wanted = custom_values.judged(field, raw)
    wanted = None if wanted in ("", []) else wanted
    if gone := [word for word in custom_types.words_of(wanted) if field.options and word not in field.options]:
        raise Invalid(PREFIX + key, custom_values.RETIRED_WORD, value=gone[0])

    def change(rows: Sequence[Customer]) -> list[Customer]:
        held = custom_values.values(work, Noun.CUSTOMER, [row.id or 0 for row in rows])
        others = [row for row in rows if held.get(row.id or 0, {}).get(key) != wanted]
        good = [row for row in others if wanted is not None or not _required(field, row, skipped)]
        table = VALUES.__table__
        work.session.execute(
            delete(CustomValue).where(VALUES.field_id == field.id, VALUES.record_id.in_([row.id for row in good]))
        )
        cells = [] if wanted is None else custom_types.cells(field, wanted)
        made = [
            {"field_id": field.id, "record_id": r.id, "slot": n} | cell for r in good for n, cell in enumerate(cells)
        ]
        if made:
            work.session.execute(insert(table), made)
        for row in good:
            work.note(row, PREFIX + key, held.get(row.id or 0, {}).get(key), wanted)
        return good

    return change


def _required(field: CustomFieldView, row: Customer, skipped: list[Skipped]) -> bool:
    """Whether a custom field must stay filled for a customer; then it is put with those left out."""
    if not {custom_values.ALWAYS, str(views.lifecycle(row))} & set(field.required_at):
        return False
    skipped.append(_skip(row, custom_values.FILL_IN, PREFIX + field.key, label=field.named(language())))
    return True


def _retag(work: Work, after: dict[int, list[str]]) -> None:
    if after:
        work.session.execute(delete(CustomerTag).where(TAGS.customer_id.in_(list(after))))
    made = [{"customer_id": number, "tag": word} for number, words in after.items() for word in words]
    if made:
        work.session.execute(insert(TAGS.__table__), made)


# ---- cells
def _save(work: Work, customer_id: int, wanted: list[CellEdit], skipped: list[Skipped]) -> int:
    """The cells of one row; returns how many were saved."""
    given: dict[str, Any] = {}
    for edit in wanted:
        try:
            given[edit.field] = _cell(work, edit)
        except Invalid as invalid:
            skipped.append(_at(work, edit, invalid))
    while given:
        draft = _row_of(given)
        try:
            changed = customers.update(work, customer_id, draft, version=wanted[0].version)
            return len(given) if changed else 0
        except Invalid as invalid:
            field = invalid.field if invalid.field in given else next(iter(given))
            skipped.append(_at(work, next(e for e in wanted if e.field == field), invalid))
            del given[field]
        except CimError as error:
            skipped += [_at(work, edit, error) for edit in wanted if edit.field in given]
            return 0
    return 0


def _cell(work: Work, edit: CellEdit) -> Any:
    """The value of one cell as a draft takes it. Raises Invalid for a column that no grid may change, and for a value of
    another kind."""
    value = [] if edit.field == "tags" and edit.value is None else "" if edit.value is None else edit.value
    if edit.field.startswith(PREFIX):
        field = custom_values.catalogue(work, Noun.CUSTOMER).get(edit.field.removeprefix(PREFIX))
        if field is not None and not field.personal:
            return value
    elif edit.field in CELLS:
        return getattr(_draft(edit.field, value), edit.field)
    raise Invalid(edit.field, NO_COLUMN, name=edit.field)


def _row_of(given: dict[str, Any]) -> CustomerDraft:
    own = {name.removeprefix(PREFIX): value for name, value in given.items() if name.startswith(PREFIX)}
    plain = {name: value for name, value in given.items() if not name.startswith(PREFIX)}
    draft = CustomerDraft.model_validate({"name": "x"} | plain | ({"custom": own} if own else {}))
    draft.model_fields_set.discard("name")
    return draft


def _draft(field: str, value: Any) -> CustomerDraft:
    """A draft that sets one field. Raises Invalid for a value of another kind, such as a grade Z."""
    try:
        return CustomerDraft.model_validate({"name": "x", field: value})
    except ValidationError as error:
        raise Invalid(field, "This value does not fit here.") from error


def _at(work: Work, edit: CellEdit, error: CimError) -> Skipped:
    seen = select(CUSTOMERS.name).where(CUSTOMERS.id == edit.id, work.visible(Customer))
    name = (work.session.execute(seen).scalar_one_or_none() if 0 < edit.id <= LARGEST_ID else None) or ""
    return Skipped(id=edit.id, name=name, field=edit.field, msgid=error.msgid, params=error.params)


def _skip(row: Customer, msgid: str, field: str = "", **params: Any) -> Skipped:
    return Skipped(id=row.id or 0, name=row.name, field=field, msgid=msgid, params=params)
