"""Background work: an import, a scan, a nightly chore; it goes on when its page is left."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from cim.models.base import Model, View, text_enum


class JobStatus(StrEnum):
    """LOST: the server stopped while it ran; whatever it had not committed is as it was before."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


class Job(Model, table=True):
    """One run. `result` is what its page shows afterwards; `problem` a sentence for people. By `alive_at` and
    `stop_asked` several servers on one PostgreSQL tell each other that it runs, and that it should stop."""

    __tablename__ = "job"
    __audited__ = False
    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=60, index=True)
    title: str = Field(default="", max_length=200)
    user_id: int | None = Field(default=None, foreign_key="app_user.id", index=True)
    status: JobStatus = text_enum(JobStatus.RUNNING)
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    problem: str = Field(default="", max_length=500)
    started_at: datetime
    finished_at: datetime | None = None
    alive_at: datetime | None = None
    stop_asked: bool = False


class JobView(View):
    """`done` of `total` while it runs (0 of 0 when nobody can tell)."""

    id: int
    kind: str
    title: str
    user: str
    status: JobStatus
    done: int
    total: int
    result: dict[str, Any]
    problem: str
    started_at: datetime
    finished_at: datetime | None
    mine: bool
