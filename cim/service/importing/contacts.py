"""Contacts of a file: whose they are, which are known, and bringing them in so that search finds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from cim import normalize
from cim.i18n import N_
from cim.models import Contact, Customer
from cim.models.base import new_uid
from cim.models.contact import ContactDraft
from cim.models.imports import ImportMode, OnDuplicate
from cim.permissions import Permission
from cim.service import contacts, record
from cim.service.importing import reference, rows
from cim.service.importing.activities import insert
from cim.service.importing.lines import Line, Notes
from cim.service.importing.reference import Known
from cim.service.importing.steps import Options, Plan, Progress
from cim.work import Work

THERE_ALREADY = N_("This customer has a contact of this name already: left out.")
STANDS_TWICE = N_("This customer has a contact of this name already: added once more.")
NOT_KNOWN = N_("This customer has no contact of this name: nothing to update.")
UNCHANGED = N_("Nothing differs from the stored contact.")
_CHUNK = 500


def plan(work: Work, lines: Sequence[Line], options: Options, notes: Notes) -> Plan:
    """Decide about every line: a contact is known by its customer and its name."""
    made = Plan(notes)
    known = reference.resolve(work, lines, notes, to=Permission.CUSTOMER_WRITE)
    seen = _stored(work, {customer.id for customer in known.values()})
    for line in lines:
        customer = known.get(line.number)
        if customer is None:
            continue
        key = (customer.id, normalize.person(line.standard.plain["name"]))
        there = key in seen
        made.doubles += there and options.mode is ImportMode.ADD
        if there and seen[key] and (options.mode is not ImportMode.ADD or options.on_duplicate is OnDuplicate.UPDATE):
            made.changed.append((line, seen[key]))
        elif options.mode is ImportMode.UPDATE:
            made.skip(line, "name", NOT_KNOWN)
        elif there and options.on_duplicate is OnDuplicate.SKIP:
            made.skip(line, "name", THERE_ALREADY)
        else:
            if there:
                notes.warn(line, "name", STANDS_TWICE)
            seen.setdefault(key, 0)
            made.new.append((line, customer))
    return made


def apply(work: Work, made: Plan, *, batch_id: int, progress: Progress | None) -> int:
    """Carry a plan out and return how many rows updated a contact."""
    ids = list(work.next_ids(Contact, len(made.new)))
    work.load_ciphers(customer.uid for _line, customer in made.new)
    made_rows = [
        _row(work, number, line, customer, batch_id) for number, (line, customer) in zip(ids, made.new, strict=True)
    ]
    insert(
        work,
        Contact,
        made_rows,
        [customer for _line, customer in made.new],
        clear=[line.standard.sealed for line, _customer in made.new],
    )
    changed = sorted({customer.id for _line, customer in made.new})
    for start in range(0, len(changed), _CHUNK):
        part: Any = Customer.id
        for row in work.session.execute(select(Customer).where(part.in_(changed[start : start + _CHUNK]))).scalars():
            record.reindex(work, row)
        if progress:
            progress(min(start + _CHUNK, len(changed)), len(changed))
    return sum(_update(work, made, line, contact_id) for line, contact_id in made.changed)


def _row(work: Work, number: int, line: Line, customer: Known, batch_id: int) -> dict[str, Any]:
    uid = new_uid()
    cipher = work.cipher(customer.uid)
    sealed = {
        name: cipher.seal(value, f"contact.{name}.{uid}") if value and cipher else None
        for name, value in line.standard.sealed.items()
    }
    return {
        **line.standard.plain,
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
    given = {name: getattr(line.draft, name) for name in line.draft.model_fields_set}
    version = work.get(Contact, contact_id).version
    if contacts.update(work, contact_id, rows.made(ContactDraft, given), version=version):
        return True
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
