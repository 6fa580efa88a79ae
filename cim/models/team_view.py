"""What the page of a team shows: what was done, how each person's customers stand, what is to be expected, plan against
done."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from cim.models.base import Draft, View


class Behind(StrEnum):
    """The lists behind the numbers of a team."""

    CALLS = "calls"
    VISITS = "visits"
    OTHERS = "others"
    CUSTOMERS = "customers"
    DONE = "done"
    OVERDUE = "overdue"
    TICKETS = "tickets"
    OPPORTUNITIES = "opportunities"
    POTENTIAL = "potential"


class Metric(StrEnum):
    """What a person can be given a target of."""

    SALES = "sales"
    NEW_CUSTOMERS = "new_customers"
    FOLLOW_UPS = "follow_ups"
    VISITS = "visits"
    CALLS = "calls"
    WON = "opportunities_won"


class DoneRow(View):
    """What a person did in some days; `overdue` are open tasks of before today, whatever the days."""

    user_id: int
    name: str
    calls: int
    visits: int
    others: int
    customers: int
    done: int
    overdue: int


class StateRow(View):
    """How the customers of a person stand."""

    user_id: int
    name: str
    customers: int
    lifecycle: dict[str, int]
    grades: dict[str, int]
    forgotten: int
    no_next_step: int
    open_tickets: int
    open_amount: Decimal


class BehindRow(View):
    """One row of a list behind a number. `noun` and `id` name the record, for comments."""

    noun: str
    id: int
    customer_id: int | None
    customer: str
    what: str
    text: str
    at: datetime | None
    day: date | None
    amount: Decimal | None = None


class PotentialRow(View):
    """Open opportunities of a person that are expected to close in a month: amount, and amount times probability."""

    user_id: int | None
    name: str
    count: int
    amount: Decimal
    weighted: Decimal


class GrowthRow(View):
    """A figure this month so far beside the same days of last month, and last month beside the one before; changes are
    fractions, None where there is none (from zero)."""

    metric: Metric
    value: Decimal
    previous: Decimal
    change: float | None
    last_month: Decimal
    month_before: Decimal
    month_change: float | None


class TargetDraft(Draft):
    """A target to be set; 0 takes it away."""

    user_id: int
    metric: Metric
    value: Decimal


class Attainment(View):
    """A target and what was reached of it; `rate` is a fraction, None without a target."""

    user_id: int
    name: str
    metric: Metric
    target: Decimal | None
    done: Decimal
    rate: float | None
