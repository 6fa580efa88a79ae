"""Contracts: what was agreed with a customer, until when, and the word to its owner before it ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, select

from cim import clock
from cim.errors import Conflict, Invalid
from cim.i18n import N_
from cim.models import Contact, Contract, Customer, Opportunity, SalesOrder, User
from cim.models.base import columns
from cim.models.contract import ContractDraft, ContractStatus
from cim.models.custom import Noun
from cim.models.order_view import ContractRow, ContractView
from cim.permissions import Permission
from cim.service import currency, custom_values, notices, numbering, order_record, payments, typed
from cim.work import Work, command, query

CONTRACTS = columns(Contract)
CUSTOMERS = columns(Customer)
ORDERS = columns(SalesOrder)
USERS = columns(User)
BELOW: dict[str, type[Any]] = {"contact_id": Contact, "opportunity_id": Opportunity}
OPEN = (ContractStatus.DRAFT, ContractStatus.ACTIVE)
PREFIX = "HT{year}"
SHOWN = 200
LONGEST = 3650
"""Days before its end that a reminder can be asked for."""
ENDING = N_("Contract {number} with {customer} ends on {date}.")


# ---- writing
@command(Permission.SALES_WRITE)
def create(work: Work, customer_id: int, draft: ContractDraft, *, token: str | None = None) -> int:
    """Put down a contract and return its id. An empty number is given out. Raises Invalid at the field, NotFound outside
    the actor's scope, Denied for a customer of somebody else. A second call with the same `token` returns the first one's
    id."""
    if (done := work.replayed(token)) is not None:
        return done
    customer = work.get(Customer, customer_id, to=Permission.SALES_WRITE)
    facts = _facts(work, customer, draft, None)
    own = custom_values.weigh(work, Noun.CONTRACT, draft.custom, stage="")
    [number] = work.next_ids(Contract, 1)
    prefix = PREFIX.format(year=(facts["signed_on"] or clock.today()).year)
    facts["number"] = numbering.one(work, Contract, "number", number, draft.number, prefix=prefix)
    made: dict[str, Any] = {"created_by_id": work.actor.user_id, "created_at": work.now, "updated_at": work.now}
    row = work.add(Contract(id=number, customer_id=customer_id, **made, **facts))
    custom_values.settle(work, row, own)
    work.remember(token, number)
    return number


@command(Permission.SALES_WRITE)
def update(work: Work, contract_id: int, draft: ContractDraft, *, version: int) -> bool:
    """Change the fields that the draft sets; False when nothing differed. Raises Conflict with the values now stored when
    somebody changed the contract since `version`; Invalid at the field."""
    row, customer = _held(work, contract_id, version)
    facts = _facts(work, customer, draft, row)
    own = custom_values.weigh(work, row, draft.custom, stage="")
    if "number" in draft.model_fields_set:
        facts["number"] = numbering.change(work, row, "number", draft.number)
    differing = {name: value for name, value in facts.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    changed = custom_values.settle(work, row, own) or bool(differing)
    if changed:
        row.updated_at = work.now
    return changed


@command(Permission.SALES_WRITE)
def activate(work: Work, contract_id: int, *, version: int | None = None) -> bool:
    """Let a contract be in force: a draft that was signed, or one that was ended or cancelled by mistake. False when it
    is."""
    return _turn(work, contract_id, ContractStatus.ACTIVE, version, "")


@command(Permission.SALES_WRITE)
def end(work: Work, contract_id: int, *, version: int | None = None, reason: str = "") -> bool:
    """Put down that a contract is over. False when it is."""
    return _turn(work, contract_id, ContractStatus.ENDED, version, reason)


@command(Permission.SALES_WRITE)
def cancel(work: Work, contract_id: int, *, version: int | None = None, reason: str = "") -> bool:
    """Put down that a contract was called off. False when it was."""
    return _turn(work, contract_id, ContractStatus.CANCELLED, version, reason)


@command(Permission.SALES_WRITE)
def remove(work: Work, contract_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Take a contract out of every list. The row is kept and can be restored."""
    row, _customer = _held(work, contract_id, version)
    work.reason = reason.strip()[:500]
    row.deleted_at = row.updated_at = work.now


