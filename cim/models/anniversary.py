"""Days to remember each year: birthdays and anniversaries of customers and contacts, by the sun or by the moon."""

from __future__ import annotations

from enum import StrEnum

from sqlmodel import Field, SQLModel

from cim.models.base import Model, SoftDeleted, Timestamped, Versioned, text_enum


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


class Anniversary(AnniversaryFields, SoftDeleted, Timestamped, Versioned, Model, table=True):
    __tablename__ = "anniversary"
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
