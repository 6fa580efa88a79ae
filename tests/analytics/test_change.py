"""Changes of numbers and the periods they are compared over."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from cim.analytics import periods
from cim.analytics.change import change
from cim.analytics.periods import Period


@pytest.mark.parametrize(
    ("value", "previous", "expected"),
    [(5, 0, None), (0, 50, -1.0), (0, 0, None), (6, 4, 0.5), (4, 4, 0.0), (3, -6, 1.5), (7, None, None)],
)
def test_change_is_right_where_one_side_is_zero(value: int, previous: int | None, expected: float | None) -> None:
    assert change(value, previous) == expected


@pytest.mark.parametrize("day", [date(2026, 11, 21), date(2026, 3, 31), date(2024, 2, 29), date(2026, 1, 1)])
def test_the_period_before_is_equally_long_and_ends_where_the_other_begins(day: date) -> None:
    for period in (periods.month_to_date(day), periods.week_to_date(day), periods.last_days(day, 90)):
        before = period.before()
        assert before.days == period.days
        assert (period.first - before.last).days == 1


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert periods.week_to_date(date(2026, 11, 22)) == Period(date(2026, 11, 16), date(2026, 11, 22))
    assert periods.week_to_date(date(2026, 11, 16)).days == 1
    assert periods.last_days(date(2026, 11, 22), 90).days == 90
    assert periods.week_to_date(date(2026, 11, 18)).earlier(7) == Period(date(2026, 11, 9), date(2026, 11, 11))


@pytest.mark.parametrize("series", [periods.months, periods.weeks])
def test_a_series_has_no_gap_and_ends_today(series: object) -> None:
    found = series(date(2026, 3, 31), 12)  # type: ignore[operator]
    assert len(found) == 12
    assert found[-1].last == date(2026, 3, 31)
    assert all((after.first - before.last).days == 1 for before, after in pairwise(found))