@command(Permission.SETTINGS_MANAGE)
def remind_due(work: Work) -> int:
    """Tell owners (else who looks after the customer) of contracts in force that end within their days of reminding: once
    for each contract and end. Returns how many were told."""
    today, told = clock.today(), 0
    near = [CONTRACTS.ends_on >= today, CONTRACTS.ends_on <= today + timedelta(days=LONGEST), CONTRACTS.remind_days > 0]
    wanted = _listed().where(
        CONTRACTS.status == ContractStatus.ACTIVE,
        CONTRACTS.deleted_at.is_(None),
        CUSTOMERS.deleted_at.is_(None),
        *near,
    )
    for row, customer, _owner, looks_after in work.session.execute(wanted.order_by(CONTRACTS.ends_on, CONTRACTS.id)):
        if row.ends_on - timedelta(days=row.remind_days) <= today:
            told += notices.tell(
                work,
                [row.owner_id or looks_after],
                kind="contract.ends",
                key=f"contract.ends.{row.id}.{row.ends_on.isoformat()}",
                title=ENDING,
                params={"number": row.number, "customer": customer, "date": row.ends_on.isoformat()},
                link=f"/contract?id={row.id}",
                customer_id=row.customer_id,
            )
    return told


# ---- reading
@query(Permission.SALES_READ)
def get(work: Work, contract_id: int) -> ContractView:
    """The whole contract with the orders under it. NotFound outside the actor's scope."""
    return _whole(work, work.get(Contract, contract_id))


@query(Permission.SALES_READ)
def of_customer(work: Work, customer_id: int) -> list[ContractRow]:
    """The contracts of a customer: those in force first, the one that ends first on top. NotFound outside the actor's
    scope."""
    work.get(Customer, customer_id)
    found = _reached(work, few=True).where(CONTRACTS.customer_id == customer_id)
    rows = [_line(row) for row in work.session.execute(found.order_by(CONTRACTS.id.desc()).limit(SHOWN))]
    return sorted(rows, key=lambda row: (row.status not in OPEN, row.ends_on or date.max))


@query(Permission.SALES_READ)
def ending(work: Work, *, within: int = 30) -> list[ContractRow]:
    """Contracts in force and in reach that end within so many days, or should have ended: the first on top, at most 200."""
    until = clock.today() + timedelta(days=max(0, min(within, LONGEST)))
    wanted = _reached(work).where(CONTRACTS.status == ContractStatus.ACTIVE, CONTRACTS.ends_on <= until)
    return [_line(row) for row in work.session.execute(wanted.order_by(CONTRACTS.ends_on, CONTRACTS.id).limit(SHOWN))]


# ---- below the doors
def move(work: Work, customer_ids: Sequence[int], *, giver: int | None, taker: int | None) -> int:
    """Give a user's open contracts with these customers (some hundred) to another one; returns how many. None stands for
    nobody, as with tasks."""
    theirs = CONTRACTS.owner_id.is_(None) if giver is None else CONTRACTS.owner_id == giver
    open_ = [CONTRACTS.status.in_(OPEN), CONTRACTS.deleted_at.is_(None)]
    wanted = select(Contract).where(CONTRACTS.customer_id.in_(customer_ids), theirs, *open_)
    rows = work.session.execute(wanted).scalars().all()
    for row in rows:
        row.owner_id, row.updated_at = taker, work.now
    return len(rows)


def _held(work: Work, contract_id: int, version: int | None) -> tuple[Contract, Customer]:
    row = work.get(Contract, contract_id, held=True)
    customer = work.get(Customer, row.customer_id, to=Permission.SALES_WRITE)
    if version is not None and row.version != version:
        current = row.model_dump(mode="json", exclude={"version"})
        raise Conflict("Somebody changed this contract while you were editing it.", current=current)
    return row, customer


def _turn(work: Work, contract_id: int, to: ContractStatus, version: int | None, reason: str) -> bool:
    row, _customer = _held(work, contract_id, version)
    if row.status is to:
        return False
    work.reason = reason.strip()[:500]
    row.status, row.updated_at = to, work.now
    return True


