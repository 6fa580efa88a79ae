"""Personal values with the telling part hidden, for people who may know that they exist but not what they are."""

import re

HIDDEN = "****"
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"\d(?:[ \-]?\d){5,}[\dXx]?")
_RECENT_DAY = re.compile(r"20[12]\d[ \-]?(?:0[1-9]|1[0-2])[ \-]?(?:0[1-9]|[12]\d|3[01])")


def email_masked(value: str) -> str:
    """Return an e-mail address with its first character and domain: "z***@qq.com"."""
    local, at, domain = value.rpartition("@")
    return f"{local[:1]}***@{domain}" if at else _hidden(value)


def id_number_masked(value: str) -> str:
    """Return an identity number with its region and last four characters: "110101********4518"."""
    return f"{value[:6]}********{value[-4:]}" if len(value) == 18 else _hidden(value)


def wechat_masked(value: str) -> str:
    """Return a WeChat account with its first two and last two characters: "wx****03"."""
    return f"{value[:2]}{HIDDEN}{value[-2:]}" if len(value) > 6 else _hidden(value)


def address_masked(region_name: str) -> str:
    """Return the region, which may be known, in front of the hidden rest: "广东省深圳市****"."""
    return f"{region_name}{HIDDEN}"


def birthday_masked(value: object) -> str:
    """Return a day of birth with its year only, "1990-**-**"; takes a date or its ISO text."""
    written = str(value or "")
    return f"{written[:4]}-**-**" if written else ""


def name_masked(value: str) -> str:
    """Return a person's name with its first character: "张**"."""
    return f"{value[:1]}{'*' * min(len(value) - 1, 2)}" if value else ""


def text_masked(value: str) -> str:
    """Return free text with what may be a personal number or e-mail in it hidden: "张三 138****8000.pdf". Days of recent
    years stay, since contracts bear them."""
    without = _EMAIL.sub(lambda found: email_masked(found[0]), value)
    return _NUMBER.sub(lambda found: found[0] if _RECENT_DAY.fullmatch(found[0]) else _number_masked(found[0]), without)


def _number_masked(value: str) -> str:
    digits = re.sub(r"[ \-]", "", value)
    return f"{digits[:3]}{HIDDEN}{digits[-4:]}" if len(digits) > 9 else f"{HIDDEN}{digits[-2:]}"


def _hidden(value: str) -> str:
    return HIDDEN if value else ""
