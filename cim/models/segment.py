"""Customers counted by what they have in common."""

from __future__ import annotations

from enum import StrEnum

from cim.models.base import View
from cim.models.listing import CustomerFilter


class Dimension(StrEnum):
    """By what customers can be counted."""

    REGION = "region"
    INDUSTRY = "industry"
    GRADE = "grade"
    LIFECYCLE = "lifecycle"
    SOURCE = "source"
    OWNER = "owner"


class SegmentRowView(View):
    """One group. `value` is a code or the text itself, "" where nothing is filled in; `label` is for people.

    `filter` opens exactly the counted customers; None where no filter can (placed in a region, not further down).
    `deeper` says that a region has regions below it.
    """

    value: str
    label: str
    count: int
    second: str = ""
    second_label: str = ""
    filter: CustomerFilter | None = None
    deeper: bool = False


class SegmentView(View):
    """A count by one dimension or two; a custom field is the dimension `custom.KEY`. `total` counts customers: with a
    field of several choices, the rows together count more. `path` leads from the whole country to the region that was opened."""

    dimension: Dimension | str
    second: Dimension | str | None
    rows: list[SegmentRowView]
    total: int
    path: list[tuple[str, str]] = []
    labels: dict[str, str] = {}
    """What the custom fields among the dimensions are called."""
