"""Opportunities: a deal on its way, the stages it passes, what it is about, and the plan to win it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Numeric, UniqueConstraint
from sqlmodel import Field, SQLModel

from cim.models.base import (
    Draft,
    Model,
    Owned,
    SoftDeleted,
    Timestamped,
    Versioned,
    View,
    derived,
    new_uid,
    text_enum,
    where,
)


class StageKind(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class StageFields(SQLModel):
    """`probability` in percent; `required` names fields an opportunity must have to enter; after `days_limit` days in
    the stage it counts as stuck (0: never). `key` names a shipped stage, whose `name` is then a message id."""

    name: str = Field(max_length=60)
    kind: StageKind = text_enum(StageKind.OPEN)
    probability: int = 0
    required: list[Any] = Field(default_factory=list, sa_type=JSON)
    days_limit: int = 0
    color: str = Field(default="", max_length=20)


class StageDraft(StageFields, Draft):
    name: str
    color: str = ""


class Stage(StageFields, Versioned, Model, table=True):
    __tablename__ = "stage"
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(default="", max_length=20)
    position: int = 0
    retired: bool = False


class StageView(View):
    """`name` is in the language of whoever asked."""

    id: int
    key: str
    name: str
    kind: StageKind
    probability: int
    required: list[str]
    days_limit: int
    color: str
    position: int
    retired: bool
    version: int


class OpportunityFields(SQLModel):
    """`probability` in percent overrides that of the stage. `competitors` is free text."""

    name: str = Field(max_length=120)
    amount: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))
    currency: str = Field(default="CNY", max_length=3)
    expected_close: date | None = None
    probability: int | None = None
    source: str = Field(default="", max_length=60)
    competitors: str = Field(default="", max_length=500)
    notes: str = Field(default="", max_length=5000)


class OpportunityDraft(OpportunityFields, Draft):
    """As typed. `stage_id` and `owner_id` count when it is made; afterwards they change by the verbs for that."""

    name: str
    currency: str = ""
    source: str = ""
    competitors: str = ""
    notes: str = ""
    contact_id: int | None = None
    stage_id: int | None = None
    owner_id: int | None = None
    custom: dict[str, Any] = Field(default_factory=dict)


class Opportunity(OpportunityFields, Owned, SoftDeleted, Timestamped, Versioned, Model, table=True):
    """Open while `closed_at` is empty. `base_amount` is the amount in the base currency, at the rate of the last save;
    `stage_since` is when it entered its stage. Whether it was won is the kind of its stage."""

    __tablename__ = "opportunity"
    __table_args__ = (
        Index(
            "ix_opportunity_open",
            "stage_id",
            "owner_id",
            "base_amount",
            **where("closed_at IS NULL AND deleted_at IS NULL"),
        ),
        Index("ix_opportunity_customer", "customer_id", "created_at"),
        Index("ix_opportunity_closed", "closed_at", "owner_id", **where("deleted_at IS NULL")),
        Index(
            "ix_opportunity_expected", "expected_close", "owner_id", **where("closed_at IS NULL AND deleted_at IS NULL")
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    customer_id: int = Field(foreign_key="customer.id")
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    stage_id: int = Field(foreign_key="stage.id")
    stage_since: datetime
    base_amount: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))
    closed_at: datetime | None = None
    reason: str = Field(default="", max_length=200)
    created_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)
    name_folded: str = derived("", max_length=240, index=True)


class OpportunityLine(Model, table=True):
    """A product in an opportunity."""

    __tablename__ = "opportunity_line"
    id: int | None = Field(default=None, primary_key=True)
    opportunity_id: int = Field(foreign_key="opportunity.id", index=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    product_id: int | None = Field(default=None, foreign_key="product.id", index=True)
    name: str = Field(default="", max_length=120)
    quantity: Decimal = Field(default=Decimal(1), sa_type=Numeric(18, 3))
    unit_price: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 4))
    position: int = 0


class OpportunityStep(SoftDeleted, Versioned, Model, table=True):
    """A step of the development plan: what, by whom, until which day."""

    __tablename__ = "opportunity_step"
    id: int | None = Field(default=None, primary_key=True)
    opportunity_id: int = Field(foreign_key="opportunity.id", index=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    title: str = Field(max_length=200)
    due_on: date | None = None
    owner_id: int | None = Field(default=None, foreign_key="app_user.id", index=True)
    position: int = 0
    done_at: datetime | None = None
    done_by_id: int | None = Field(default=None, foreign_key="app_user.id")


class StageChange(Model, table=True):
    """An opportunity passed from one stage (None: it was made) into another. `amount` is its base amount then."""

    __tablename__ = "stage_change"
    __table_args__ = (Index("ix_stage_change_opportunity_at", "opportunity_id", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    opportunity_id: int = Field(foreign_key="opportunity.id")
    customer_id: int = Field(foreign_key="customer.id", index=True)
    from_stage_id: int | None = Field(default=None, foreign_key="stage.id")
    to_stage_id: int = Field(foreign_key="stage.id")
    at: datetime
    actor_id: int | None = Field(default=None, foreign_key="app_user.id")
    amount: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))
    reason: str = Field(default="", max_length=200)


class Target(Versioned, Model, table=True):
    """What a person is to reach in a month (its first day): `metric` is one of service/targets.py."""

    __tablename__ = "target"
    __table_args__ = (UniqueConstraint("user_id", "month", "metric"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id")
    month: date
    metric: str = Field(max_length=20)
    value: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))
