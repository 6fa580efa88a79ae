"""What a list of customers can be narrowed to. One filter serves lists, KPIs, charts and exports, so their numbers agree."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cim.models.base import Draft, View
from cim.models.customer import Grade, Kind, Lifecycle
from cim.models.customer_view import CustomerRow

# what a link may hold and a database can compare with
Number = Annotated[int, Field(ge=0, le=2**31 - 1)]
Days = Annotated[int, Field(ge=0, le=100_000)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1))]


class Contacted(StrEnum):
    """When somebody last spoke with the customer."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"
    EARLIER = "earlier"
    NEVER = "never"


class Order(StrEnum):
    NEWEST = "newest"
    LAST_CONTACT = "last_contact"
    NEXT_DUE = "next_due"
    NAME = "name"
    GRADE = "grade"


class CustomerFilter(Draft):
    """All conditions hold together; None and "" do not narrow. Dates are local days, both ends included.

    `owner` is a user id, 0 for the public pool. `region` is a code and includes what lies below it.
    `idle_days` N: no contact for N days or more, counting from creation where there was none.
    """

    q: str = ""
    owner: Number | None = None
    region: str = ""
    grade: Grade | None = None
    kind: Kind | None = None
    industry: str | None = None
    source: str | None = None
    tag: str = ""
    lifecycle: Lifecycle | None = None
    contacted: Contacted | None = None
    created_from: Day | None = None
    created_to: Day | None = None
    active_from: Day | None = None
    active_to: Day | None = None
    idle_days: Days | None = None
    overdue: bool | None = None
    no_next_step: bool | None = None
    batch: Number | None = None
    duplicates_of: Number | None = None


class CustomerList(View):
    """One page of a list. `total` is exact unless `more` says that there are at least so many."""

    rows: list[CustomerRow]
    total: int
    more: bool
    page: int
    size: int
