"""Tasks: what is to be done next, by whom, until when."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, SoftDeleted, TextEnum, Timestamped, Versioned, View, derived, later, where


class TaskGroup(StrEnum):
    """Where a task stands today, in the order of a worklist."""

    OVERDUE = "overdue"
    TODAY = "today"
    TOMORROW = "tomorrow"
    WEEK = "week"
    LATER = "later"


class TaskKind(StrEnum):
    """What is to be done. Missed calls and visits stay until they are handled."""

    TODO = "todo"
    CALL = "call"
    VISIT = "visit"
    MEETING = "meeting"
    RETURN_VISIT = "return_visit"


class Frequency(StrEnum):
    """How often a task comes back."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class Repeat(Draft):
    """What people choose: every `interval` days, weeks, months or years; on these weekdays (Monday is 0; none: that of
    the due day); until a local day, included."""

    frequency: Frequency
    interval: int = 1
    weekdays: list[int] = Field(default_factory=list)
    until: date | None = None


class TaskFields(SQLModel):
    title: str = Field(max_length=200)
    due_at: datetime
    customer_id: int | None = Field(default=None, foreign_key="customer.id")
    assignee_id: int | None = Field(default=None, foreign_key="app_user.id")


class TaskDraft(TaskFields, Draft):
    """Times without a zone are on the team's wall clock. `kind` None is TODO; `repeat` None is a single task."""

    kind: TaskKind | None = None
    notes: str = ""
    ends_at: datetime | None = None
    all_day: bool = False
    remind_at: datetime | None = None
    repeat: Repeat | None = None
    place: str = ""
    contact_id: int | None = None
    opportunity_id: int | None = None
    ticket_id: int | None = None


class Task(TaskFields, SoftDeleted, Timestamped, Versioned, Model, table=True):
    """Open while `done_at` is empty: a missed one stays until somebody handles it. `rule` is an RFC 5545 RRULE: when a
    task of the series is done, the next one is made. `kind` None is TODO; `result_id` is the follow-up that came of it."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_open_due", "due_at", "assignee_id", **where("done_at IS NULL AND deleted_at IS NULL")),
        Index("ix_task_assignee_due", "assignee_id", "due_at", **where("done_at IS NULL AND deleted_at IS NULL")),
        Index("ix_task_customer_open", "customer_id", "due_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    created_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    activity_id: int | None = Field(default=None, foreign_key="activity.id")
    done_at: datetime | None = None
    done_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    result_id: int | None = later(foreign_key="activity.id", index=True)
    kind: TaskKind | None = later(sa_type=TextEnum(TaskKind))
    notes: str | None = later(max_length=2000)
    ends_at: datetime | None = later()
    all_day: bool | None = later()
    remind_at: datetime | None = later()
    rule: str | None = later(max_length=200)
    series_id: int | None = later(foreign_key="task.id", index=True)
    place: str | None = later(max_length=120)
    checked_in_at: datetime | None = later()
    checked_out_at: datetime | None = later()
    contact_id: int | None = later(foreign_key="contact.id")
    opportunity_id: int | None = later(foreign_key="opportunity.id", index=True)
    ticket_id: int | None = later(foreign_key="ticket.id", index=True)
    reminded_at: datetime | None = derived(None)


class TaskView(View):
    """A task as a list shows it. Names of what went out of the actor's reach are empty. `series` says that it came
    out of a series, `repeat` that it goes on."""

    id: int
    title: str
    kind: TaskKind
    due_at: datetime
    ends_at: datetime | None
    all_day: bool
    group: TaskGroup
    customer_id: int | None
    customer: str
    contact_id: int | None
    opportunity_id: int | None
    ticket_id: int | None
    assignee_id: int | None
    assignee: str
    notes: str
    place: str
    remind_at: datetime | None
    repeat: Repeat | None
    series: bool
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    result_id: int | None
    done_at: datetime | None
    version: int
