"""What actions in sales: opportunities, products, orders, payments, contracts are called. Data, no code."""

from __future__ import annotations

from cim.i18n import N_

ACTIONS: dict[str, str] = {
    "stages.everything": N_("Stages read"),
    "stages.seed": N_("Stages loaded"),
}
