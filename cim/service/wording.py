"""When a shared word (an industry, a tag, a region) changes, everything that uses it follows: customers, each with its
history, and saved views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm.attributes import flag_modified

from cim.models import Customer, CustomerTag, SavedView
from cim.models.base import columns
from cim.service import record
from cim.work import Work

CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)
VIEWS = columns(SavedView)
CHUNK = 500


def count(work: Work, using: ColumnElement[bool]) -> int:
    """How many customers would follow: the living ones and those in the recycle bin. One that was merged into another is
    history and stays as it was."""
    counted = select(func.count()).select_from(Customer).where(using, CUSTOMERS.merged_into_id.is_(None))
    return int(work.session.execute(counted).scalar_one())


def in_customers(work: Work, using: ColumnElement[bool], field: str, after: str) -> int:
    """Give a column of all these customers another value. Returns how many changed."""
    changed = 0
    for rows in _each(work, using):
        for row in rows:
            setattr(row, field, after)
            if field == "region_code" and row.deleted_at is None:  # what is removed is not found
                record.refresh(work, row)
        changed += len(rows)
    return changed


def in_tags(work: Work, before: str, after: str) -> int:
    """Replace a tag by another on every customer that has it. Returns how many changed."""
    changed = 0
    for rows in _each(work, tagged(before)):
        held: dict[int, list[str]] = {}
        theirs = TAGS.customer_id.in_([row.id for row in rows])
        for customer_id, tag in work.session.execute(select(TAGS.customer_id, TAGS.tag).where(theirs)):
            held.setdefault(customer_id, []).append(tag)
        work.session.execute(delete(CustomerTag).where(theirs, TAGS.tag == before))
        for row in rows:
            tags = held[row.id]
            if after not in tags:
                work.session.add(CustomerTag(customer_id=row.id, tag=after))
            work.note(row, "tags", sorted(tags), sorted({after, *tags} - {before}))
            # a tag is no column: without a new version, a form that is open now would bring the old word back
            flag_modified(row, "completeness")
        changed += len(rows)
    return changed


def in_views(work: Work, fields: tuple[str, ...], before: str, after: str | None) -> int:
    """Let saved views ask for the new word; with None they ask for nothing there. Returns how many changed."""
    changed = 0
    for row in work.session.execute(select(SavedView).where(VIEWS.deleted_at.is_(None))).scalars():
        wanted = {
            name: _replaced(value, before, after) if name in fields else value for name, value in row.filter.items()
        }
        wanted = {name: value for name, value in wanted.items() if value not in (None, [])}
        if wanted != row.filter:
            row.filter = wanted
            changed += 1
    return changed


def tagged(tag: str) -> ColumnElement[bool]:
    """The customers that have this tag, as a condition."""
    return exists().where(TAGS.customer_id == CUSTOMERS.id, TAGS.tag == tag)


def _replaced(value: Any, before: str, after: str | None) -> Any:
    if isinstance(value, list):
        kept = [after if part == before else part for part in value]
        return list(dict.fromkeys(part for part in kept if part is not None))
    return after if value == before else value


def _each(work: Work, using: ColumnElement[bool]) -> Iterator[list[Any]]:
    """The customers as rows of the session, some hundred at a time, so that each leaves its history."""
    wanted = select(CUSTOMERS.id).where(using, CUSTOMERS.merged_into_id.is_(None)).order_by(CUSTOMERS.id)
    ids = list(work.session.execute(wanted).scalars())
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        rows = list(work.session.execute(select(Customer).where(CUSTOMERS.id.in_(part))).scalars())
        work.load_ciphers(row.uid for row in rows)
        yield rows
        work.session.flush()
