"""The one exit: where a table becomes a View, and where masking happens, once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from cim import crypto, normalize
from cim.history import place
from cim.models import Contact, Customer, CustomerTag, DuplicatePair, Region, Star, User
from cim.models.base import columns
from cim.models.contact import ContactView
from cim.models.custom import Noun
from cim.models.customer import Lifecycle
from cim.models.customer_view import CustomerRow, CustomerView
from cim.models.search import PairStatus
from cim.permissions import Permission
from cim.service import custom_values, lifecycles, places
from cim.work import Work

CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)
PAIRS = columns(DuplicatePair)
STARS = columns(Star)
USERS = columns(User)
REGIONS = columns(Region)

ABOVE: Any = aliased(Region)
_SHOWN = (
    *("id", "uid", "code", "name", "kind", "party", "grade", "contact", "phone", "owner_id", "region_code", "industry"),
    *("source", "preference", "last_contact_at", "next_due_at", "completeness", "quality", "created_at", "version"),
    *("deal_count", "first_deal_at", "last_deal_at", "order_count", "first_order_on", "last_order_on"),
    *("order_total", "owed", "open_amount"),
)
"""The columns that a line of a list is made of."""
_LINES: Any = (
    select(*(getattr(CUSTOMERS, name) for name in _SHOWN))
    .add_columns(USERS.name.label("of"), REGIONS.name.label("place"), REGIONS.level, ABOVE.name.label("above"))
    .outerjoin(User, USERS.id == CUSTOMERS.owner_id)
    .outerjoin(Region, REGIONS.code == CUSTOMERS.region_code)
    .outerjoin(ABOVE, ABOVE.code == REGIONS.parent_code)
    .where(CUSTOMERS.id.in_(bindparam("ids", expanding=True)))
)
_NAMES = (
    select(USERS.name, REGIONS.name, REGIONS.level, ABOVE.name)
    .select_from(Customer)
    .outerjoin(User, USERS.id == CUSTOMERS.owner_id)
    .outerjoin(Region, REGIONS.code == CUSTOMERS.region_code)
    .outerjoin(ABOVE, ABOVE.code == REGIONS.parent_code)
    .where(CUSTOMERS.id == bindparam("customer"))
)


def listed() -> Select[Any]:
    """Customers with the names that a list shows: (Customer, owner's name, region's name, level, province's name)."""
    return (
        select(Customer, USERS.name, REGIONS.name, REGIONS.level, ABOVE.name)
        .outerjoin(User, USERS.id == CUSTOMERS.owner_id)
        .outerjoin(Region, REGIONS.code == CUSTOMERS.region_code)
        .outerjoin(ABOVE, ABOVE.code == REGIONS.parent_code)
    )


def lines(work: Work, ids: list[int]) -> list[Any]:
    """As `listed`, for a page of a list: these customers in this order, as plain rows with no more columns than a line
    shows, which costs a third."""
    found = {row.id: row for row in work.session.execute(_LINES, {"ids": ids})} if ids else {}
    return [(found[i], *found[i][-4:]) for i in ids if i in found]


def rows(
    work: Work, found: list[Any], *, matched: dict[int, str] | None = None, also: Collection[str] = ()
) -> list[CustomerRow]:
    """Result rows of `listed` or `lines` as this actor may see them. `also` asks for "tags" and "starred", which cost a query each."""
    work.load_ciphers(r[0].uid for r in found)
    ids = [r[0].id for r in found]
    tags = tags_of(work, ids) if "tags" in also else {}
    stars = stars_of(work, ids) if "starred" in also else set()
    return [
        CustomerRow(
            **_row(work, r, work.may_see_clear(r[0].owner_id)),
            matched=(matched or {}).get(r[0].id, ""),
            tags=tags.get(r[0].id, []),
            starred=r[0].id in stars,
        )
        for r in found
    ]


def customer(work: Work, row: Customer, *, clear: bool | None = None) -> CustomerView:
    """The whole record. `clear` overrides the masking rule: only a recorded reveal or the record's own editor does that."""
    found = (row, *work.session.execute(_NAMES, {"customer": row.id}).one())
    seen = work.may_see_clear(row.owner_id) if clear is None else clear
    values = opened(work, row)
    shown = (
        masked(values, region=found[2] or "")
        if not seen
        else values | {k: normalize.phone_display(values[k]) for k in ("phone", "phone2") if values[k]}
    )
    return CustomerView(
        **_row(work, found, seen) | shown,
        uid=row.uid,
        gender=row.gender,
        birthday=row.birthday if seen else None,
        uscc=row.uscc,
        tags=tags_of(work, [row.id or 0]).get(row.id or 0, []),
        starred=bool(stars_of(work, [row.id or 0])),
        notes=row.notes,
        imported_owner=row.imported_owner,
        updated_at=row.updated_at,
        may_edit=work.owns(Permission.CUSTOMER_WRITE, row.owner_id),
        may_reveal=work.owns(Permission.CUSTOMER_REVEAL, row.owner_id),
        duplicates=_open_pairs(work, row.id or 0),
        order_count=row.order_count,
        open_tickets=row.open_tickets,
        credit_limit=row.credit_limit,
        custom=custom_values.shown(work, Noun.CUSTOMER, {row.id or 0: seen})[row.id or 0],
    )


def contact(
    work: Work,
    row: Contact,
    *,
    owner_id: int | None,
    clear: bool | None = None,
    custom: dict[int, dict[str, Any]] | None = None,
) -> ContactView:
    """A contact as this actor may see it; masked by the owner of its customer. `custom` holds the shown values of custom
    fields by contact, where a list has fetched them together."""
    cipher = work.cipher(work.subject_of(row.customer_id))
    phone, email = _open(cipher, row, "phone"), _open(cipher, row, "email")
    seen = work.may_see_clear(owner_id) if clear is None else clear
    return ContactView(
        id=row.id or 0,
        customer_id=row.customer_id,
        name=row.name,
        title=row.title,
        role=row.role,
        birthday=row.birthday if seen else None,
        phone=(normalize.phone_display(phone) if seen else normalize.phone_masked(phone)) if phone else "",
        email=(email if seen else normalize.email_masked(email)) if email else "",
        version=row.version,
        custom=(custom or custom_values.shown(work, Noun.CONTACT, {row.id or 0: seen}))[row.id or 0],
    )


def opened(work: Work, row: Customer) -> dict[str, str]:
    """The sealed fields in clear, canonical. Never leaves the service unmasked."""
    cipher = work.cipher(row.uid)
    return {name: _open(cipher, row, name) for name in Customer.SEALED}


def masked(values: dict[str, str], *, region: str) -> dict[str, str]:
    """What somebody without the right to personal data sees of it."""
    masks: dict[str, Callable[[str], str]] = {
        "phone": normalize.phone_masked,
        "phone2": normalize.phone_masked,
        "email": normalize.email_masked,
        "wechat": normalize.wechat_masked,
        "id_number": normalize.id_number_masked,
        "address": lambda _value: normalize.address_masked(region),
    }
    return {name: masks[name](value) if value else "" for name, value in values.items()}


def tags_of(work: Work, ids: list[int]) -> dict[int, list[str]]:
    """The tags of customers, sorted, by id."""
    held = select(TAGS.customer_id, TAGS.tag).where(TAGS.customer_id.in_(ids)).order_by(TAGS.tag)
    found: dict[int, list[str]] = {}
    for customer_id, tag in work.session.execute(held):
        found.setdefault(customer_id, []).append(tag)
    return found


def stars_of(work: Work, ids: list[int]) -> set[int]:
    """Which of these customers the actor follows."""
    held = select(STARS.customer_id).where(STARS.user_id == work.actor.user_id, STARS.customer_id.in_(ids))
    return set(work.session.execute(held).scalars())


def lifecycle(row: Customer) -> Lifecycle:
    """Where a customer stands, from its orders, else from its deals (docs/decisions/0006-lifecycle.md)."""
    return lifecycles.of(row)


def _open_pairs(work: Work, customer_id: int) -> int:
    """How many customers wait to be compared with this one. A removed one does not."""
    mine = or_(PAIRS.a_id == customer_id, PAIRS.b_id == customer_id)
    other = and_(mine, CUSTOMERS.id.in_([PAIRS.a_id, PAIRS.b_id]), CUSTOMERS.id != customer_id)
    joined = select(func.count()).select_from(DuplicatePair).join(Customer, other)
    counted = joined.where(PAIRS.status == PairStatus.OPEN, CUSTOMERS.deleted_at.is_(None))
    return int(work.session.execute(counted).scalar_one())


def _row(work: Work, found: Any, seen: bool) -> dict[str, Any]:
    row, owner, region, level, above = found
    cipher = work.cipher(row.uid)
    phone = cipher.open(bytes(row.phone), f"customer.phone.{row.uid}") if row.phone and cipher else ""
    return {
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "party": row.party,
        "grade": row.grade,
        "contact": row.contact,
        "phone": (normalize.phone_display(phone) if seen else normalize.phone_masked(phone)) if phone else "",
        "owner": owner or "",
        "owner_id": row.owner_id,
        "region": places.label(region, level, above),
        "region_code": row.region_code,
        "industry": row.industry,
        "source": row.source,
        "preference": row.preference,
        "last_contact_at": row.last_contact_at,
        "next_due_at": row.next_due_at,
        "completeness": row.completeness,
        "quality": row.quality,
        "lifecycle": lifecycle(row),
        "order_total": row.order_total,
        "last_order_on": row.last_order_on,
        "owed": row.owed,
        "open_amount": row.open_amount,
        "masked": not seen,
        "created_at": row.created_at,
        "version": row.version,
    }


def _open(cipher: crypto.Cipher | None, row: Customer | Contact, name: str) -> str:
    value = getattr(row, name)
    return cipher.open(bytes(value), place(row, name)) if value and cipher else ""
