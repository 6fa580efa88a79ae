"""Working time: what is left of a span when nights, weekends and days off are taken away. Pure; no day is known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

Hours = Mapping[int, tuple[tuple[int, int], ...]]
"""Stretches of work by weekday (0 is Monday), in minutes after local midnight, in order and apart."""

DAY = 24 * 60
HORIZON = 3660
"""Days after which a calendar without working time is given up."""
WEEK: Hours = {weekday: ((9 * 60, 18 * 60),) for weekday in range(5)}
"""Monday to Friday, 9 to 18: what a team works that has set nothing."""


@dataclass(frozen=True)
class Calendar:
    """When a team works. `days` differ from their weekday: True works, with the hours of the first weekday that has any
    (a make-up Saturday stands for a day of the week); False is off."""

    zone: tzinfo
    hours: Hours = field(default_factory=lambda: WEEK)
    days: Mapping[date, bool] = field(default_factory=dict)

    def stretches(self, day: date) -> tuple[tuple[int, int], ...]:
        """The stretches of work of a local day; () when it is off."""
        works = self.days.get(day)
        if works is None:
            return self.hours.get(day.weekday(), ())
        return next((held for _, held in sorted(self.hours.items()) if held), ()) if works else ()

    def works_on(self, day: date) -> bool:
        """Whether anything of a local day is working time."""
        return bool(self.stretches(day))

    def spans(self, since: date) -> Iterator[tuple[datetime, datetime]]:
        """Working time from a local day on, as spans in UTC, in order. A span that the change of the clocks swallows is
        left out; one that it lengthens is that much longer."""
        for number in range(HORIZON):
            day = since + timedelta(days=number)
            for starts, ends in self.stretches(day):
                begin, end = _at(day, starts, self.zone), _at(day, ends, self.zone)
                if begin < end:
                    yield begin, end


def add_minutes(start: datetime, minutes: float, calendar: Calendar) -> datetime:
    """The moment (UTC) at which so many working minutes have passed since `start`; with 0 the first working moment from
    `start` on. A full day ends in the evening, not on the next morning. Raises ValueError for less than 0, and when the
    calendar has no working time."""
    if minutes < 0:
        raise ValueError("working time is counted forwards")
    left = timedelta(minutes=minutes)
    for begin, end in calendar.spans(_day_before(start, calendar)):
        begin = max(begin, start)
        if end <= begin:
            continue
        if left <= end - begin:
            return (begin + left).astimezone(UTC)
        left -= end - begin
    raise ValueError("this calendar has no working time")


def between(start: datetime, end: datetime, calendar: Calendar) -> int:
    """Whole working minutes from one moment to another; negative when the second one is earlier."""
    if end < start:
        return -between(end, start, calendar)
    passed = timedelta()
    for begin, until in calendar.spans(_day_before(start, calendar)):
        if begin >= end:
            break
        passed += max(timedelta(), min(until, end) - max(begin, start))
    return int(passed / timedelta(minutes=1))


def is_working(moment: datetime, calendar: Calendar) -> bool:
    """Whether a moment is working time. The end of a stretch is not."""
    for begin, end in calendar.spans(_day_before(moment, calendar)):
        if begin > moment:
            return False
        if moment < end:
            return True
    return False


def add_days(day: date, count: int, calendar: Calendar) -> date:
    """The working day that lies `count` working days after a local day; with 0 the day itself or the next that works.
    Raises ValueError when the calendar has none."""
    left = count
    for number in range(HORIZON):
        found = day + timedelta(days=number)
        if calendar.works_on(found) and (number > 0 or count == 0):
            left -= 1
            if left <= 0:
                return found
    raise ValueError("this calendar has no working day")


def days_off(start: datetime, end: datetime, calendar: Calendar) -> list[date]:
    """The days off by name (not mere weekends) that a span touches, in order: why something is due later than one would
    think."""
    first, last = start.astimezone(calendar.zone).date(), end.astimezone(calendar.zone).date()
    return sorted(day for day, works in calendar.days.items() if not works and first <= day <= last)


def _day_before(moment: datetime, calendar: Calendar) -> date:
    """Where to begin looking: a stretch that ends at midnight belongs to the day before."""
    return moment.astimezone(calendar.zone).date() - timedelta(days=1)


def _at(day: date, minutes: int, zone: tzinfo) -> datetime:
    """A time on the wall clock as UTC. One that the clock skips is the same moment later; of two that it shows, the first."""
    if minutes >= DAY:
        return datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)
    return datetime.combine(day, time(minutes // 60, minutes % 60), tzinfo=zone).astimezone(UTC)
