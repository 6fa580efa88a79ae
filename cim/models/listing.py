"""What a list of customers can be narrowed to. One filter serves lists, KPIs, charts and exports, so their numbers agree."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, field_validator

from cim.analytics import periods
from cim.models.base import Draft, View
from cim.models.customer import Grade, Kind, Lifecycle, Party
from cim.models.customer_view import CustomerRow

# what a link may hold and a database can compare with
Number = Annotated[int, Field(ge=0, le=2**31 - 1)]
Days = Annotated[int, Field(ge=0, le=100_000)]
Percent = Annotated[int, Field(ge=0, le=100)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1))]
Within = Annotated[str, Field(max_length=20)]
"""A relative date: a code of cim/analytics/periods.py, "" for any day."""

MOST_IDS = 500
"""How many customers a filter may name one by one."""
MOST_SELECTED = 20_000
"""How many customers one bulk action takes."""


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
    COMPLETENESS = "completeness"
    QUALITY = "quality"
    CODE = "code"
    OWNER = "owner"


class CustomerFilter(Draft):
    """All conditions hold together; None and "" do not narrow. Dates are local days, both ends included.

    `owner` is a user id, 0 for the public pool. `region` is a code and includes what lies below it.
    `idle_days` N: no contact for N days or more, counting from creation where there was none. `mine` and `team` mean
    whoever looks, so a shared view shows everybody his own. `..._within` is relative to today, so a view stays true.
    `custom` asks custom fields by key (service/custom_filters.py says how); the URL writes `custom.KEY=…`.
    `forgotten`: somebody looks after it, and it is longer without contact than is usual with it (docs/decisions/0022).
    `confirmed_before_days` N: the data was neither confirmed nor changed for N days or more.
    """

    q: str = ""
    owner: Number | None = None
    mine: bool | None = None
    team: bool | None = None
    starred: bool | None = None
    region: str = ""
    grade: Grade | None = None
    kind: Kind | None = None
    party: Party | None = None
    industry: str | None = None
    source: str | None = None
    tag: str = ""
    lifecycle: Lifecycle | None = None
    contacted: Contacted | None = None
    created_from: Day | None = None
    created_to: Day | None = None
    created_within: Within = ""
    contacted_within: Within = ""
    due_within: Within = ""
    active_from: Day | None = None
    active_to: Day | None = None
    idle_days: Days | None = None
    overdue: bool | None = None
    no_next_step: bool | None = None
    forgotten: bool | None = None
    has_open_task: bool | None = None
    confirmed_before_days: Days | None = None
    quality_most: Percent | None = None
    ids: list[Number] = Field(default_factory=list, max_length=MOST_IDS)
    batch: Number | None = None
    duplicates_of: Number | None = None
    custom: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=500)]] = Field(
        default_factory=dict, max_length=60
    )

    @field_validator("ids", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """A link writes them as 1,2,3."""
        return [part for part in value.split(",") if part] if isinstance(value, str) else value

    @field_validator("created_within", "contacted_within", "due_within")
    @classmethod
    def _relative(cls, value: str) -> str:
        if value:
            periods.within(value, date(2000, 1, 1))
        return value


class CustomerList(View):
    """One page of a list. `total` is exact unless `more` says that there are at least so many."""

    rows: list[CustomerRow]
    total: int
    more: bool
    page: int
    size: int


class Selection(Draft):
    """What a bulk action is for: the customers named by `ids`, or all that `narrowed` lets through."""

    ids: list[Number] = Field(default_factory=list, max_length=MOST_SELECTED)
    narrowed: CustomerFilter | None = None


class CellEdit(Draft):
    """One cell that was typed into a grid: the customer as it was at `version`, and the new value of one column."""

    id: Number
    version: int
    field: str = Field(max_length=60)
    value: Any = None


class Skipped(View):
    """A customer (or one cell of it) that a bulk action left as it was; `msgid` and `params` say why."""

    id: int
    name: str
    field: str = ""
    msgid: str
    params: dict[str, Any] = Field(default_factory=dict)


class BulkResult(View):
    """What a bulk action did. `change_set` names it for undo, None when nothing changed."""

    done: int
    skipped: list[Skipped] = Field(default_factory=list)
    change_set: int | None = None
