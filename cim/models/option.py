"""Option lists (数据字典): the words offered for a field, in order, with colour; retired words stay on old records."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, Versioned, View


class OptionFields(SQLModel):
    """One word of a list. `list` is the field it belongs to: "industry", "source", "tags"."""

    list: str = Field(max_length=60)
    value: str = Field(max_length=60)
    color: str = Field(default="", max_length=20)
    position: int = 0
    retired: bool = False


class OptionDraft(OptionFields, Draft):
    value: str
    color: str = ""


class Option(OptionFields, Versioned, Model, table=True):
    __tablename__ = "option"
    __table_args__ = (UniqueConstraint("list", "value"),)
    id: int | None = Field(default=None, primary_key=True)


class OptionView(View):
    id: int
    list: str
    value: str
    color: str
    position: int
    retired: bool
    used: int
    version: int
