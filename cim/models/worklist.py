"""The worklist: whom to contact today and why, the rules that say so, and what people decided about its entries."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Numeric
from sqlmodel import Field

from cim.models.base import Model, Versioned, View, text_enum


class WorklistState(StrEnum):
    OPEN = "open"
    DONE = "done"
    POSTPONED = "postponed"
    DISMISSED = "dismissed"


class WorklistEntry(Model, table=True):
    """What is known of a customer that somebody looks after: computed, one each. `facts` are codes with values, largest
    first, and `codes` the same as ",one,other,". Without facts (`score` 0) it is on no list. `plain` is the score without
    what is personal; `since` the day it came up: a missed one stays. After `contact_by` the customer counts as forgotten.
    Computed before today, it is stale."""

    __tablename__ = "worklist_entry"
    __audited__ = False
    __table_args__ = (
        Index("ix_worklist_entry_owner_score", "owner_id", "state", "score"),
        Index("ix_worklist_entry_owner_computed", "owner_id", "computed_at"),
    )
    customer_id: int = Field(primary_key=True, foreign_key="customer.id")
    owner_id: int | None = Field(default=None, foreign_key="app_user.id")
    score: int = 0
    plain: int = 0
    codes: str = Field(default="", max_length=600)
    facts: list[Any] = Field(default_factory=list, sa_type=JSON)
    state: WorklistState = text_enum(WorklistState.OPEN)
    until: date | None = None
    since: date
    contact_days: int = 0
    contact_by: date | None = None
    computed_at: datetime


class WorklistRhythm(Model, table=True):
    """How many days usually lie between two contacts, and two orders, of customers of this grade and stage of life; ""
    stands for all. Computed once a day."""

    __tablename__ = "worklist_rhythm"
    __audited__ = False
    grade: str = Field(primary_key=True, max_length=10)
    lifecycle: str = Field(primary_key=True, max_length=20)
    contact_days: float | None = None
    order_days: float | None = None
    computed_on: date


class WorklistDecision(Model, table=True):
    """What somebody decided about an entry. `facts` names those that stood there: another one brings it back."""

    __tablename__ = "worklist_decision"
    __table_args__ = (Index("ix_worklist_decision_customer_at", "customer_id", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id")
    user_id: int | None = Field(default=None, foreign_key="app_user.id", index=True)
    state: WorklistState = text_enum(WorklistState.DONE)
    until: date | None = None
    reason: str = Field(default="", max_length=200)
    facts: list[Any] = Field(default_factory=list, sa_type=JSON)
    score: int = 0
    at: datetime


class WorklistRule(Versioned, Model, table=True):
    """How a shipped rule was changed: its points, its number (days, percent, money) and whether it is used."""

    __tablename__ = "worklist_rule"
    key: str = Field(primary_key=True, max_length=40)
    points: int = 0
    parameter: Decimal | None = Field(default=None, sa_type=Numeric(18, 2))
    active: bool = True


class FactView(View):
    """One reason to contact a customer: a message id with its values, and how many points it gave."""

    code: str
    sentence: str
    params: dict[str, Any]
    points: int


class EntryView(View):
    """A line of the worklist. `score` is the sum of the facts' points, at most `cap`, times `weight` percent for the grade.
    `decided` names who put it off or closed it."""

    customer_id: int
    name: str
    code: str
    grade: str
    phone: str
    owner: str
    owner_id: int | None
    facts: list[FactView]
    score: int
    weight: int
    state: WorklistState
    since: date
    until: date | None
    reason: str
    decided: str
    last_contact_at: datetime | None
    next_due_at: datetime | None
    contact_days: int
    may_decide: bool


class WorklistView(View):
    """One page of a worklist, the most urgent first."""

    entries: list[EntryView]
    total: int
    page: int
    size: int


class RuleView(View):
    """A rule in force: `sentence` is a message id with {parameter}; `weighs` is a rule that multiplies instead of adding.
    `entries` counts those in the actor's reach. `version` is 0 while nobody changed it."""

    key: str
    label: str
    sentence: str
    unit: str
    points: int
    parameter: Decimal
    active: bool
    shipped_points: int
    shipped_parameter: Decimal
    weighs: bool
    entries: int
    version: int


class WorklistRun(View):
    """What a computation did."""

    customers: int
    entries: int
