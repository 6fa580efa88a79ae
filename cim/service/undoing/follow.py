"""What follows from records that were taken back: search and matching, quality, dates of the customers."""

from __future__ import annotations

from sqlalchemy import select

from cim.models import Customer
from cim.models.base import columns
from cim.service import activities, index, judging, record, totals
from cim.service.undoing.entries import CHUNK
from cim.service.undoing.rows import Run
from cim.work import Work

CUSTOMERS = columns(Customer)


def up(work: Work, run: Run, *, large: bool) -> None:
    """Bring up to date what an undo touched. Removed customers leave search and matching. A `large` undo lets go of the
    rows on its way."""
    if run.touch:
        activities.touch(work, sorted(run.touch))
    if run.total:
        totals.touch(work, sorted(run.total))
    ids = sorted(run.refresh | run.drop)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        rows = list(work.session.execute(select(Customer).where(CUSTOMERS.id.in_(part))).scalars())
        work.load_ciphers(row.uid for row in rows)
        index.drop(work, [row.id or 0 for row in rows if row.deleted_at is not None])
        standing = [row for row in rows if row.deleted_at is None]
        for row in standing:
            row.name_order = record.name_order(row.name)
        record.refresh_all(work, standing, found=True)
        work.session.flush()
        if large:
            for row in rows:
                work.session.expunge(row)
    judging.refresh(work, run.judge)
