"""Tasks: what is to be done next, by whom, until when."""

from __future__ import annotations

from datetime import datetime
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


class TaskFields(SQLModel):
    title: str = Field(max_length=200)
    due_at: datetime
    customer_id: int | None = Field(default=None, foreign_key="customer.id")
    assignee_id: int | None = Field(default=None, foreign_key="app_user.id")


class TaskDraft(TaskFields, Draft):
    pass


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
    id: int
    title: str
    due_at: datetime
    group: TaskGroup
    customer_id: int | None
    customer: str
    assignee_id: int | None
    assignee: str
    done_at: datetime | None
    version: int
