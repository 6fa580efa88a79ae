"""A merge before it is made: the records side by side, what moves, and who is out of reach."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from cim.models.base import View


class MergeSide(View):
    """One of the records, and what belongs to it. `best` is the one that stands unless another is chosen."""

    id: int
    code: str
    name: str
    owner: str
    version: int
    created_at: datetime
    completeness: int
    contacts: int
    activities: int
    tasks: int
    files: int
    best: bool
    may_change: bool


class MergeField(View):
    """One field in every record, as the actor may see it. `joined` texts are put together unless one is chosen. `label` is
    given for custom fields."""

    name: str
    label: str = ""
    values: dict[int, Any]
    differs: bool
    joined: bool = False


class OutOfReach(View):
    """A record that the actor may not merge: who could is its owner."""

    name: str
    owner: str


class MergePreview(View):
    """`fields` has the differing ones first; what is empty everywhere is left out."""

    sides: list[MergeSide]
    fields: list[MergeField]
    out_of_reach: list[OutOfReach] = Field(default_factory=list)
