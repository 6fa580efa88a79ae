"""Tickets of the service desk, and the rules by which they are assigned and due."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, SoftDeleted, Timestamped, Versioned, derived, new_uid, text_enum, where


class TicketType(StrEnum):
    COMPLAINT = "complaint"
    REQUEST = "request"
    SUGGESTION = "suggestion"


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class TicketStatus(StrEnum):
    """NEW has no handler yet; WAITING is for the customer, and the clock stands still."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class TicketSource(StrEnum):
    PAGE = "page"
    PHONE = "phone"
    EMAIL = "email"
    WECHAT = "wechat"
    IMPORT = "import"


class TicketFields(SQLModel):
    type: TicketType = text_enum(TicketType.COMPLAINT)
    subject: str = Field(max_length=200)
    content: str = Field(default="", max_length=5000)
    priority: Priority = text_enum(Priority.NORMAL)
    category: str = Field(default="", max_length=60)
    source: TicketSource = text_enum(TicketSource.PAGE)


class TicketDraft(TicketFields, Draft):
    """What a form or a row says, as text of any length: the service normalises, checks, and names the field. Without
    `opened_at` the ticket arrives at this moment. `custom` holds values of custom fields by key."""

    subject: str
    content: str = ""
    category: str = ""
    contact_id: int | None = None
    product_id: int | None = None
    order_id: int | None = None
    opened_at: datetime | None = None
    custom: dict[str, Any] = Field(default_factory=dict)


class Ticket(TicketFields, SoftDeleted, Timestamped, Versioned, Model, table=True):
    """`assigned_why` and `due_why` hold the facts of the rule that decided: {"rule": id, ...}. `respond_by` and `due_at`
    are counted in working time; `waited_minutes` is what the clock stood still. `satisfaction` 1-5 is the customer's."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("uq_ticket_live_number", "number", unique=True, **where("deleted_at IS NULL")),
        Index("ix_ticket_open_due", "due_at", "handler_id", **where("closed_at IS NULL AND deleted_at IS NULL")),
        Index("ix_ticket_customer_opened", "customer_id", "opened_at"),
        Index("ix_ticket_opened", "opened_at", "type", **where("deleted_at IS NULL")),
        Index("ix_ticket_handler_status", "handler_id", "status", **where("deleted_at IS NULL")),
    )
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    number: str = Field(max_length=40)
    customer_id: int = Field(foreign_key="customer.id")
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    product_id: int | None = Field(default=None, foreign_key="product.id", index=True)
    order_id: int | None = Field(default=None, foreign_key="sales_order.id", index=True)
    status: TicketStatus = text_enum(TicketStatus.NEW)
    handler_id: int | None = Field(default=None, foreign_key="app_user.id")
    handler: str = Field(default="", max_length=60)
    assigned_at: datetime | None = None
    assigned_why: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    opened_at: datetime
    opened_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    respond_by: datetime | None = None
    responded_at: datetime | None = None
    due_at: datetime | None = None
    due_why: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    waiting_since: datetime | None = None
    waited_minutes: int = 0
    escalated_at: datetime | None = None
    escalation: int = 0
    resolution: str = Field(default="", max_length=5000)
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    reopened: int = 0
    satisfaction: int | None = None
    rating_comment: str = Field(default="", max_length=2000)
    rated_at: datetime | None = None
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)
    subject_folded: str = derived("", max_length=400)


class RuleDraft(Draft):
    """One rule as an administrator types it. Minutes are working minutes; 0 does not escalate."""

    type: str = ""
    priority: str = ""
    category: str = ""
    respond_minutes: int = 240
    resolve_minutes: int = 1440
    escalate_minutes: int = 0
    skill: str = ""
    active: bool = True


class ServiceRule(Versioned, Model, table=True):
    """The first rule in order whose type, priority and category fit ("" fits all) decides: within how many working
    minutes to respond and to resolve, when to escalate, and which skill the handler needs ("" for any)."""

    __tablename__ = "service_rule"
    id: int | None = Field(default=None, primary_key=True)
    position: int = 0
    type: str = Field(default="", max_length=20)
    priority: str = Field(default="", max_length=20)
    category: str = Field(default="", max_length=60)
    respond_minutes: int = 240
    resolve_minutes: int = 1440
    escalate_minutes: int = 0
    skill: str = Field(default="", max_length=60)
    active: bool = True


class Skill(Versioned, Model, table=True):
    """What a person of the service desk can do (a word), and how well: 1 knows it, 3 is the expert. `capacity` bounds
    the open tickets of that person (0: none)."""

    __tablename__ = "skill"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", index=True)
    name: str = Field(max_length=60)
    level: int = 1
    capacity: int = 0


class WorkingHours(Versioned, Model, table=True):
    """A stretch of working time on a weekday (0 is Monday), in minutes after local midnight."""

    __tablename__ = "working_hours"
    id: int | None = Field(default=None, primary_key=True)
    weekday: int
    starts: int
    ends: int


class DayKind(StrEnum):
    OFF = "off"
    WORK = "work"


class Holiday(Versioned, Model, table=True):
    """A day that differs from its weekday, as an administrator says: it goes before the shipped calendar."""

    __tablename__ = "holiday"
    day: date = Field(primary_key=True)
    kind: DayKind = text_enum(DayKind.OFF)
    name: str = Field(default="", max_length=60)
