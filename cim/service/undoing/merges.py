"""What a merge kept beside the history, and what is put right there when it is taken back or done again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from cim.models import ChangeSet, DuplicatePair, Merge, Star
from cim.models.base import columns
from cim.models.search import PairStatus
from cim.work import Work

MERGES = columns(Merge)
SETS = columns(ChangeSet)
STARS = columns(Star)


def kept(work: Work, change_set_id: int) -> dict[str, str]:
    """Sealed values as they were stored before the merges of a change-set, by "table.id.field"."""
    found: dict[str, str] = {}
    for row in _of(work, change_set_id):
        found |= {name: value for name, value in row.kept.items() if isinstance(value, str)}
    return found


def taken_back(work: Work, change_set_id: int, *, winner_id: int | None = None) -> None:
    """The merges of a change-set (or of it those into one winner) stand no longer: who followed only the other record
    follows this one no more."""
    for row in _of(work, change_set_id):
        if winner_id not in (None, row.winner_id):
            continue
        users: list[Any] = row.kept.get("starred", [])
        if row.undone_at is None and users:
            followed = delete(Star).where(STARS.customer_id == row.winner_id, STARS.user_id.in_(users))
            work.session.execute(followed)
        for number in row.kept.get("made", []):
            # a pair that the merge made for the winner, and that another merge has closed since
            pair = work.session.get(DuplicatePair, number)
            if pair is not None and pair.status is not PairStatus.DISMISSED:
                work.session.delete(pair)
        row.undone_at = row.undone_at or work.now


def done_again(work: Work, change_set_id: int) -> None:
    """The change-set that took merges back is itself taken back: the merges stand again."""
    before = select(SETS.id).where(SETS.undone_by_id == change_set_id)
    for row in work.session.execute(select(Merge).where(MERGES.change_set_id.in_(before))).scalars():
        row.undone_at = None


def _of(work: Work, change_set_id: int) -> list[Merge]:
    return list(work.session.execute(select(Merge).where(MERGES.change_set_id == change_set_id)).scalars())
