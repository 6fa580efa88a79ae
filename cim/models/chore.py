"""Scheduled work as it leaves the service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cim.models.base import View
from cim.models.job import JobStatus


class ChoreRun(View):
    """One run: who asked for it ("" for the server itself), and what came of it."""

    id: int
    status: JobStatus
    user: str
    started_at: datetime
    finished_at: datetime | None
    result: dict[str, Any]
    problem: str


class ChoreView(View):
    """One kind of scheduled work and its last run; `status` is None before the first one. `label` and `about` are message
    ids; `next_at` is None where it runs as soon as there is something to do."""

    name: str
    label: str
    about: str
    due: bool
    next_at: datetime | None
    status: JobStatus | None
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any]
    problem: str
