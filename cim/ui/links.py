"""Links that open exactly the rows that were counted: the URL of a list, as its page reads it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from cim.models.kpi import FollowUpsView
from cim.models.listing import CustomerFilter
from cim.ui.filters import EMPTY

SEARCH, TIMELINE = "pages/search.py", "pages/timeline.py"


def customers(narrowed: CustomerFilter) -> dict[str, str]:
    """The query parameters of /search. What is "not filled in" is written as the page writes it."""
    given = narrowed.model_dump(mode="json", exclude_defaults=True)
    return {name: _plain(value) for name, value in given.items() if value is not None}


def follow_ups(counted: FollowUpsView) -> dict[str, str]:
    """The query parameters of /timeline for counted follow-ups."""
    query = {"since": counted.since.isoformat(), "until": counted.until.isoformat()}
    return query if counted.author is None else {**query, "person": str(counted.author)}


def address(page: str, query: dict[str, str]) -> str:
    """The same as an address, for a link inside a text."""
    return f"/{page.removeprefix('pages/').removesuffix('.py')}?{urlencode(query)}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return EMPTY if value == "" else str(value)
