"""Rules of the service desk: within which working time to respond and to resolve, and which skill it takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from cim.errors import Conflict, Invalid, NotFound
from cim.models import ServiceRule
from cim.models.base import columns
from cim.models.ticket import Priority, RuleDraft, TicketType
from cim.models.ticket_view import RuleView
from cim.permissions import Permission
from cim.service import typed
from cim.work import Work, command, query

RULES = columns(ServiceRule)
MOST_MINUTES = 60 * 24 * 365
FIELDS = tuple(RuleDraft.model_fields)

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


@query(Permission.TICKET_READ)
def everything(work: Work) -> list[RuleView]:
    """Every rule in the order in which they are asked."""
    return [_view(row) for row in _rows(work)]


@command(Permission.SETTINGS_MANAGE)
def add(work: Work, draft: RuleDraft, *, token: str | None = None) -> int:
    """Put a rule at the end and return its id. Raises Invalid at the field."""
    if (done := work.replayed(token)) is not None:
        return done
    values = _checked(draft)
    position = max((row.position for row in _rows(work)), default=-1) + 1
    row = work.add(ServiceRule(**values, position=position))
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.SETTINGS_MANAGE)
def change(work: Work, rule_id: int, draft: RuleDraft, *, version: int) -> bool:
    """Change what the draft sets; False when nothing differed. Tickets keep their due times until their priority, type or
    category changes. Raises Invalid, NotFound, Conflict."""
    row = _one(work, rule_id, version)
    values = {name: value for name, value in _checked(draft).items() if name in draft.model_fields_set}
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


@command(Permission.SETTINGS_MANAGE)
def remove(work: Work, rule_id: int, *, version: int) -> None:
    """Take a rule away. Raises NotFound, Conflict."""
    work.session.delete(_one(work, rule_id, version))


@command(Permission.SETTINGS_MANAGE)
def arrange(work: Work, rule_ids: Sequence[int]) -> bool:
    """Put the rules in this order; those not named stay behind them. False when it is the order already."""
    rows = _rows(work)
    rank = {rule_id: place for place, rule_id in enumerate(dict.fromkeys(rule_ids))}
    wanted = sorted(rows, key=lambda row: rank.get(row.id or 0, len(rank)))
    if wanted == rows:
        return False
    for place, row in enumerate(wanted):
        row.position = place
    return True


# ---- below the doors
def active(work: Work) -> list[ServiceRule]:
    """The rules in force, in order."""
    return [row for row in _rows(work) if row.active]


def first_fitting(rules: Iterable[ServiceRule], *, type: str, priority: str, category: str) -> ServiceRule | None:
    """The first rule whose type, priority and category fit ("" fits all); None when none does."""
    asked = (("type", type), ("priority", priority), ("category", category))
    return next((rule for rule in rules if all(getattr(rule, name) in ("", value) for name, value in asked)), None)


def _rows(work: Work) -> list[ServiceRule]:
    return list(work.session.execute(select(ServiceRule).order_by(RULES.position, RULES.id)).scalars())


def _one(work: Work, rule_id: int, version: int) -> ServiceRule:
    row = work.find(ServiceRule, rule_id)
    if row is None:
        raise NotFound("This record does not exist or is not yours to see.")
    if row.version != version:
        raise Conflict("Somebody changed this record while you were editing it.")
    return row


def _checked(draft: RuleDraft) -> dict[str, Any]:
    values = draft.model_dump()
    if draft.type not in ("", *TicketType):
        raise Invalid("type", "Choose one of the list.")
    if draft.priority not in ("", *Priority):
        raise Invalid("priority", "Choose one of the list.")
    for name in ("category", "skill"):
        values[name] = typed.line(name, values[name], 60)
    for name in ("respond_minutes", "resolve_minutes", "escalate_minutes"):
        least = 0 if name == "escalate_minutes" else 1
        if not least <= values[name] <= MOST_MINUTES:
            raise Invalid(name, "Enter a whole number from {least} to {most}.", least=least, most=MOST_MINUTES)
    return values


def _view(row: ServiceRule) -> RuleView:
    return RuleView(**row.model_dump(include=set(RuleView.model_fields)))
