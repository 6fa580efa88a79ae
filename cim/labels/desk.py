"""What actions of the service desk: tickets, rules, surveys, links are called. Data, no code."""

from __future__ import annotations

from cim.i18n import N_

ACTIONS: dict[str, str] = {
    "service_rules.seed": N_("Service rules loaded"),
}
