"""What two years have done to the data of the demo company: how old it is, what its quality is, and what it was week by
week, counted from the demo's own follow-ups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam

from cim import clock
from cim.analytics import quality
from cim.analytics.quality import POINTS, Part
from cim.demo.loading import Stored
from cim.models import Customer, QualitySnapshot
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.service import judging
from cim.work import Work

WEEKS = 12


def look_back(work: Work, stored: Sequence[Stored], staff: dict[str, int]) -> None:
    """Date the customers back to when they came, judge them, and write down the quality of the last twelve weeks."""
    by, pairs = judging.rule(work), judging.pairs(work)
    sums: dict[tuple[int, int], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    rows = []
    for customer in stored:
        party = customer.party
        owner = staff[party.owner] if party.owner else 0
        held = customer.standard.plain | customer.standard.sealed | {"owner_id": owner or None}
        score = quality.score(held, pair=pairs.get(customer.id, 0), today=by.today)
        came = party.draft.created_at or work.now
        for week in range(WEEKS + 1):
            end = clock.start_of(by.today - timedelta(weeks=week) + timedelta(days=1))
            if came < end:
                idle = (end - _last(customer, came, end)).days
                parts = score.parts | {
                    Part.FRESH: POINTS[Part.FRESH] * quality.freshness(idle, by.fresh_days, by.stale_days)
                }
                _add(sums[week, owner], parts)
                if not week:
                    rows.append({"row": customer.id, "came": came, "to": int(sum(parts.values()) + 0.5)})
    table: Any = columns(Customer).__table__
    update = table.update().where(table.c.id == bindparam("row"))
    work.session.connection().execute(update.values(updated_at=bindparam("came"), quality=bindparam("to")), rows)
    for (week, owner), one in sums.items():
        figures = {name: round(value) for name, value in one.items()}
        work.session.add(QualitySnapshot(day=by.today - timedelta(weeks=week), owner_id=owner, **figures))


def _last(customer: Stored, came: datetime, end: datetime) -> datetime:
    """The last contact before a moment, or the day the customer came."""
    spoken = (told.draft.at for told in customer.party.story if told.draft.type is not ActivityType.NOTE)
    return max((at for at in spoken if at is not None and at < end), default=came)


def _add(one: dict[str, float], parts: dict[Part, float]) -> None:
    one["customers"] += 1
    one["points"] += int(sum(parts.values()) + 0.5)
    for part, points in parts.items():
        one[part.value] += points
