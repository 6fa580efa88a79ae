"""When the team works: hours of the week, public holidays as published, and what an administrator says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from cim import clock, holidays, working_time
from cim.config import settings
from cim.errors import Invalid
from cim.models import Holiday, WorkingHours
from cim.models.base import columns
from cim.models.ticket import DayKind
from cim.models.working_day import HoursView, KnownYears, WorkingDayView
from cim.permissions import Permission
from cim.service import typed
from cim.work import Work, command, query
from cim.working_time import Calendar

HOURS = columns(WorkingHours)
DAYS = columns(Holiday)
MOST_STRETCHES = 4
ANNOUNCED = 11
"""The month in which the days of the coming year are usually published."""


# ---- days
@query(Permission.ACCOUNT)
def days(work: Work, first: date, last: date) -> list[WorkingDayView]:
    """The days from first to last (both included) that differ from their weekday, in order."""
    own = _own(work, first, last)
    found = {day: _published(known) for day, known in holidays.published().items() if first <= day <= last}
    for day, row in own.items():
        known = found.get(day)
        kind = known.kind if known else None
        found[day] = WorkingDayView(
            day=day, kind=row.kind, name=row.name, source="", own=True, published=kind, version=row.version
        )
    return [found[day] for day in sorted(found)]


@query(Permission.ACCOUNT)
def known(work: Work) -> KnownYears:
    """Of which years the holidays are known, published or set here; and which one is missing."""
    years = {*holidays.years(), *(day.year for day in _own(work, date(1990, 1, 1), date(2100, 12, 31)))}
    today = clock.today()
    wanted = [today.year, *([today.year + 1] if today.month >= ANNOUNCED else [])]
    return KnownYears(years=sorted(years), missing=next((year for year in wanted if year not in years), None))


@command(Permission.SETTINGS_MANAGE)
def set_day(work: Work, day: date, kind: DayKind, name: str = "") -> bool:
    """Say that a day is off or worked, whatever its weekday and the published calendar; False when that is said already.
    Raises Invalid at the field."""
    if not 1990 <= day.year <= 2100:
        raise Invalid("day", "Check the year of this date.")
    called = typed.line("name", name, 60)
    row = work.session.get(Holiday, day)
    if row is None:
        published = holidays.published().get(day)
        if published is not None and _kind(published) is kind and called in ("", published.name):
            return False
        work.add(Holiday(day=day, kind=kind, name=called))
        return True
    if (row.kind, row.name) == (kind, called):
        return False
    row.kind, row.name = kind, called
    return True


@command(Permission.SETTINGS_MANAGE)
def unset_day(work: Work, day: date) -> bool:
    """Take back what was said about a day: its weekday, or what was published, holds again. False when nothing was."""
    row = work.session.get(Holiday, day)
    if row is None:
        return False
    work.session.delete(row)
    return True


# ---- hours
@query(Permission.ACCOUNT)
def hours(work: Work) -> list[HoursView]:
    """The working hours of the seven weekdays, Monday first. At first Monday to Friday, 9 to 18."""
    held = _hours(work)
    return [HoursView(weekday=number, stretches=[*held.get(number, ())]) for number in range(7)]


@command(Permission.SETTINGS_MANAGE)
def set_hours(work: Work, week: Mapping[int, Sequence[tuple[int, int]]]) -> int:
    """Set the hours of these weekdays, in minutes after midnight; returns how many differed. A weekday without stretches
    is off. Raises Invalid at the weekday's number, and when no time at all is left."""
    held = dict(_hours(work))
    wanted = {weekday: _checked(weekday, stretches) for weekday, stretches in week.items()}
    changed = [weekday for weekday, stretches in wanted.items() if stretches != held.get(weekday, ())]
    if not changed:
        return 0
    after = {**held, **wanted}
    if not any(after.values()):
        raise Invalid("week", "Leave at least one hour of the week.")
    stored: dict[int, list[WorkingHours]] = {}
    for row in work.session.execute(select(WorkingHours).order_by(HOURS.weekday, HOURS.starts)).scalars():
        stored.setdefault(row.weekday, []).append(row)
    # what was never set is the shipped week: the first change writes all of it down
    for weekday in changed if stored else sorted(after):
        _store(work, weekday, stored.get(weekday, []), after.get(weekday, ()))
    return len(changed)


# ---- below the doors
def calendar(work: Work) -> Calendar:
    """When the team works, for counting. Two queries."""
    own = {row[0]: row[1] is DayKind.WORK for row in work.session.execute(select(DAYS.day, DAYS.kind))}
    published = {day: known.works for day, known in holidays.published().items()}
    return Calendar(settings().zone, _hours(work), published | own)


def _hours(work: Work) -> working_time.Hours:
    held: dict[int, tuple[tuple[int, int], ...]] = {}
    wanted = select(HOURS.weekday, HOURS.starts, HOURS.ends).order_by(HOURS.weekday, HOURS.starts)
    for weekday, starts, ends in work.session.execute(wanted):
        held[weekday] = (*held.get(weekday, ()), (starts, ends))
    return held or working_time.WEEK


def _store(work: Work, weekday: int, rows: Sequence[WorkingHours], wanted: Sequence[tuple[int, int]]) -> None:
    """Let the rows of a weekday say this: those that are there are changed, the rest is added or goes."""
    for row, (starts, ends) in zip(rows, wanted, strict=False):
        row.starts, row.ends = starts, ends
    for row in rows[len(wanted) :]:
        work.session.delete(row)
    for starts, ends in wanted[len(rows) :]:
        work.session.add(WorkingHours(weekday=weekday, starts=starts, ends=ends))


def _checked(weekday: int, stretches: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    field = str(weekday)
    if weekday not in range(7) or len(stretches) > MOST_STRETCHES:
        raise Invalid(field, "Choose at most {most} stretches a day.", most=MOST_STRETCHES)
    before = 0
    for starts, ends in sorted(stretches):
        if not 0 <= starts < ends <= working_time.DAY or starts < before:
            raise Invalid(field, "Each stretch begins before it ends, and none runs into another.")
        before = ends
    return tuple((int(starts), int(ends)) for starts, ends in sorted(stretches))


def _own(work: Work, first: date, last: date) -> dict[date, Holiday]:
    found = select(Holiday).where(DAYS.day >= first, DAYS.day <= last)
    return {row.day: row for row in work.session.execute(found).scalars()}


def _kind(known: holidays.PublicDay) -> DayKind:
    return DayKind.WORK if known.works else DayKind.OFF


def _published(known: Any) -> WorkingDayView:
    return WorkingDayView(day=known.day, kind=_kind(known), name=known.name, source=known.source, own=False)
