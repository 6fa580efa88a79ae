"""Customers: create, change, find, reveal, assign, claim."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from cim.errors import Conflict, Denied, Invalid, NotFound, PossibleDuplicate
from cim.history import place
from cim.models import Customer, CustomerTag, User
from cim.models.base import columns
from cim.models.customer import CustomerDraft
from cim.models.customer_view import CustomerView
from cim.models.listing import CustomerFilter, CustomerList, Order
from cim.models.search import DraftPreview
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import codes, duplicates, index, record, standards, tasks, typed, views
from cim.service import search as finding
from cim.work import Work, command, query

CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)
FOLLOWS = {"region_code": {"region", "address"}, "birthday": {"birthday", "id_number"}, "phone2": {"phone", "phone2"}}
"""Columns that are read from other fields of a draft too: the second number of a phone field, the birthday of an ID."""


@command(Permission.CUSTOMER_WRITE)
def create(work: Work, draft: CustomerDraft, *, token: str | None = None, duplicate_reason: str = "") -> int:
    """Add a customer and return its id. The draft is normalised; the owner defaults to the actor where the actor owns customers.

    Raises Invalid at the field; PossibleDuplicate with masked matches unless `duplicate_reason` says why it is another one
    (the pair is then put up for review). A second call with the same `token` returns the first one's id.
    """
    if (done := work.replayed(token)) is not None:
        return done
    standard = standards.customer(draft)
    work.serialise("customers.create")
    matches = duplicates.find(work, standard.plain | standard.sealed)
    if matches and not duplicate_reason.strip():
        raise PossibleDuplicate(
            "This may already be a customer: open it, or say why this one is different.", matches=matches
        )
    work.reason = duplicate_reason.strip()[:500]
    row = _insert(work, draft, standard)
    duplicates.queue(work, row.id or 0, matches)
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.CUSTOMER_WRITE)
def update(work: Work, customer_id: int, draft: CustomerDraft, *, version: int) -> bool:
    """Change the fields that the draft sets; False when nothing differed, and then nothing is written.

    Raises Conflict with the values now stored when somebody changed the record since `version`; Invalid at the field.
    """
    row = work.get(Customer, customer_id, to=Permission.CUSTOMER_WRITE)
    if row.version != version:
        current = views.customer(work, row).model_dump()
        raise Conflict("Somebody changed this customer while you were editing it.", current=current)
    given = draft.model_fields_set
    before = record.values(work, row)
    standard = standards.customer(_completed(draft, row, before))
    # first what may be refused: an import goes on after a refusal, and must not find the row half changed
    changed = "owner_id" in given and draft.owner_id != row.owner_id and assign(work, customer_id, draft.owner_id)
    changed |= _apply(work, row, standard, given)
    changed |= record.retag(work, row, standard.tags) if "tags" in given else False
    if changed:
        row.updated_at = work.now
        record.refresh(work, row)
    return changed


@query(Permission.CUSTOMER_READ)
def get(work: Work, customer_id: int) -> CustomerView:
    """The whole record, masked as the actor's rights demand. NotFound outside the actor's scope."""
    return views.customer(work, work.get(Customer, customer_id))


@query(Permission.CUSTOMER_READ)
def by_code(work: Work, code: str) -> CustomerView:
    """As `get`, by customer code."""
    found = work.session.execute(
        select(Customer).where(CUSTOMERS.code == code, work.visible(Customer))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("This record does not exist or is not yours to see.")
    return views.customer(work, found)


@query(Permission.CUSTOMER_REVEAL, recorded=True)
def reveal(work: Work, customer_id: int, *, reason: str = "") -> CustomerView:
    """The record with its personal values in clear. Every call is recorded. Denied for customers of others."""
    row = work.get(Customer, customer_id, to=Permission.CUSTOMER_REVEAL)
    work.record(of=row, reason=reason[:500])
    return views.customer(work, row, clear=True)


@query(Permission.CUSTOMER_READ)
def search(
    work: Work, narrowed: CustomerFilter | None = None, *, order: Order = Order.NEWEST, page: int = 1, size: int = 50
) -> CustomerList:
    """One page of the customers in the actor's reach that the filter lets through, best match first when it has a query."""
    return finding.customers(work, narrowed or CustomerFilter(), order=order, page=page, size=size)


@query(Permission.CUSTOMER_READ)
def choices(work: Work) -> dict[str, list[str]]:
    """The values in use for industry, source and tags, for pickers and filters: shared words, no personal data."""
    found: dict[str, list[str]] = {}
    for name, column in (("industry", CUSTOMERS.industry), ("source", CUSTOMERS.source)):
        values = work.session.execute(
            select(column)
            .where(work.visible(Customer), column != "")
            .group_by(column)
            .order_by(func.count().desc())
            .limit(100)
        )
        found[name] = list(values.scalars())
    tags = select(TAGS.tag).join(Customer, CUSTOMERS.id == TAGS.customer_id).where(work.visible(Customer))
    found["tags"] = list(
        work.session.execute(tags.group_by(TAGS.tag).order_by(func.count().desc()).limit(100)).scalars()
    )
    return found


