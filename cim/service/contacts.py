"""Contacts: the people at a customer. Masked by its owner, and the customer is found by their names and phones."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from cim.errors import Conflict
from cim.history import place
from cim.models import Contact, Customer
from cim.models.contact import ContactDraft, ContactView
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.service import custom_values, record, rules, standards, views
from cim.work import Work, command, query


@command(Permission.CUSTOMER_WRITE)
def add(work: Work, customer_id: int, draft: ContactDraft, *, token: str | None = None) -> int:
    """Add a person to a customer and return the contact's id. A second call with the same `token` returns the first
    one's id.

    Raises Invalid at the field, NotFound outside the actor's scope, Denied for a customer of somebody else.
    """
    if (done := work.replayed(token)) is not None:
        return done
    customer = work.get(Customer, customer_id, to=Permission.CUSTOMER_WRITE)
    row = Contact(customer_id=customer_id, created_at=work.now, updated_at=work.now, name=draft.name)
    standard = standards.contact(draft)
    rules.check_contact(work, customer, standard)
    own = custom_values.weigh(work, Noun.CONTACT, draft.custom, stage="")
    _apply(work, customer, row, standard, set(ContactDraft.model_fields))
    work.add(row)
    custom_values.settle(work, row, own)
    record.reindex(work, customer)
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.CUSTOMER_WRITE)
def update(work: Work, contact_id: int, draft: ContactDraft, *, version: int) -> bool:
    """Change the fields that the draft sets; False when nothing differed, and then nothing is written.

    Raises Conflict with the values now stored when somebody changed the contact since `version`; Invalid at the field.
    """
    row = work.get(Contact, contact_id)
    customer = work.get(Customer, row.customer_id, to=Permission.CUSTOMER_WRITE)
    if row.version != version:
        current = views.contact(work, row, owner_id=customer.owner_id).model_dump()
        raise Conflict("Somebody changed this contact while you were editing it.", current=current)
    own = custom_values.weigh(work, row, draft.custom, stage="")
    standard = standards.contact(draft)
    rules.check_contact(work, customer, standard, row=row, given=draft.model_fields_set)
    changed = _apply(work, customer, row, standard, draft.model_fields_set)
    changed |= custom_values.settle(work, row, own)
    if changed:
        row.updated_at = work.now
        work.session.flush()
        record.reindex(work, customer)
    return changed


@command(Permission.CUSTOMER_WRITE)
def remove(work: Work, contact_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Take a contact off the customer. The row is kept and can be restored; search no longer finds the customer by
    it."""
    row = work.get(Contact, contact_id, version=version)
    customer = work.get(Customer, row.customer_id, to=Permission.CUSTOMER_WRITE)
    work.reason = reason.strip()[:500]
    row.deleted_at = work.now
    work.session.flush()
    record.reindex(work, customer)


@query(Permission.CUSTOMER_READ)
def list(work: Work, customer_id: int) -> Sequence[ContactView]:
    """The contacts of a customer in the order they were added. NotFound outside the actor's scope."""
    customer = work.get(Customer, customer_id)
    contact: type[Contact] = Contact
    found = select(Contact).where(work.visible(Contact, few=True), contact.customer_id == customer_id)  # type: ignore[arg-type]
    rows = work.session.execute(found.order_by(contact.id)).scalars().all()  # type: ignore[arg-type]
    seen = work.may_see_clear(customer.owner_id)
    custom = custom_values.shown(work, Noun.CONTACT, {row.id or 0: seen for row in rows})
    return [views.contact(work, row, owner_id=customer.owner_id, custom=custom) for row in rows]


def _apply(work: Work, customer: Customer, row: Contact, standard: standards.Standard, given: set[str]) -> bool:
    """Set what differs. A sealed value is sealed anew only when its text changed."""
    changed = False
    for name, value in standard.plain.items():
        if name in given and getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    cipher = work.cipher(customer.uid)
    for name, value in standard.sealed.items():
        if name not in given or cipher is None:
            continue
        held = getattr(row, name)
        if value != (cipher.open(bytes(held), place(row, name)) if held else ""):
            setattr(row, name, cipher.seal(value, place(row, name)) if value else None)
            changed = True
    return changed
