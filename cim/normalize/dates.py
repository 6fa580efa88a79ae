"""Days and moments as people and spreadsheets write them, read without ever shifting a day."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from cim.normalize.bad import Bad
from cim.normalize.texts import half_width

# Day 0 of the 1900 date system; two days early because Excel counts a 29 February 1900 that never was.
_SERIAL_ORIGIN = datetime(1899, 12, 30)
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0+)?")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})[日号]?")
_CLOCK = re.compile(
    r"(?P<half>am|pm|上午|下午|晚上|中午|凌晨)?\s*(?P<hour>\d{1,2})(?:[:点时](?P<minute>\d{1,2}))?"
    r"(?:[:分](?P<second>\d{1,2}))?(?P<fraction>\.\d+)?(?:分|秒|点|时|整)*\s*(?P<late>am|pm)?"
    r"\s*(?P<zone>z|[+-]\d{2}:?\d{2})?"
)
_AFTERNOON = ("pm", "下午", "晚上", "中午")
_MORNING = ("am", "上午", "凌晨")
EARLIEST_BIRTHDAY = date(1900, 1, 1)
LATEST_DAY = date(2200, 1, 1)


def birthday(raw: str, *, latest: date | None = None) -> date:
    """Return a day of birth: 1990-03-07, 1990/3/7, 1990.3.7, 19900307, 1990年3月7日 or a spreadsheet serial (32939).

    A time behind the day is dropped. Raises Bad on anything else (two-digit years, day first, no such day), before
    1900, and after `latest` when it is given.
    """
    day = _split(raw)[0]
    if day < EARLIEST_BIRTHDAY or (latest is not None and day > latest):
        raise Bad("{value} cannot be a birthday", value=day.isoformat())
    return day


def day(raw: str) -> date:
    """Return any calendar day from 1900 to 2200, written as a day of birth may be. Raises Bad on anything else."""
    found = _split(raw)[0]
    if not EARLIEST_BIRTHDAY <= found < LATEST_DAY:
        raise Bad("Check the year of {value}", value=found.isoformat())
    return found


def moment(raw: str, *, zone: tzinfo) -> datetime:
    """Return a moment as an aware UTC datetime; what names no offset is local time in `zone`, a bare day midnight.

    Takes the days of `birthday` with or without a time ("2026-03-30 08:09", "2026年1月5日 下午3点05分",
    "2026-03-30T08:09:00+08:00") and serials with a fraction (46023.5 is noon). Raises Bad on anything else.
    """
    day, clock, offset = _split(raw)
    try:
        return datetime.combine(day, clock, tzinfo=offset or zone).astimezone(UTC)
    except OverflowError:
        raise _unreadable(raw) from None


def _split(raw: str) -> tuple[date, time, tzinfo | None]:
    value = half_width(raw).casefold()
    if _SERIAL.fullmatch(value):
        serial = _SERIAL_ORIGIN + timedelta(seconds=round(float(value) * 86400))
        return serial.date(), serial.time(), None
    found = _COMPACT.fullmatch(value) or _DAY.match(value)
    if not found:
        raise _unreadable(raw)
    year, month, day = (int(part) for part in found.groups() if part)
    rest = value[found.end() :].removeprefix("t").strip()
    if rest and not value[found.end()].isdigit():
        clock, offset = _clock(raw, rest)
    elif rest:
        raise _unreadable(raw)
    else:
        clock, offset = time(), None
    try:
        return date(year, month, day), clock, offset
    except ValueError:
        raise _unreadable(raw) from None


def _clock(raw: str, rest: str) -> tuple[time, tzinfo | None]:
    found = _CLOCK.fullmatch(re.sub(r"^(?:星期|周|\()\S+\s*", "", rest))
    if not found or not (found["minute"] or re.search("[点时]", rest)):
        raise _unreadable(raw)
    hour, half = int(found["hour"]), found["half"] or found["late"]
    if half in _AFTERNOON and hour < (11 if half == "中午" else 12):
        hour += 12
    if half in _MORNING and hour == 12:
        hour = 0
    try:
        clock = time(hour, int(found["minute"] or 0), int(found["second"] or 0))
        return clock, _offset(found["zone"])
    except ValueError:
        raise _unreadable(raw) from None


def _offset(written: str | None) -> tzinfo | None:
    if not written:
        return None
    return datetime.strptime("+0000" if written == "z" else written.replace(":", ""), "%z").tzinfo


def _unreadable(raw: str) -> Bad:
    return Bad("Date {value} is not clear: write it like 2026-01-05 or 2026年1月5日", value=raw.strip()[:40])
