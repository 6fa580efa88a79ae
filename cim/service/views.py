"""The one exit: where a table becomes a View, and where masking happens, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from cim import clock, crypto, normalize
from cim.history import place
from cim.models import Contact, Customer, CustomerTag, DuplicatePair, Region, User
from cim.models.base import columns
from cim.models.contact import ContactView
from cim.models.customer import Lifecycle
from cim.models.customer_view import CustomerRow, CustomerView
from cim.models.search import PairStatus
from cim.permissions import Permission
from cim.service import regions
from cim.work import Work

CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)
PAIRS = columns(DuplicatePair)
USERS = columns(User)
REGIONS = columns(Region)

NEW_DAYS, RISK_DAYS, LOST_DAYS = 90, 180, 360
ABOVE: Any = aliased(Region)


def listed() -> Select[Any]:
    """Customers with the names that a list shows: (Customer, owner's name, region's name, level, province's name)."""
    return (
        select(Customer, USERS.name, REGIONS.name, REGIONS.level, ABOVE.name)
        .outerjoin(User, USERS.id == CUSTOMERS.owner_id)
        .outerjoin(Region, REGIONS.code == CUSTOMERS.region_code)
        .outerjoin(ABOVE, ABOVE.code == REGIONS.parent_code)
    )


def rows(work: Work, found: list[Any], *, matched: dict[int, str] | None = None) -> list[CustomerRow]:
    """Result rows of `listed()` as this actor may see them."""
    work.load_ciphers(r[0].uid for r in found)
    return [
        CustomerRow(**_row(work, r, work.may_see_clear(r[0].owner_id)), matched=(matched or {}).get(r[0].id, ""))
        for r in found
    ]


def customer(work: Work, row: Customer, *, clear: bool | None = None) -> CustomerView:
    """The whole record. `clear` overrides the masking rule: only a recorded reveal or the record's own editor does that."""
    found = work.session.execute(listed().where(CUSTOMERS.id == row.id)).one()
    seen = work.may_see_clear(row.owner_id) if clear is None else clear
    values = opened(work, row)
    shown = (
        masked(values, region=found[2] or "")
        if not seen
        else values | {k: normalize.phone_display(values[k]) for k in ("phone", "phone2") if values[k]}
    )
    tags = work.session.execute(select(TAGS.tag).where(TAGS.customer_id == row.id).order_by(TAGS.tag)).scalars()
    return CustomerView(
        **_row(work, found, seen) | shown,
        uid=row.uid,
        party=row.party,
        contact=row.contact,
        gender=row.gender,
        birthday=row.birthday if seen else None,
        uscc=row.uscc,
        region_code=row.region_code,
        tags=list(tags),
        preference=row.preference,
        notes=row.notes,
        imported_owner=row.imported_owner,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        may_edit=work.owns(Permission.CUSTOMER_WRITE, row.owner_id),
        may_reveal=work.owns(Permission.CUSTOMER_REVEAL, row.owner_id),
        duplicates=_open_pairs(work, row.id or 0),
    )


def contact(work: Work, row: Contact, *, owner_id: int | None, clear: bool | None = None) -> ContactView:
    """A contact as this actor may see it; masked by the owner of its customer."""
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


def lifecycle(row: Customer) -> Lifecycle:
    """Where a customer stands, from its deals (docs/decisions/0006-lifecycle.md)."""
    if not row.deal_count or row.last_deal_at is None or row.first_deal_at is None:
        return Lifecycle.PROSPECT
    idle = (clock.today() - clock.local(row.last_deal_at).date()).days
    if row.deal_count == 1 and (clock.today() - clock.local(row.first_deal_at).date()).days <= NEW_DAYS:
        return Lifecycle.NEW
    if idle < RISK_DAYS:
        return Lifecycle.ESTABLISHED
    return Lifecycle.LOST if idle >= LOST_DAYS else Lifecycle.AT_RISK


def _open_pairs(work: Work, customer_id: int) -> int:
    """How many customers wait to be compared with this one."""
    mine = or_(PAIRS.a_id == customer_id, PAIRS.b_id == customer_id)
    counted = select(func.count()).select_from(DuplicatePair).where(mine, PAIRS.status == PairStatus.OPEN)
    return int(work.session.execute(counted).scalar_one())


def _row(work: Work, found: Any, seen: bool) -> dict[str, Any]:
    row, owner, region, level, above = found
    phone = _open(work.cipher(row.uid), row, "phone")
    return {
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "grade": row.grade,
        "phone": (normalize.phone_display(phone) if seen else normalize.phone_masked(phone)) if phone else "",
        "owner": owner or "",
        "owner_id": row.owner_id,
        "region": regions.label(region, level, above),
        "industry": row.industry,
        "source": row.source,
        "last_contact_at": row.last_contact_at,
        "next_due_at": row.next_due_at,
        "completeness": row.completeness,
        "lifecycle": lifecycle(row),
        "masked": not seen,
    }


def _open(cipher: crypto.Cipher | None, row: Customer | Contact, name: str) -> str:
    value = getattr(row, name)
    return cipher.open(bytes(value), place(row, name)) if value and cipher else ""
