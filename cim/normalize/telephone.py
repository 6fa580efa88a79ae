"""Phone numbers: from what people type in a cell to E.164, and back to what Chinese users read."""

import re
from collections.abc import Iterator
from functools import lru_cache

from cim.normalize.bad import Bad
from cim.normalize.numbers import spreadsheet_integer
from cim.normalize.texts import half_width

# Hong Kong, Macau and Taiwan are often written without the plus: 852-23456789.
_NEIGHBOURS = (852, 853, 886)
_SEPARATOR = re.compile(r"[/;,、|\n]| 或 ?|或")
_EXTENSION = re.compile(r"(?:转分机|分机号?|转|ext\.?|x|#)[\s:.]*(\d{1,6})$", re.IGNORECASE)
_HYPHEN_EXTENSION = re.compile(r"(?<=\d{4})[-\s]+(\d{1,6})$")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LABEL = re.compile(r"^[^\d+(]+")
_REMARK = re.compile(r"\(\D+\)|[^\d)]+$")


def phone(raw: str) -> str:
    """Return one phone number in E.164, an extension as ";ext=123"; numbers without a country are Chinese.

    "" gives "". Raises Bad on anything else, also when the cell holds several numbers (see `phones`).
    """
    found = phones(raw)
    if len(found) > 1:
        raise Bad("There are several phone numbers here: put one in each field")
    return found[0] if found else ""


def phones(raw: str) -> list[str]:
    """Return every phone number of a cell such as "13800138000 / 0571-38662495转8", in E.164, without repeats.

    Raises Bad when one of them is not valid.
    """
    value = half_width(raw).replace(";ext=", "ext")
    if not value:
        return []
    if _MOBILE.fullmatch(value) and _mobile_block(value[:5]):
        return [f"+86{value}"]
    value = spreadsheet_integer(value)
    found = [number for part in _SEPARATOR.split(value) if part.strip() for number in _numbers(part.strip())]
    if not found:
        raise _invalid(value)
    return list(dict.fromkeys(found))


def _numbers(part: str) -> list[str]:
    number = _number(part)
    if number:
        return [number]
    pieces = [_number(piece) for piece in part.split()]
    if len(pieces) > 1 and all(pieces):
        return pieces
    raise _invalid(part)


def _number(part: str) -> str:
    """Return the E.164 form of one number or "": the readings of `part` are tried from the plainest on."""
    for digits, extension in _readings(part):
        number = _valid(digits)
        if number:
            return f"{number};ext={extension}" if extension else number
    return ""


def _readings(part: str) -> Iterator[tuple[str, str]]:
    part = _LABEL.sub("", part)
    for pattern in (_EXTENSION, None, _HYPHEN_EXTENSION):
        found = pattern.search(part) if pattern else None
        if pattern and not found:
            continue
        yield (part[: found.start()], found[1]) if found else (_REMARK.sub("", part), "")


@lru_cache(maxsize=5_000)
def _mobile_block(first_five: str) -> bool:
    """Whether mobile numbers that begin so are in use: the rules of the numbering plan look no further."""
    return _valid(f"{first_five}000000") == f"+86{first_five}000000"


def _valid(digits: str) -> str:
    import phonenumbers  # imported where used: the sign-in page does not need it

    for prefix in ("", "+"):
        try:
            number = phonenumbers.parse(prefix + digits, "CN")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number) and (not prefix or number.country_code in _NEIGHBOURS):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""


def _invalid(value: str) -> Bad:
    return Bad("Phone number {value} is not valid: use 11 digits, or area code and number", value=value[:40])


def phone_display(e164: str) -> str:
    """Return a number as Chinese users read it: "13800138000", "0571-38662495-8"; other countries international."""
    if not e164:
        return ""
    number, _, extension = e164.partition(";ext=")
    if not number.startswith("+86"):
        return f"{_international(number)} ext. {extension}" if extension else _international(number)
    area, local = _chinese(number)
    return "-".join(part for part in (area, local, extension) if part)


def phone_masked(e164: str) -> str:
    """Return a number of which the middle is hidden: "138****8000", "0571-****2495", "+852 ****6789"."""
    if not e164:
        return ""
    number = e164.partition(";")[0]
    if not number.startswith("+86"):
        country = _international(number).partition(" ")[0]
        return f"{country} ****{number[-4:]}"
    area, local = _chinese(number)
    return f"{area}-****{local[-4:]}" if area else f"{local[:3]}****{local[-4:]}"


def _international(number: str) -> str:
    import phonenumbers

    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _chinese(number: str) -> tuple[str, str]:
    """Return area code and local number of a +86 number; a mobile or service number has no area code."""
    national = number.removeprefix("+86")
    if _MOBILE.fullmatch(national):
        return "", national
    import phonenumbers

    length = phonenumbers.length_of_geographical_area_code(phonenumbers.parse(number))
    return (f"0{national[:length]}", national[length:]) if length else ("", national)
