"""The public pool as it leaves the service: who is about to lose a customer, what may be claimed, what happened."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from cim.models.base import View
from cim.models.customer import Grade


class PoolStep(StrEnum):
    """How a customer came to an owner or lost one."""

    CREATED = "created"
    CLAIMED = "claimed"
    ASSIGNED = "assigned"
    HANDED_OVER = "handed_over"
    RELEASED = "released"
    RETURNED = "returned"


class PoolDue(View):
    """A customer that returns to the public pool unless somebody is in contact: on which day, and why."""

    id: int
    code: str
    name: str
    owner_id: int
    owner: str
    grade: Grade
    idle_days: int
    rule_days: int
    returns_on: date
    warned: bool


class PoolRun(View):
    """What a night's turn of the rules did."""

    warned: int = 0
    returned: int = 0
    withdrawn: int = 0


class PoolOutlook(View):
    """What the rules in force mean today: past the limit already, and within the days of warning."""

    now: int
    soon: int


class Allowance(View):
    """What a person may still claim; None is without limit. `most` and `used` are of today, `limit` and `owned` of all."""

    left: int | None
    most: int
    used: int
    limit: int
    owned: int


class PoolEvent(View):
    """One change of owner: when, by whom ("" for the system), from whom and to whom ("" is the public pool)."""

    at: datetime
    step: PoolStep
    by: str
    before: str
    after: str
    reason: str


class Moved(View):
    """What a hand-over did: so many customers, and so many open tasks with them. `change_set` names it for undo."""

    customers: int
    tasks: int
    change_set: int | None = None
