"""How a ticket is written: one line of a list, its badges, and the sentences of the rules that decided."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from cim import clock, words
from cim.config import settings
from cim.i18n import _, format_date, format_datetime, format_relative
from cim.models.ticket import Priority, TicketStatus
from cim.models.ticket_view import RuleView, TicketRow
from cim.ui.text import safe

PRIORITY_COLORS = {Priority.URGENT: "red", Priority.HIGH: "orange", Priority.NORMAL: "blue", Priority.LOW: "gray"}
STATUS_COLORS = {
    TicketStatus.NEW: "violet",
    TicketStatus.OPEN: "blue",
    TicketStatus.WAITING: "gray",
    TicketStatus.RESOLVED: "green",
    TicketStatus.CLOSED: "gray",
}
FINISHED = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


def line(row: TicketRow, *, customer: bool = True) -> str:
    """A ticket on two lines, as Markdown: subject with a link and badges; below it when, whose and who."""
    facts = [_when(row), f"[{safe(row.customer)}](/customer?id={row.customer_id})" if customer else ""]
    facts += [safe(row.handler) if row.handler else f":violet[{_('nobody yet')}]", safe(row.number)]
    if row.satisfaction is not None:
        facts.append(stars(row.satisfaction))
    return f"**[{safe(row.subject)}](/ticket?id={row.id})** {badges(row)}  \n" + " · ".join(f for f in facts if f)


def badges(row: TicketRow) -> str:
    """Priority, type, status (where it is not simply in work), and escalation, as Markdown."""
    shown = []
    if row.status not in FINISHED and row.priority is not Priority.NORMAL:
        shown.append((PRIORITY_COLORS[row.priority], words.value("priority", row.priority)))
    shown.append(("gray", words.value("ticket_type", row.type)))
    if row.status is not TicketStatus.OPEN:
        shown.append((STATUS_COLORS[row.status], words.value("ticket_status", row.status)))
    if row.escalation and row.status not in FINISHED:
        shown.append(("red", _("Escalated")))
    return " ".join(f":{color}-badge[{text}]" for color, text in shown)


def stars(score: int) -> str:
    """A rating, as Markdown."""
    return f":orange[{'★' * score}{'☆' * (5 - score)}]"


def moment(at: Any) -> str:
    """A moment on the team's wall clock."""
    return format_datetime(at, settings().zone)


def due(row: TicketRow) -> str:
    """By when a ticket is due, as Markdown: red when it is over."""
    if row.due_at is None:
        return _("no due time")
    text = _("due {when} ({relative})", when=moment(row.due_at), relative=format_relative(row.due_at, clock.now()))
    if row.status is TicketStatus.WAITING:
        return f":gray[{_('the clock stands still')}]"
    return f":red[:material/alarm: {text}]" if row.overdue else text


def due_why(why: dict[str, Any]) -> str:
    """The sentence of the rule that gave the due times."""
    if not why:
        return _("No rule of the service desk fits this ticket: it has no due time.")
    scope = rule_scope(str(why.get("type", "")), str(why.get("priority", "")), str(why.get("category", "")))
    text = _(
        "Rule “{rule}”: answer within {respond}, resolve within {resolve}, counted from {since}.",
        rule=scope,
        respond=span(int(why["respond_minutes"])),
        resolve=span(int(why["resolve_minutes"])),
        since=moment(_parsed(str(why["since"]))),
    )
    if why.get("waited"):
        text += " " + _("The clock stood still for {span}.", span=span(int(why["waited"])))
    if why.get("off_count"):
        first, last = date.fromisoformat(why["off"][0]), date.fromisoformat(why["off"][-1])
        shown = f"{format_date(first)} – {format_date(last)}" if last != first else format_date(first)
        text += " " + _("{count} days off in between ({days}) do not count.", count=why["off_count"], days=shown)
    return text


def assigned_why(why: dict[str, Any]) -> str:
    """The sentence of the rule, or of the person, that chose the handler; "" when nothing is known."""
    text = ""
    if why.get("nobody"):
        skill = safe(why.get("skill", ""))
        if skill:
            return _("Nobody who can “{skill}” is here and has room.", skill=skill)
        return _("Nobody of the service desk is here and has room.")
    if why.get("taken"):
        text = _("Took it.")
    elif why.get("by"):
        text = _("Assigned by {name}.", name=safe(why["by"]))
    elif "open" in why:
        text = _chosen(why)
    if why.get("from"):
        text += " " + _("Before: {name}.", name=safe(why["from"]))
    return text.strip()


def _chosen(why: dict[str, Any]) -> str:
    others = ", ".join(
        _("{name}: level {level}, {open} open", name=safe(one["name"]), level=one["level"], open=one["open"])
        if why.get("skill")
        else _("{name}: {open} open", name=safe(one["name"]), open=one["open"])
        for one in why.get("others", [])
    )
    if why.get("skill"):
        text = _(
            "By rule: “{skill}” level {level}, {open} open tickets.",
            skill=safe(why["skill"]),
            level=why["level"],
            open=why["open"],
        )
    else:
        text = _("By rule: fewest open tickets ({open}).", open=why["open"])
    return text + (" " + _("The others: {others}.", others=others) if others else "")


def rule_scope(kind: str, priority: str, category: str) -> str:
    """What a rule is for, in words."""
    parts = [words.value("ticket_type", kind) if kind else "", words.value("priority", priority) if priority else ""]
    return " · ".join([part for part in [*parts, safe(category)] if part]) or _("every ticket")


def rule(view: RuleView) -> str:
    """A rule in one sentence, as Markdown."""
    text = _(
        "**{scope}**: answer within {respond}, resolve within {resolve}",
        scope=rule_scope(view.type, view.priority, view.category),
        respond=span(view.respond_minutes),
        resolve=span(view.resolve_minutes),
    )
    if view.escalate_minutes:
        text += ", " + _("escalate after {span}", span=span(view.escalate_minutes))
    return text + (", " + _("for who can “{skill}”", skill=safe(view.skill)) if view.skill else "")


def span(minutes: int) -> str:
    """Working time in words: minutes below an hour, else hours."""
    if minutes % 60 and minutes < 240:
        return _("{count} working minutes", count=minutes)
    hours = f"{minutes / 60:.1f}".removesuffix(".0")
    return _("{count} working hours", count=hours)


def _when(row: TicketRow) -> str:
    if row.status is TicketStatus.CLOSED:
        return _("closed {when}", when=format_relative(row.closed_at, clock.now()))
    if row.status is TicketStatus.RESOLVED:
        return _("resolved {when}", when=format_relative(row.resolved_at, clock.now()))
    text = due(row)
    if row.late_answer and not row.overdue:
        text += f" · :orange[{_('first answer is late')}]"
    return text


def _parsed(text: str) -> Any:
    return datetime.fromisoformat(text)
