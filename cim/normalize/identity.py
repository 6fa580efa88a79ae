"""Identifiers with a form of their own: e-mail, identity card, company credit code, WeChat."""

import re
from datetime import date

from cim.normalize.bad import Bad
from cim.normalize.numbers import spreadsheet_integer
from cim.normalize.texts import half_width

_ADDRESS_IN_BRACKETS = re.compile(r"<([^<>]+)>\s*$")
_LOCAL = re.compile(r"[^\s@<>(),;:\"\[\]\\.]+(?:\.[^\s@<>(),;:\"\[\]\\.]+)*")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]*")
_WECHAT = re.compile(r"[a-z0-9][-_a-z0-9]{4,19}")
_IDENTITY_CARD = re.compile(r"\d{17}[\dX]")
# First two digits: provinces 11-65, Taiwan 71 and 83, Hong Kong 81, Macau 82, foreign permanent residents 91-92.
_ISSUERS = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[12]")


def email(raw: str) -> str:
    """Return an e-mail address in lower case, taken out of "Name <address>" or "mailto:"; "" gives "".

    Raises Bad when it has no local part, no domain with a dot, or is too long (64 and 254 characters, RFC 5321).
    """
    value = half_width(raw).casefold().removeprefix("mailto:")
    if not value:
        return ""
    found = _ADDRESS_IN_BRACKETS.search(value)
    value = re.sub(r"\s*([@.])\s*", r"\1", found[1] if found else value).strip()
    local, _, domain = value.rpartition("@")
    domain = domain.replace("。", ".")
    fits = len(local) <= 64 and len(local) + len(domain) < 254
    if not (fits and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise Bad("E-mail address {value} is not valid: write it like name@example.com", value=raw.strip()[:60])
    return f"{local}@{domain}"


def id_number(raw: str) -> str:
    """Return a resident identity number (GB 11643): 18 characters, upper case; "" gives "".

    Raises Bad on a wrong length, check digit or birth date, and names the damage when a spreadsheet rounded it.
    """
    value = re.sub(r"[\s-]", "", half_width(raw)).upper()
    if not value:
        return ""
    value = spreadsheet_integer(value)
    if not _IDENTITY_CARD.fullmatch(value):
        raise Bad("The identity number needs 18 characters: 17 digits and a digit or X")
    from stdnum.cn import ric

    if value[-1] != ric.calc_check_digit(value):
        # A spreadsheet keeps 15 digits of a number and fills up with zeros.
        if value.endswith("000"):
            raise Bad("The spreadsheet rounded this identity number: format the column as text and enter it again")
        raise Bad("The check digit of the identity number is wrong: compare it with the card")
    if not _ISSUERS.match(value):
        raise Bad("The identity number starts with an unknown region")
    id_birthday(value)
    return value


def id_birthday(number: str) -> date:
    """Return the day of birth written in a canonical identity number. Raises Bad when there is no such day."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise Bad("The identity number holds a day of birth that does not exist") from None


def uscc(raw: str) -> str:
    """Return a unified social credit code (GB 32100): 18 characters, upper case; "" gives "".

    Raises Bad on a wrong length, character or check digit.
    """
    value = re.sub(r"[\s-]", "", half_width(raw)).upper()
    if not value:
        return ""
    value = spreadsheet_integer(value)
    from stdnum.cn import uscc as code

    if len(value) != 18:
        raise Bad("The credit code needs 18 characters, this one has {count}", count=len(value))
    if not code.is_valid(value):
        raise Bad("The credit code {value} is not valid: compare it with the licence", value=value)
    return value


def wechat(raw: str) -> str:
    """Return a WeChat account in lower case (an account of its own, a phone number or a QQ number); "" gives "".

    Raises Bad when it is not 5 to 20 letters, digits, hyphens and underscores.
    """
    value = re.sub(r"^(?:微信号?|wechat)\s*:\s*", "", half_width(raw).casefold())
    if value and not _WECHAT.fullmatch(value):
        raise Bad("WeChat account {value} is not valid: 5 to 20 letters, digits, - or _", value=raw.strip()[:40])
    return value
