"""What every reader of the timeline is made with: rows with the name of a person, and the bare entry of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from cim.models import User
from cim.models.base import columns
from cim.models.timeline import EventKind, TimelineEntry
from cim.work import Work

USERS = columns(User)


def named(work: Work, model: Any, person: Any, ids: Sequence[int]) -> Any:
    """(row, name of the person) of the rows of these ids; `person` is the column of the person's number."""
    wanted = select(model, USERS.name).outerjoin(User, USERS.id == person)
    return work.session.execute(wanted.where(columns(model).id.in_(ids)))


def entry(
    kind: EventKind,
    row: Any,
    at: Any,
    who: str | None,
    icon: str,
    title: str,
    params: dict[str, Any] | None = None,
    *,
    text: str = "",
) -> TimelineEntry:
    """The entry of a row of a customer."""
    return TimelineEntry(
        kind=kind,
        id=row.id,
        at=at,
        icon=icon,
        title=title,
        params=params or {},
        actor=who or "",
        text=text or "",
        customer_id=getattr(row, "customer_id", None) or 0,
    )
