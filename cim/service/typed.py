"""What people type into a single field, as it is stored: texts and moments, or Invalid naming the field."""

from __future__ import annotations

from datetime import UTC, datetime

from cim import normalize
from cim.config import settings
from cim.errors import Invalid


def line(field: str, raw: str, limit: int) -> str:
    """One line of at most `limit` characters."""
    try:
        return normalize.text(raw, limit=limit)
    except normalize.Bad as bad:
        raise Invalid(field, bad.msgid, **bad.params) from bad


def lines(field: str, raw: str, limit: int) -> str:
    """Text of several lines, at most `limit` characters."""
    try:
        return normalize.multiline(raw, limit=limit)
    except normalize.Bad as bad:
        raise Invalid(field, bad.msgid, **bad.params) from bad


def moment(field: str, raw: datetime) -> datetime:
    """A moment in UTC. Without a zone it was read off the team's wall clock (CIM_TZ). Invalid for years out of
    reason."""
    if not 1990 <= raw.year <= 2100:
        raise Invalid(field, "Check the year of this date.")
    zoned = raw if raw.tzinfo else raw.replace(tzinfo=settings().zone)
    return zoned.astimezone(UTC)
