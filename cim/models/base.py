"""What all tables share: our own registry, naming of constraints, and the mixins."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Dialect, LargeBinary, MetaData, String, TypeDecorator, text
from sqlalchemy.orm import declared_attr, registry
from sqlmodel import Field, SQLModel
from sqlmodel._compat import SQLModelConfig

from cim.clock import now

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)


class Model(SQLModel, registry=registry(metadata=metadata)):
    """Base of every table. Its own registry, because Streamlit re-imports modules and the default one refuses that."""

    __audited__: ClassVar[bool] = True


class Draft(SQLModel):
    """Base of every input: unknown fields are refused, so nothing can be slipped in. An error does not repeat the value."""

    model_config = SQLModelConfig(extra="forbid", hide_input_in_errors=True)


class View(SQLModel):
    """Base of everything that leaves the service: already scoped and masked."""


class TextEnum(TypeDecorator[StrEnum]):
    """A StrEnum stored as plain text: adding a value must not alter a database type."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.kind(value)


def text_enum(default: StrEnum, **options: Any) -> Any:
    """A column for the enum of `default`."""
    return Field(default=default, sa_type=TextEnum(type(default)), **options)


def sealed() -> Any:
    """A column that holds personal data, sealed under the customer's key (cim/crypto.py)."""
    return Field(default=None, sa_type=LargeBinary, nullable=True, sa_column_kwargs={"info": {"sealed": True}})


def derived(default: Any = None, **options: Any) -> Any:
    """A column computed from other rows: neither history nor row digest covers it."""
    return Field(default=default, sa_column_kwargs={"info": {"derived": True}}, **options)


def later(**options: Any) -> Any:
    """A column added after the first release. The row digest leaves it out while it is empty, so that the digests of rows
    written before it was there still hold."""
    return Field(default=None, sa_column_kwargs={"info": {"later": True}}, **options)


def where(condition: str) -> dict[str, Any]:
    """Options that make an index partial, on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def columns(model: type[Model]) -> Any:
    """The columns of a table, for SQL. SQLModel types a class's attributes as values, so a checker cannot see columns there."""
    return model


def new_uid() -> str:
    """128 random bits, hexadecimal: names a record where its number is not known yet."""
    return secrets.token_hex(16)


class Timestamped(SQLModel):
    """When the row came to be, and when it was last changed."""

    created_at: datetime = Field(default_factory=now, index=True)
    updated_at: datetime = Field(default_factory=now, sa_column_kwargs={"info": {"derived": True}})


class Owned(SQLModel):
    """Who looks after the row: what `visible()` uses. None is the public pool."""

    owner_id: int | None = Field(default=None, foreign_key="app_user.id", index=True)


class Versioned(SQLModel):
    """Optimistic locking: an update of an older version is a Conflict, never a lost update."""

    version: int = Field(default=1, sa_column_kwargs={"info": {"derived": True}})

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__table__.c.version} if hasattr(cls, "__table__") else {}


class SoftDeleted(SQLModel):
    """Deleting keeps the row: it can be restored."""

    deleted_at: datetime | None = Field(default=None)
