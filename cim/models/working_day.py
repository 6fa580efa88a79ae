"""Working days as they leave the service: the days that differ from their weekday, and the hours of the week."""

from __future__ import annotations

from datetime import date

from cim.models.base import View
from cim.models.ticket import DayKind


class WorkingDayView(View):
    """One day that differs from its weekday. `source` is the notice it was published in, "" for one that an administrator
    set; `name` of a published one is a message id. `published` is what the notice says where an administrator says
    otherwise."""

    day: date
    kind: DayKind
    name: str
    source: str
    own: bool
    published: DayKind | None = None
    version: int = 0


class HoursView(View):
    """The stretches of one weekday (0 is Monday), in minutes after midnight."""

    weekday: int
    stretches: list[tuple[int, int]]


class KnownYears(View):
    """Of which years the days are known, and the one that should be by now (from November on the coming one)."""

    years: list[int]
    missing: int | None
