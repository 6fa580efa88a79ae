"""Tasks that come back: what people choose as an RFC 5545 rule, when the next one is due, and making it. Below the doors.

A rule is stored with the wall-clock time it counts from, so that it keeps its day and hour whatever happens to one task
of the series and whatever the clock of the season. Exactly one task of a series carries the rule: the one to be done next.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import dropwhile, islice, takewhile
from typing import Any

from dateutil.rrule import rrule, rrulestr
from sqlalchemy import select

from cim import clock
from cim.config import settings
from cim.errors import Invalid
from cim.models import Task
from cim.models.base import columns
from cim.models.task import Frequency, Repeat
from cim.work import Work

TASKS = columns(Task)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_INTERVAL = 99
STAMP = "%Y%m%dT%H%M%S"
LEAP = timedelta(hours=3)
"""More than any clock is put forward or back at once."""
KEPT = ("title", "kind", "notes", "all_day", "place", "customer_id", "contact_id", "opportunity_id", "ticket_id")
"""What the next task has from the one before, besides its times."""


def written(repeat: Repeat, start: datetime) -> str:
    """The rule of a series that begins at `start` (wall clock). A month without its day takes its last one. Raises Invalid
    at `repeat`."""
    if not 1 <= repeat.interval <= MOST_INTERVAL:
        raise Invalid("repeat", "Repeat every 1 to {most} times.", most=MOST_INTERVAL)
    if any(day not in range(7) for day in repeat.weekdays):
        raise Invalid("repeat", "Choose days of the week.")
    if repeat.until is not None and not start.date() <= repeat.until <= date(2100, 12, 31):
        raise Invalid("repeat", "The repetition cannot end before it begins.")
    parts = {"FREQ": repeat.frequency.value.upper(), "INTERVAL": str(repeat.interval), **_days(repeat, start)}
    if repeat.until is not None:
        parts["UNTIL"] = datetime.combine(repeat.until, time(23, 59, 59)).strftime(STAMP)
    return f"DTSTART:{start:{STAMP}}\nRRULE:" + ";".join(f"{name}={value}" for name, value in parts.items())


def _days(repeat: Repeat, start: datetime) -> dict[str, str]:
    match repeat.frequency:
        case Frequency.WEEKLY:
            wanted = sorted(set(repeat.weekdays)) or [start.weekday()]
            return {"BYDAY": ",".join(DAYS[day] for day in wanted)}
        case Frequency.MONTHLY:
            return _last_of(start.day)
        case Frequency.YEARLY:
            day = _last_of(start.day) if start.month == 2 else {"BYMONTHDAY": str(start.day)}
            return {"BYMONTH": str(start.month), **day}
    return {}


def _last_of(day: int) -> dict[str, str]:
    """The day of the month, or where a month does not have it, its last one."""
    if day <= 28:
        return {"BYMONTHDAY": str(day)}
    return {"BYMONTHDAY": ",".join(str(number) for number in range(28, day + 1)), "BYSETPOS": "-1"}


def read(rule: str | None) -> Repeat | None:
    """What people chose, from a stored rule."""
    if not rule:
        return None
    parts = _parts(rule)
    return Repeat(
        frequency=Frequency(parts["FREQ"].lower()),
        interval=int(parts.get("INTERVAL", "1")),
        weekdays=[DAYS.index(day) for day in parts.get("BYDAY", "").split(",") if day],
        until=datetime.strptime(parts["UNTIL"], STAMP).date() if "UNTIL" in parts else None,
    )


def start_of(rule: str) -> datetime:
    """The wall-clock time a rule counts from."""
    return datetime.strptime(rule.partition("\n")[0].removeprefix("DTSTART:"), STAMP)


def next_after(rule: str, moment: datetime) -> datetime | None:
    """The first time of a rule after a moment; None when it is over."""
    return next(_after(rule, moment), None)


def between(rule: str, first: datetime, last: datetime, *, most: int = 100) -> list[datetime]:
    """The times of a rule after `first` and before `last`, at most so many."""
    return list(islice(takewhile(lambda moment: moment < last, _after(rule, first)), most))


def _after(rule: str, moment: datetime) -> Iterator[datetime]:
    """Where the clock of the season leaps, walls and moments do not run alike: so it begins a little before."""
    walls = _times(rule).xafter(_wall(moment) - LEAP)
    return dropwhile(lambda found: found <= moment, (_moment(wall) for wall in walls))


def shifted(moment: datetime, old: datetime, new: datetime) -> datetime:
    """A moment that keeps its distance on the wall clock from a time that moved."""
    return _moment(_wall(new) + (_wall(moment) - _wall(old)))


# ---- the series
def follow(work: Work, row: Task) -> Task | None:
    """Make the next task of the series of one that is done: the first time after the later of its due time and now. The
    rule goes along. None when the task is single or the series over."""
    if not row.rule:
        return None
    due_at = next_after(row.rule, max(row.due_at, work.now))
    if due_at is None:
        return None
    kept: dict[str, Any] = {name: getattr(row, name) for name in KEPT}
    made = Task(
        **kept,
        due_at=due_at,
        ends_at=row.ends_at and shifted(row.ends_at, row.due_at, due_at),
        remind_at=row.remind_at and shifted(row.remind_at, row.due_at, due_at),
        rule=row.rule,
        series_id=row.series_id or row.id,
        assignee_id=row.assignee_id,
        created_by_id=row.created_by_id or work.actor.user_id,
        created_at=work.now,
        updated_at=work.now,
    )
    row.rule = None
    return work.add(made)


def take_back(work: Work, row: Task) -> bool:
    """Take the next task of a series away again and give the rule back to this one; False when somebody has touched that
    task since, which then stays and goes on with the series."""
    series = row.series_id or row.id
    later = select(Task).where(TASKS.series_id == series, TASKS.id > row.id, TASKS.deleted_at.is_(None)).limit(2)
    found = work.session.execute(later).scalars().all()
    if row.rule or len(found) != 1 or found[0].version != 1 or found[0].done_at is not None or not found[0].rule:
        return False
    row.rule, found[0].rule = found[0].rule, None
    found[0].deleted_at = found[0].updated_at = work.now
    return True


def _parts(rule: str) -> dict[str, str]:
    listed = rule.partition("RRULE:")[2].split(";")
    return {name: value for name, _equals, value in (part.partition("=") for part in listed)}


def _times(rule: str) -> rrule:
    found = rrulestr(rule)
    assert isinstance(found, rrule)
    return found


def _wall(moment: datetime) -> datetime:
    return clock.local(moment).replace(tzinfo=None)


def _moment(wall: datetime) -> datetime:
    """A time on the wall clock as UTC. One that the clock leaps over is as much later; of one that comes twice, the first."""
    return wall.replace(tzinfo=settings().zone).astimezone(UTC)
