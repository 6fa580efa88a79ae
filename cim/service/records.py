"""Lists of opportunities, orders, contracts, products and tickets: one mechanism for all of them. What each list has is
data in cim/service/listing (docs/decisions/0026-one-list-for-every-noun.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cim.errors import Denied, Invalid
from cim.models.custom import Noun
from cim.models.record_list import (
    RecordColumn,
    RecordFacet,
    RecordFilter,
    RecordList,
    RecordMatch,
    RecordMatches,
)
from cim.permissions import Permission
from cim.service.listing import engine
from cim.service.listing.kinds import Kind, told
from cim.work import Work, query

LONGEST_PAGE = 200
SHORTEST = 2
"""Characters that the search box wants before it looks for records."""


@query(Permission.CUSTOMER_READ)
def search(
    work: Work,
    noun: Noun,
    narrowed: RecordFilter | None = None,
    *,
    order: str = "",
    page: int = 1,
    size: int = 50,
    custom: Iterable[str] = (),
) -> RecordList:
    """One page of the records of a noun in the actor's reach that the filter lets through. `order` is the name of a column,
    "-" before it turns it round, else the noun's own; `custom` are the keys of custom fields that are wanted.

    Raises Denied for a noun that the role may not read, Invalid for a facet, order or custom field that is not there.
    """
    kind = listed(work, noun)
    size, page = max(1, min(size, LONGEST_PAGE)), max(1, page)
    where = engine.conditions(work, kind, narrowed or RecordFilter())
    total, amount = engine.count(work, kind, where)
    found = engine.page(work, kind, where, order or kind.order, first=(page - 1) * size, size=size) if total else []
    return RecordList(
        rows=engine.rows(work, kind, found, list(custom)),
        total=total,
        page=page,
        size=size,
        total_amount=amount,
        currency=engine.currency_of(kind),
    )


@query(Permission.CUSTOMER_READ)
def columns(work: Work, noun: Noun) -> list[RecordColumn]:
    """The columns that a list of this noun can have, custom fields too, in the actor's language."""
    return engine.offered(work, listed(work, noun))


@query(Permission.CUSTOMER_READ)
def facets(work: Work, noun: Noun) -> dict[str, str]:
    """By what a list of this noun can be narrowed: name and label, in order. Nothing is read for it."""
    kind = listed(work, noun)
    return {facet.name: engine.label(facet) for facet in kind.facets}


@query(Permission.CUSTOMER_READ)
def choices(work: Work, noun: Noun, name: str) -> RecordFacet:
    """The codes of one facet with what they are called. Raises Invalid("facets") for one that the noun has not."""
    kind = listed(work, noun)
    facet = kind.facet(name)
    if facet is None:
        raise Invalid("facets", "There is no filter {name}.", name=name[:40])
    return engine.choices(work, kind, facet)


@query(Permission.CUSTOMER_READ)
def find(work: Work, text: str, *, limit: int = 5) -> list[RecordMatches]:
    """What the search box finds among records, noun by noun: numbers that are the text or begin with it first, then names
    and custom fields that hold every word, newest first. Only what the actor reaches; nothing for less than two
    characters."""
    if len(text.strip()) < SHORTEST:
        return []
    kinds = [kind for kind in engine.KINDS.values() if work.actor.can(kind.permission)]
    found = [(kind, engine.matches(work, kind, text, limit + 1)) for kind in kinds]
    return [
        RecordMatches(noun=kind.noun, rows=[_match(kind, row) for row in rows[:limit]], more=len(rows) > limit)
        for kind, rows in found
        if rows
    ]


def main_date(noun: Noun) -> str:
    """What the date is called that a filter of this noun means, in the reader's language."""
    return engine.main_label(engine.KINDS[noun])


def listed(work: Work, noun: Noun) -> Kind:
    """What a list of the noun is. Below the doors. Raises Invalid("noun") for one that has its own list, Denied for a role
    that may not read it."""
    kind = engine.KINDS.get(noun)
    if kind is None:
        raise Invalid("noun", "There is no list of {noun}.", noun=str(noun))
    if not work.actor.can(kind.permission):
        raise Denied("Your role does not permit this.")
    return kind


def _match(kind: Kind, found: tuple[Any, ...]) -> RecordMatch:
    number, name, code, customer, state, at = found
    column = kind.column(kind.state)
    shown = ""
    if column is not None and state:
        shown = column.named(state) if column.named else told(column.words)[str(state)] if column.words else str(state)
    return RecordMatch(
        id=number, name=name, number=code or "", customer=customer or "", state=shown, at=engine.day_of(at)
    )
