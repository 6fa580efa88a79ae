"""The timeline of a customer as it leaves the service: one kind of entry for everything that happened."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlmodel import Field

from cim.models.base import View


class EventKind(StrEnum):
    """What an entry tells of. The order is that of entries of the same moment, the later one first in the timeline."""

    IMPORT = "import"
    MERGE = "merge"
    CHANGE = "change"
    HANDOVER = "handover"
    FILE = "file"
    STAGE = "stage"
    ORDER = "order"
    DELIVERY = "delivery"
    PAYMENT = "payment"
    CONTRACT = "contract"
    CONTRACT_END = "contract_end"
    TICKET = "ticket"
    RESOLVED = "resolved"
    RATED = "rated"
    ANSWER = "answer"
    TASK = "task"
    ACTIVITY = "activity"
    COMMENT = "comment"


class EventGroup(StrEnum):
    """What a reader chooses among."""

    FOLLOW_UPS = "follow_ups"
    TASKS = "tasks"
    SALES = "sales"
    SERVICE = "service"
    COMMENTS = "comments"
    CHANGES = "changes"


GROUPS: dict[EventGroup, tuple[EventKind, ...]] = {
    EventGroup.FOLLOW_UPS: (EventKind.ACTIVITY,),
    EventGroup.TASKS: (EventKind.TASK,),
    EventGroup.SALES: (
        *(EventKind.STAGE, EventKind.ORDER, EventKind.DELIVERY, EventKind.PAYMENT),
        *(EventKind.CONTRACT, EventKind.CONTRACT_END),
    ),
    EventGroup.SERVICE: (EventKind.TICKET, EventKind.RESOLVED, EventKind.RATED, EventKind.ANSWER),
    EventGroup.COMMENTS: (EventKind.COMMENT, EventKind.FILE),
    EventGroup.CHANGES: (EventKind.CHANGE, EventKind.HANDOVER, EventKind.IMPORT, EventKind.MERGE),
}

Mark = tuple[datetime, EventKind, int]
"""Where a page of the timeline ended: the next one begins after it."""


class AttachedFile(View):
    """A file of a follow-up. `name` has its numbers masked where the actor sees the customer masked."""

    id: int
    name: str
    may_download: bool


class TimelineEntry(View):
    """One thing that happened. `title` is a message id with `params`; `text` is what a person wrote. `dated` ones are known
    to the day only. `badges` are codes of cim/words.py by vocabulary, `details` texts by message id. `fields` are names
    of changed fields, never their values, `labels` what custom ones among them are called."""

    kind: EventKind
    id: int
    at: datetime
    dated: bool = False
    icon: str
    title: str
    params: dict[str, Any] = Field(default_factory=dict)
    actor: str = ""
    actor_id: int | None = None
    text: str = ""
    amount: Decimal | None = None
    currency: str = ""
    badges: list[tuple[str, str]] = Field(default_factory=list)
    details: dict[str, str] = Field(default_factory=dict)
    next_at: datetime | None = None
    minutes: int | None = None
    link: str = ""
    customer_id: int
    customer: str = ""
    fields: list[str] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)
    files: list[AttachedFile] = Field(default_factory=list)
    comments: int = 0
    pinned: bool = False
    imported: bool = False
    may_edit: bool = False
    may_pin: bool = False
    version: int = 0

    @property
    def mark(self) -> Mark:
        """Its place in the order of the timeline."""
        return self.at, self.kind, self.id


class Timeline(View):
    """A page of entries, the newest first; `pinned` ones come with the first page only. `more` says that others follow,
    after the mark of the last entry."""

    entries: list[TimelineEntry]
    pinned: list[TimelineEntry] = Field(default_factory=list)
    more: bool = False
