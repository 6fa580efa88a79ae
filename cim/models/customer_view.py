"""Customers as they leave the service: a line of a list, and the whole record."""

from __future__ import annotations

from datetime import date, datetime

from cim.models.base import View
from cim.models.customer import Gender, Grade, Kind, Lifecycle, Party


class CustomerRow(View):
    """One line of a list."""

    id: int
    code: str
    name: str
    kind: Kind
    grade: Grade
    phone: str
    owner: str
    owner_id: int | None
    region: str
    industry: str
    source: str
    last_contact_at: datetime | None
    next_due_at: datetime | None
    completeness: int
    lifecycle: Lifecycle
    masked: bool
    matched: str = ""


class CustomerView(CustomerRow):
    """The whole record, as this actor may see it."""

    uid: str
    party: Party
    contact: str
    phone2: str
    email: str
    wechat: str
    gender: Gender
    birthday: date | None
    id_number: str
    uscc: str
    region_code: str | None
    address: str
    tags: list[str]
    preference: str
    notes: str
    imported_owner: str
    created_at: datetime
    updated_at: datetime
    version: int
    may_edit: bool
    may_reveal: bool
    duplicates: int
