"""Customers: create, change, find, reveal, assign, claim."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from cim.errors import Conflict, Denied, Invalid, NotFound, PossibleDuplicate
from cim.history import place
from cim.models import Customer, CustomerTag, Star, User
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.customer import CustomerDraft, Lifecycle
from cim.models.customer_view import CustomerView
from cim.models.listing import MOST_SELECTED, CustomerFilter, CustomerList, Order
from cim.models.merge_view import MergePreview
from cim.models.pool import Moved
from cim.models.search import DraftPreview
from cim.models.undo import Undone
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import (
    budget,
    codes,
    comparing,
    conditions,
    custom_values,
    duplicates,
    index,
    judging,
    lineage,
    merging,
    options,
    ownership,
    pool,
    record,
    regions,
    rules,
    standards,
    typed,
    views,
    worklist_stale,
)
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
    standard = standards.customer(draft, regions.places(work, draft.region, draft.address))
    rules.check_customer(work, standard)
    work.serialise("customers.create")
    matches = duplicates.find(work, standard.plain | standard.sealed)
    if matches and not duplicate_reason.strip():
        raise PossibleDuplicate(
            "This may already be a customer: open it, or say why this one is different.", matches=matches
        )
    work.reason = duplicate_reason.strip()[:500]
    row = _insert(work, draft, standard)
    if duplicates.queue(work, row.id or 0, matches):
        judging.refresh(work, [row.id or 0, *(match.id for match in matches if match.id is not None)])
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
    whole = _completed(draft, row, before)
    standard = standards.customer(whole, regions.places(work, whole.region, whole.address))
    rules.check_customer(work, standard, row=row, given=given)
    own = custom_values.weigh(work, row, draft.custom, stage=views.lifecycle(row))
    # first what may be refused: an import goes on after a refusal, and must not find the row half changed
    changed = "owner_id" in given and draft.owner_id != row.owner_id and assign(work, customer_id, draft.owner_id)
    changed |= _apply(work, row, standard, given)
    changed |= record.retag(work, row, standard.tags) if "tags" in given else False
    changed |= custom_values.settle(work, row, own)
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
    budget.look(work, row.uid)
    work.record(of=row, reason=reason[:500])
    return views.customer(work, row, clear=True)


@query(Permission.CUSTOMER_READ)
def search(
    work: Work,
    narrowed: CustomerFilter | None = None,
    *,
    order: Order = Order.NEWEST,
    page: int = 1,
    size: int = 50,
    also: Collection[str] = (),
    custom: Collection[str] = (),
) -> CustomerList:
    """One page of the customers in the actor's reach that the filter lets through, best match first when it has a query.
    `also` asks for what costs a query more: "tags", "starred"; `custom` for values of these custom fields, by key."""
    found = finding.customers(work, narrowed or CustomerFilter(), order=order, page=page, size=size, also=also)
    if custom:
        shown = custom_values.shown(work, Noun.CUSTOMER, {row.id: not row.masked for row in found.rows}, only=custom)
        for row in found.rows:
            row.custom = shown[row.id]
    return found


@command(Permission.CUSTOMER_READ)
def star(work: Work, customer_id: int, *, on: bool = True) -> bool:
    """Follow a customer, or no more; False when that is so already. Leaves no history: it concerns nobody else."""
    row = work.get(Customer, customer_id)
    held = work.session.get(Star, (work.actor.user_id or 0, row.id or 0))
    if on and held is None:
        work.session.add(Star(user_id=work.actor.user_id or 0, customer_id=row.id or 0, created_at=work.now))
    elif not on and held is not None:
        work.session.delete(held)
    return on is (held is None)


@query(Permission.CUSTOMER_READ)
def choices(work: Work, *, retired: bool = False) -> dict[str, list[str]]:
    """What is offered for industry, source and tags: the option lists in their order, then other words in use. Shared
    words, no personal data. `retired` words are for filters only."""
    return {name: options.choices(work, name, retired=retired) for name in options.LISTS}


@query(Permission.CUSTOMER_READ)
def preview(work: Work, draft: CustomerDraft, *, but: int | None = None) -> DraftPreview:
    """For the hints while typing: each value as it would be stored, what is wrong with it, possible duplicates judged by
    the values that are right, and others with the same phone or e-mail. Writes nothing and refuses nothing."""
    own = custom_values.checked(work, Noun.CUSTOMER, draft.custom)
    shown, wrong = standards.checked(draft, regions.places(work, draft.region, draft.address))
    lacking = rules.missing(work, draft, row=work.get(Customer, but) if but else None)
    sound = draft.model_copy(update={name: "" for name in wrong if name != "name"})
    named = len(draft.name.strip()) > 1 and "name" not in wrong
    matches, sharing = duplicates.at_entry(work, sound, but=but) if named else ([], [])
    return DraftPreview(shown=shown, wrong=wrong | own, duplicates=matches, sharing=sharing, missing=lacking)


@command(Permission.CUSTOMER_ASSIGN)
def assign(work: Work, customer_id: int, owner_id: int | None, *, reason: str = "") -> bool:
    """Hand a customer to another user, or to the public pool (None). The open tasks of the owner until now go with it: what
    was planned is not lost with who planned it. False when that is so already."""
    row = work.get(Customer, customer_id)
    if row.owner_id is not None and not work.owns(Permission.CUSTOMER_ASSIGN, row.owner_id):
        raise Denied("This customer is looked after by somebody else.")
    if owner_id is not None:
        new_owner(work, owner_id, Permission.CUSTOMER_ASSIGN)
    if row.owner_id == owner_id:
        return False
    work.reason = reason[:500] or work.reason  # as part of an update or an import, whose reason stands
    ownership.give(work, [row], owner_id)
    return True


@command(Permission.CUSTOMER_ASSIGN)
def hand_over(
    work: Work, giver_id: int, taker_id: int | None, *, reason: str, narrowed: CustomerFilter | None = None
) -> Moved:
    """Give all customers of one user (who may be disabled) to another one, or to the public pool (None), with their open
    tasks, in one change that can be undone; with `narrowed` those of them that it lets through. At most 20,000 at once.
    Raises Invalid without a reason, and for people outside the actor's reach."""
    giver = work.find(User, giver_id)
    if giver is None or not work.owns(Permission.CUSTOMER_ASSIGN, giver_id):
        raise Invalid("giver_id", "Choose whose customers are to be handed over.")
    if taker_id == giver_id:
        raise Invalid("taker_id", "Choose somebody else to take them over.")
    if taker_id is not None:
        new_owner(work, taker_id, Permission.CUSTOMER_ASSIGN)
    if len(reason.strip()) < 2:
        raise Invalid("reason", "Say why these customers are handed over.")
    work.reason = reason.strip()[:500]
    which = [*conditions.customers(work, narrowed or CustomerFilter()), CUSTOMERS.owner_id == giver_id]
    done, moved = ownership.give_all(work, which, taker_id, most=MOST_SELECTED)
    return Moved(customers=done, tasks=moved, change_set=work.change_set() if done else None)


