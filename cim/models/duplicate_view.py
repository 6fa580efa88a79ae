"""Possible duplicates as they leave the service: pairs to be judged, what a scan found, what a bulk merge would do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from cim.models.base import View
from cim.models.customer import Grade
from cim.models.search import PairStatus

Reasons = list[tuple[str, dict[str, Any], int]]
"""Message id, parameters and points of each piece of evidence."""


class PairSide(View):
    """One customer of a pair. Out of reach it has no id and no code, and its name is masked."""

    id: int | None
    code: str
    name: str
    phone: str
    owner: str
    region: str
    grade: Grade
    created_at: datetime | None


class PairView(View):
    """Two customers that may be one. `may_decide` when the actor may change both of them."""

    id: int
    score: int
    sure: bool
    status: PairStatus
    reasons: Reasons
    a: PairSide
    b: PairSide
    found_at: datetime
    may_decide: bool


class PairList(View):
    """One page of the review queue, and how many pairs there are in all."""

    rows: list[PairView]
    total: int
    page: int
    size: int


class ScanPair(View):
    """A pair as a scan reports it: two customer codes."""

    a: str
    b: str
    score: int
    reasons: Reasons


class ScanReport(View):
    """What a scan found. `pairs` are those whose customers the actor reaches, `found` counts all; `new` are put up for
    review, `known` were there already, `dismissed` were judged before and are not put up again."""

    customers: int
    candidates: int
    found: int
    new: int = 0
    known: int = 0
    dismissed: int = 0
    pairs: list[ScanPair] = Field(default_factory=list)


class AcceptReport(View):
    """What a bulk merge does, or would do: how many `pairs` make up how many `groups`, and how many records go. `left`
    counts groups that a person has to look at: too large, dismissed among them, or not all in reach. `change_set` names
    the change for undo, None when nothing was merged."""

    least: int
    pairs: int
    groups: int
    records: int
    left: int
    dry_run: bool
    change_set: int | None = None


class KnownView(View):
    """Somebody's customer, as told to anybody who asks for it by name: id and whole name only within reach."""

    id: int | None
    name: str
    owner: str
    grade: Grade
