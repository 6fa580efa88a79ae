"""Money in several currencies: the base currency, and what an amount is worth in it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from cim.config import settings
from cim.errors import Invalid
from cim.models import CurrencyRate
from cim.work import Work

CENT = Decimal("0.01")


def base() -> str:
    """The currency that sums are in (CIM_CURRENCY, CNY unless set otherwise)."""
    return settings().currency


def in_base(work: Work, amount: Decimal, code: str) -> Decimal:
    """What an amount is worth in the base currency, to the cent. Raises Invalid("currency") where no rate is known."""
    if code == base():
        return amount.quantize(CENT, ROUND_HALF_UP)
    rate = work.session.get(CurrencyRate, code[:3])
    if rate is None:
        raise Invalid(
            "currency",
            "There is no rate for {code}: add it in the settings, or use {base}.",
            code=code[:3],
            base=base(),
        )
    return (amount * rate.rate).quantize(CENT, ROUND_HALF_UP)
