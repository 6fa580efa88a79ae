"""Notices, channels, messages and the mail server as they come in and as they leave the service."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from cim.models.base import Draft, View
from cim.models.notice import ChannelType, DeliveryStatus, Security


class NoticeView(View):
    """`text` is in the reader's language; `group` the kind a person chooses by."""

    id: int
    kind: str
    group: str
    text: str
    link: str
    customer_id: int | None
    urgent: bool
    created_at: datetime
    read_at: datetime | None


class ChannelDraft(Draft):
    """`address` is an e-mail address, or the webhook address as the chat shows it."""

    type: ChannelType = ChannelType.EMAIL
    label: str = ""
    address: str = ""


class ChannelView(View):
    """`shown` is as much of the address as tells it from others."""

    id: int
    type: ChannelType
    label: str
    shown: str
    active: bool
    team: bool
    version: int


class NoticeWishes(Draft):
    """What one person wants to hear, and when. `chosen` holds deviations from what is shipped: by destination ("app", or
    the number of a channel) and kind, whether it goes there. Hours are on the team's wall clock; no `digest_hour` is no
    daily message; between `quiet_from` and `quiet_until` only what is urgent leaves."""

    chosen: dict[str, dict[str, bool]] = Field(default_factory=dict)
    digest_hour: int | None = Field(default=8, ge=0, le=23)
    quiet_from: int | None = Field(default=21, ge=0, le=23)
    quiet_until: int | None = Field(default=7, ge=0, le=23)


class DeliveryView(View):
    """One message that did not simply arrive."""

    id: int
    status: DeliveryStatus
    user: str
    type: ChannelType
    label: str
    subject: str
    attempts: int
    problem: str
    claimed_at: datetime | None
    next_at: datetime
    can_resend: bool


class MailServerDraft(Draft):
    """`password` None keeps the one there is, "" forgets it."""

    host: str = ""
    port: int = Field(default=25, ge=1, le=65535)
    security: Security = Security.NONE
    username: str = ""
    password: str | None = None
    sender: str = ""


class MailServerView(View):
    host: str
    port: int
    security: Security
    username: str
    has_password: bool
    sender: str
    version: int


class SentReport(View):
    """What one turn of sending did. `later` were put off, `unsure` broke off where nobody can tell whether they arrived."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    unsure: int = 0
    skipped: int = 0
