"""What opportunities look like in a line: money, facts, warnings, the colour of a stage."""

from __future__ import annotations

from decimal import Decimal

from cim.i18n import _, format_date, format_money
from cim.models.opportunity import StageKind
from cim.models.opportunity_view import OpportunityCard
from cim.ui import links
from cim.ui.text import safe

PAGE = "pages/opportunity.py"
COLORS = {StageKind.OPEN: "blue", StageKind.WON: "green", StageKind.LOST: "red"}


def money(amount: Decimal, currency: str) -> str:
    """An amount without cents where it has none, as Markdown."""
    whole = amount == amount.to_integral_value()
    return safe(format_money(amount, currency, decimals=0) if whole else format_money(amount, currency))


def linked(card: OpportunityCard) -> str:
    """The name as a link to the opportunity, as Markdown."""
    return f"[{safe(card.name)}]({links.address(PAGE, {'id': str(card.id)})})"


def customer(card: OpportunityCard) -> str:
    """The customer as a link, as Markdown."""
    return f"[{safe(card.customer)}](/customer?id={card.customer_id})"


def badge(card: OpportunityCard) -> str:
    """The stage as a badge, as Markdown."""
    return f":{COLORS[card.kind]}-badge[{safe(card.stage)}]"


def facts(card: OpportunityCard) -> str:
    """Amount, chance and expected close, as Markdown."""
    close = format_date(card.expected_close) if card.expected_close else ""
    told = [f"**{money(card.amount, card.currency)}**"]
    if card.kind is StageKind.OPEN:
        told += [f"{card.chance}%", safe(close)]
    return " · ".join(part for part in told if part)


def warned(card: OpportunityCard) -> str:
    """Why it needs a look, a line each, as Markdown; "" where nothing is amiss."""
    return "  \n".join(f":orange[:material/warning: {safe(warning)}]" for warning in card.warnings)


def days(count: int) -> str:
    """So many days, as text."""
    return _("{count} days", count=count)
