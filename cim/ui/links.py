"""Links that open exactly the rows that were counted: the URL of a list, as its page reads it."""

from __future__ import annotations

from urllib.parse import urlencode

from cim.models.kpi import FollowUpsView
from cim.models.listing import CustomerFilter
from cim.ui import list_url

SEARCH, TIMELINE = "pages/search.py", "pages/timeline.py"


def customers(narrowed: CustomerFilter) -> dict[str, str]:
    """The query parameters of /search. What is "not filled in" is written as the page writes it."""
    return list_url.params(narrowed)


def follow_ups(counted: FollowUpsView) -> dict[str, str]:
    """The query parameters of /timeline for counted follow-ups."""
    query = {"since": counted.since.isoformat(), "until": counted.until.isoformat()}
    return query if counted.author is None else {**query, "person": str(counted.author)}


def address(page: str, query: dict[str, str]) -> str:
    """The same as an address, for a link inside a text."""
    return f"/{page.removeprefix('pages/').removesuffix('.py')}?{urlencode(query)}"
