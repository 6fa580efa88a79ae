"""The keys of the people and companies we hold data of."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from cim.models.base import Model


class SubjectKey(Model, table=True):
    """The wrapped key of one customer. Dropping the row makes every sealed value of that customer unreadable, here and in the audit log."""

    __tablename__ = "subject_key"
    __audited__ = False
    uid: str = Field(primary_key=True, max_length=32)
    wrapped: bytes
    created_at: datetime
