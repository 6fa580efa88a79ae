"""Which record went into which: a merged record's number and code lead to the one that stands."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from cim.models import Customer
from cim.models.base import columns
from cim.work import LARGEST_ID, Work

CUSTOMERS = columns(Customer)


def successor(work: Work, customer_id: int) -> int | None:
    """The customer that a merged record stands for now, through any number of merges; None when it was not merged."""
    found, step = None, customer_id
    if not 0 < customer_id <= LARGEST_ID:
        return None
    while True:
        into = work.session.execute(select(CUSTOMERS.merged_into_id).where(CUSTOMERS.id == step)).scalar_one_or_none()
        if into is None:
            return found
        found = step = into


def by_code(work: Work, code: str) -> list[int]:
    """The customers that merged records with this code stand for now."""
    merged = select(CUSTOMERS.id).where(CUSTOMERS.code == code, CUSTOMERS.merged_into_id.is_not(None))
    ids = work.session.execute(merged).scalars().all()
    return sorted({i for i in (successor(work, one) for one in ids) if i is not None})


def predecessors(work: Work, customer_ids: Iterable[int]) -> list[int]:
    """The records that were merged into these customers, directly or through others."""
    found: list[int] = []
    step = list(customer_ids)
    while step:
        below = select(CUSTOMERS.id).where(CUSTOMERS.merged_into_id.in_(step))
        step = [i for i in work.session.execute(below).scalars() if i not in found]
        found += step
    return found
