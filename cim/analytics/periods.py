"""Periods of whole local days, and the equally long ones they are compared with."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

NAMED = (
    "today",
    "yesterday",
    "tomorrow",
    "this_week",
    "last_week",
    "next_week",
    "this_month",
    "last_month",
    "next_month",
    "this_quarter",
)
"""Days relative to today, as a link and a saved view hold them; besides `last_N_days` and `next_N_days`."""
MOST_DAYS = 3660
_COUNTED = re.compile(r"(last|next)_([1-9]\d{0,3})_days")


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> Period:
        """The equally long period that ends the day before this one begins."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def earlier(self, days: int) -> Period:
        """The same period a number of days earlier."""
        return Period(self.first - timedelta(days=days), self.last - timedelta(days=days))


def month_to_date(today: date) -> Period:
    """From the first of the month to today."""
    return Period(today.replace(day=1), today)


def week_to_date(today: date) -> Period:
    """From Monday to today."""
    return Period(today - timedelta(days=today.weekday()), today)


def last_days(today: date, days: int) -> Period:
    """The last `days` days, today included."""
    return Period(today - timedelta(days=days - 1), today)


def month_of(day: date) -> Period:
    """The whole month that this day lies in."""
    return _month(day, 0)


def months(today: date, count: int) -> list[Period]:
    """The last `count` calendar months, oldest first; the last one ends today."""
    found = [month_to_date(today)]
    while len(found) < count:
        found.append(month_to_date(found[-1].first - timedelta(days=1)))
    return found[::-1]


def weeks(today: date, count: int) -> list[Period]:
    """The last `count` weeks from Monday, oldest first; the last one ends today."""
    found = [week_to_date(today)]
    while len(found) < count:
        found.append(week_to_date(found[-1].first - timedelta(days=1)))
    return found[::-1]


def within(code: str, today: date) -> Period:
    """The days that a relative date means today: one of NAMED, or `last_N_days` / `next_N_days` with today as the last /
    first of N (at most MOST_DAYS). Weeks begin on Monday. Raises ValueError for anything else."""
    if counted := _COUNTED.fullmatch(code):
        days = int(counted[2])
        if days > MOST_DAYS:
            raise ValueError(code)
        return last_days(today, days) if counted[1] == "last" else Period(today, today + timedelta(days=days - 1))
    if code not in NAMED:
        raise ValueError(code)
    when, _, unit = code.partition("_")
    if not unit:
        day = today + timedelta(days={"today": 0, "yesterday": -1, "tomorrow": 1}[when])
        return Period(day, day)
    steps = {"last": -1, "this": 0, "next": 1}[when]
    if unit == "week":
        monday = today - timedelta(days=today.weekday() - 7 * steps)
        return Period(monday, monday + timedelta(days=6))
    if unit == "quarter":
        return Period(_month(today, -((today.month - 1) % 3)).first, _month(today, 2 - (today.month - 1) % 3).last)
    return _month(today, steps)


def _month(today: date, steps: int) -> Period:
    """The whole month so many months from this one."""
    year, month = divmod(today.year * 12 + today.month - 1 + steps, 12)
    return Period(date(year, month + 1, 1), date(year, month + 1, calendar.monthrange(year, month + 1)[1]))
