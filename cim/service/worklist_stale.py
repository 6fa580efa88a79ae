"""Marks what the worklist says of a customer as out of date. Below every service that changes something it looks at."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, cast, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from cim import clock, db
from cim.models import Customer, WorklistEntry
from cim.models.base import columns
from cim.models.worklist import WorklistState
from cim.work import Work

CUSTOMERS = columns(Customer)
ENTRIES = columns(WorklistEntry)
CHUNK = 2000
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When an entry counts as computed that is to be computed anew."""


def stale(work: Work, customer_ids: Collection[int]) -> None:
    """Have the worklist's entries of these customers computed anew when somebody looks, or by the scheduler's next turn.
    One statement per 2,000."""
    table: Any = ENTRIES.__table__
    ids = sorted(set(customer_ids))
    empty = {"score": 0, "plain": 0, "codes": "", "facts": [], "state": WorklistState.OPEN, "contact_days": 0}
    first = {**empty, "since": clock.today(), "computed_at": NEVER}
    values = [literal(value, table.c[name].type) for name, value in first.items()]
    for start in range(0, len(ids), CHUNK):
        part = select(CUSTOMERS.id, CUSTOMERS.owner_id, *values).order_by(CUSTOMERS.id)
        part = part.where(among(work, CUSTOMERS.id, ids[start : start + CHUNK]))
        made = upsert(work, table).from_select(["customer_id", "owner_id", *first], part)
        again = {name: made.excluded[name] for name in ("owner_id", "computed_at")}
        work.session.execute(made.on_conflict_do_update(index_elements=["customer_id"], set_=again))


def upsert(work: Work, table: Any) -> Any:
    """An INSERT of this database that can go on as an update."""
    return sqlite.insert(table) if db.is_sqlite(work.session) else postgresql.insert(table)


def among(work: Work, column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """Membership as one bound value: thousands of parameters would cost more than the rows they find."""
    if db.is_sqlite(work.session):
        each = func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(select(each.c.value))  # type: ignore[no-any-return]
    return column == any_(cast(list(ids), ARRAY(BigInteger)))  # type: ignore[no-any-return]
