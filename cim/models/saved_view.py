"""Saved views (场景): a filter with its columns and order, for oneself or for everybody; and the customers one follows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, SoftDeleted, Versioned, View, later


class SavedViewFields(SQLModel):
    """`filter` is a CustomerFilter as JSON, without defaults; `columns` are names of the list's columns in order."""

    name: str = Field(max_length=60)
    filter: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    columns: list[Any] = Field(default_factory=list, sa_type=JSON)
    order: str = Field(default="", max_length=20)
    shared: bool = False


class SavedViewDraft(SavedViewFields, Draft):
    name: str
    order: str = ""


class SavedView(SavedViewFields, SoftDeleted, Versioned, Model, table=True):
    __tablename__ = "saved_view"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", index=True)
    noun: str | None = later(max_length=20)
    """The kind of record it lists; None is customers."""


class SavedViewView(View):
    """`id` 0 and below are the shipped views."""

    id: int
    key: str
    name: str
    filter: dict[str, Any]
    columns: list[str]
    order: str
    shared: bool
    mine: bool
    owner: str
    default: bool
    version: int


class Shelf(View):
    """Everything the list page is opened with: the views this actor may use, and the columns and page size he prefers."""

    views: list[SavedViewView]
    columns: list[str]
    size: int


class Star(Model, table=True):
    """A customer that a user follows."""

    __tablename__ = "star"
    __audited__ = False
    user_id: int = Field(primary_key=True, foreign_key="app_user.id")
    customer_id: int = Field(primary_key=True, foreign_key="customer.id", index=True)
    created_at: datetime