def _facts(work: Work, customer: Customer, draft: ContractDraft, row: Contract | None) -> dict[str, Any]:
    """The plain values a draft says, checked; of a contract that stands only those it sets. Raises Invalid at the field."""
    given = draft.model_fields_set if row is not None else set(ContractDraft.model_fields)
    told: dict[str, Any] = {name: getattr(draft, name) for name in {"status"} & given}
    if "title" in given:
        told["title"] = typed.line("title", draft.title, 120)
        if not told["title"]:
            raise Invalid("title", "What is the contract about?")
    if "notes" in given:
        told["notes"] = typed.lines("notes", draft.notes, 2000)
    told |= _money(work, draft, row, given) | _days(draft, row, given)
    for name in BELOW.keys() & given:
        wanted = getattr(draft, name)
        if row is None or wanted != getattr(row, name):  # what it names already may have gone since
            told[name] = order_record.of_customer(work, BELOW[name], name, wanted, customer.id or 0)
    if "owner_id" in given and (row is None or draft.owner_id not in (None, row.owner_id)):
        told["owner_id"] = order_record.seller(work, customer, draft.owner_id)
    return told


def _money(work: Work, draft: ContractDraft, row: Contract | None, given: set[str]) -> dict[str, Any]:
    if not {"amount", "currency"} & given:
        return {}
    standing = row.currency if row else ""
    code = currency.code("currency", draft.currency or standing) if "currency" in given else standing
    amount = currency.money("amount", draft.amount) if "amount" in given or row is None else row.amount
    told = {"amount": amount, "currency": code}
    if row is not None and (row.amount, row.currency) == (amount, code):
        return told
    return told | {"base_amount": currency.in_base(work, amount, code)}


def _days(draft: ContractDraft, row: Contract | None, given: set[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in ("signed_on", "starts_on"):
        if name in given:
            told[name] = payments.later(name, getattr(draft, name), None)
    first = told.get("starts_on", row.starts_on if row else None)
    ends = draft.ends_on if "ends_on" in given else row.ends_on if row else None
    if {"ends_on", "starts_on"} & given:
        told["ends_on"] = payments.later("ends_on", ends, first)
    if "remind_days" in given:
        if not 0 <= draft.remind_days <= LONGEST:
            raise Invalid("remind_days", "From 0 (never) to {most} days.", most=LONGEST)
        told["remind_days"] = draft.remind_days
    return told


def _listed() -> Select[Any]:
    """(contract, customer's name, owner's name, who looks after the customer)."""
    wanted: Select[Any] = (
        select(Contract, CUSTOMERS.name, USERS.name, CUSTOMERS.owner_id)
        .join(Customer, CUSTOMERS.id == CONTRACTS.customer_id)
        .outerjoin(User, USERS.id == CONTRACTS.owner_id)
    )
    return wanted


def _reached(work: Work, *, few: bool = False) -> Select[Any]:
    return _listed().where(work.visible(Contract, few=few))


def _line(found: Any) -> ContractRow:
    return ContractRow(**_row(found))


def _row(found: Sequence[Any]) -> dict[str, Any]:
    row, customer, owner, _looks_after = found
    left = (row.ends_on - clock.today()).days if row.ends_on else None
    near = left is not None and row.status is ContractStatus.ACTIVE and left <= max(row.remind_days, 0)
    plain: dict[str, Any] = row.model_dump(include=set(ContractRow.model_fields))
    return plain | {"customer": customer, "owner": owner or "", "days_left": left, "ends_soon": near}


def _whole(work: Work, row: Contract) -> ContractView:
    found = work.session.execute(_reached(work, few=True).where(CONTRACTS.id == row.id)).one()
    below = {name: work.find(model, getattr(row, name) or 0) for name, model in BELOW.items()}
    author = work.find(User, row.created_by_id or 0)
    orders = order_record.listed(work).where(ORDERS.contract_id == row.id)
    newest = work.session.execute(orders.order_by(ORDERS.ordered_on.desc(), ORDERS.id.desc()).limit(SHOWN))
    return ContractView(
        **_row(found),
        contact_id=row.contact_id,
        contact=order_record.name_of(below["contact_id"], "name"),
        opportunity_id=row.opportunity_id,
        opportunity=order_record.name_of(below["opportunity_id"], "name"),
        notes=row.notes,
        orders=[order_record.line_of_list(each) for each in newest],
        created_by=author.name if author else "",
        created_at=row.created_at,
        updated_at=row.updated_at,
        may_edit=work.owns(Permission.SALES_WRITE, found[3]),
        custom=custom_values.of(work, row, seen=work.may_see_clear(found[3])),
    )
