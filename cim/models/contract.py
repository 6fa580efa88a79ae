"""Contracts with customers: what was agreed, and until when."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Index, Numeric
from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, Owned, SoftDeleted, Timestamped, Versioned, new_uid, text_enum, where


class ContractStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"


class ContractFields(SQLModel):
    """Local days; `remind_days` before `ends_on` its owner is told."""

    number: str = Field(max_length=40)
    title: str = Field(max_length=120)
    amount: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))
    currency: str = Field(default="CNY", max_length=3)
    status: ContractStatus = text_enum(ContractStatus.ACTIVE)
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    remind_days: int = 30
    notes: str = Field(default="", max_length=2000)


class ContractDraft(ContractFields, Draft):
    """As typed. An empty `number` is given out, an empty `currency` is the base one; the owner is the customer's."""

    number: str = ""
    title: str
    currency: str = ""
    notes: str = ""
    contact_id: int | None = None
    opportunity_id: int | None = None
    owner_id: int | None = None
    custom: dict[str, object] = Field(default_factory=dict)


class Contract(ContractFields, Owned, SoftDeleted, Timestamped, Versioned, Model, table=True):
    __tablename__ = "contract"
    __table_args__ = (
        Index("uq_contract_live_number", "number", unique=True, **where("deleted_at IS NULL")),
        Index("ix_contract_ends", "ends_on", "owner_id", **where("deleted_at IS NULL")),
    )
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    opportunity_id: int | None = Field(default=None, foreign_key="opportunity.id", index=True)
    base_amount: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))
    created_by_id: int | None = Field(default=None, foreign_key="app_user.id")
