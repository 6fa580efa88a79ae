"""Undo as it leaves the service: what was taken back, what stayed and why, and which changes there are."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from cim.models.base import View


class Bucket(StrEnum):
    """What became of one record. KEPT: somebody changed it since. FAILED: it could not be taken back."""

    UNDONE = "undone"
    KEPT = "kept"
    FAILED = "failed"


class UndoneDetail(View):
    """One record. `msgid` with `params` is the sentence that says why; "" where nothing is to be said. `name` is empty for
    a record that the actor may not see."""

    object_type: str
    object_id: str
    name: str
    bucket: Bucket
    msgid: str = ""
    params: dict[str, Any] = {}


class Undone(View):
    """What an undo did. The counts are exact; `details` holds at most 1,000 records of each bucket. `change_set` is the
    number of the undoing change, None when nothing could be taken back: then nothing counts as undone."""

    undone: int = 0
    kept: int = 0
    failed: int = 0
    details: list[UndoneDetail] = []
    change_set: int | None = None


class ChangeKind(StrEnum):
    """What a change was, for people who look for it."""

    IMPORT = "import"
    BULK = "bulk"
    MERGE = "merge"
    EDIT = "edit"
    UNDO = "undo"


class ChangeSetView(View):
    """One change of records: who, when, which action, how many records of which kind. `customer` is its name where the
    change is about one customer in the actor's reach. `why_not` is a sentence."""

    id: int
    at: datetime
    actor: str
    actor_id: int | None
    action: str
    reason: str
    entries: int
    what: list[tuple[str, int]]
    fields: list[str] = []
    customer: str = ""
    customer_id: int | None = None
    undone: bool = False
    may_undo: bool = False
    why_not: str = ""

    @property
    def records(self) -> int:
        """How many records an undo is about."""
        return sum(count for _kind, count in self.what)
