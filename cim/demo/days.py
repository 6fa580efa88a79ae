"""The working days of the demo company: 24 months up to now, with a trend, seasons, and quiet weekends."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

from cim import clock

MONTHS = 24
_SEASON = (0.85, 0.6, 1.2, 1.15, 1.05, 1.0, 0.85, 0.9, 1.25, 0.95, 1.15, 1.2)
"""January to December: the Spring Festival is quiet, spring and early autumn are busy."""
_HOURS = (9, 10, 11, 13, 14, 15, 16, 17)
_HOUR_WEIGHTS = (10, 18, 14, 8, 16, 17, 12, 6)
_WEEKDAY_WEIGHTS = (20, 21, 20, 20, 19, 4, 1)


class Days:
    """The calendar as seen from now. Nothing it gives lies in the future, except where a day ahead is asked for."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.now = clock.now()
        self.today = clock.today()
        self._zone = clock.local(self.now).tzinfo

    def months(self) -> list[date]:
        """First days of the 24 months, oldest first; the last one is the running month."""
        number = self.today.year * 12 + self.today.month - 1
        return [date(n // 12, n % 12 + 1, 1) for n in range(number - MONTHS + 1, number + 1)]

    def spread(self, total: int, *, growth: float) -> list[int]:
        """`total` things over the 24 months: the last months have 1 + `growth` times as many as the first ones, times
        the season; the running month has its share so far. Every month has at least one. Largest remainders."""
        months = self.months()
        weights = [_SEASON[m.month - 1] * (1 + growth * i / (MONTHS - 1)) for i, m in enumerate(months)]
        weights[-1] *= self.today.day / _length(months[-1])
        exact = [w * (total - MONTHS) / sum(weights) for w in weights]
        counts = [1 + int(e) for e in exact]
        rest = total - sum(counts)
        for i in sorted(range(MONTHS), key=lambda i: int(exact[i]) - exact[i])[:rest]:
            counts[i] += 1
        return counts

    def in_month(self, first: date) -> date:
        """A day of a month, working days far more often, today at the latest."""
        last = self.today if first == self.months()[-1] else first + timedelta(days=_length(first) - 1)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return self._chance.choices(days, [_WEEKDAY_WEIGHTS[d.weekday()] for d in days])[0]

    def working(self, day: date) -> date:
        """The day itself, or the Friday or Monday beside a weekend, today at the latest."""
        if day.weekday() > 4 and self._chance.random() > 0.1:
            day += timedelta(days=-1 if day.weekday() == 5 else 1)
        return min(day, self.today)

    def ago(self, days: int) -> date:
        """The day so many days before today."""
        return self.today - timedelta(days=days)

    def at(self, day: date) -> datetime:
        """A moment of working time on a day that is over or runs, as UTC; never later than now."""
        moment = self.planned(day)
        if moment <= self.now:
            return moment
        opening = self.planned(day, at=time(9))
        earliest = opening if opening < self.now else clock.start_of(day)
        passed = int((self.now - earliest).total_seconds() // 60)
        return earliest + timedelta(minutes=self._chance.randint(0, max(0, passed)))

    def planned(self, day: date, *, at: time | None = None) -> datetime:
        """A moment of working time on any day (or the given time of it), as UTC."""
        hour = self._chance.choices(_HOURS, _HOUR_WEIGHTS)[0]
        chosen = at or time(hour, self._chance.randrange(0, 60, 5 if day > self.today else 1))
        return datetime.combine(day, chosen, self._zone).astimezone(UTC)

    def is_before_work(self, moment: datetime) -> bool:
        """Whether nobody would ring a customer yet: a demo that is made at night has messages on its last day."""
        return moment.astimezone(self._zone).hour < 8


def _length(first: date) -> int:
    return ((first.replace(day=28) + timedelta(days=4)).replace(day=1) - first).days
