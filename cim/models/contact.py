"""Contacts: the people at a customer."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, SoftDeleted, Timestamped, Versioned, View, new_uid, sealed


class ContactFields(SQLModel):
    name: str = Field(max_length=60)
    title: str = Field(default="", max_length=60)
    role: str = Field(default="", max_length=60)
    birthday: date | None = None


class ContactDraft(ContactFields, Draft):
    """What a form or an import row says, as text of any length: the service normalises, checks, and names the field.
    `custom` holds values of custom fields by key; keys that it does not name stay as they are."""

    name: str
    title: str = ""
    role: str = ""
    phone: str = ""
    email: str = ""
    custom: dict[str, Any] = Field(default_factory=dict)


class Contact(ContactFields, SoftDeleted, Timestamped, Versioned, Model, table=True):
    """A person to talk to. Sealed under the customer's key."""

    __tablename__ = "contact"
    SEALED: ClassVar[tuple[str, ...]] = ("phone", "email")

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    phone: bytes | None = sealed()
    email: bytes | None = sealed()
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)


class ContactView(View):
    id: int
    customer_id: int
    name: str
    title: str
    role: str
    birthday: date | None
    phone: str
    email: str
    version: int
    custom: dict[str, Any] = Field(default_factory=dict)