@command(Permission.CUSTOMER_CLAIM)
def claim(work: Work, customer_id: int) -> bool:
    """Take a customer out of the public pool for oneself, with the tasks that wait there. Raises Conflict when a colleague
    was faster, or one of the limits of the settings is reached."""
    pool.take(work, customer_id)
    return True


@command(Permission.CUSTOMER_WRITE)
def remove(work: Work, customer_id: int, *, version: int, reason: str = "") -> None:
    """Take a customer out of every list, of search and of matching. Nothing below it is lost, and it can be restored
    (service/recycle.py)."""
    row = work.get(Customer, customer_id, version=version, to=Permission.CUSTOMER_WRITE)
    work.reason = reason[:500]
    row.deleted_at = work.now
    index.drop(work, [customer_id])


@command(Permission.CUSTOMER_WRITE)
def merge(
    work: Work,
    winner_id: int,
    loser_ids: Sequence[int],
    *,
    choices: Mapping[str, int] | None = None,
    reason: str = "",
    versions: Mapping[int, int] | None = None,
    token: str | None = None,
) -> int:
    """Make one customer of several; returns the winner's id. `choices` names the record whose value a field takes;
    without one the winner's value stands, and what it lacks comes from the others. Contacts, follow-ups, tasks, files,
    tags and stars move; the others' codes lead to the winner, and `unmerge` takes it back.

    Raises Denied or NotFound unless the actor may change all of them, Conflict for one that is no longer at its version.
    """
    if (done := work.replayed(token)) is not None:
        return done
    work.reason = reason.strip()[:500]
    merging.merge(work, winner_id, loser_ids, choices or {}, versions or {})
    work.remember(token, winner_id)
    return winner_id


@query(Permission.CUSTOMER_WRITE)
def merge_preview(work: Work, ids: Sequence[int]) -> MergePreview:
    """Customers side by side before they are merged: fields, masked where they must be, and what would move."""
    return comparing.preview(work, ids)


@command(Permission.CUSTOMER_WRITE)
def unmerge(work: Work, loser_id: int) -> Undone:
    """Take the merge apart by which a record went into another one; what nobody changed since is as it was before.
    Raises NotFound, Denied, Conflict when the other one is merged or deleted itself by now."""
    return merging.unmerge(work, loser_id)


@query(Permission.CUSTOMER_READ)
def successor(work: Work, customer_id: int) -> CustomerView | None:
    """The customer that a merged record stands for now; None when it was not merged, or that one is out of reach."""
    into = lineage.successor(work, customer_id)
    try:
        return views.customer(work, work.get(Customer, into)) if into is not None else None
    except NotFound:
        return None


def default_owner(work: Work, draft: CustomerDraft) -> int | None:
    """The owner a new customer gets: as asked, where the actor may give it, else the actor, else the public pool."""
    if draft.owner_id is not None:
        return new_owner(work, draft.owner_id, Permission.CUSTOMER_WRITE)
    if "owner_id" in draft.model_fields_set:
        return None
    return work.actor.user_id if work.actor.can(Permission.CUSTOMER_UNMASK) else None


def _insert(work: Work, draft: CustomerDraft, standard: standards.Standard) -> Customer:
    own = custom_values.weigh(work, Noun.CUSTOMER, draft.custom, stage=Lifecycle.PROSPECT)
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
    held = judging.values(work, row)
    row.completeness, row.quality = standards.completeness(held), judging.of_new(held)
    work.add(row)
    record.retag(work, row, standard.tags)
    custom_values.settle(work, row, own)
    found_by = record.values(work, row) | {"custom": custom_values.texts(work, row)}
    index.write(work, [index.Entry(new_id, index.facts(found_by))], new=True)
    worklist_stale.stale(work, [new_id])
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


def new_owner(work: Work, owner_id: int, permission: Permission) -> int:
    """The id of a user who may be given customers by this right of the actor. Raises Invalid("owner_id")."""
    user = work.find(User, owner_id)
    if user is None or user.status is not UserStatus.ACTIVE:
        raise Invalid("owner_id", "Choose an active user as owner.")
    if not work.owns(permission, owner_id):
        raise Invalid("owner_id", "You cannot give a customer to {name}.", name=user.name)
    return owner_id
