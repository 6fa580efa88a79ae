"""Data quality: the score of a day by owner, kept so that its course can be shown, and what the service tells of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from cim.models.base import Model, View
from cim.models.customer import Grade


class QualitySnapshot(Model, table=True):
    """Sums over the customers of one owner (0: the public pool) on one day; a mean over any group is a sum of these."""

    __tablename__ = "quality_snapshot"
    __audited__ = False
    __table_args__ = (UniqueConstraint("day", "owner_id"),)
    id: int | None = Field(default=None, primary_key=True)
    day: date
    owner_id: int = 0
    customers: int = 0
    points: int = 0
    complete: int = 0
    valid: int = 0
    unique: int = 0
    fresh: int = 0


class ReasonView(View):
    """Why points are lost: in which part, at which field; `text` and `fix` are message ids. No value of a customer."""

    part: str
    field: str
    text: str
    params: dict[str, Any]
    fix: str
    points: float


class QualityView(View):
    """The score of one customer, by part, and every reason with what it costs."""

    customer_id: int
    score: int
    parts: dict[str, float]
    most: dict[str, int]
    reasons: list[ReasonView]
    confirmed_at: datetime | None
    may_edit: bool
    version: int


class GroupQuality(View):
    """The mean score of a group of customers: of one owner (0: the public pool) or of one team. `low` of them have fewer
    than 60 points."""

    id: int
    name: str
    team: str
    customers: int
    score: float
    low: int


class BaseQuality(View):
    """The mean score of all customers in reach now, and the means of its parts on the day they were counted last."""

    customers: int
    score: float | None
    parts: dict[str, float]
    most: dict[str, int]
    day: date | None


class QualityPoint(View):
    """The mean score of one day."""

    day: date
    score: float
    customers: int


class FixView(View):
    """One repair: at which customer, what is wrong, and the points it brings. `worth` is what repairs are ranked by."""

    customer_id: int
    version: int
    code: str
    name: str
    owner: str
    grade: Grade
    score: int
    field: str
    text: str
    params: dict[str, Any]
    fix: str
    points: float
    worth: float


class ToConfirm(View):
    """A customer whose data nobody changed or confirmed for long. `phone` is masked where the actor may not see it."""

    id: int
    code: str
    name: str
    owner: str
    grade: Grade
    phone: str
    region: str
    score: int
    since: datetime


class Campaign(View):
    """Those customers, the most important first, and how many there are. `days` narrows a list to exactly them."""

    rows: list[ToConfirm]
    total: int
    days: int
