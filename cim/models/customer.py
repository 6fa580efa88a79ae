"""Customers: companies and persons, in every role they can have for us."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Index, Numeric
from sqlmodel import Field, SQLModel

from cim.models.base import (
    Draft,
    Model,
    Owned,
    SoftDeleted,
    Timestamped,
    Versioned,
    derived,
    later,
    new_uid,
    sealed,
    text_enum,
    where,
)

LIVE = "deleted_at IS NULL"


class Kind(StrEnum):
    COMPANY = "company"
    PERSON = "person"


class Party(StrEnum):
    """What the company or person is for us."""

    CUSTOMER = "customer"
    PROSPECT = "prospect"
    AGENT = "agent"
    DISTRIBUTOR = "distributor"
    SUPPLIER = "supplier"
    PARTNER = "partner"


class Gender(StrEnum):
    MALE = "male"
    FEMALE = "female"
    UNKNOWN = ""


class Grade(StrEnum):
    A = "A"
    B = "B"
    C = "C"
    D = "D"
    NONE = ""


class Lifecycle(StrEnum):
    """Derived from facts, never typed in (docs/decisions/0006-lifecycle.md)."""

    PROSPECT = "prospect"
    NEW = "new"
    ESTABLISHED = "established"
    AT_RISK = "at_risk"
    LOST = "lost"


class CustomerFields(SQLModel):
    """The plain fields of a customer, shared by draft and table."""

    kind: Kind = text_enum(Kind.COMPANY)
    party: Party = text_enum(Party.CUSTOMER)
    name: str = Field(max_length=120)
    contact: str = Field(default="", max_length=60)
    gender: Gender = text_enum(Gender.UNKNOWN)
    birthday: date | None = None
    uscc: str = Field(default="", max_length=18)
    industry: str = Field(default="", max_length=60)
    source: str = Field(default="", max_length=60)
    grade: Grade = text_enum(Grade.NONE)
    preference: str = Field(default="", max_length=500)
    notes: str = Field(default="", max_length=5000)


class CustomerDraft(CustomerFields, Draft):
    """What a form or an import row says, as text of any length: the service normalises, checks, and names the field.
    `custom` holds values of custom fields by key; keys that it does not name stay as they are."""

    name: str
    contact: str = ""
    uscc: str = ""
    industry: str = ""
    source: str = ""
    preference: str = ""
    notes: str = ""
    code: str = ""
    phone: str = ""
    phone2: str = ""
    email: str = ""
    wechat: str = ""
    id_number: str = ""
    address: str = ""
    region: str = ""
    owner_id: int | None = None
    imported_owner: str = ""
    tags: list[str] = Field(default_factory=list)
    created_at: datetime | None = None
    custom: dict[str, Any] = Field(default_factory=dict)


class Customer(CustomerFields, Owned, SoftDeleted, Timestamped, Versioned, Model, table=True):
    """One party. Personal values are sealed under its own key (`subject_key`), named by `uid`."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("uq_customer_live_code", "code", unique=True, **where(LIVE)),
        Index("ix_customer_code", "code"),
        Index("ix_customer_live_created", "created_at", **where(LIVE)),
        Index("ix_customer_live_contacted", "owner_id", "last_contact_at", **where(LIVE)),
        Index("ix_customer_owner_id_id", "owner_id", "id"),
        Index("ix_customer_figures", "owner_id", "created_at", "last_contact_at", "next_due_at", **where(LIVE)),
    )
    SEALED: ClassVar[tuple[str, ...]] = ("phone", "phone2", "email", "wechat", "id_number", "address")

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    code: str = Field(max_length=40)
    phone: bytes | None = sealed()
    phone2: bytes | None = sealed()
    email: bytes | None = sealed()
    wechat: bytes | None = sealed()
    id_number: bytes | None = sealed()
    address: bytes | None = sealed()
    region_code: str | None = Field(default=None, foreign_key="region.code", index=True)
    imported_owner: str = Field(default="", max_length=60)
    created_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)
    merged_into_id: int | None = later(foreign_key="customer.id", index=True)
    confirmed_at: datetime | None = later()
    owned_since: datetime | None = later()
    credit_limit: Decimal | None = later(sa_type=Numeric(18, 2))
    pool_warned_at: datetime | None = derived(None)
    name_order: str = derived("", max_length=200, index=True)
    completeness: int = derived(0, index=True)
    quality: int = derived(0, index=True)
    last_contact_at: datetime | None = derived(None, index=True)
    next_due_at: datetime | None = derived(None)
    deal_count: int = derived(0)
    first_deal_at: datetime | None = derived(None)
    last_deal_at: datetime | None = derived(None)
    order_count: int = derived(0)
    order_total: Decimal = derived(Decimal(0), sa_type=Numeric(18, 2))
    first_order_on: date | None = derived(None)
    last_order_on: date | None = derived(None)
    owed: Decimal = derived(Decimal(0), sa_type=Numeric(18, 2))
    open_amount: Decimal = derived(Decimal(0), sa_type=Numeric(18, 2))
    open_tickets: int = derived(0)


class CustomerTag(Model, table=True):
    __tablename__ = "customer_tag"
    __audited__ = False  # the customer's own history carries its tags
    customer_id: int = Field(primary_key=True, foreign_key="customer.id")
    tag: str = Field(primary_key=True, max_length=40, index=True)
