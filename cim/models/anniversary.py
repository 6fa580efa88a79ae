"""Days to remember each year: birthdays and anniversaries of customers and contacts, by the sun or by the moon."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, SoftDeleted, Timestamped, Versioned, View, text_enum


class DayCalendar(StrEnum):
    SOLAR = "solar"
    LUNAR = "lunar"


class AnniversaryFields(SQLModel):
    """`month` and `day` in its calendar; `leap` for a lunar leap month; `year` of the first one, where known.
    `lead_days` before it somebody is reminded."""

    label: str = Field(default="", max_length=60)
    birthday: bool = False
    calendar: DayCalendar = text_enum(DayCalendar.SOLAR)
    year: int | None = None
    month: int
    day: int
    leap: bool = False
    lead_days: int = 3


class AnniversaryDraft(AnniversaryFields, Draft):
    """`contact_id` for a day of one of the customer's people. A birthday needs no label."""

    contact_id: int | None = None


class Anniversary(AnniversaryFields, SoftDeleted, Timestamped, Versioned, Model, table=True):
    __tablename__ = "anniversary"
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)


class AnniversaryView(View):
    """A stored day with the day on which it falls next."""

    id: int
    customer_id: int
    contact_id: int | None
    contact: str
    label: str
    birthday: bool
    calendar: DayCalendar
    year: int | None
    month: int
    day: int
    leap: bool
    lead_days: int
    next_on: date | None
    version: int


class Remembered(View):
    """A birthday or anniversary that falls on `on`. `record` names the row it comes from ("customer:3"); `years` is how
    many it makes, where that is known; `contact` is empty for the customer's own."""

    record: str
    on: date
    birthday: bool
    label: str
    calendar: DayCalendar
    years: int | None
    customer_id: int
    customer: str
    contact: str
    contact_id: int | None
    owner_id: int | None
    lead_days: int
