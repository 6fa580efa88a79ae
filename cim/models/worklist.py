"""The worklist: whom to contact today and why, the rules that say so, and what people decided about its entries."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Numeric
from sqlmodel import Field

from cim.models.base import Model, Versioned, text_enum


class WorklistState(StrEnum):
    OPEN = "open"
    DONE = "done"
    POSTPONED = "postponed"
    DISMISSED = "dismissed"


class WorklistEntry(Model, table=True):
    """A customer somebody should contact: computed, one per customer. `facts` are codes with values, largest first;
    `since` is the day it came up: a missed one stays."""

    __tablename__ = "worklist_entry"
    __audited__ = False
    __table_args__ = (Index("ix_worklist_entry_owner_score", "owner_id", "state", "score"),)
    customer_id: int = Field(primary_key=True, foreign_key="customer.id")
    owner_id: int | None = Field(default=None, foreign_key="app_user.id")
    score: int = 0
    facts: list[Any] = Field(default_factory=list, sa_type=JSON)
    state: WorklistState = text_enum(WorklistState.OPEN)
    until: date | None = None
    since: date
    computed_at: datetime


class WorklistDecision(Model, table=True):
    """What somebody decided about an entry, with the facts as they were then."""

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
