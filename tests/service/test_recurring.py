"""Rules of series: days that a month does not have, clocks that leap, nothing twice and nothing left out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cim import clock
from cim.models.task import Frequency, Repeat
from cim.service import recurring

ZONES = ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"]
RUNS = [15, pytest.param(500, marks=pytest.mark.assure("G32"))]


@pytest.mark.parametrize(
    ("frequency", "interval", "start", "then"),
    [
        ("monthly", 1, "2027-01-31T09:00", ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]),
        ("monthly", 1, "2027-01-29T09:00", ["2027-02-28", "2027-03-29"]),
        ("monthly", 3, "2026-11-30T09:00", ["2027-02-28", "2027-05-30", "2027-08-30"]),
        ("yearly", 1, "2024-02-29T09:00", ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("yearly", 2, "2026-12-31T23:00", ["2028-12-31", "2030-12-31"]),
        ("weekly", 2, "2026-11-23T09:00", ["2026-12-07", "2026-12-21"]),
        ("daily", 10, "2026-12-25T09:00", ["2027-01-04"]),
    ],
)
def test_known_series(frequency: str, interval: int, start: str, then: list[str]) -> None:
    begin = datetime.fromisoformat(start)
    rule = recurring.written(Repeat(frequency=Frequency(frequency), interval=interval), begin)
    assert len(rule) <= 200
    at = recurring.next_after(rule, datetime(2000, 1, 1, tzinfo=UTC))
    assert at is not None
    assert clock.local(at).replace(tzinfo=None) == begin
    for expected in then:
        at = recurring.next_after(rule, at)
        assert at is not None
        assert clock.local(at).date() == date.fromisoformat(expected)
        assert clock.local(at).time() == begin.time()


@pytest.mark.parametrize(
    "repeat",
    [
        Repeat(frequency=Frequency.WEEKLY, interval=3, weekdays=[0, 4], until=date(2027, 1, 31)),
        Repeat(frequency=Frequency.MONTHLY, interval=2),
        Repeat(frequency=Frequency.YEARLY),
        Repeat(frequency=Frequency.DAILY, until=date(2026, 12, 24)),
    ],
)
def test_what_people_chose_is_read_back(repeat: Repeat) -> None:
    start = datetime(2026, 11, 30, 9)
    assert recurring.read(recurring.written(repeat, start)) == repeat
    assert recurring.start_of(recurring.written(repeat, start)) == start
    assert recurring.read(None) is None


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("runs", RUNS)
def test_every_day_has_its_one_time_whatever_the_clock_of_the_season(
    monkeypatch: pytest.MonkeyPatch, runs: int, zone: str
) -> None:
    """Walking from time to time, or asking at any moment between, gives the same times: one on each day that there is."""
    monkeypatch.setenv("CIM_TZ", zone)

    @settings(max_examples=runs, deadline=None, derandomize=True)
    @given(
        start=st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1)),
        after=st.integers(0, 250),
        asked=st.lists(st.integers(0, 60 * 24 * 9), max_size=4),
    )
    def walked(start: datetime, after: int, asked: list[int]) -> None:
        begin = start.replace(microsecond=0, second=0)
        rule = recurring.written(Repeat(frequency=Frequency.DAILY), begin)
        first = recurring.next_after(rule, clock.start_of(begin.date() + timedelta(days=after)))
        assert first is not None
        times = [first]
        while len(times) < 10:
            found = recurring.next_after(rule, times[-1])
            assert found is not None
            times.append(found)
        assert times == [first, *recurring.between(rule, first, times[-1] + timedelta(seconds=1))]
        for earlier, later in pairwise(times):
            # Apia left out a whole day in 2011; everywhere else the days stand next to each other
            assert timedelta(hours=22) <= later - earlier <= timedelta(hours=26), (earlier, later)
        for minutes in asked:
            moment = first + timedelta(minutes=minutes)
            if moment < times[-1]:
                assert recurring.next_after(rule, moment) == min(at for at in times if at > moment)

    walked()
