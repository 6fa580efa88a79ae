"""Activities: what was said and done with a customer. Visits and calls first."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, SoftDeleted, Timestamped, Versioned, View, later, text_enum, where


class ActivityType(StrEnum):
    CALL = "call"
    VISIT = "visit"
    EMAIL = "email"
    WECHAT = "wechat"
    MEETING = "meeting"
    NOTE = "note"


class Outcome(StrEnum):
    """The result of a call or visit. Imported words that are none of these are kept in the content."""

    NONE = ""
    NO_ANSWER = "no_answer"
    NO_NEED = "no_need"
    PENDING = "pending"
    INTERESTED = "interested"
    DEAL = "deal"


class ActivityFields(SQLModel):
    type: ActivityType = text_enum(ActivityType.CALL)
    content: str = Field(default="", max_length=5000)
    outcome: Outcome = text_enum(Outcome.NONE)
    contact: str = Field(default="", max_length=60)
    place: str = Field(default="", max_length=120)
    purpose: str = Field(default="", max_length=120)


class ActivityDraft(ActivityFields, Draft):
    """`at` None means now. `next_at` opens the next follow-up task with `next_title`. `contact` is the name of whom one
    spoke to; with `contact_id`, one of the customer's contacts, it may stay empty."""

    at: datetime | None = None
    next_at: datetime | None = None
    next_title: str = ""
    contact_id: int | None = None
    minutes: int | None = None
    opportunity_id: int | None = None
    ticket_id: int | None = None


class Activity(ActivityFields, SoftDeleted, Timestamped, Versioned, Model, table=True):
    """One follow-up. `author` keeps the original name when it was imported from elsewhere."""

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_customer_at", "customer_id", "at", "id"),
        Index("ix_activity_at_author", "at", "author_id", **where("deleted_at IS NULL")),
        Index("ix_activity_author_at", "author_id", "at", **where("deleted_at IS NULL")),
        Index("ix_activity_type_at", "type", "at", **where("deleted_at IS NULL")),
        Index("ix_activity_pinned", "customer_id", **where("pinned_at IS NOT NULL AND deleted_at IS NULL")),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id")
    at: datetime
    next_at: datetime | None = None
    author_id: int | None = Field(default=None, foreign_key="app_user.id")
    author: str = Field(default="", max_length=60)
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)
    contact_id: int | None = later(foreign_key="contact.id")
    minutes: int | None = later()
    pinned_at: datetime | None = later()
    opportunity_id: int | None = later(foreign_key="opportunity.id", index=True)
    ticket_id: int | None = later(foreign_key="ticket.id", index=True)


class ActivityView(View):
    id: int
    customer_id: int
    customer: str
    customer_code: str
    type: ActivityType
    at: datetime
    author: str
    author_id: int | None
    contact: str
    content: str
    outcome: Outcome
    place: str
    purpose: str
    next_at: datetime | None
    contact_id: int | None
    minutes: int | None
    opportunity_id: int | None
    ticket_id: int | None
    pinned_at: datetime | None
    imported: bool
    may_edit: bool
    version: int


class FormerView(View):
    """What a follow-up said before a change of it: the values that were replaced, by field. `seq` names the change."""

    seq: int
    at: datetime
    actor: str
    values: dict[str, str]


class FollowUpChoices(View):
    """What a follow-up with a customer may name: contacts, open opportunities and open tickets, by id."""

    contacts: dict[int, str] = {}
    opportunities: dict[int, str] = {}
    tickets: dict[int, str] = {}
