"""Customers as they leave the service: a line of a list, and the whole record."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Field

from cim.models.base import View
from cim.models.customer import Gender, Grade, Kind, Lifecycle, Party


class CustomerRow(View):
    """One line of a list. Money is in the base currency: what was bought less refunds, what is owed, and what is open
    in opportunities. Tags and stars are filled in where the list was asked for them."""

    id: int
    code: str
    name: str
    kind: Kind
    party: Party
    grade: Grade
    contact: str
    phone: str
    owner: str
    owner_id: int | None
    region: str
    region_code: str | None
    industry: str
    source: str
    preference: str
    last_contact_at: datetime | None
    next_due_at: datetime | None
    completeness: int
    quality: int
    lifecycle: Lifecycle
    order_total: Decimal = Decimal(0)
    last_order_on: date | None = None
    owed: Decimal = Decimal(0)
    open_amount: Decimal = Decimal(0)
    masked: bool
    created_at: datetime
    version: int
    matched: str = ""
    tags: list[str] = Field(default_factory=list)
    starred: bool = False
    custom: dict[str, Any] = Field(default_factory=dict)


class CustomerView(CustomerRow):
    """The whole record, as this actor may see it."""

    uid: str
    phone2: str
    email: str
    wechat: str
    gender: Gender
    birthday: date | None
    id_number: str
    uscc: str
    address: str
    notes: str
    imported_owner: str
    updated_at: datetime
    may_edit: bool
    may_reveal: bool
    duplicates: int
    order_count: int = 0
    open_tickets: int = 0
    credit_limit: Decimal | None = None
