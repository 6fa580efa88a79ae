"""What people type into a single field, as it is stored: texts and moments, or Invalid naming the field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from cim import normalize
from cim.config import settings
from cim.errors import Invalid

R = TypeVar("R")


def canonical(field: str, raw: str, form: Callable[[str], R]) -> R:
    """What a function of cim/normalize makes of a value; its refusal as Invalid naming the field."""
    try:
        return form(raw)
    except normalize.Bad as bad:
        raise Invalid(field, bad.msgid, **bad.params) from bad


def line(field: str, raw: str, limit: int) -> str:
    """One line of at most `limit` characters."""
    return canonical(field, raw, lambda value: normalize.text(value, limit=limit))


def lines(field: str, raw: str, limit: int) -> str:
    """Text of several lines, at most `limit` characters."""
    return canonical(field, raw, lambda value: normalize.multiline(value, limit=limit))


def moment(field: str, raw: datetime) -> datetime:
    """A moment in UTC. Without a zone it was read off the team's wall clock (CIM_TZ). Invalid for years out of
    reason."""
    if not 1990 <= raw.year <= 2100:
        raise Invalid(field, "Check the year of this date.")
    zoned = raw if raw.tzinfo else raw.replace(tzinfo=settings().zone)
    return zoned.astimezone(UTC)
