"""How much personal data one person takes out in a day: counted from the audit log, warned of, and stopped (T38)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from cim import audit, clock
from cim.errors import Denied
from cim.models import AuditEntry
from cim.models.audit import Result
from cim.models.base import View, columns
from cim.service import settings
from cim.work import Work

ENTRIES = columns(AuditEntry)
LOOKS = ("customers.reveal", "files.read")
"""Actions that show one customer in clear; a customer counts once a day."""
EXPORTS = ("exports.customers", "exports.contacts", "exports.activities", "exports.records")
"""Actions that take many out; each counts the customers whose values it held in clear (fact `clear`)."""
UNUSUAL = "exports.unusual"


class Budget(View):
    """Customers whose personal data a person has looked up or taken out today; 0 in `warn` or `most` is no bound."""

    used: int
    warn: int
    most: int


def today(work: Work) -> Budget:
    """What the actor has used today, and what is allowed."""
    looked, taken = _found(work)
    return Budget(
        used=len(looked) + taken,
        warn=settings.value(work, "exports.warn_a_day"),
        most=settings.value(work, "exports.most_a_day"),
    )


def look(work: Work, uid: str) -> None:
    """Before one customer is shown in clear. Raises Denied beyond the budget."""
    if work.actor.user_id is not None and uid not in _found(work)[0]:
        take(work, 1)


def take(work: Work, customers: int) -> None:
    """Before the personal data of so many customers leaves in clear. Passing the first bound leaves an entry for the
    auditor. Raises Denied beyond the second; the refusal is recorded."""
    if work.actor.user_id is None or not customers:
        return
    work.serialise(f"budget.{work.actor.user_id}")
    held = today(work)
    total = held.used + customers
    if held.most and total > held.most:
        raise Denied(
            "With this you would have taken out the personal data of {total} customers today; {most} a day are allowed. "
            "Ask your administrator.",
            total=total,
            most=held.most,
        )
    if held.warn and held.used < held.warn <= total:
        work.record(UNUSUAL, rows=total)


def _found(work: Work) -> tuple[set[str], int]:
    """Customers looked at today, and how many went out in exports."""
    since = clock.start_of(clock.today())
    mine = select(ENTRIES.seq, ENTRIES.action, ENTRIES.subject_uid, ENTRIES.changes).where(
        ENTRIES.actor_id == work.actor.user_id,
        ENTRIES.at >= since,
        ENTRIES.action.in_((*LOOKS, *EXPORTS)),
        ENTRIES.result == Result.OK,
    )
    looked: set[str] = set()
    taken = 0
    entry: Any
    for entry in work.session.execute(mine):
        if entry.action in LOOKS:
            looked.add(entry.subject_uid)
        else:
            taken += int(((audit.unpack(entry, None) or {}).get("clear") or (None, 0))[1])
    return looked, taken
