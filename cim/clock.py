"""The only source of the current time. `CIM_NOW` (ISO time) freezes it for commands and tests."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta

from cim.config import settings


def now() -> datetime:
    """The current moment, UTC and aware."""
    frozen = os.environ.get("CIM_NOW")
    if not frozen:
        return datetime.now(UTC)
    moment = datetime.fromisoformat(frozen)
    return (moment if moment.tzinfo else moment.replace(tzinfo=settings().zone)).astimezone(UTC)


def today() -> date:
    """The calendar day where the team works (CIM_TZ)."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """A UTC moment on the team's wall clock."""
    return moment.astimezone(settings().zone)


def start_of(day: date) -> datetime:
    """Midnight at the start of a local day, as UTC."""
    return datetime.combine(day, time.min, tzinfo=settings().zone).astimezone(UTC)


def days_ago(days: int) -> datetime:
    """Midnight at the start of the local day `days` before today, as UTC."""
    return start_of(today() - timedelta(days=days))
