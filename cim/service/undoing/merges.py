"""What a merge kept beside the history, and what is put right there when it is taken back or done again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, delete, or_, select

from cim.errors import Conflict, Denied
from cim.models import Customer, DuplicatePair, Merge, Star
from cim.models.base import columns
from cim.models.search import PairStatus
from cim.permissions import Permission
from cim.service.undoing.entries import CHUNK
from cim.work import Work

CUSTOMERS = columns(Customer)
MERGES = columns(Merge)
STARS = columns(Star)


def may_change(work: Work, owner_id: int | None) -> bool:
    """Whether the actor may merge a customer of this owner. Who gives customers to others may do so with the public pool's."""
    if owner_id is None and work.actor.can(Permission.CUSTOMER_ASSIGN) and work.actor.can(Permission.CUSTOMER_WRITE):
        return True
    return work.owns(Permission.CUSTOMER_WRITE, owner_id)


def look(work: Work, change_set_id: int) -> None:
    """Before merges are taken apart, or made again by taking that back: all their customers must be the actor's to change,
    and stand where they have to. Else half of a merge would come apart. Raises Denied, Conflict."""
    apart = and_(MERGES.change_set_id == change_set_id, MERGES.undone_at.is_(None))
    turned = MERGES.undone_by_id == change_set_id
    found = list(work.session.execute(select(Merge).where(or_(apart, turned))).scalars())
    ids = sorted({i for row in found for i in (row.winner_id, row.loser_id)})
    customers: dict[int, Customer] = {}
    for start in range(0, len(ids), CHUNK):
        part = select(Customer).where(CUSTOMERS.id.in_(ids[start : start + CHUNK]))
        customers |= {row.id or 0: row for row in work.session.execute(part).scalars()}
    if not all(may_change(work, row.owner_id) for row in customers.values()):
        raise Denied("This customer is looked after by somebody else.")
    again = {i for row in found if row.undone_at is not None for i in (row.winner_id, row.loser_id)}
    losers = {row.loser_id for row in found if row.undone_at is None}  # of a chain within one change
    for number in sorted(again | {row.winner_id for row in found}):
        customer = customers[number]
        if customer.merged_into_id is not None and number not in losers:
            raise Conflict("{name} was merged itself since: take that merge apart first.", name=customer.name)
        if customer.deleted_at is not None and customer.merged_into_id is None:
            raise Conflict("{name} is in the recycle bin: restore it first.", name=customer.name)


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
        if row.undone_at is None:
            row.undone_at, row.undone_by_id = work.now, work.change_set()


def turned_round(work: Work, change_set_id: int) -> None:
    """The change-set that took merges apart is itself taken back: they stand again. Or the one that did that is: they are
    apart again."""
    for row in work.session.execute(select(Merge).where(MERGES.undone_by_id == change_set_id)).scalars():
        row.undone_at = work.now if row.undone_at is None else None
        row.undone_by_id = work.change_set()


def _of(work: Work, change_set_id: int) -> list[Merge]:
    return list(work.session.execute(select(Merge).where(MERGES.change_set_id == change_set_id)).scalars())
