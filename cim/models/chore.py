"""Scheduled work as it leaves the service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cim.models.base import View
from cim.models.job import JobStatus


class ChoreView(View):
    """One kind of scheduled work and its last run; `status` is None before the first one. `label` is a message id."""

    name: str
    label: str
    due: bool
    status: JobStatus | None
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any]
    problem: str
