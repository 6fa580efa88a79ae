"""Settings that an administrator changes in the app, and what one user prefers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from cim.clock import now
from cim.models.base import Model


class Setting(Model, table=True):
    """One named setting. What there is, its type, default and bounds: cim/service/settings.py."""

    __tablename__ = "setting"
    name: str = Field(primary_key=True, max_length=60)
    value: Any = Field(default=None, sa_type=JSON)
    updated_at: datetime = Field(default_factory=now, sa_column_kwargs={"info": {"derived": True}})


class Preference(Model, table=True):
    """What one user chose for himself: default view, columns of a list, the mapping of a file's headers."""

    __tablename__ = "preference"
    __audited__ = False
    user_id: int = Field(primary_key=True, foreign_key="app_user.id")
    name: str = Field(primary_key=True, max_length=60)
    value: Any = Field(default=None, sa_type=JSON)
