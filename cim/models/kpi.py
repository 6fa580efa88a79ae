"""What the dashboard shows: numbers with their past and the list behind them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from cim.models.base import View
from cim.models.listing import CustomerFilter


class Direction(StrEnum):
    """Which way a number should go."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class FollowUpsView(View):
    """The follow-ups that were counted: local days, both included; `author` None is everybody."""

    since: date
    until: date
    author: int | None = None


class KpiView(View):
    """One number. `label`, `unit` and `definition` are message ids, `params` fills the definition.

    `change` is a fraction of `previous`, None where there is none. `spark` holds twelve values, oldest first, or none.
    Exactly the rows that were counted are behind `filter` (customers) or `follow_ups`; neither is set for a past day
    that no list can show any more.
    """

    key: str
    label: str
    value: int
    previous: int | None
    change: float | None
    unit: str
    definition: str
    params: dict[str, Any]
    direction: Direction
    spark: list[int]
    filter: CustomerFilter | None = None
    follow_ups: FollowUpsView | None = None


class RepView(View):
    """One person's customers. `owner_id` 0 is the public pool, which has no follow-ups of its own."""

    owner_id: int
    name: str
    customers: int
    new: int
    idle: int
    overdue: int
    follow_ups: int | None
