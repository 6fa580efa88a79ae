"""A demo company to look around in: the same rows every time, dated back from today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from cim.config import settings
from cim.demo import company, loading, opportunities, orders, standing, tickets
from cim.demo.staff import PASSWORD, Employee
from cim.errors import Conflict
from cim.models import AuditEntry, Customer, User
from cim.permissions import Permission
from cim.service import surveys
from cim.work import Work, command

__all__ = ["PASSWORD", "Loaded", "load", "mark", "unmark"]


@dataclass(frozen=True)
class Loaded:
    """What a demo brought: the new accounts, all with PASSWORD, and the numbers of rows."""

    accounts: list[Employee]
    customers: int
    contacts: int
    activities: int
    tasks: int
    pairs: int
    orders: int
    opportunities: int
    tickets: int


@command(Permission.USER_MANAGE)
def load(work: Work, *, force: bool = False, progress: Callable[[int, int], None] | None = None) -> Loaded:
    """Load the demo company in one transaction: all of it or nothing. Customer codes that are taken are passed over.

    Raises Conflict where there are customers or users; with `force` the demo is added beside them, and accounts of the
    same names stay as they are. A second demo in one database is always a Conflict.
    """
    _refuse(work, force)
    if progress:
        progress(0, company.CUSTOMERS)
    staff, new = loading.hire(work)
    stored = loading.customers(work, company.build(), staff, progress=progress)
    contacts = loading.contacts(work, stored)
    activities = loading.follow_ups(work, stored, staff)
    tasks = loading.tasks(work, stored, staff)
    pairs = loading.settle(work, stored)
    standing.look_back(work, stored, staff)
    sold = orders.load(work, stored, staff)
    deals = opportunities.load(work, stored, staff)
    requests = tickets.load(work, stored, staff)
    surveys.take_shipped(work)
    return Loaded(new, len(stored), contacts, activities, tasks, pairs, sold, deals, requests)


def mark() -> bool:
    """Leave the marker by which `serve` knows that there are accounts with a published password. False when it is there."""
    path = settings().home / "demo"
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return True


def unmark() -> None:
    """Take the marker back: the demo was not loaded."""
    (settings().home / "demo").unlink(missing_ok=True)


def _refuse(work: Work, force: bool) -> None:
    entry, customer, user = AuditEntry, Customer, User
    if work.session.execute(select(entry.seq).where(entry.action == "demo.load").limit(1)).first():  # type: ignore[call-overload]
        raise Conflict("The demo company is here already. For a fresh one, set CIM_HOME to an empty folder.")
    held = [work.session.execute(select(table.id).limit(1)).first() for table in (customer, user)]  # type: ignore[call-overload]
    if any(held) and not force:
        raise Conflict(
            "There are customers or users already: nothing was loaded. `demo --force` adds the demo company beside them."
        )
