"""Credit limits: how much a customer may owe before an order asks why."""

from __future__ import annotations

from decimal import Decimal

from cim.models import Customer
from cim.permissions import Permission
from cim.service import currency
from cim.work import Work, command


@command(Permission.CUSTOMER_ASSIGN)
def set_limit(
    work: Work, customer_id: int, limit: Decimal | None, *, version: int | None = None, reason: str = ""
) -> bool:
    """Let a customer owe at most so much, in the base currency; None is no limit. False when that is so already. Whoever
    gives customers to others decides it: for himself nobody does. Raises Invalid("credit_limit"), NotFound outside the
    actor's scope, Denied for a customer of somebody else, Conflict for a stale version."""
    row = work.get(Customer, customer_id, to=Permission.CUSTOMER_ASSIGN, version=version)
    exact = None if limit is None else currency.money("credit_limit", limit)
    if row.credit_limit == exact:
        return False
    work.reason = reason.strip()[:500]
    row.credit_limit, row.updated_at = exact, work.now
    return True
