"""People at the customers of a file: contacts that rows of customers bring along (docs/decisions/0014)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from cim import normalize
from cim.errors import Invalid
from cim.i18n import N_
from cim.models import Contact, Customer
from cim.models.contact import ContactDraft
from cim.models.custom import Noun
from cim.models.customer import Kind, Lifecycle
from cim.service import contacts as stored
from cim.service import record, rulebook, rules, standards, typed
from cim.service.importing import contacts, rows
from cim.service.importing.lines import Line
from cim.service.importing.reference import Known
from cim.service.importing.steps import Plan
from cim.service.standards import Standard
from cim.work import Work

FIRST_FAILED = N_("Row {row}, which has the customer itself, could not be taken.")
FIRST_LEFT_OUT = N_("Row {row}, which has the customer itself, was left out.")
_OF_THE_PERSON = ("contact", "phone", "phone2", "email", "wechat", "gender", "birthday", "notes")
"""Columns by which two rows of one customer may differ: they say something about the person named in the row."""


def join(lines: Sequence[Line]) -> tuple[list[Line], dict[int, int]]:
    """Rows that repeat a company of an earlier row with another contact person become contacts of that row.

    The same customer is the one of the same code, or without codes the company of the same name, whose other cells
    are equal or empty. Returns the other lines, and the row of the customer by the number of each joined row."""
    first: dict[tuple[str, str], Line] = {}
    joined: dict[int, int] = {}
    others = []
    for line in lines:
        key = _identity(line)
        earlier = first.get(key) if key else None
        if earlier is not None and _is_colleague(line, earlier):
            earlier.contacts = [*earlier.contacts, *_as_contacts(line)]
            earlier.facts = None  # they are made anew with the contacts
            joined[line.number] = earlier.number
            continue
        if key:
            first.setdefault(key, line)
        others.append(line)
    return others, joined


def settle(made: Plan) -> None:
    """Joined rows share the fate of the row that has their customer; those taken count as updates of it."""
    lines = {line.number: line for line in made.facts["lines"]}
    merged: list[Line] = made.facts["merged"]
    for number, first in made.facts["joined"].items():
        line = lines[number]
        if line in merged:
            merged.remove(line)
        if first in made.notes.failed:
            made.notes.fail(line, "contact", FIRST_FAILED, row=first)
        elif first in made.skipped:
            made.skip(line, "contact", FIRST_LEFT_OUT, row=first)
        else:
            merged.append(line)


def unfit(work: Work, line: Line) -> Iterable[Invalid]:
    """What rules of fields refuse of the contacts that a new customer's row brings along."""
    if not line.contacts:
        return
    book, kind = rules.book(work, Noun.CONTACT), str(line.standard.plain["kind"])
    for _draft, standard in line.contacts:
        yield from book.broken(rulebook.of_contact(standard), kind=kind, stage=Lifecycle.PROSPECT)


def bring(work: Work, line: Line, customer_id: int, *, batch_id: int) -> bool:
    """Add the contacts of a row to a customer that is known, and update those it has by name. Whether anything changed.
    Raises Invalid at the column."""
    row = work.get(Customer, customer_id)
    known = Known(customer_id, row.uid, row.code, row.owner_id)
    judged = rules.contacts_of(work, {customer_id})
    held = _held(work, customer_id)
    fresh: list[contacts.Employee] = []
    changed = False
    for draft, standard in line.contacts:
        contact = held.get(normalize.person(standard.plain["name"]))
        if contact is None:
            for broken in judged(customer_id, standard):
                raise broken
            fresh.append(contacts.Employee(known, standard, {}))
            continue
        given = {name: getattr(draft, name) for name in draft.model_fields_set}
        changed |= stored.update(work, contact.id or 0, rows.made(ContactDraft, given), version=contact.version)
    if fresh:
        contacts.insert_all(work, fresh, batch_id=batch_id)
        work.session.flush()
        record.reindex(work, row)
    return changed or bool(fresh)


def _held(work: Work, customer_id: int) -> dict[str, Contact]:
    table: Any = Contact
    found = select(Contact).where(table.customer_id == customer_id, table.deleted_at.is_(None))
    return {normalize.person(row.name): row for row in work.session.execute(found).scalars()}


def _identity(line: Line) -> tuple[str, str] | None:
    if line.draft.code:
        return "code", line.draft.code
    if line.standard.plain["kind"] is Kind.COMPANY and not line.nameless:
        return "name", normalize.squeeze(line.standard.plain["name"])
    return None


def _is_colleague(line: Line, earlier: Line) -> bool:
    person = normalize.person(line.cells.get("contact", ""))
    known = [earlier.cells.get("contact", ""), *(standard.plain["name"] for _draft, standard in earlier.contacts)]
    if not person or not known[0] or person in {normalize.person(name) for name in known}:
        return False
    return all(
        normalize.squeeze(cell) == normalize.squeeze(earlier.cells.get(column, ""))
        for column, cell in line.cells.items()
        if column not in _OF_THE_PERSON and not column.startswith("contact")
    )


def _as_contacts(line: Line) -> list[tuple[ContactDraft, Standard]]:
    """The people of a joined row: whose own columns are empty has the phone and e-mail of the row."""
    own = {"title": line.cells.get("contact_title", "")}
    for name in ("phone", "email"):
        own[name] = line.cells.get(f"contact_{name}") or line.cells.get(name, "")
    draft = rows.made(ContactDraft, {"name": line.cells["contact"], **{n: v for n, v in own.items() if v}})
    draft_name = typed.line("contact", line.cells["contact"], 60)
    further = [pair for pair in line.contacts if pair[1].plain["name"] != draft_name]
    try:
        return [(draft, standards.contact(draft)), *further]
    except Invalid:  # a field for several phones may hold more than a contact has: the first one is taken
        draft.phone = line.standard.sealed["phone"]
        return [(draft, standards.contact(draft)), *further]
