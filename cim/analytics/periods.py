"""Periods of whole local days, and the equally long ones they are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


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
