"""Custom fields: what an administrator adds to a record without code, and the values people give them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, Numeric, UniqueConstraint
from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, Timestamped, Versioned, View, text_enum


class Noun(StrEnum):
    """The kinds of record that can be extended, ruled and listed."""

    CUSTOMER = "customer"
    CONTACT = "contact"
    OPPORTUNITY = "opportunity"
    ORDER = "order"
    PRODUCT = "product"
    CONTRACT = "contract"
    TICKET = "ticket"


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    YESNO = "yesno"
    LINK = "link"


class CustomFieldFields(SQLModel):
    """What an administrator says about a field. `options` are the choices in order; `required_at` names lifecycle stages
    at which it must be filled ("*" for always); `personal` values are sealed and masked like a phone number."""

    noun: Noun = text_enum(Noun.CUSTOMER)
    key: str = Field(max_length=40)
    label: str = Field(max_length=60)
    label_en: str = Field(default="", max_length=60)
    type: FieldType = text_enum(FieldType.TEXT)
    group: str = Field(default="", max_length=60)
    position: int = 0
    options: list[Any] = Field(default_factory=list, sa_type=JSON)
    required_at: list[Any] = Field(default_factory=list, sa_type=JSON)
    hint: str = Field(default="", max_length=200)
    personal: bool = False
    retired: bool = False


class CustomFieldDraft(CustomFieldFields, Draft):
    """As typed; an empty `key` is made from the label."""

    key: str = ""
    label: str
    label_en: str = ""
    group: str = ""
    hint: str = ""


class CustomField(CustomFieldFields, Timestamped, Versioned, Model, table=True):
    __tablename__ = "custom_field"
    __table_args__ = (UniqueConstraint("noun", "key"),)
    id: int | None = Field(default=None, primary_key=True)


class CustomFieldView(View):
    """A field as it is in force. `options` are the words on offer; `retired_options` stay on the records that hold them.
    `used` counts records, where it was asked for."""

    id: int
    noun: Noun
    key: str
    label: str
    label_en: str
    type: FieldType
    group: str
    position: int
    options: list[str]
    retired_options: list[str] = []
    required_at: list[str]
    hint: str
    personal: bool
    retired: bool
    used: int = 0
    version: int

    def named(self, language: str) -> str:
        """What the field is called in a language."""
        return self.label_en if language == "en" and self.label_en else self.label


class CustomValue(Model, table=True):
    """One value of one field of one record (`slot` counts the values of a multiple choice). The record's own history
    carries it, under `custom.KEY`. Personal values are sealed under the key of the customer they belong to."""

    __tablename__ = "custom_value"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("field_id", "record_id", "slot"),
        Index("ix_custom_value_text", "field_id", "text", "record_id"),
        Index("ix_custom_value_number", "field_id", "number", "record_id"),
        Index("ix_custom_value_day", "field_id", "day", "record_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    field_id: int = Field(foreign_key="custom_field.id")
    record_id: int = Field(index=True)
    slot: int = 0
    text: str | None = Field(default=None, max_length=500)
    number: Decimal | None = Field(default=None, sa_type=Numeric(20, 4))
    day: date | None = None
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
