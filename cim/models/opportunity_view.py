"""Opportunities as they leave the service: a card of the board, the whole record, its parts (with how those are typed); the
pipeline in figures."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Field

from cim.models.base import Draft, View
from cim.models.opportunity import StageKind, StageView
from cim.models.order import OrderStatus


class LineDraft(Draft):
    """A line as typed. Without a name or a price the product's own are taken."""

    product_id: int | None = None
    name: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None


class StepDraft(Draft):
    title: str
    due_on: date | None = None
    owner_id: int | None = None


class OpportunityCard(View):
    """One opportunity among many. `base_amount` is in the base currency, `chance` the percentage in force, `days` how long
    it is in its stage; `warnings` say in the reader's language why somebody should look at it."""

    id: int
    name: str
    customer_id: int
    customer: str
    owner_id: int | None
    owner: str
    stage_id: int
    stage: str
    kind: StageKind
    amount: Decimal
    currency: str
    base_amount: Decimal
    chance: int
    expected_close: date | None
    days: int
    warnings: list[str]
    may_edit: bool
    version: int


class OpportunityView(OpportunityCard):
    """The whole record. `probability` is what a person set, None where the stage's holds."""

    uid: str
    customer_code: str
    contact_id: int | None
    contact: str
    stage_since: datetime
    weighted: Decimal
    probability: int | None
    source: str
    competitors: str
    notes: str
    created_at: datetime
    created_by: str
    closed_at: datetime | None
    reason: str
    custom: dict[str, Any] = Field(default_factory=dict)


class LineView(View):
    id: int
    product_id: int | None
    name: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


class StepView(View):
    id: int
    title: str
    due_on: date | None
    owner_id: int | None
    owner: str
    done_at: datetime | None
    done_by: str
    late: bool
    version: int


class StageChangeView(View):
    """Into which stage, when, by whom; `days` is how long it stayed there (until today, where it still is)."""

    id: int
    before: str
    stage: str
    kind: StageKind
    at: datetime
    actor: str
    amount: Decimal
    reason: str
    days: int


class OrderBrief(View):
    """An order that came of an opportunity."""

    id: int
    order_no: str
    ordered_on: date
    amount: Decimal
    currency: str
    status: OrderStatus


class PipelineFilter(Draft):
    """Which open opportunities. A team counts with the teams below it; days of the expected close are both included."""

    owner_id: int | None = None
    team_id: int | None = None
    stage_id: int | None = None
    expected_from: date | None = None
    expected_until: date | None = None
    warned: bool = False


class Column(View):
    """A stage of the board: all of it in figures, and its largest opportunities. Money is in the base currency."""

    stage: StageView
    count: int
    amount: Decimal
    weighted: Decimal
    cards: list[OpportunityCard]


class Board(View):
    columns: list[Column]
    currency: str

    @property
    def count(self) -> int:
        return sum(column.count for column in self.columns)

    @property
    def amount(self) -> Decimal:
        return sum((column.amount for column in self.columns), Decimal(0))

    @property
    def weighted(self) -> Decimal:
        return sum((column.weighted for column in self.columns), Decimal(0))


class Expected(View):
    """Open opportunities together: all of it (`best`), each by its chance (`weighted`), those of 80 % and more
    (`committed`)."""

    count: int = 0
    best: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)
    committed: Decimal = Decimal(0)


class MonthExpected(Expected):
    """What is expected to close in a month (its first day), and what was won in it so far."""

    month: date
    won: Decimal = Decimal(0)


class Forecast(View):
    """Each of the coming months; apart from them what should have closed by now, what is expected after them, and what
    has no day. Money is in the base currency."""

    months: list[MonthExpected]
    overdue: Expected
    later: Expected
    undated: Expected
    currency: str
