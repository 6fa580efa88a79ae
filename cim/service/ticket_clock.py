"""When a ticket is due: working time by the first rule that fits, with the facts kept beside the result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cim import working_time
from cim.models import ServiceRule, Ticket
from cim.service import service_rules, working_days
from cim.work import Work
from cim.working_time import Calendar

NAMED = 12
"""Days off that are told one by one."""


def due(rule: ServiceRule, since: datetime, waited: int, calendar: Calendar) -> dict[str, datetime | None]:
    """Respond, resolve and escalate: the moments that a rule gives to a ticket whose clock began `since` and stood still
    for `waited` working minutes. Escalation is None where the rule has none."""
    escalate = rule.escalate_minutes
    return {
        "respond_by": working_time.add_minutes(since, rule.respond_minutes + waited, calendar),
        "due_at": working_time.add_minutes(since, rule.resolve_minutes + waited, calendar),
        "escalate_at": working_time.add_minutes(since, escalate + waited, calendar) if escalate else None,
    }


def set_due(work: Work, row: Ticket, *, since: datetime | None = None, calendar: Calendar | None = None) -> None:
    """Give a ticket its due times by the rules in force. The clock began `since` (at first when it was opened; when it was
    reopened, then). No rule: no due time. What the clock began with is kept for the next count."""
    begin = since or begun(row)
    days = calendar or working_days.calendar(work)
    rule = rule_of(work, row)
    if rule is None:
        row.respond_by, row.due_at, row.due_why = None, None, {}
        return
    found = due(rule, begin, row.waited_minutes, days)
    row.respond_by, row.due_at = found["respond_by"], found["due_at"]
    why = facts(rule, begin, row.waited_minutes, found, days)
    if row.due_why != why:
        row.due_why = why


def facts(
    rule: ServiceRule, since: datetime, waited: int, found: dict[str, datetime | None], calendar: Calendar
) -> dict[str, Any]:
    """What decided, as plain JSON: the rule as it was, the beginning, the wait, and the days off on the way."""
    end, escalate = found["due_at"], found["escalate_at"]
    off = working_time.days_off(since, end, calendar) if end else []
    return {
        "rule": rule.id,
        "type": rule.type,
        "priority": rule.priority,
        "category": rule.category,
        "respond_minutes": rule.respond_minutes,
        "resolve_minutes": rule.resolve_minutes,
        "escalate_minutes": rule.escalate_minutes,
        "since": since.isoformat(),
        "waited": waited,
        "escalate_at": escalate.isoformat() if escalate else None,
        "off": [day.isoformat() for day in off[:NAMED]],
        "off_count": len(off),
    }


def rule_of(work: Work, row: Ticket) -> ServiceRule | None:
    """The first rule in order that fits a ticket."""
    rules = service_rules.active(work)
    return service_rules.first_fitting(rules, type=row.type, priority=row.priority, category=row.category)


def begun(row: Ticket) -> datetime:
    """When the clock of a ticket began."""
    since = row.due_why.get("since") if row.due_why else None
    return datetime.fromisoformat(since) if since else row.opened_at


def escalate_at(row: Any) -> datetime | None:
    """When the rule escalates a ticket before it is due."""
    at = row.due_why.get("escalate_at") if row.due_why else None
    return datetime.fromisoformat(at) if at else None


def stand(work: Work, row: Ticket) -> None:
    """Let the clock stand still from now on."""
    row.waiting_since = work.now


def go_on(work: Work, row: Ticket) -> None:
    """Let the clock go on: the working time that it stood still moves the due times."""
    if row.waiting_since is None:
        return
    calendar = working_days.calendar(work)
    row.waited_minutes += working_time.between(row.waiting_since, work.now, calendar)
    row.waiting_since = None
    set_due(work, row, calendar=calendar)
