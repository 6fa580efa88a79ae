"""The recycle bin: what was removed, by whom and why, and bringing it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select

from cim.errors import Conflict, Denied, NotFound
from cim.i18n import N_
from cim.models import (
    Activity,
    AuditEntry,
    Contact,
    Contract,
    Customer,
    Opportunity,
    Product,
    SalesOrder,
    Ticket,
    User,
)
from cim.models.base import View, columns
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.service import activities, codes, record, totals, typed
from cim.work import LARGEST_ID, Work, command, query

CUSTOMERS = columns(Customer)
ENTRIES = columns(AuditEntry)
USERS = columns(User)

RECORDS: dict[Noun, tuple[Any, Permission]] = {
    Noun.OPPORTUNITY: (Opportunity, Permission.SALES_WRITE),
    Noun.ORDER: (SalesOrder, Permission.SALES_WRITE),
    Noun.CONTRACT: (Contract, Permission.SALES_WRITE),
    Noun.TICKET: (Ticket, Permission.TICKET_ASSIGN),
    Noun.PRODUCT: (Product, Permission.PRODUCT_MANAGE),
}
"""What waits here besides customers, their contacts and follow-ups, and the permission to bring it back."""

TAKEN = N_("Customer code {code} now belongs to another customer. Restore this one under another code: {free} is free.")


class RemovedView(View):
    """One removed record. `name` is a customer's or contact's name or the beginning of a follow-up; `customer` is the one
    it belongs to, with its number."""

    id: int
    name: str
    code: str = ""
    customer: str = ""
    customer_id: int | None = None
    owner: str = ""
    removed_at: datetime
    removed_by: str
    reason: str


class RemovedList(View):
    """One page of the recycle bin."""

    rows: list[RemovedView]
    total: int
    size: int


@query(Permission.CUSTOMER_WRITE)
def customers(work: Work, *, page: int = 1, size: int = 50) -> RemovedList:
    """Removed customers that the actor may bring back, the last removed first. What was merged into another customer is
    not among them: that is taken apart by undoing the merge."""
    wanted = select(Customer, USERS.name).outerjoin(User, USERS.id == CUSTOMERS.owner_id)
    found, total = _page(work, wanted, Customer, page, size)
    told = _told(work, "customer", [row.id or 0 for row, _owner in found])
    rows = [
        RemovedView(id=row.id, name=row.name, code=row.code, owner=owner or "", **_when(row, told))
        for row, owner in found
    ]
    return RemovedList(rows=rows, total=total, size=size)


@query(Permission.CUSTOMER_WRITE)
def contacts(work: Work, *, page: int = 1, size: int = 50) -> RemovedList:
    """Contacts that were taken off customers which stand."""
    return _below(work, Contact, "contact", page, size)


@query(Permission.ACTIVITY_WRITE)
def follow_ups(work: Work, *, page: int = 1, size: int = 50) -> RemovedList:
    """Follow-ups that were taken out of the timelines of customers which stand."""
    return _below(work, Activity, "activity", page, size)


@query(Permission.CUSTOMER_WRITE)
def kinds(work: Work) -> list[Noun]:
    """The kinds of other records that the actor may bring back."""
    return [noun for noun, (_model, permission) in RECORDS.items() if work.actor.can(permission)]


@query(Permission.CUSTOMER_WRITE)
def records(work: Work, noun: Noun, *, page: int = 1, size: int = 50) -> RemovedList:
    """Removed opportunities, orders, contracts, tickets or products. Raises Denied for what the actor may not bring back."""
    model = _kept(work, noun)
    if noun is not Noun.PRODUCT:
        return _below(work, model, str(model.__tablename__), page, size)
    found, total = _page(work, select(model, literal("")), model, page, size)
    told = _told(work, "product", [row.id for row, _none in found])
    rows = [RemovedView(id=row.id, name=row.name, code=row.code, **_when(row, told)) for row, _none in found]
    return RemovedList(rows=rows, total=total, size=size)


@command(Permission.CUSTOMER_WRITE)
def restore_record(work: Work, noun: Noun, record_id: int) -> bool:
    """Bring such a record back, with what belongs to it; False when it stands already. Raises Denied, NotFound, and
    Conflict when its number was given to another one meanwhile."""
    model = _kept(work, noun)
    row: Any = _removed(work, model, record_id)
    if row is None:
        work.get(model, record_id)
        return False
    number = next((name for name in ("order_no", "number", "code") if hasattr(row, name)), None)
    if number is not None:
        value = getattr(row, number)
        same = select(model.id).where(getattr(model, number) == value, model.deleted_at.is_(None))
        if work.session.execute(same.limit(1)).first() is not None:
            raise Conflict(
                "The number {number} now belongs to another record: give that one another number first.", number=value
            )
    row.deleted_at = None
    row.updated_at = work.now
    if noun is not Noun.PRODUCT:
        totals.touch(work, [row.customer_id])
    return True


@query(Permission.CUSTOMER_READ)
def holds(work: Work, customer_id: int) -> bool:
    """Whether a customer waits here for the actor to bring it back."""
    return _removed(work, Customer, customer_id) is not None


@command(Permission.CUSTOMER_WRITE)
def restore(work: Work, customer_id: int, *, code: str = "") -> bool:
    """Bring a removed customer back, with everything below it; False when it stands already. `code` gives it another code.
    Raises NotFound outside the actor's reach; Conflict when its code was given to another one meanwhile (`current` holds
    a free one), Invalid for a `code` that is taken too."""
    work.serialise("customers.create")  # so that nobody gets the code at the same moment
    row: Customer | None = _removed(work, Customer, customer_id)
    if row is None:
        work.get(Customer, customer_id, to=Permission.CUSTOMER_WRITE)
        return False
    chosen = typed.line("code", code, 40)
    if chosen and chosen != row.code:
        [row.code] = codes.allocate(work, [customer_id], [chosen])
    elif codes.taken(work, [row.code]):
        [free] = codes.allocate(work, [customer_id], [""])
        raise Conflict(TAKEN, current={"code": free}, code=row.code, free=free)
    row.deleted_at = None
    row.updated_at = work.now
    work.session.flush()
    activities.touch(work, [customer_id])
    record.refresh(work, row)
    return True


@command(Permission.CUSTOMER_WRITE)
def restore_contact(work: Work, contact_id: int) -> bool:
    """Bring a contact back to its customer, which is found by it again; False when it is there. Raises NotFound."""
    row: Contact | None = _removed(work, Contact, contact_id)
    if row is None:
        work.get(Contact, contact_id)
        return False
    row.deleted_at = None
    row.updated_at = work.now
    work.session.flush()
    record.refresh(work, work.get(Customer, row.customer_id, to=Permission.CUSTOMER_WRITE))
    return True


@command(Permission.ACTIVITY_WRITE)
def restore_follow_up(work: Work, activity_id: int) -> bool:
    """Bring a follow-up back into the timeline; False when it is there. Raises NotFound."""
    row: Activity | None = _removed(work, Activity, activity_id)
    if row is None:
        work.get(Activity, activity_id)
        return False
    row.deleted_at = None
    row.updated_at = work.now
    activities.touch(work, [row.customer_id])
    return True


def _kept(work: Work, noun: Noun) -> Any:
    if noun not in RECORDS:
        raise NotFound("This record does not exist or is not yours to see.")
    model, permission = RECORDS[noun]
    if not work.actor.can(permission):
        raise Denied("Your role does not permit this.")
    return model


def _removed(work: Work, model: type[Any], key: int) -> Any:
    """The removed row of this number, None when there is none to bring back."""
    if not 0 < key <= LARGEST_ID:
        raise NotFound("This record does not exist or is not yours to see.")
    return work.session.execute(select(model).where(model.id == key, work.removed(model))).scalar_one_or_none()


def _below(work: Work, model: type[Any], table: str, page: int, size: int) -> RemovedList:
    wanted = select(model, CUSTOMERS.name).join(Customer, CUSTOMERS.id == model.customer_id)
    found, total = _page(work, wanted, model, page, size)
    told = _told(work, table, [row.id for row, _customer in found])
    rows = [
        RemovedView(
            id=row.id,
            name=_called(row),
            code=next((getattr(row, name) for name in ("order_no", "number") if hasattr(row, name)), ""),
            customer=customer,
            customer_id=row.customer_id,
            **_when(row, told),
        )
        for row, customer in found
    ]
    return RemovedList(rows=rows, total=total, size=size)


def _called(row: Any) -> str:
    """What a record is called in the list."""
    named = next((getattr(row, name) for name in ("name", "title", "subject") if hasattr(row, name)), "")
    return str(named or getattr(row, "content", "")[:60] or getattr(row, "order_no", "") or row.type.value)


def _page(work: Work, wanted: Any, model: type[Any], page: int, size: int) -> tuple[list[Any], int]:
    size = max(1, min(size, 200))
    there = work.removed(model)
    total = work.session.execute(select(func.count()).select_from(model).where(there)).scalar_one()
    ordered = wanted.where(there).order_by(model.deleted_at.desc(), model.id.desc())
    return list(work.session.execute(ordered.limit(size).offset(size * (max(1, page) - 1)))), int(total)


def _told(work: Work, table: str, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Who removed each of these records, and why, from the history."""
    marked = (literal(",") + ENTRIES.fields + ",").contains(",deleted_at,")
    wanted = (
        select(ENTRIES.object_id, func.coalesce(USERS.name, ENTRIES.actor), ENTRIES.reason)
        .outerjoin(User, USERS.id == ENTRIES.actor_id)
        .where(ENTRIES.object_type == table, ENTRIES.object_id.in_([str(i) for i in ids]), marked)
        .order_by(ENTRIES.seq)
    )
    return {int(key): (actor, reason) for key, actor, reason in work.session.execute(wanted)}


def _when(row: Any, told: dict[int, tuple[str, str]]) -> dict[str, Any]:
    who, reason = told.get(row.id, ("", ""))
    return {"removed_at": row.deleted_at, "removed_by": who, "reason": reason}
