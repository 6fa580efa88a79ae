"""What the rules of the worklist look for in what is known of a customer. Pure: `today` is part of the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

MOST_LATE = 2
"""Being late, or several of a kind, counts up to this many times the points of the rule."""
USUAL_CONTACT, USUAL_ORDER = 60, 90
"""Days between contacts and between orders where nothing is known."""


class Thing(NamedTuple):
    """Something open with a customer: its number, and the local day it is counted from."""

    id: int
    day: date


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is known of one customer. Days are local; `..._usual` are expected intervals in days."""

    today: date
    created: date
    grade: str = ""
    last_contact: date | None = None
    contact_usual: float = USUAL_CONTACT
    last_order: date | None = None
    order_usual: float = USUAL_ORDER
    next_due: date | None = None
    promised: Thing | None = None
    complaints: Sequence[Thing] = ()
    tickets: Sequence[Thing] = ()
    contracts: Sequence[Thing] = ()
    stuck: Sequence[Thing] = ()
    late_deals: Sequence[Thing] = ()
    birthdays: Sequence[date] = ()
    unpaid: Sequence[Thing] = ()
    owed: Decimal = Decimal(0)
    credit_limit: Decimal | None = None
    low_score: Thing | None = None
    pool_warned: date | None = None

    def idle(self) -> int:
        """Days since somebody was last in touch, or since the customer was added."""
        return (self.today - (self.last_contact or self.created)).days


class Found(NamedTuple):
    """What a rule found in a case: values, since when, identity, and how strongly (1 is once the points)."""

    params: dict[str, Any]
    since: date
    of: str
    strength: float = 1.0


def _late(days: int, limit: float, start: date, params: dict[str, Any]) -> Found | None:
    """More than `limit` days since `start`: the later, the more it counts."""
    if days <= limit:
        return None
    strength = min(MOST_LATE, days / limit) if limit else MOST_LATE
    return Found({"days": days} | params, start + timedelta(days=int(limit) + 1), start.isoformat(), strength)


def contact_overdue(case: Case, percent: Decimal) -> Found | None:
    limit = case.contact_usual * float(percent) / 100
    return _late(case.idle(), limit, case.last_contact or case.created, {"usual": _whole(case.contact_usual)})


def order_overdue(case: Case, percent: Decimal) -> Found | None:
    if case.last_order is None:
        return None
    days, limit = (case.today - case.last_order).days, case.order_usual * float(percent) / 100
    return _late(days, limit, case.last_order, {"usual": _whole(case.order_usual)})


def silent(grade: str) -> Callable[[Case, Decimal], Found | None]:
    def find(case: Case, days: Decimal) -> Found | None:
        if case.grade != grade:
            return None
        return _late(case.idle(), float(days), case.last_contact or case.created, {"grade": grade, "limit": int(days)})

    return find


def no_next_step(case: Case, _parameter: Decimal) -> Found | None:
    return Found({}, case.last_contact or case.created, "") if case.next_due is None else None


def task_overdue(case: Case, _parameter: Decimal) -> Found | None:
    if case.next_due is None or case.next_due >= case.today:
        return None
    return Found(
        {"days": (case.today - case.next_due).days}, case.next_due + timedelta(days=1), case.next_due.isoformat()
    )


def not_contacted(case: Case, days: Decimal) -> Found | None:
    age = (case.today - case.created).days
    return Found({"days": age}, case.created, "") if case.last_contact is None and age < days else None


def promise_missed(case: Case, _parameter: Decimal) -> Found | None:
    if case.promised is None or case.next_due is not None:
        return None  # the open task speaks for itself
    return Found({"day": case.promised.day}, case.promised.day + timedelta(days=1), str(case.promised.id))


def several(name: str) -> Callable[[Case, Decimal], Found | None]:
    """Open things of one kind; another one is a fact of its own."""

    def find(case: Case, _parameter: Decimal) -> Found | None:
        things: Sequence[Thing] = getattr(case, name)
        if not things:
            return None
        first = min(thing.day for thing in things)
        count = {"count": len(things), "days": (case.today - first).days}
        return Found(count, first, str(max(thing.id for thing in things)), min(MOST_LATE, len(things)))

    return find


def contract_ending(case: Case, days: Decimal) -> Found | None:
    soon = [thing for thing in case.contracts if 0 <= (thing.day - case.today).days <= days]
    if not soon:
        return None
    next_one = min(soon, key=lambda thing: (thing.day, thing.id))
    begins = next_one.day - timedelta(days=int(days))
    return Found({"days": (next_one.day - case.today).days}, begins, str(next_one.id))


def birthday_soon(case: Case, days: Decimal) -> Found | None:
    soon = [day for day in case.birthdays if 0 <= (day - case.today).days <= days]
    if not soon:
        return None
    day = min(soon)
    return Found({"days": (day - case.today).days}, day - timedelta(days=int(days)), day.isoformat())


def unpaid(case: Case, grace: Decimal) -> Found | None:
    late = [thing for thing in case.unpaid if (case.today - thing.day).days > grace]
    if not late:
        return None
    first = min(thing.day for thing in late)
    found = {"count": len(late), "days": (case.today - first).days}
    return Found(found, first + timedelta(days=int(grace) + 1), str(max(t.id for t in late)), min(MOST_LATE, len(late)))


def owes_too_much(case: Case, limit: Decimal) -> Found | None:
    most = limit if case.credit_limit is None else case.credit_limit
    if case.owed <= most or case.owed <= 0:
        return None
    return Found({"amount": str(case.owed), "limit": str(most)}, case.last_order or case.created, str(most))


def low_score(case: Case, days: Decimal) -> Found | None:
    if case.low_score is None or (case.today - case.low_score.day).days > days:
        return None
    return Found({"day": case.low_score.day}, case.low_score.day, str(case.low_score.id))


def pool_warning(case: Case, _parameter: Decimal) -> Found | None:
    return Found({}, case.pool_warned, case.pool_warned.isoformat()) if case.pool_warned else None


def _whole(days: float) -> int:
    return max(1, round(days))
