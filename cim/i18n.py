"""Translation and local formats. English is written in the code, Chinese is in cim/locale/zh.po.

The language belongs to one run of one visitor and lives in a context variable, apart in every thread.
"""

import re
from collections.abc import Callable
from contextvars import ContextVar, Token
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cim.config import settings

if TYPE_CHECKING:
    from babel import Locale

LANGUAGES = {"zh": "中文", "en": "English"}
CATALOGUE = Path(__file__).parent / "locale" / "zh.po"

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LOCALES = {"zh": "zh_Hans_CN", "en": "en_US"}
_chosen: ContextVar[str | None] = ContextVar("cim_language", default=None)
_source: Callable[[], str | None] | None = None


class use:
    """Choose the language of this context: at once by the call, or for a block by `with use("en"):`.

    Takes candidates in order of preference (the user's choice, the browser's locale); the first known one wins, and
    without one the language of `fallback()`. Locale tags such as "zh-CN" or "en_GB" are understood. Never raises.
    """

    def __init__(self, *candidates: str | None) -> None:
        self._token: Token[str | None] = _chosen.set(_first_known(*candidates) or fallback())

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _chosen.reset(self._token)


def ask(source: Callable[[], str | None]) -> None:
    """Register who knows the language when a context has chosen none.

    Callbacks and fragments run without the page's first lines, so nobody has called `use` there; `source` then returns
    a locale tag or None. It is called on every such translation and must be cheap.
    """
    global _source
    _source = source


def language() -> str:
    """Return the language code of this context, a key of LANGUAGES."""
    return _chosen.get() or (_first_known(_source()) if _source else None) or fallback()


def fallback() -> str:
    """Return the language of those who have no preference: CIM_LANG where it is a known language, else Chinese."""
    return _first_known(settings().language) or "zh"


def _first_known(*candidates: str | None) -> str | None:
    codes = (re.split(r"[-_]", candidate.strip().lower())[0] for candidate in candidates if candidate)
    return next((code for code in codes if code in LANGUAGES), None)


def _(msgid: str, /, **params: object) -> str:
    """Translate an English text of the code into the language of this context and fill its `{name}` placeholders.

    A text without Chinese is shown in English. Only plain `{name}` is a placeholder, and it is filled once: braces in
    a value stay what they are, and a placeholder without a value stays visible: showing an error must not raise one.
    """
    text = _chinese().get(msgid, msgid) if language() == "zh" else msgid
    if not params:
        return text
    return _PLACEHOLDER.sub(lambda found: str(params.get(found[1], found[0])), text)


def N_(msgid: str, /) -> str:
    """Mark a text for the catalogue and translate it later: a constant is read before any language is known."""
    return msgid


@cache
def _chinese() -> dict[str, str]:
    """Read the catalogue once. Entries marked fuzzy or left empty count as missing."""
    from babel.messages.pofile import read_po

    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans_CN", charset="utf-8", abort_invalid=True)
    return {
        message.id: message.string
        for message in catalogue
        if isinstance(message.id, str)
        and isinstance(message.string, str)
        and message.id
        and message.string
        and not message.fuzzy
    }


def format_date(day: date | None) -> str:
    """Return a calendar day in the usual form of the language, "2026年11月21日" or "Nov 21, 2026"; None gives ""."""
    from babel import dates

    return "" if day is None else dates.format_date(day, format="medium", locale=_locale())


def format_month(day: date | None) -> str:
    """Return the month a day lies in, "2026年11月" or "November 2026"; None gives ""."""
    from babel import dates

    return "" if day is None else dates.format_skeleton("yMMMM", day, locale=_locale())


def format_weekday(day: date) -> str:
    """Return the short name of a day's weekday, "周日" or "Sun"."""
    from babel import dates

    return dates.format_date(day, format="EEE", locale=_locale())


def format_datetime(moment: datetime | None, tz: str | tzinfo = "Asia/Shanghai") -> str:
    """Return an aware moment as day and minute on the clock of `tz` (a zone name or tzinfo); None gives "".

    Raises ValueError for a naive datetime: it does not say which moment it means.
    """
    from babel import dates

    if moment is None:
        return ""
    local = _aware(moment).astimezone(ZoneInfo(tz) if isinstance(tz, str) else tz)
    return f"{dates.format_date(local, format='medium', locale=_locale())} {local:%H:%M}"


def format_relative(moment: datetime | date | None, now: datetime | date) -> str:
    """Return how far `moment` is from `now`: "3天前", "in 2 hours"; within a minute "刚刚", for plain days "今天".

    Give two aware datetimes, or two dates to count whole days. None gives "". Raises ValueError for a naive datetime
    and TypeError for a mixture of the two.
    """
    from babel import dates

    if moment is None:
        return ""
    if isinstance(moment, datetime) and isinstance(now, datetime):
        distance = _aware(moment) - _aware(now)
        near = _("just now") if abs(distance.total_seconds()) < 60 else ""
    elif isinstance(moment, datetime) or isinstance(now, datetime):
        raise TypeError("format_relative compares two datetimes or two dates")
    else:
        distance = moment - now
        near = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}.get(distance.days, "")
    # from minutes on, a unit is used from two of it on: "90 minutes ago" says more than "2 hours ago"
    threshold = 1 if abs(distance) < timedelta(minutes=2) else 2
    return near or dates.format_timedelta(distance, add_direction=True, threshold=threshold, locale=_locale())


def format_number(value: Decimal | float | None, decimals: int | None = None) -> str:
    """Return a number with thousands separators, at most 3 decimals or exactly `decimals`; None gives ""."""
    from babel import numbers

    if value is None:
        return ""
    pattern = None if decimals is None else "#,##0" + _fraction(decimals)
    return numbers.format_decimal(value, format=pattern, locale=_locale())


def format_percent(fraction: Decimal | float | None, decimals: int = 1) -> str:
    """Return a fraction (0.6315) as a percentage with exactly `decimals` decimals ("63.2%"); None gives ""."""
    from babel import numbers

    if fraction is None:
        return ""
    return numbers.format_percent(fraction, format=f"#,##0{_fraction(decimals)}%", locale=_locale())


def format_money(amount: Decimal | None, currency: str = "CNY", *, decimals: int | None = None) -> str:
    """Return an amount in an ISO 4217 currency, "¥1,234.50"; `decimals` overrides the currency's own; None gives "".

    Halves are rounded to even, as Babel and the decimal module do.
    """
    from babel import numbers

    if amount is None:
        return ""
    if decimals is None:
        return numbers.format_currency(amount, currency, locale=_locale())
    pattern = "¤#,##0" + _fraction(decimals)
    return numbers.format_currency(amount, currency, format=pattern, currency_digits=False, locale=_locale())


def _fraction(decimals: int) -> str:
    return "." + "0" * decimals if decimals else ""


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a moment needs a time zone; clock.now() gives UTC")
    return moment.astimezone(UTC)


def _locale() -> "Locale":
    return _locale_of(language())


@cache
def _locale_of(code: str) -> "Locale":
    from babel import Locale

    return Locale.parse(_LOCALES[code])