@query(Permission.CUSTOMER_READ)
def preview(work: Work, draft: CustomerDraft, *, but: int | None = None) -> DraftPreview:
    """For the hints while typing: each value as it would be stored, what is wrong with it, possible duplicates judged by
    the values that are right, and others with the same phone or e-mail. Writes nothing and refuses nothing."""
    shown, wrong = standards.checked(draft)
    sound = draft.model_copy(update={name: "" for name in wrong if name != "name"})
    named = len(draft.name.strip()) > 1 and "name" not in wrong
    matches, sharing = duplicates.at_entry(work, sound, but=but) if named else ([], [])
    return DraftPreview(shown=shown, wrong=wrong, duplicates=matches, sharing=sharing)


@command(Permission.CUSTOMER_ASSIGN)
def assign(work: Work, customer_id: int, owner_id: int | None, *, reason: str = "") -> bool:
    """Hand a customer to another user, or to the public pool (None). The open tasks of the owner until now go with it to
    another user: what was planned is not lost with who planned it. False when that is so already."""
    row = work.get(Customer, customer_id)
    if row.owner_id is not None and not work.owns(Permission.CUSTOMER_ASSIGN, row.owner_id):
        raise Denied("This customer is looked after by somebody else.")
    if owner_id is not None:
        _owner(work, owner_id, Permission.CUSTOMER_ASSIGN)
    if row.owner_id == owner_id:
        return False
    work.reason = reason[:500]
    if row.owner_id is not None and owner_id is not None:
        tasks.hand_over(work, customer_id, giver=row.owner_id, taker=owner_id)
    row.owner_id = owner_id
    row.owned_since = work.now if owner_id is not None else None
    row.completeness = standards.completeness(record.values(work, row))
    return True


@command(Permission.CUSTOMER_CLAIM)
def claim(work: Work, customer_id: int) -> bool:
    """Take a customer out of the public pool for oneself. Conflict when a colleague was faster."""
    work.serialise(f"customer.{customer_id}")
    row = work.get(Customer, customer_id)
    if row.owner_id is not None:
        raise Conflict("This customer is no longer in the public pool.")
    row.owner_id = work.actor.user_id
    row.owned_since = work.now
    row.completeness = standards.completeness(record.values(work, row))
    return True


@command(Permission.CUSTOMER_WRITE)
def remove(work: Work, customer_id: int, *, version: int, reason: str = "") -> None:
    """Take a customer out of every list. Nothing below it is lost, and it can be restored."""
    row = work.get(Customer, customer_id, version=version, to=Permission.CUSTOMER_WRITE)
    work.reason = reason[:500]
    row.deleted_at = work.now


def default_owner(work: Work, draft: CustomerDraft) -> int | None:
    """The owner a new customer gets: as asked, where the actor may give it, else the actor, else the public pool."""
    if draft.owner_id is not None:
        return _owner(work, draft.owner_id, Permission.CUSTOMER_WRITE)
    if "owner_id" in draft.model_fields_set:
        return None
    return work.actor.user_id if work.actor.can(Permission.CUSTOMER_UNMASK) else None


def _insert(work: Work, draft: CustomerDraft, standard: standards.Standard) -> Customer:
    [new_id] = work.next_ids(Customer, 1)
    [code] = codes.allocate(work, [new_id], [typed.line("code", draft.code, 40)])
    row = Customer(
        id=new_id, code=code, owner_id=default_owner(work, draft), created_by_id=work.actor.user_id, **standard.plain
    )
    row.imported_owner = typed.line("imported_owner", draft.imported_owner, 60)
    row.created_at = draft.created_at or work.now
    row.owned_since = work.now if row.owner_id is not None else None
    row.updated_at = work.now
    cipher = work.new_subject(row.uid)
    for name, value in standard.sealed.items():
        setattr(row, name, cipher.seal(value, place(row, name)) if value else None)
    row.name_order = record.name_order(row.name)
    row.completeness = standards.completeness(record.values(work, row))
    work.add(row)
    record.retag(work, row, standard.tags)
    index.write(work, [index.Entry(new_id, index.facts(record.values(work, row)))], new=True)
    return row


def _apply(work: Work, row: Customer, standard: standards.Standard, given: set[str]) -> bool:
    """Set what differs. A sealed value is sealed anew only when its text changed."""
    changed = False
    for name, value in standard.plain.items():
        if FOLLOWS.get(name, {name}) & given and getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    before = views.opened(work, row)
    cipher = work.cipher(row.uid)
    for name, value in standard.sealed.items():
        if FOLLOWS.get(name, {name}) & given and before[name] != value and cipher is not None:
            setattr(row, name, cipher.seal(value, place(row, name)) if value else None)
            changed = True
    return changed


def _completed(draft: CustomerDraft, row: Customer, before: dict[str, Any]) -> CustomerDraft:
    """The draft with the stored values in the fields it leaves out, so that the checks see a whole record."""
    given = draft.model_fields_set
    stored = {name: before[name] or "" for name in Customer.SEALED}
    stored |= {name: getattr(row, name) for name in ("kind", "party", "name", "contact", "gender", "birthday", "uscc")}
    stored |= {name: getattr(row, name) for name in ("industry", "source", "grade", "preference", "notes")}
    stored["region"] = row.region_code or ""
    return CustomerDraft.model_validate(stored | {name: getattr(draft, name) for name in given})


def _owner(work: Work, owner_id: int, permission: Permission) -> int:
    user = work.session.get(User, owner_id)
    if user is None or user.status is not UserStatus.ACTIVE:
        raise Invalid("owner_id", "Choose an active user as owner.")
    if not work.owns(permission, owner_id):
        raise Invalid("owner_id", "You cannot give a customer to {name}.", name=user.name)
    return owner_id
