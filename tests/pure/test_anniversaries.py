"""Days that come back each year: leap days, the moon, windows across a New Year; no day missed, none twice."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cim import anniversaries
from cim.anniversaries import LUNAR, SOLAR, between, candidates, next_on_or_after, occurrence, within

DAYS = st.dates(date(1950, 1, 1), date(2090, 1, 1))
DATES = st.one_of(
    st.tuples(st.just(SOLAR), st.integers(1, 12), st.integers(1, 31), st.just(False)),
    st.tuples(st.just(LUNAR), st.integers(1, 12), st.integers(1, 30), st.booleans()),
).filter(lambda d: anniversaries.is_date(*d[:3]))
RUNS = [40, pytest.param(1500, marks=pytest.mark.assure("G32"))]


@pytest.mark.parametrize(
    ("calendar", "year", "month", "day", "leap", "on"),
    [
        (LUNAR, 2026, 8, 15, False, "2026-09-25"),
        (LUNAR, 2027, 1, 1, False, "2027-02-06"),
        (LUNAR, 2025, 6, 1, False, "2025-06-25"),
        (LUNAR, 2025, 6, 1, True, "2025-07-25"),  # 2025 has a leap month 6
        (LUNAR, 2026, 6, 1, True, "2026-07-14"),  # 2026 has none: the plain month
        (LUNAR, 2026, 12, 30, False, "2027-02-05"),  # a month of 29 days: its last one
        (LUNAR, 2024, 12, 30, False, "2025-01-28"),
        (SOLAR, 2024, 2, 29, False, "2024-02-29"),
        (SOLAR, 2026, 2, 29, False, "2026-02-28"),
        (SOLAR, 2100, 2, 29, False, "2100-02-28"),
        (SOLAR, 2000, 2, 29, False, "2000-02-29"),
        (SOLAR, 2026, 12, 31, False, "2026-12-31"),
    ],
)
def test_known_days(calendar: str, year: int, month: int, day: int, leap: bool, on: str) -> None:
    assert occurrence(calendar, year, month, day, leap) == date.fromisoformat(on)


@pytest.mark.parametrize(("calendar", "month", "day"), [(SOLAR, 2, 30), (SOLAR, 4, 31), (SOLAR, 13, 1), (LUNAR, 1, 31)])
def test_there_is_no_such_date(calendar: str, month: int, day: int) -> None:
    with pytest.raises(ValueError, match="no such date"):
        occurrence(calendar, 2026, month, day)


def test_windows_cross_the_new_year() -> None:
    assert within(date(2026, 12, 30), 3, SOLAR, 1, 2) == date(2027, 1, 2)
    assert within(date(2026, 12, 30), 2, SOLAR, 1, 2) is None
    assert within(date(2027, 1, 25), 14, LUNAR, 12, 30) == date(2027, 2, 5)
    assert within(date(2026, 2, 27), 1, SOLAR, 2, 29) == date(2026, 2, 28)
    assert within(date(2026, 3, 1), 300, SOLAR, 2, 29) is None
    assert next_on_or_after(date(2026, 9, 26), LUNAR, 8, 15) == date(2027, 9, 15)


def test_a_lunar_day_may_fall_twice_into_a_year_or_not_at_all() -> None:
    years = {year: len(between(date(year, 1, 1), date(year, 12, 31), LUNAR, 11, 25)) for year in range(2000, 2060)}
    assert set(years.values()) == {0, 1, 2}
    assert abs(sum(years.values()) - 60) <= 1


@pytest.mark.parametrize("runs", RUNS)
def test_whoever_looks_every_day_finds_each_occurrence_once(runs: int) -> None:
    """Each year of its calendar has exactly one, however far ahead one looks, and windows that touch share none."""

    @settings(max_examples=runs, deadline=None, derandomize=True)
    @given(found=DATES, start=DAYS, lead=st.integers(0, 60), step=st.integers(3, 60))
    def looked(found: tuple[str, int, int, bool], start: date, lead: int, step: int) -> None:
        calendar, month, day, leap = found
        end = start + timedelta(days=1500)
        whole = between(start, end, calendar, month, day, leap)
        gaps = [(b - a).days for a, b in pairwise(whole)]
        assert all(353 <= gap <= 386 for gap in gaps), gaps
        assert len(whole) in (3, 4, 5)
        seen: list[date] = []
        at = start
        while at <= end:
            seen += between(at, min(end, at + timedelta(days=step - 1)), calendar, month, day, leap)
            at += timedelta(days=step)
        assert seen == whole
        for one in whole:
            assert within(one - timedelta(days=lead), lead, calendar, month, day, leap) == one
            assert next_on_or_after(one, calendar, month, day, leap) == one
            assert (month, day) in candidates(one, one)[calendar], "a database is asked for it"

    looked()


@pytest.mark.parametrize("runs", RUNS)
def test_the_moon_is_followed(runs: int) -> None:
    """Between a lunar date and the same of the next year lie the days of its lunar year; day and month are its own."""

    @settings(max_examples=runs, deadline=None, derandomize=True)
    @given(year=st.integers(1901, 2099), month=st.integers(1, 12), day=st.integers(1, 30), leap=st.booleans())
    def followed(year: int, month: int, day: int, leap: bool) -> None:
        from borax.calendars.lunardate import LCalendars, LunarDate

        on = occurrence(LUNAR, year, month, day, leap)
        moon = LunarDate.from_solar_date(on.year, on.month, on.day)
        assert (moon.year, moon.month) == (year, month)
        assert moon.day == day or (day == 30 and moon.day == 29)
        assert bool(moon.leap) == (leap and LCalendars.leap_month(year) == month)

    followed()
