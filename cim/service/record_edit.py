"""Changes to many records of a list at once: a new owner, one field, the recycle bin. One transaction, one change-set; each
record is changed by the verb of its own service, so every rule holds, and what it refuses is left out with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from cim.errors import CimError, Denied, Invalid
from cim.i18n import N_, language
from cim.models.base import Draft
from cim.models.contract import ContractDraft
from cim.models.custom import CustomFieldView, Noun
from cim.models.listing import BulkResult, Skipped
from cim.models.opportunity import OpportunityDraft
from cim.models.order import OrderDraft
from cim.models.product import ProductDraft
from cim.models.record_list import CellKind, RecordSelection, SettableField
from cim.models.ticket import TicketDraft
from cim.permissions import Permission
from cim.service import contracts, custom_values, opportunities, orders, products, records, tickets
from cim.service.custom_values import PREFIX
from cim.service.listing import engine
from cim.service.listing.kinds import Kind, told, yes_or_no
from cim.work import LARGEST_ID, Work, command, query

MOST = 2000
"""How many records one action takes: each is changed by itself."""
CHUNK = 200
NOT_YOURS = N_("This record does not exist or is not yours to see.")

Change = Callable[[Any], object]
"""Changes one row; falsy when it was so already. Raises what the verb raises."""


@dataclass(frozen=True)
class Verbs:
    """What the service of a noun does to one record. `needed` is what its draft cannot be without; `owner` is the field of
    the draft that names who looks after it, where no verb of its own does."""

    draft: type[Draft]
    update: Callable[..., bool]
    remove: Callable[..., None]
    needed: Mapping[str, str]
    assign: Callable[..., bool] | None = None
    owner: str = ""


VERBS: dict[Noun, Verbs] = {
    Noun.OPPORTUNITY: Verbs(
        OpportunityDraft,
        opportunities.update,
        opportunities.remove,
        {"name": "x"},
        assign=lambda work, row, to, reason: opportunities.assign(work, row.id, to, reason=reason),
    ),
    Noun.ORDER: Verbs(OrderDraft, orders.update, orders.remove, {}, owner="owner_id"),
    Noun.CONTRACT: Verbs(ContractDraft, contracts.update, contracts.remove, {"title": "x"}, owner="owner_id"),
    Noun.PRODUCT: Verbs(ProductDraft, products.update, products.remove, {"name": "x"}),
    Noun.TICKET: Verbs(
        TicketDraft,
        tickets.update,
        tickets.remove,
        {"subject": "x"},
        assign=lambda work, row, to, _reason: tickets.assign(work, row.id, to),
    ),
}
_ASSIGNS = {Noun.TICKET: Permission.TICKET_ASSIGN}
"""What assigning takes, where that is not what changing takes."""


@query(Permission.CUSTOMER_READ)
def possible(work: Work, noun: Noun) -> set[str]:
    """What the actor's role may do to many records of this noun: of "assign", "field", "remove"."""
    records.listed(work, noun)
    verbs = VERBS[noun]
    rights = {"field": _right(verbs.update), "remove": _right(verbs.remove)}
    if verbs.assign is not None or verbs.owner:
        rights["assign"] = _ASSIGNS.get(noun, rights["field"])
    return {name for name, right in rights.items() if work.actor.can(right)}


@query(Permission.CUSTOMER_READ)
def fields(work: Work, noun: Noun) -> list[SettableField]:
    """The fields that many records of this noun can be given at once, in the actor's language: built-in ones, then custom
    ones that are not personal."""
    kind = records.listed(work, noun)
    made = [
        SettableField(
            name=field.name,
            label=engine.label(field),
            kind=field.kind,
            choices=told(field.words) if field.words else yes_or_no() if field.kind is CellKind.YESNO else {},
            emptied=field.emptied,
        )
        for field in kind.settable
    ]
    return made + [
        SettableField(name=PREFIX + field.key, label=field.named(language()), kind=engine.cell_kind(field))
        for field in custom_values.live(work, noun)
        if not field.personal
    ]


@command(Permission.CUSTOMER_WRITE)
def assign(work: Work, noun: Noun, chosen: RecordSelection, owner_id: int, *, reason: str = "") -> BulkResult:
    """Give records to a colleague, tickets to a handler. Raises Denied for a role that may not, Invalid for a noun that
    nobody looks after, and for none or too many records."""
    if "assign" not in possible(work, noun):
        raise Denied("Your role does not permit this.")
    verbs = VERBS[noun]

    def give(row: Any) -> object:
        if verbs.assign is not None:
            return verbs.assign(work, row, owner_id, reason)
        return verbs.update(work, row.id, _draft(verbs, verbs.owner, owner_id), version=row.version)

    return _each(work, noun, chosen, give, reason)


