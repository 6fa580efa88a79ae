"""What is known beside a ticket: past ones like it, with the reason, and the last ones of the same customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select

from cim import search_text
from cim.models import Customer, Product, Ticket
from cim.models.base import columns
from cim.models.ticket_view import Beside, SimilarTicket
from cim.permissions import Permission
from cim.service import ticket_rows
from cim.work import Work, query

TICKETS = columns(Ticket)
PRODUCTS = columns(Product)
ASKED = 2000
"""So many of the newest tickets are compared, and so many more of the same product or category."""
LEAST, MOST = 30, 5
WORDS, PRODUCT, CATEGORY, CUSTOMER = 60, 25, 15, 10
"""Points: how much of the subject both say, the same product, category, customer."""
LONGEST = 200


@dataclass(frozen=True)
class Asked:
    """What is compared: a ticket that is there, or one that is being written."""

    text: str
    ticket_id: int | None = None
    customer_id: int | None = None
    product_id: int | None = None
    category: str = ""


@query(Permission.TICKET_READ)
def similar(
    work: Work, asked: int | str, customer_id: int | None = None, *, product_id: int | None = None, category: str = ""
) -> list[SimilarTicket]:
    """Past tickets in the actor's reach like a ticket (its id) or like a text, the most alike first, at most five, each with
    its reasons. NotFound for a ticket or a customer outside the actor's scope."""
    if isinstance(asked, int):
        row = work.get(Ticket, asked)
        return _similar(work, _asked(row))
    if customer_id is not None:
        work.get(Customer, customer_id)
    return _similar(work, Asked(asked[:LONGEST], None, customer_id, product_id, category))


@query(Permission.TICKET_READ)
def beside(work: Work, ticket_id: int) -> Beside:
    """Similar tickets and the last five other tickets of the same customer. NotFound outside the actor's scope."""
    row = work.get(Ticket, ticket_id)
    others = ticket_rows.listed(work, few=True).where(TICKETS.customer_id == row.customer_id, TICKETS.id != ticket_id)
    last = ticket_rows.lines(work, others.order_by(TICKETS.opened_at.desc(), TICKETS.id.desc()).limit(MOST))
    return Beside(similar=_similar(work, _asked(row)), last=last)


# ---- below the doors
def _asked(row: Ticket) -> Asked:
    return Asked(row.subject, row.id, row.customer_id, row.product_id, row.category)


def _similar(work: Work, asked: Asked) -> list[SimilarTicket]:
    said = search_text.compact(asked.text)
    grams = set(search_text.grams(said, (2,)))
    scored = []
    for row in _candidates(work, asked):
        shared = grams & set(search_text.grams(search_text.compact(row.subject_folded), (2,))) if grams else set()
        score = _score(asked, row, len(shared) / len(grams) if grams else 0.0)
        if score >= LEAST and (shared or row.product_id is not None or row.category):
            scored.append((score, bool(row.resolution), row.id))
    best = sorted(scored, reverse=True)[:MOST]
    wanted = ticket_rows.listed(work).add_columns(PRODUCTS.name).outerjoin(Product, PRODUCTS.id == TICKETS.product_id)
    wanted = wanted.where(TICKETS.id.in_([number for *_, number in best]))
    rows: dict[int, Any] = {found[0].id: found for found in work.session.execute(wanted)} if best else {}
    return [
        SimilarTicket(
            ticket=ticket_rows.line(work, *rows[number][:3]),
            score=score,
            reasons=_reasons(asked, said, rows[number][0], rows[number][3] or ""),
        )
        for score, _, number in best
    ]


def _candidates(work: Work, asked: Asked) -> Sequence[Any]:
    """Plain rows: the newest tickets, and the newest of the same product, category or customer."""
    shown = (TICKETS.id, TICKETS.subject_folded, TICKETS.product_id, TICKETS.category, TICKETS.customer_id)
    base: Select[Any] = select(*shown, TICKETS.resolution).where(work.visible(Ticket))
    if asked.ticket_id is not None:
        base = base.where(TICKETS.id != asked.ticket_id)
    base = base.order_by(TICKETS.opened_at.desc(), TICKETS.id.desc())
    alike = [TICKETS.product_id == asked.product_id] if asked.product_id is not None else []
    alike += [TICKETS.category == asked.category] if asked.category else []
    alike += [TICKETS.customer_id == asked.customer_id] if asked.customer_id is not None else []
    found = {row.id: row for row in work.session.execute(base.limit(ASKED))}
    if alike and len(found) == ASKED:
        found |= {row.id: row for row in work.session.execute(base.where(or_(*alike)).limit(ASKED))}
    return list(found.values())


def _score(asked: Asked, row: Any, share: float) -> int:
    score = WORDS * share
    score += PRODUCT * (asked.product_id is not None and row.product_id == asked.product_id)
    score += CATEGORY * (bool(asked.category) and row.category == asked.category)
    score += CUSTOMER * (asked.customer_id is not None and row.customer_id == asked.customer_id)
    return round(score)


def _reasons(asked: Asked, said: str, row: Ticket, product: str) -> list[tuple[str, str]]:
    reasons = [("words", word) for word in _shared(said, search_text.compact(row.subject))[:3]]
    if asked.product_id is not None and row.product_id == asked.product_id:
        reasons.append(("product", product))
    if asked.category and row.category == asked.category:
        reasons.append(("category", row.category))
    if asked.customer_id is not None and row.customer_id == asked.customer_id:
        reasons.append(("customer", ""))
    return reasons


def _shared(one: str, other: str) -> list[str]:
    """The longest pieces of one text that the other one holds, from two characters on, in the order of the first."""
    found: list[str] = []
    start = 0
    while start < len(one) - 1:
        end = start + 2
        if one[start:end] not in other:
            start += 1
            continue
        while end < len(one) and one[start : end + 1] in other:
            end += 1
        found.append(one[start:end])
        start = end
    return list(dict.fromkeys(found))
