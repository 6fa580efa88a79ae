"""Rules of the service desk: within which working time to respond and to resolve, and which skill it takes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from cim.models import ServiceRule
from cim.models.base import columns
from cim.models.ticket import Priority
from cim.permissions import Permission
from cim.work import Work, command

RULES = columns(ServiceRule)

SHIPPED: tuple[dict[str, Any], ...] = (
    {"priority": Priority.URGENT.value, "respond_minutes": 30, "resolve_minutes": 4 * 60, "escalate_minutes": 2 * 60},
    {"priority": Priority.HIGH.value, "respond_minutes": 2 * 60, "resolve_minutes": 9 * 60, "escalate_minutes": 4 * 60},
    {"priority": Priority.NORMAL.value, "respond_minutes": 4 * 60, "resolve_minutes": 3 * 9 * 60},
    {"priority": Priority.LOW.value, "respond_minutes": 9 * 60, "resolve_minutes": 5 * 9 * 60},
)
"""Working minutes; a working day has nine hours."""


@command(Permission.SETTINGS_MANAGE)
def seed(work: Work) -> int:
    """Put the shipped rules where there are none; returns how many."""
    if work.session.execute(select(RULES.id).limit(1)).first() is not None:
        return 0
    for position, rule in enumerate(SHIPPED):
        work.session.add(ServiceRule(**rule, position=position))
    return len(SHIPPED)
