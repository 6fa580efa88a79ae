"""Working time: tables of spans over nights, weekends, holidays of China and changes of the clocks, and its laws."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cim import holidays
from cim.working_time import Calendar, add_days, add_minutes, between, days_off, is_working

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
CHINA = Calendar(SHANGHAI, days={day: known.works for day, known in holidays.published().items()})
LUNCH = Calendar(SHANGHAI, {day: ((540, 720), (780, 1080)) for day in range(5)})
ALWAYS = {day: ((0, 1440),) for day in range(7)}
NIGHT = Calendar(BERLIN, {day: ((0, 90), (90, 240)) for day in range(7)})


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


DUE = [
    ("within the day", "2026-11-23T09:00", 240, "2026-11-23T13:00"),
    ("a whole day ends in the evening", "2026-11-23T09:00", 540, "2026-11-23T18:00"),
    ("one minute more is the next morning", "2026-11-23T09:00", 541, "2026-11-24T09:01"),
    ("over the night", "2026-11-23T17:00", 120, "2026-11-24T10:00"),
    ("before work", "2026-11-23T05:00", 30, "2026-11-23T09:30"),
    ("after work", "2026-11-23T20:00", 30, "2026-11-24T09:30"),
    ("over the weekend", "2026-11-20T17:30", 60, "2026-11-23T09:30"),
    ("on a Sunday", "2026-11-22T12:00", 60, "2026-11-23T10:00"),
    ("nothing to wait for", "2026-11-22T12:00", 0, "2026-11-23T09:00"),
    ("National Day and Mid-Autumn 2025, eight days", "2025-09-30T17:00", 120, "2025-10-09T10:00"),
    ("the Sunday before them is worked", "2025-09-27T10:00", 540, "2025-09-28T18:00"),
    ("the Saturday after them is worked", "2025-10-10T17:00", 120, "2025-10-11T10:00"),
    ("National Day 2026", "2026-09-30T16:00", 240, "2026-10-08T11:00"),
    ("a make-up Saturday", "2026-10-09T17:00", 120, "2026-10-10T10:00"),
    ("the Sunday after it is off", "2026-10-10T17:00", 120, "2026-10-12T10:00"),
    ("across New Year 2025 to 2026", "2025-12-31T17:00", 120, "2026-01-04T10:00"),
    ("across New Year 2024 to 2025", "2024-12-31T17:00", 120, "2025-01-02T10:00"),
    ("Spring Festival 2026, nine days", "2026-02-14T17:30", 60, "2026-02-24T09:30"),
    ("three working days over Labour Day", "2026-04-30T09:00", 3 * 540, "2026-05-07T18:00"),
]


@pytest.mark.parametrize(("start", "minutes", "due"), [case[1:] for case in DUE], ids=[case[0] for case in DUE])
def test_due(start: str, minutes: int, due: str) -> None:
    assert add_minutes(at(start), minutes, CHINA) == at(due)


def test_a_pause_at_noon_does_not_count() -> None:
    assert add_minutes(at("2026-11-23T11:30"), 60, LUNCH) == at("2026-11-23T13:30")
    assert between(at("2026-11-23T09:00"), at("2026-11-23T18:00"), LUNCH) == 480
    assert not is_working(at("2026-11-23T12:00"), LUNCH)
    assert is_working(at("2026-11-23T13:00"), LUNCH)


def test_make_up_day_has_the_hours_of_a_weekday() -> None:
    saturdays = Calendar(SHANGHAI, {0: ((540, 1080),), 5: ((540, 720),)}, {date(2026, 10, 10): True})
    assert saturdays.stretches(date(2026, 10, 10)) == ((540, 1080),)
    assert saturdays.stretches(date(2026, 10, 17)) == ((540, 720),)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 4 * 60), ("2026-03-29", 3 * 60), ("2026-10-25", 5 * 60), ("2026-10-26", 4 * 60)]
)
def test_change_of_the_clocks(day: str, hours: int) -> None:
    """An hour that the clock skips is nobody's work; one that it shows twice is worked twice."""
    begin = at(f"{day}T00:00", BERLIN)
    assert between(begin, at(f"{day}T04:00", BERLIN), NIGHT) == hours
    assert add_minutes(begin, hours, NIGHT) == at(f"{day}T04:00", BERLIN).astimezone(UTC)


def test_times_that_the_clock_skips_are_worked_later_or_not_at_all() -> None:
    later = Calendar(BERLIN, {day: ((135, 165),) for day in range(7)})
    assert add_minutes(at("2026-03-29T00:00", BERLIN), 30, later) == at("2026-03-29T03:45", BERLIN)
    swallowed = Calendar(BERLIN, {day: ((135, 180),) for day in range(7)})
    assert between(at("2026-03-29T00:00", BERLIN), at("2026-03-29T12:00", BERLIN), swallowed) == 0
    assert add_minutes(at("2026-03-29T00:00", BERLIN), 45, swallowed) == at("2026-03-30T03:00", BERLIN)


def test_working_days() -> None:
    assert add_days(date(2026, 9, 30), 1, CHINA) == date(2026, 10, 8)
    assert add_days(date(2026, 9, 30), 3, CHINA) == date(2026, 10, 10)
    assert add_days(date(2026, 10, 1), 0, CHINA) == date(2026, 10, 8)
    assert add_days(date(2026, 9, 30), 0, CHINA) == date(2026, 9, 30)
    assert len(days_off(at("2026-09-30T09:00"), at("2026-10-08T09:00"), CHINA)) == 7


def test_calendar_without_time_is_refused_not_awaited() -> None:
    for count in (
        lambda: add_minutes(at("2026-11-23T09:00"), 1, Calendar(SHANGHAI, {})),
        lambda: add_days(date(2026, 11, 23), 1, Calendar(SHANGHAI, {})),
        lambda: add_minutes(at("2026-11-23T09:00"), -1, CHINA),
    ):
        with pytest.raises(ValueError, match=r"calendar|forwards"):
            count()


moments = some.datetimes(min_value=datetime(2024, 1, 2), max_value=datetime(2027, 12, 1))


@settings(max_examples=60, deadline=None)
@given(start=moments, minutes=some.integers(1, 20_000), calendar=some.sampled_from([CHINA, LUNCH, NIGHT]))
def test_counting_forth_and_back_agree(start: datetime, minutes: int, calendar: Calendar) -> None:
    begin = start.replace(tzinfo=UTC)
    end = add_minutes(begin, minutes, calendar)
    assert between(begin, end, calendar) == minutes
    assert between(end, begin, calendar) == -minutes
    assert add_minutes(begin, minutes + 1, calendar) > end
    assert between(begin, end - timedelta(minutes=1), calendar) == minutes - 1


def test_published_days_are_whole() -> None:
    """Each notice names its holidays and its make-up days; those lie on weekends, and no day is twice in the table."""
    assert holidays.years() == (2024, 2025, 2026)
    off = {
        year: sum(d.year == year and not k.works for d, k in holidays.published().items()) for year in holidays.years()
    }
    worked = {
        year: sum(d.year == year and k.works for d, k in holidays.published().items()) for year in holidays.years()
    }
    assert off == {2024: 28, 2025: 28, 2026: 33}
    assert worked == {2024: 8, 2025: 5, 2026: 6}
    assert all(day.weekday() > 4 for day, known in holidays.published().items() if known.works)
    assert all(str(day.year) in known.source for day, known in holidays.published().items())
