"""Comments on any record (a manager on a follow-up, a handler on a ticket), and reusable phrases."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from cim.models.base import Draft, Model, SoftDeleted, Timestamped, Versioned, View


class Comment(SoftDeleted, Timestamped, Versioned, Model, table=True):
    """`noun` is the table of the record (activity, task, opportunity, sales_order, contract, ticket, customer). One that is
    not `internal` may be shown to the customer."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_record", "noun", "record_id"),)
    id: int | None = Field(default=None, primary_key=True)
    noun: str = Field(max_length=20)
    record_id: int
    customer_id: int = Field(foreign_key="customer.id", index=True)
    author_id: int | None = Field(default=None, foreign_key="app_user.id")
    text: str = Field(max_length=2000)
    internal: bool = True


class CommentView(View):
    """`edited` says that the text is not the one first written."""

    id: int
    noun: str
    record_id: int
    customer_id: int
    author: str
    author_id: int | None
    text: str
    internal: bool
    at: datetime
    edited: bool
    may_edit: bool
    may_remove: bool
    version: int


class PhraseDraft(Draft):
    """`type` is a kind of follow-up ("" fits all); a `shared` phrase is everybody's."""

    text: str
    type: str = ""
    shared: bool = False


class Phrase(SoftDeleted, Versioned, Model, table=True):
    """A text to put into a follow-up by one press; without a user it is everybody's. `type` "" fits all types."""

    __tablename__ = "phrase"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int | None = Field(default=None, foreign_key="app_user.id", index=True)
    text: str = Field(max_length=500)
    type: str = Field(default="", max_length=20)
    position: int = 0


class PhraseView(View):
    """`id` 0 is a phrase that ships with the system, in the language of the reader."""

    id: int
    text: str
    type: str
    shared: bool
    may_edit: bool
    version: int
