"""What a customer's data is worth in points, kept with it where its values change. The rule is cim/analytics/quality.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Any

from sqlalchemy import func, select, union_all

from cim import clock
from cim.analytics import quality
from cim.analytics.quality import Score
from cim.models import Customer, DuplicatePair
from cim.models.base import columns
from cim.models.search import PairStatus
from cim.service import settings, views
from cim.work import Work

PAIRS = columns(DuplicatePair)
PLAIN = ("kind", "name", "contact", "gender", "birthday", "uscc", "region_code", "owner_id", "source", "industry")
"""Plain columns that are judged, beside the sealed ones."""


@dataclass(frozen=True)
class Rule:
    """The settings in force, and the local day."""

    fresh_days: int
    stale_days: int
    today: date
    zone: tzinfo


def rule(work: Work) -> Rule:
    """What to judge by, read once for many customers."""
    days = settings.values(work, "quality.")
    local = clock.local(work.now)
    return Rule(days["fresh_days"], days["stale_days"], local.date(), local.tzinfo or UTC)


def values(work: Work, row: Customer) -> dict[str, Any]:
    """What is judged, in clear. Never leaves the service."""
    return {name: getattr(row, name) for name in PLAIN} | views.opened(work, row)


def judge(work: Work, row: Customer, *, by: Rule | None = None) -> None:
    """Bring completeness and quality of a customer up to date."""
    held = values(work, row)
    pair = pairs(work, [row.id]).get(row.id, 0) if row.id is not None else 0
    row.completeness = quality.completeness(held)
    if by is None:
        local = clock.local(work.now)
        by = Rule(0, 0, local.date(), local.tzinfo or UTC)
        if idle_days(row, by):  # else it was changed just now: the settings need not be asked
            by = rule(work)
    row.quality = score(row, held, pair=pair, by=by).points


def judge_all(work: Work, rows: Sequence[Customer]) -> None:
    """As `judge`, for some hundred customers at the price of one."""
    with work.session.no_autoflush:  # each row is written once, with what follows from its change
        by, open_pairs = rule(work), pairs(work, [row.id for row in rows if row.id is not None])
    for row in rows:
        held = values(work, row)
        row.completeness = quality.completeness(held)
        row.quality = score(row, held, pair=open_pairs.get(row.id or 0, 0), by=by).points


def score(row: Any, held: Mapping[str, Any], *, pair: int, by: Rule) -> Score:
    """The score of one customer; `row` has its dates, `held` its values in clear."""
    confirmed = row.confirmed_at is not None and row.confirmed_at >= row.updated_at
    return quality.score(
        held,
        pair=pair,
        idle_days=idle_days(row, by),
        fresh_days=by.fresh_days,
        stale_days=by.stale_days,
        confirmed=confirmed,
        today=by.today,
    )


def of_new(held: Mapping[str, Any]) -> int:
    """The points of a customer that is added now with checked values: fresh, and not yet known to be a double."""
    return quality.score(held, trusted=True).points


def idle_days(row: Any, by: Rule) -> int:
    """Local days since the data was changed or confirmed, or somebody was in contact."""
    last = max(moment for moment in (row.updated_at, row.confirmed_at, row.last_contact_at) if moment is not None)
    days: int = (by.today - last.astimezone(by.zone).date()).days
    return max(0, days)


def pairs(work: Work, ids: Sequence[int] | None = None) -> dict[int, int]:
    """The highest score of an open pair, by customer: of these (at most some hundred), or of all that are in one."""
    ends = []
    for column in (PAIRS.a_id, PAIRS.b_id):
        end = select(column.label("id"), PAIRS.score.label("score")).where(PAIRS.status == PairStatus.OPEN)
        ends.append(end if ids is None else end.where(column.in_(ids)))
    both = union_all(*ends).subquery()
    found = select(both.c.id, func.max(both.c.score)).group_by(both.c.id)
    return {row[0]: int(row[1]) for row in work.session.execute(found)}


def refresh(work: Work, ids: Iterable[int]) -> None:
    """Judge customers again after something beside their own values changed, such as a pair that was decided. No history
    and no version of the customer: an open form stays valid."""
    table: Any = columns(Customer).__table__
    wanted, by = sorted(set(ids)), rule(work)
    work.session.flush()
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        rows = work.session.execute(select(Customer).where(columns(Customer).id.in_(part))).scalars().all()
        work.load_ciphers(row.uid for row in rows)
        open_pairs = pairs(work, part)
        for row in rows:
            held = values(work, row)
            points = score(row, held, pair=open_pairs.get(row.id or 0, 0), by=by).points
            if points != row.quality:
                work.session.execute(table.update().where(table.c.id == row.id).values(quality=points))
                work.session.expire(row, ["quality"])
