"""Days that come back each year, by the sun or by the moon: on which day of which year they fall. Pure: days in, days out.

Rules (decision 0019): 29 February is 28 February in a common year; a lunar leap month that a year does not have is the
plain month of that number; a lunar day 30 in a month of 29 days is the 29th.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from borax.calendars.lunardate import LCalendars, LunarDate

SOLAR, LUNAR = "solar", "lunar"
FIRST_YEAR, LAST_YEAR = 1900, 2100
"""What the table of the moon covers."""
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
AHEAD = 800
"""Days that `next_on_or_after` looks ahead: two years of the moon, leap months included."""


def occurrence(calendar: str, year: int, month: int, day: int, leap: bool = False) -> date:
    """The day on which a date of `calendar` falls in that calendar's `year`. Raises ValueError for a date that no year
    has, and for lunar years outside 1900 to 2100."""
    if not is_date(calendar, month, day):
        raise ValueError(f"no such date: {calendar} {month}-{day}")
    if calendar == SOLAR:
        return date(year, month, 28 if (month, day) == (2, 29) and not _is_leap(year) else day)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"the moon is known from {FIRST_YEAR} to {LAST_YEAR}")
    in_leap = int(leap and LCalendars.leap_month(year) == month)
    found: date = LunarDate(year, month, min(day, LCalendars.ndays(year, month, in_leap)), in_leap).to_solar_date()
    return found


def is_date(calendar: str, month: int, day: int) -> bool:
    """Whether some year of the calendar has this month and day."""
    if calendar == LUNAR:
        return 1 <= month <= 12 and 1 <= day <= 30
    return 1 <= month <= 12 and 1 <= day <= _LONGEST[month - 1]


def between(first: date, last: date, calendar: str, month: int, day: int, leap: bool = False) -> list[date]:
    """The days from `first` to `last` (both included) on which it falls, in order. A lunar date may fall twice into one
    year of the sun, or not at all."""
    years = range(first.year - (calendar == LUNAR), last.year + 1)
    known = [year for year in years if calendar == SOLAR or FIRST_YEAR <= year <= LAST_YEAR]
    days = (occurrence(calendar, year, month, day, leap) for year in known)
    return [found for found in days if first <= found <= last]


def next_on_or_after(today: date, calendar: str, month: int, day: int, leap: bool = False) -> date | None:
    """The first day from `today` on on which it falls; None beyond the years that are known."""
    found = between(today, today + timedelta(days=AHEAD), calendar, month, day, leap)
    return found[0] if found else None


def within(today: date, lead: int, calendar: str, month: int, day: int, leap: bool = False) -> date | None:
    """The day on which it falls among today and the `lead` days after it, also across a New Year; else None."""
    found = between(today, today + timedelta(days=lead), calendar, month, day, leap)
    return found[0] if found else None


def years_between(since: int, calendar: str, on: date) -> int | None:
    """How many years it is since the year `since` of the calendar on the day `on`; None where that is not known."""
    year = _lunar(on).year if calendar == LUNAR and _is_known(on) else on.year
    return year - since if year > since else None


def candidates(first: date, last: date) -> dict[str, set[tuple[int, int]]]:
    """By calendar, every (month, day) that may fall between two days: what a database is asked for before `between`
    decides."""
    solar, lunar = set(), set()
    for one in _days(first, last):
        solar.add((one.month, one.day))
        if (one.month, one.day) == (2, 28):
            solar.add((2, 29))
        if _is_known(one):
            moon = _lunar(one)
            lunar.add((moon.month, moon.day))
            if moon.day == 29:
                lunar.add((moon.month, 30))
    return {SOLAR: solar, LUNAR: lunar}


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _is_known(day: date) -> bool:
    return FIRST_YEAR < day.year <= LAST_YEAR


def _lunar(day: date) -> LunarDate:
    return LunarDate.from_solar_date(day.year, day.month, day.day)
