""" "Do we know this company already?": one answer over everybody's customers, of which little leaves, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from cim import crypto, normalize, search_text
from cim.errors import Denied, Invalid
from cim.models import AuditEntry, Customer, LookupKey
from cim.models.audit import Result
from cim.models.base import columns
from cim.models.duplicate_view import KnownView
from cim.permissions import Permission
from cim.service import pairs, search, settings
from cim.work import Work

CUSTOMERS = columns(Customer)
LOOKUPS = columns(LookupKey)
ENTRIES = columns(AuditEntry)

SHOWN = 5
SHORTEST = 3
"""Characters that a name must have: by two of them the whole base could be leafed through."""
_EXACT = {"phone", "email", "uscc"}
_MASKED = 100


def limit(work: Work) -> None:
    """Raises Denied when the actor asked as often as `known.per_hour` allows."""
    if work.actor.user_id is None:
        return
    most = settings.value(work, "known.per_hour")
    work.serialise(f"known.{work.actor.user_id}")
    asked = select(func.count()).where(
        ENTRIES.actor_id == work.actor.user_id,
        ENTRIES.at > work.now - timedelta(hours=1),
        ENTRIES.action == "duplicates.known",
        ENTRIES.result == Result.OK,
    )
    if work.session.execute(asked).scalar_one() >= most:
        raise Denied("You have asked {most} times within an hour. Please go on later.", most=most)


def find(work: Work, name: str, phone: str) -> list[KnownView]:
    """Who has this name, or this very phone number, e-mail or credit code: own customers first, at most 5. Raises Invalid
    for what is too short."""
    exact = [term for text in (name, phone) for term in search_text.query(text).terms if term.field in _EXACT]
    number = bool(phone.strip()) or search_text.query(name).kind == "phone"
    if number and not any(term.field == "phone" for term in exact):
        raise Invalid("phone", "Type the whole number.")
    rows = _by_keys(work, exact) if exact else _by_name(work, name)
    mine = work.actor.user_id
    rows.sort(key=lambda row: (row.owner_id != mine, row.name != name.strip(), -(row.id or 0)))
    people = pairs.named(work, {row.owner_id for row in rows[:SHOWN]})
    return [_view(work, row, people) for row in rows[:SHOWN]]


def masked(name: str, phone: str) -> str:
    """What was asked, as the log may hold it."""
    return " ".join(normalize.text_masked(text.strip()[:_MASKED]) for text in (name, phone) if text.strip())


def _by_keys(work: Work, terms: list[search_text.Term]) -> list[Customer]:
    blind = crypto.keys().blind
    digests = [blind(f"find.{term.field}", term.value) for term in terms]
    ids = select(LOOKUPS.customer_id).where(LOOKUPS.digest.in_(digests))
    found = select(Customer).where(CUSTOMERS.id.in_(ids), CUSTOMERS.deleted_at.is_(None)).limit(SHOWN * 4)
    return list(work.session.execute(found).scalars())


def _by_name(work: Work, name: str) -> list[Customer]:
    firm = normalize.company(name)
    if len(search_text.compact(firm.core)) < SHORTEST and len(search_text.compact(name)) < SHORTEST:
        raise Invalid("name", "Type at least {count} characters of the name.", count=SHORTEST)
    wanted = firm.core if len(search_text.compact(firm.core)) >= SHORTEST else name
    ids = search.named(work, wanted)
    found = select(Customer).where(CUSTOMERS.id.in_(ids), CUSTOMERS.deleted_at.is_(None))
    rows = work.session.execute(found).scalars()
    return [row for row in rows if not firm.place or normalize.company(row.name).place in ("", firm.place)]


def _view(work: Work, row: Customer, people: dict[Any, str]) -> KnownView:
    reachable = row.owner_id is None or work.owns(Permission.CUSTOMER_READ, row.owner_id)
    return KnownView(
        id=row.id if reachable else None,
        name=row.name if reachable else normalize.name_masked(row.name),
        owner=people.get(row.owner_id, ""),
        grade=row.grade,
    )
