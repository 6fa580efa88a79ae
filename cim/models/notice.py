"""Notices: what a person is told in the app, by e-mail and by chat; where to send it; and what became of each message."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from cim.models.base import Model, Versioned, new_uid, text_enum, where


class ChannelType(StrEnum):
    EMAIL = "email"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"


class DeliveryStatus(StrEnum):
    """SENDING was begun and not yet ended: after a crash it is UNSURE, and reported instead of sent again. SKIPPED was
    not needed any more: its channel was closed, its day is over, there was nothing to say."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"
    SKIPPED = "skipped"


class Security(StrEnum):
    """How the way to the mail server is protected: not at all, TLS after a greeting (port 587), TLS from the start (465)."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Notice(Model, table=True):
    """Told once: `key` is the same for the same fact. `title` is a message id with `params`; `link` a page of ours."""

    __tablename__ = "notice"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_notice_unread", "user_id", "created_at", **where("read_at IS NULL")),
    )
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id")
    kind: str = Field(max_length=40)
    key: str = Field(max_length=120)
    title: str = Field(max_length=300)
    params: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    link: str = Field(default="", max_length=200)
    customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    urgent: bool = False
    created_at: datetime
    read_at: datetime | None = None


class Channel(Versioned, Model, table=True):
    """Where a person (or, without a user, the team) is reached outside the app. `address` is sealed under the server's
    key; a closed channel has lost it and stays for the messages that went there."""

    __tablename__ = "channel"
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    user_id: int | None = Field(default=None, foreign_key="app_user.id", index=True)
    type: ChannelType = text_enum(ChannelType.EMAIL)
    label: str = Field(default="", max_length=60)
    address: bytes = Field(sa_type=LargeBinary, sa_column_kwargs={"info": {"secret": True}})
    active: bool = True
    closed_at: datetime | None = None


class Delivery(Model, table=True):
    """One message to one channel, of a notice or of a digest (`day`). The pair is unique: nothing goes out twice."""

    __tablename__ = "delivery"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("channel_id", "key"),
        Index("ix_delivery_status_next_at", "status", "next_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    channel_id: int = Field(foreign_key="channel.id")
    notice_id: int | None = Field(default=None, foreign_key="notice.id", index=True)
    key: str = Field(max_length=120)
    status: DeliveryStatus = text_enum(DeliveryStatus.WAITING)
    attempts: int = 0
    next_at: datetime
    claimed_by: str = Field(default="", max_length=60)
    claimed_at: datetime | None = None
    sent_at: datetime | None = None
    problem: str = Field(default="", max_length=300)


class MailServer(Versioned, Model, table=True):
    """The SMTP server in force: one row, number 1."""

    __tablename__ = "mail_server"
    id: int = Field(default=1, primary_key=True)
    host: str = Field(default="", max_length=200)
    port: int = 25
    security: Security = text_enum(Security.NONE)
    username: str = Field(default="", max_length=200)
    password: bytes | None = Field(
        default=None, sa_type=LargeBinary, nullable=True, sa_column_kwargs={"info": {"secret": True}}
    )
    sender: str = Field(default="", max_length=200)


class Lease(Model, table=True):
    """Which server runs a kind of scheduled work, until when. `fence` grows with every holder."""

    __tablename__ = "lease"
    __audited__ = False
    name: str = Field(primary_key=True, max_length=60)
    holder: str = Field(default="", max_length=60)
    until: datetime
    fence: int = 0


class CalendarFeed(Model, table=True):
    """A link by which a calendar program reads somebody's plan. Only the digest of its token is stored."""

    __tablename__ = "calendar_feed"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", index=True)
    digest: str = Field(max_length=64, unique=True)
    created_at: datetime
    revoked_at: datetime | None = None
