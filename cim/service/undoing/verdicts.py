"""Why a record cannot be taken back, asked before anything of it is written: reach, keys, what is taken, what is in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func, select

from cim.config import settings
from cim.errors import Conflict
from cim.i18n import N_, _, format_datetime
from cim.labels import FIELDS
from cim.models import (
    Activity,
    Anniversary,
    ChangeSet,
    Comment,
    Contact,
    Contract,
    Customer,
    DuplicatePair,
    Opportunity,
    SalesOrder,
    SavedView,
    StoredFile,
    Task,
    Ticket,
    User,
    metadata,
)
from cim.models.base import columns
from cim.models.search import PairStatus
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import custom_values, pool
from cim.service.undoing import rights, values
from cim.service.undoing.entries import Later, Step
from cim.service.undoing.rights import MANAGED as MANAGED
from cim.service.undoing.rights import may_write as may_write
from cim.work import Work

CUSTOMERS = columns(Customer)
Reason = tuple[str, dict[str, Any]]

OUT_OF_REACH = N_("This record does not exist or is not yours to see.")
ERASED = N_("Its personal data was erased or cannot be read.")
NO_FIELD = N_("The field {field} is gone.")
CHANGED = N_("Changed since by {name}, {at}.")
CHANGED_SINCE = N_("Changed since.")
REMOVED = N_("Removed since by {name}, {at}.")
REMOVED_SINCE = N_("Removed since.")
PARTLY = N_("{fields} changed since by {name}, {at}; what else was changed has been taken back.")
PARTLY_SINCE = N_("{fields} changed since; what else was changed has been taken back.")
GROWN = N_("{count} records were added to it since.")
ALREADY = N_("It was so already.")
IN_USE = N_("It is in use by now.")
CODE_TAKEN = N_("Customer code {code} now belongs to another customer.")
TAKEN = N_("Another record has the same {fields} by now.")
NO_TARGET = N_("{field}: what it was before is gone.")
NO_OWNER = N_("{name} is no longer active and cannot get it back.")
NOT_GIVEN = N_("You may not give it back to {name}.")
HANDED = {"customer_id", "owner_id", "assignee_id"}
"""What a merge changes of a record that goes along with its customer."""


def in_reach(work: Work, source: ChangeSet, step: Step, row: Any, customers: Mapping[int, Customer]) -> bool:
    """Whether the actor may write this record. Rows of a customer follow the customer."""
    if step.model in MANAGED:
        return rights.may_keep(work, step.model)
    if (own := rights.owns_himself(work, row)) is not None:
        return own
    if step.model is SavedView:
        return bool(row.user_id == work.actor.user_id)
    if step.model is DuplicatePair:
        return _pair_in_reach(work, source, step, row, customers)
    if step.model is Task and row.customer_id is None:
        return work.owns(Permission.TASK_WRITE, row.assignee_id)
    customer = row if step.model is Customer else customers.get(getattr(row, "customer_id", None) or 0)
    if customer is None:
        return False
    if customer is row or _goes_along(source, step):
        return may_write(work, source, customer)
    return rights.reaches(work, source, row, customer)


def _goes_along(source: ChangeSet, step: Step) -> bool:
    """Whether a record was only hung under another customer: that took the right to the customers, and no other. A task
    may be about another customer by itself."""
    names = set(step.changes or ())
    stood = not (step.created or step.deleted or source.action.startswith("tasks."))
    return stood and "customer_id" in names and names <= HANDED


def _pair_in_reach(
    work: Work, source: ChangeSet, step: Step, row: DuplicatePair, customers: Mapping[int, Customer]
) -> bool:
    """What a person judged takes the right to both customers, as judging does; else a pair follows what it came from."""
    if step.created or PairStatus.DISMISSED not in (step.changes or {}).get("status", ()):
        return True
    sides = [customers.get(i) for i in (row.a_id, row.b_id)]
    return all(side is not None and may_write(work, source, side) for side in sides)


def refusal(work: Work, source: ChangeSet, row: Any, back: Mapping[str, Any], claimed: set[Any]) -> Reason | None:
    """Why these values cannot be given to a row that stands; None when they can. `claimed` is what other rows were given
    in the same breath."""
    moves = bool(back.get("customer_id"))
    if (values.needs_key(row, back) or (moves and hasattr(row, "SEALED"))) and not values.readable(work, row):
        return ERASED, {}
    if moves and hasattr(row, "SEALED") and work.cipher(work.subject_of(back["customer_id"])) is None:
        return ERASED, {}
    if isinstance(row, Customer) and back.get("owner_id") is not None:
        reason = _not_the_owner(work, source, back["owner_id"])
        if reason is not None:
            return reason
    return lost(work, row, back) or clash(work, row, back, claimed)


def clash(work: Work, row: Any, back: Mapping[str, Any], claimed: set[Any]) -> Reason | None:
    """What is meanwhile taken by another record, by every rule of the table that says so."""
    table = row.__table__
    own = [
        table.c[c.name] != getattr(row, c.name) for c in table.primary_key.columns if getattr(row, c.name) is not None
    ]
    for names, live in _unique(table):
        lives = back["deleted_at"] is None if "deleted_at" in back else getattr(row, "deleted_at", None) is None
        if not (set(names) & set(back) or (live and "deleted_at" in back)) or (live and not lives):
            continue
        told = {n: values.stored(table.c[n], back[n]) if n in back else getattr(row, n) for n in names}
        same = [table.c[name] == value for name, value in told.items()]
        there = select(func.count()).select_from(table).where(*same, *own)
        if live:
            there = there.where(table.c.deleted_at.is_(None))
        claim = (table.name, *told.values())
        if claim in claimed or work.session.execute(there).scalar_one():
            if isinstance(row, Customer):
                return CODE_TAKEN, {"code": told["code"]}
            return TAKEN, {"fields": labels(work, names)}
        claimed.add(claim)
    return None


def lost(work: Work, row: Any, back: Mapping[str, Any]) -> Reason | None:
    """A field that would lead to a record that is gone."""
    for name, told in back.items():
        column = row.__table__.c.get(name)
        for key in column.foreign_keys if column is not None and told is not None else ():
            there = select(func.count()).select_from(key.column.table).where(key.column == values.stored(column, told))
            if not work.session.execute(there).scalar_one():
                return NO_TARGET, {"field": labels(work, [name])}
    return None


def in_use(work: Work, row: Any) -> bool:
    """Whether any row refers to this one, so that it cannot be taken out of its table."""
    table = row.__table__
    for other in metadata.tables.values():
        for column in other.columns:
            for key in column.foreign_keys:
                if key.column.table is table:
                    held = select(func.count()).select_from(other).where(column == getattr(row, key.column.name))
                    if work.session.execute(held).scalar_one():
                        return True
    return False


def grown(work: Work, ids: Sequence[int]) -> dict[int, int]:
    """How many live records lie under each of these customers, those merged into it counted."""
    found: dict[int, int] = {}
    for model in (Contact, Activity, Task, StoredFile, Opportunity, SalesOrder, Contract, Ticket, Comment, Anniversary):
        table: Any = columns(model)
        below = select(table.customer_id, func.count()).where(table.customer_id.in_(ids), table.deleted_at.is_(None))
        for number, count in work.session.execute(below.group_by(table.customer_id)):
            found[number] = found.get(number, 0) + count
    merged = select(CUSTOMERS.merged_into_id, func.count()).where(CUSTOMERS.merged_into_id.in_(ids))
    for number, count in work.session.execute(merged.group_by(CUSTOMERS.merged_into_id)):
        found[number] = found.get(number, 0) + count
    return found


def since(later: Sequence[Later], named: str, unnamed: str, **params: Any) -> Reason:
    """A sentence with who changed it since and when, where that is known."""
    entry = next((e for e in reversed(later) if not e.void), later[-1] if later else None)
    if entry is None:
        return unnamed, params
    return named, params | {"name": entry.actor, "at": format_datetime(entry.at, settings().zone)}


def labels(work: Work, names: Sequence[str]) -> str:
    """Names of fields for people."""
    own = custom_values.labels(work, names)
    return ", ".join(own.get(name) or _(FIELDS.get(name, name)) for name in names)


def over_the_limit(work: Work, already: int) -> Reason | None:
    """Why the actor may not get a customer back from the public pool: nobody gets more by undoing than by claiming.
    `already` is how many this undo gave back."""
    if work.actor.can(Permission.CUSTOMER_ASSIGN):
        return None
    if not work.actor.can(Permission.CUSTOMER_CLAIM):
        return OUT_OF_REACH, {}
    work.session.flush()  # what this undo gave back so far is counted too
    try:
        pool.may_claim(pool.allowance(work), already)
    except Conflict as refused:
        return refused.msgid, refused.params
    return None


def _not_the_owner(work: Work, source: ChangeSet, owner_id: int) -> Reason | None:
    user = work.session.get(User, owner_id)
    if user is None or user.status is not UserStatus.ACTIVE:
        return NO_OWNER, {"name": user.name if user else str(owner_id)}
    mine = source.actor_id == work.actor.user_id or owner_id == work.actor.user_id
    if not mine and not work.owns(Permission.CUSTOMER_ASSIGN, owner_id):
        return NOT_GIVEN, {"name": user.name}
    return None


def _unique(table: Any) -> list[tuple[list[str], bool]]:
    """Columns that only one record may have together, and whether that is said of live ones only."""
    found = [
        ([c.name for c in rule.columns], False) for rule in table.constraints if isinstance(rule, UniqueConstraint)
    ]
    for index in table.indexes:
        if isinstance(index, Index) and index.unique:
            partial = index.dialect_options["sqlite"].get("where") is not None
            found.append(([c.name for c in index.columns], partial))
    return found
