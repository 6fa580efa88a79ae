"""Numbers as spreadsheets and people write them: long digit strings, money, thousands separators, 万."""

import re
from decimal import Decimal

from cim.normalize.bad import Bad
from cim.normalize.texts import half_width

_EXPONENT = re.compile(r"(\d)(?:\.(\d*))?E\+?(\d+)", re.IGNORECASE)
_TRAILING_ZERO = re.compile(r"(\d+)\.0+")
_AMOUNT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?|(\.\d+)")
_SIGNED = re.compile(r"^\((?P<accounting>.+)\)$|^(?P<sign>[-+−])")
_UNITS = {"万": Decimal(10_000), "亿": Decimal(100_000_000), "k": Decimal(1_000)}
LARGEST = Decimal(10) ** 15


def spreadsheet_integer(value: str) -> str:
    """Return the digits of an identifier that a spreadsheet turned into a number: "13800138000.0".

    Any other text comes back as it is. Raises Bad when digits are gone ("1.38E+10"): nothing may be guessed.
    """
    whole = _TRAILING_ZERO.fullmatch(value)
    if whole:
        return whole[1]
    scientific = _EXPONENT.fullmatch(value)
    if not scientific:
        return value
    fraction, exponent = scientific[2] or "", int(scientific[3])
    if len(fraction.rstrip("0")) > exponent or len(fraction) < exponent:
        raise Bad("The spreadsheet damaged {value}: format the column as text and enter it again", value=value[:40])
    return scientific[1] + fraction[:exponent]


def decimal(raw: str) -> Decimal:
    """Return an amount such as "1,234.50", "￥1234", "(1,234)", "1.2万" or "12元" as a Decimal, exactly.

    Raises Bad on an empty text, on anything else (percentages, "1,23", 1.2E+05), and from 10^15 on.
    """
    value = re.sub(r"^(?:¥|\$|€|£|rmb|cny)|(?:元|圆|rmb|cny)$|\s", "", half_width(raw).casefold())
    negative = _SIGNED.match(value)
    if negative:
        value = negative["accounting"] or value[1:]
    value = re.sub(r"^[¥$€£]", "", value)
    unit = _UNITS.get(value[-1:], Decimal(1))
    if value[-1:] in _UNITS:
        value = value[:-1]
    if not _AMOUNT.fullmatch(value):
        raise Bad("{value} is not a number: write it like 1234.50", value=raw.strip()[:40])
    amount = Decimal(value.replace(",", "")) * unit
    if amount >= LARGEST:
        raise Bad("The number {value} is too large", value=raw.strip()[:40])
    return -amount if negative and negative["sign"] != "+" else amount
