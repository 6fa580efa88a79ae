"""Money in several currencies: the base currency, the table of rates, and what an amount is worth."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import select

from cim import i18n
from cim.config import settings
from cim.errors import Conflict, Invalid
from cim.models import Contract, CurrencyRate, Opportunity, SalesOrder
from cim.models.base import columns
from cim.models.product import CurrencyRateView
from cim.permissions import Permission
from cim.service import totals
from cim.work import Work, command, query

RATES = columns(CurrencyRate)
CENT = Decimal("0.01")
FRACTION = Decimal("0.0001")
THOUSANDTH = Decimal("0.001")
CHUNK = 500
MOST = Decimal(10) ** 12
"""The largest amount: to the cent, it is exact on both databases."""


def base() -> str:
    """The currency that sums are in (CIM_CURRENCY, CNY unless set otherwise)."""
    return settings().currency


def in_base(work: Work, amount: Decimal, code: str) -> Decimal:
    """What an amount is worth in the base currency, to the cent. Raises Invalid("currency") where no rate is known."""
    return (amount * rate_of(work, code)).quantize(CENT, ROUND_HALF_UP)


def converted(work: Work, amount: Decimal, source: str, target: str) -> Decimal:
    """An amount of one currency in another one, to four digits. Raises Invalid("currency") where no rate is known."""
    if source == target:
        return amount
    return (amount * rate_of(work, source) / rate_of(work, target)).quantize(FRACTION, ROUND_HALF_UP)


def rate_of(work: Work, code: str) -> Decimal:
    """What one unit is worth in the base currency. Raises Invalid("currency") where that is not known."""
    if code == base():
        return Decimal(1)
    row = work.session.get(CurrencyRate, code[:3])
    if row is None:
        raise Invalid(
            "currency",
            "There is no rate for {code}: add it in the settings, or use {base}.",
            code=code[:3],
            base=base(),
        )
    return row.rate


def money(field: str, raw: Decimal, *, step: Decimal = CENT, negative: bool = False) -> Decimal:
    """An amount, quantity or price as it is stored, rounded half up. Raises Invalid at the field for one below zero
    (unless `negative`) or beyond reason."""
    if not raw.is_finite() or abs(raw) >= MOST:
        raise Invalid(field, "This number is too large.")
    if raw < 0 and not negative:
        raise Invalid(field, "This number must not be below zero.")
    return raw.quantize(step, ROUND_HALF_UP)


def code(field: str, raw: str) -> str:
    """A currency code as it is stored; the base currency for an empty one. Raises Invalid for one that is none."""
    wanted = raw.strip().upper() or base()
    if wanted not in _known():
        raise Invalid(field, "{code} is no currency: use a code of three letters, like USD.", code=wanted[:10])
    return wanted


# ---- the table of rates
@query(Permission.SALES_READ)
def rates(work: Work) -> list[CurrencyRateView]:
    """The base currency and every currency that has a rate, by code."""
    rows = work.session.execute(select(CurrencyRate).order_by(RATES.code)).scalars()
    listed = [_view(row.code, row.rate, row.version) for row in rows if row.code != base()]
    return [_view(base(), Decimal(1), 0), *listed]


@query(Permission.SALES_READ)
def codes(work: Work) -> list[str]:
    """The currencies that an amount can be in: the base currency first, then those that have a rate."""
    rows = work.session.execute(select(RATES.code).where(RATES.code != base()).order_by(RATES.code)).scalars()
    return [base(), *rows]


@command(Permission.PRODUCT_MANAGE)
def set_rate(work: Work, code: str, rate: Decimal, *, version: int | None = None) -> bool:
    """Say what one unit of a currency is worth in the base currency; False when that is so already. What is stored keeps
    the rate of its last save. Raises Invalid for an unknown code and for the base currency, Conflict for a stale version."""
    wanted = _foreign(code)
    if not rate.is_finite() or not Decimal("0.00000001") <= rate < Decimal(10) ** 9:
        raise Invalid("rate", "A rate is a number above zero.")
    exact = rate.quantize(Decimal("0.00000001"), ROUND_HALF_UP)
    row = work.session.get(CurrencyRate, wanted)
    if row is None:
        work.add(CurrencyRate(code=wanted, rate=exact))
        return True
    if version is not None and row.version != version:
        raise Conflict("Somebody changed this record while you were editing it.", current={"rate": row.rate})
    if row.rate == exact:
        return False
    row.rate = exact
    return True


@command(Permission.PRODUCT_MANAGE)
def remove_rate(work: Work, code: str) -> bool:
    """Offer a currency no more; False when it has no rate. Amounts that are in it keep what they were worth."""
    row = work.session.get(CurrencyRate, _foreign(code))
    if row is None:
        return False
    work.session.delete(row)
    return True


@command(Permission.PRODUCT_MANAGE)
def revalue(work: Work, code: str) -> int:
    """Bring every stored order, opportunity and contract in a currency to its rate of today, as after an import that came
    before its rate; returns how many differed. Their history says so, and it can be undone. Raises Invalid without a
    rate."""
    wanted = _foreign(code)
    rate_of(work, wanted)
    changed = 0
    for model in (SalesOrder, Opportunity, Contract):
        table, after = columns(model), 0
        while True:
            part = select(model).where(table.currency == wanted, table.deleted_at.is_(None), table.id > after)
            rows: Any = work.session.execute(part.order_by(table.id).limit(CHUNK)).scalars().all()
            if not rows:
                break
            after = rows[-1].id
            differing = [row for row in rows if row.base_amount != in_base(work, row.amount, wanted)]
            for row in differing:
                row.base_amount, row.updated_at = in_base(work, row.amount, wanted), work.now
            totals.touch(work, [row.customer_id for row in differing])
            changed += len(differing)
            work.settle()
    return changed


def _foreign(raw: str) -> str:
    wanted = code("code", raw or "-")
    if wanted == base():
        raise Invalid("code", "{base} is the base currency: its rate is 1.", base=base())
    return wanted


def _view(wanted: str, rate: Decimal, version: int) -> CurrencyRateView:
    from babel import Locale

    named = Locale.parse("zh_Hans_CN" if i18n.language() == "zh" else "en").currencies.get(wanted, wanted)
    return CurrencyRateView(code=wanted, name=named, rate=rate, base=wanted == base(), version=version)


def _known() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())
