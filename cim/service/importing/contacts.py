"""Contacts of a file: whose they are, which are known, and bringing them in so that search finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from cim import normalize
from cim.errors import Invalid
from cim.i18n import N_
from cim.models import Contact, Customer, CustomValue
from cim.models.base import new_uid
from cim.models.contact import ContactDraft
from cim.models.custom import Noun
from cim.models.imports import ImportMode, OnDuplicate
from cim.permissions import Permission
from cim.service import contacts, custom_values, record, rules
from cim.service.importing import reference, rows
from cim.service.importing.activities import insert
from cim.service.importing.lines import Line, Notes
from cim.service.importing.reference import Known
from cim.service.importing.steps import Options, Plan, Progress
from cim.service.standards import Standard
from cim.work import Work

THERE_ALREADY = N_("This customer has a contact of this name already: left out.")
STANDS_TWICE = N_("This customer has a contact of this name already: added once more.")
NOT_KNOWN = N_("This customer has no contact of this name: nothing to update.")
UNCHANGED = N_("Nothing differs from the stored contact.")
_CHUNK = 500


class Employee(NamedTuple):
    """A new contact: whose, its canonical values, and those of its custom fields."""

    customer: Known
    standard: Standard
    custom: Mapping[str, Any]


def plan(work: Work, lines: Sequence[Line], options: Options, notes: Notes) -> Plan:
    """Decide about every line: a contact is known by its customer and its name."""
    made = Plan(notes)
    known = reference.resolve(work, lines, notes, to=Permission.CUSTOMER_WRITE)
    seen = _stored(work, {customer.id for customer in known.values()})
    judged = rules.contacts_of(work, {customer.id for customer in known.values()})
    own = custom_values.live(work, Noun.CONTACT)
    for line in lines:
        customer = known.get(line.number)
        if customer is None:
            continue
        key = (customer.id, normalize.person(line.standard.plain["name"]))
        there, how = key in seen, options.decided(line.number)
        made.doubles += there and options.mode is ImportMode.ADD
        if there and options.mode is ImportMode.ADD:
            made.ask(line, options, update="update" if seen[key] else "")
        if there and seen[key] and (options.mode is not ImportMode.ADD or how is OnDuplicate.UPDATE):
            made.changed.append((line, seen[key]))
        elif options.mode is ImportMode.UPDATE:
            made.skip(line, "name", NOT_KNOWN)
        elif there and how is OnDuplicate.SKIP:
            made.skip(line, "name", THERE_ALREADY)
        elif not notes.refuse(
            line, [*judged(customer.id, line.standard), *custom_values.unfit(own, line.draft.custom)]
        ):
            if there:
                notes.warn(line, "name", STANDS_TWICE)
            seen.setdefault(key, 0)
            made.new.append((line, customer))
    return made


def apply(work: Work, made: Plan, *, batch_id: int, progress: Progress | None) -> int:
    """Carry a plan out and return how many rows updated a contact."""
    people = [Employee(customer, line.standard, line.draft.custom) for line, customer in made.new]
    insert_all(work, people, batch_id=batch_id)
    changed = sorted({customer.id for _line, customer in made.new})
    for start in range(0, len(changed), _CHUNK):
        part: Any = Customer.id
        for row in work.session.execute(select(Customer).where(part.in_(changed[start : start + _CHUNK]))).scalars():
            record.reindex(work, row)
        if progress:
            progress(min(start + _CHUNK, len(changed)), len(changed))
    return sum(_update(work, made, line, contact_id) for line, contact_id in made.changed)


def insert_all(work: Work, people: Sequence[Employee], *, batch_id: int) -> None:
    """Insert contacts, each with its history. Search is brought up to date by the caller."""
    ids = work.next_ids(Contact, len(people))
    work.load_ciphers(one.customer.uid for one in people)
    made = [_row(work, number, one.standard, one.customer, batch_id) for number, one in zip(ids, people, strict=True)]
    clear = [one.standard.sealed | custom_values.named(one.custom) for one in people]
    insert(work, Contact, made, [one.customer for one in people], clear=clear)
    own = [
        cell
        for row, one in zip(made, people, strict=True)
        for cell in custom_values.stored(
            work, Noun.CONTACT, row["id"], row["uid"], one.custom, work.cipher(one.customer.uid)
        )
    ]
    work.bulk(CustomValue, own)


def _row(work: Work, number: int, standard: Standard, customer: Known, batch_id: int) -> dict[str, Any]:
    uid = new_uid()
    cipher = work.cipher(customer.uid)
    sealed = {
        name: cipher.seal(value, f"contact.{name}.{uid}") if value and cipher else None
        for name, value in standard.sealed.items()
    }
    return {
        **standard.plain,
        **sealed,
        "id": number,
        "uid": uid,
        "customer_id": customer.id,
        "batch_id": batch_id,
        "created_at": work.now,
        "updated_at": work.now,
        "deleted_at": None,
        "version": 1,
    }


def _update(work: Work, made: Plan, line: Line, contact_id: int) -> bool:
    given = {name: getattr(line.draft, name) for name in line.draft.model_fields_set - line.defaulted}
    version = work.get(Contact, contact_id).version
    try:
        if contacts.update(work, contact_id, rows.made(ContactDraft, given), version=version):
            return True
    except Invalid as error:
        made.notes.fail(line, error.field, error.msgid, **error.params)
        return False
    made.skip(line, "name", UNCHANGED)
    return False


def _stored(work: Work, ids: set[int]) -> dict[tuple[int, str], int]:
    """Contacts of these customers by customer and comparable name."""
    table: Any = Contact
    found: dict[tuple[int, str], int] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        statement = select(table.id, table.customer_id, table.name).where(
            table.customer_id.in_(part), table.deleted_at.is_(None)
        )
        for contact_id, customer_id, name in work.session.execute(statement):
            found.setdefault((customer_id, normalize.person(name)), contact_id)
    return found