@command(Permission.CUSTOMER_WRITE)
def set_field(
    work: Work, noun: Noun, chosen: RecordSelection, field: str, value: Any, *, reason: str = ""
) -> BulkResult:
    """Give records the same value in one of `fields`; "" or None empties it. Raises Denied for a role that may not, Invalid
    for a field that cannot be set for many and for a value that is wrong for all; what a rule of the noun refuses is left
    out."""
    if "field" not in possible(work, noun):
        raise Denied("Your role does not permit this.")
    kind, verbs = records.listed(work, noun), VERBS[noun]
    if field.startswith(PREFIX):
        draft = _draft(verbs, "custom", {_custom(work, noun, field, value).key: value})
    elif any(each.name == field and (each.emptied or value not in (None, "")) for each in kind.settable):
        draft = _draft(verbs, field, value)
    else:
        raise Invalid("field", "There is no column {name}.", name=field[:60])
    return _each(work, noun, chosen, lambda row: verbs.update(work, row.id, draft, version=row.version), reason)


@command(Permission.CUSTOMER_WRITE)
def remove(work: Work, noun: Noun, chosen: RecordSelection, *, reason: str = "") -> BulkResult:
    """Put records into the recycle bin. Raises Denied for a role that may not."""
    if "remove" not in possible(work, noun):
        raise Denied("Your role does not permit this.")

    def away(row: Any) -> object:
        VERBS[noun].remove(work, row.id, reason=reason)
        return True

    return _each(work, noun, chosen, away, reason)


def _each(work: Work, noun: Noun, chosen: RecordSelection, change: Change, reason: str) -> BulkResult:
    kind = records.listed(work, noun)
    work.reason = reason.strip()[:500]
    done, ids, skipped = 0, _ids(work, kind, chosen), list[Skipped]()
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        wanted = (
            select(kind.table)
            .where(kind.table.id.in_(part), work.visible(kind.table, few=True))
            .order_by(kind.table.id)
        )
        rows = {row.id: row for row in work.session.execute(wanted.with_for_update()).scalars()}
        skipped += [Skipped(id=number, name="", msgid=NOT_YOURS) for number in part if number not in rows]
        for row in rows.values():
            try:
                done += bool(change(row))
            except CimError as error:
                skipped.append(_skip(kind, row, error))
        work.settle()
    return BulkResult(done=done, skipped=skipped, change_set=work.change_set() if done else None)


def _ids(work: Work, kind: Kind, chosen: RecordSelection) -> list[int]:
    """The records that were chosen, each once. Raises Invalid for none and for too many."""
    ids = [number for number in dict.fromkeys(chosen.ids) if 0 < number <= LARGEST_ID]
    if chosen.narrowed is not None:
        ids = engine.ids(work, kind, engine.conditions(work, kind, chosen.narrowed), most=MOST + 1)
    if not ids:
        raise Invalid("rows", "No record is selected.")
    if len(ids) > MOST:
        raise Invalid("rows", "These are more than {most} records. Narrow the list.", most=MOST)
    return ids


def _custom(work: Work, noun: Noun, name: str, value: Any) -> CustomFieldView:
    """A custom field that may be set, the value found good once for all."""
    field = custom_values.catalogue(work, noun).get(name.removeprefix(PREFIX))
    if field is None or field.retired or field.personal:
        raise Invalid("field", "There is no column {name}.", name=name[:60])
    custom_values.judged(field, value)
    return field


def _draft(verbs: Verbs, field: str, value: Any) -> Draft:
    """A draft that sets one field. Raises Invalid for a value of another kind, such as a priority Z."""
    empty = value is None and isinstance(verbs.draft.model_fields[field].default, str)
    try:
        draft = verbs.draft.model_validate({**verbs.needed, field: "" if empty else value})
    except ValidationError as error:
        raise Invalid(field, "This value does not fit here.") from error
    draft.model_fields_set.difference_update(set(verbs.needed) - {field})
    return draft


def _skip(kind: Kind, row: Any, error: CimError) -> Skipped:
    return Skipped(id=row.id, name=getattr(row, kind.name.key), msgid=error.msgid, params=error.params)


def _right(verb: Callable[..., Any]) -> Permission:
    """The permission that a verb asks for."""
    right: Permission = verb.__dict__["__cim_guard__"].permission
    return right
