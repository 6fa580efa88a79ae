"""Who looks after customers: the one way it changes, whatever the verb, so that the same things always go along."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from cim.models import Customer
from cim.models.base import columns
from cim.service import contracts, judging, opportunity_record, orders, tasks, worklist_stale
from cim.work import Work

CUSTOMERS = columns(Customer)
CHUNK = 500


def give(work: Work, rows: Sequence[Customer], owner_id: int | None) -> int:
    """Let a user look after these customers, or nobody (None: the public pool); returns how many tasks went along.

    Open tasks, opportunities, orders and contracts of the owner until now go to the new one; in the pool they wait
    with the customer for whoever takes it next. What is won, paid or over keeps whose it was. Warnings that it
    would return to the pool are taken off. Contacts, stages, grade and everything else belong to the customer and
    stay as they are. The caller answers for the right.
    """
    moved = 0
    for giver in {row.owner_id for row in rows}:
        theirs = [row for row in rows if row.owner_id == giver]
        ids = [row.id or 0 for row in theirs]
        if tasks.withdraw_warnings(work, ids):
            # the dates that follow from tasks were let go of: read them again by one query
            work.session.execute(select(Customer).where(CUSTOMERS.id.in_(ids))).scalars().all()
        moved += tasks.move(work, ids, giver=giver, taker=owner_id)
        opportunity_record.move(work, ids, giver=giver, taker=owner_id)
        orders.move(work, ids, giver=giver, taker=owner_id)
        contracts.move(work, ids, giver=giver, taker=owner_id)
        for row in theirs:
            row.owner_id = owner_id
            row.owned_since = work.now if owner_id is not None else None
            row.pool_warned_at = None
        if (giver is None) is not (owner_id is None):  # whether somebody looks after it counts for its quality
            judging.judge_all(work, theirs)
    work.session.flush()
    worklist_stale.stale(work, [row.id or 0 for row in rows])
    return moved


def give_all(work: Work, which: Sequence[ColumnElement[bool]], owner_id: int | None, *, most: int) -> tuple[int, int]:
    """As `give`, for the customers that fit, the oldest first and at most so many; returns how many, and how many tasks
    went along. Rows of the session are let go of."""
    ids = list(work.session.execute(select(CUSTOMERS.id).where(*which).order_by(CUSTOMERS.id).limit(most)).scalars())
    moved = 0
    for start in range(0, len(ids), CHUNK):
        part = CUSTOMERS.id.in_(ids[start : start + CHUNK])
        rows = list(work.session.execute(select(Customer).where(part).order_by(CUSTOMERS.id)).scalars())
        work.load_ciphers(row.uid for row in rows)
        moved += give(work, rows, owner_id)
        work.settle()
    return len(ids), moved
