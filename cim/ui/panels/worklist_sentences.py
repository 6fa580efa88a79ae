"""How the facts of the worklist read: codes and values as sentences in the language of the visitor."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from cim.config import settings
from cim.i18n import _, format_date, format_money, format_number
from cim.models.worklist import EntryView, FactView, RuleView
from cim.ui.text import safe

DATES, MONEY = {"day"}, {"amount"}


def fact(told: FactView) -> str:
    """One fact, as plain text."""
    return _(told.sentence, **{name: _value(told.code, name, value) for name, value in told.params.items()})


def facts(entry: EntryView) -> str:
    """All facts of an entry in one line, as Markdown."""
    return safe(_("; ").join(fact(told) for told in entry.facts))


def sum_of(entry: EntryView) -> str:
    """How the rank came about: each fact with its points, the weight of the grade, the result; as Markdown."""
    lines = [f"- {safe(fact(told))}: **+{told.points}**" for told in entry.facts]
    total = sum(told.points for told in entry.facts)
    grade = entry.grade or _("No grade")
    told = {"total": total, "weight": entry.weight, "grade": safe(grade), "score": entry.score}
    weighed = _("{total} points, at {weight} % for the grade ({grade}): {score}", **told)
    return "\n".join([*lines, f"- {weighed}"])


def rule(view: RuleView) -> str:
    """What a rule asks, with its number, as Markdown."""
    number = money(view.parameter) if view.unit == "money" else format_number(view.parameter)
    return safe(_(view.sentence, parameter=number))


def money(amount: Decimal) -> str:
    """An amount in the currency that figures are kept in."""
    return format_money(amount, settings().currency, decimals=0)


def _value(code: str, name: str, value: Any) -> str:
    if name in DATES:
        return format_date(date.fromisoformat(str(value)))
    if name in MONEY or (code == "owed" and name == "limit"):
        return money(Decimal(str(value)))
    return format_number(value) if isinstance(value, int) else str(value)
