"""Numbers and codes of products, orders and contracts: as typed where they are free, else given out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select

from cim.errors import Invalid
from cim.models.base import columns
from cim.service import typed
from cim.work import Work

CHUNK = 1000
LIMIT = 40


def taken(work: Work, model: type[Any], name: str, values: Iterable[str]) -> set[str]:
    """Which of these values live rows of `model` hold in column `name`, whoever may see them."""
    table, found, wanted = columns(model), set[str](), sorted(set(values) - {""})
    column = getattr(table, name)
    for start in range(0, len(wanted), CHUNK):
        part = column.in_(wanted[start : start + CHUNK])
        found.update(work.session.execute(select(column).where(part, table.deleted_at.is_(None))).scalars())
    return found


def allocate(
    work: Work, model: type[Any], name: str, ids: Sequence[int], asked: Sequence[str], *, prefix: str
) -> list[str]:
    """What each new row gets: as asked, else the prefix and at least five digits, near the row's own number. Raises
    Invalid at `name` for one that is taken or stands twice."""
    given = [value for value in asked if value]
    known = taken(work, model, name, given)
    for value in given:
        if value in known:
            raise Invalid(name, "The number {number} is already taken.", number=value)
        known.add(value)
    made = [value or f"{prefix}{number:05d}" for value, number in zip(asked, ids, strict=True)]
    free = [value for value, wanted in zip(made, asked, strict=True) if not wanted]
    clash = set(free) & known | taken(work, model, name, free)
    if not clash:
        return made
    following = _following(work, model, name, prefix, max(ids), known | set(made))
    return [
        next(following) if not wanted and value in clash else value for value, wanted in zip(made, asked, strict=True)
    ]


def one(work: Work, model: type[Any], name: str, number: int, asked: str, *, prefix: str) -> str:
    """As `allocate`, for one row."""
    [value] = allocate(work, model, name, [number], [typed.line(name, asked, LIMIT)], prefix=prefix)
    return value


def change(work: Work, row: Any, name: str, asked: str) -> str:
    """What a row that stands is called from now on: what is asked, if it is free; what it was, if nothing is asked."""
    value = typed.line(name, asked, LIMIT) or getattr(row, name)
    if value != getattr(row, name) and taken(work, type(row), name, [value]):
        raise Invalid(name, "The number {number} is already taken.", number=value)
    return str(value)


def _following(work: Work, model: type[Any], name: str, prefix: str, last: int, used: Collection[str]) -> Iterator[str]:
    """Free values above every number in use."""
    column = getattr(columns(model), name)
    pattern = prefix + "_____"
    newest = work.session.execute(select(column).where(column.like(pattern)).order_by(column.desc()).limit(50))
    tails = [value[len(prefix) :] for value in (*newest.scalars(), *used) if value.startswith(prefix)]
    number = max([last, *(int(tail) for tail in tails if tail.isascii() and tail.isdecimal() and len(tail) < 12)])
    while True:
        number += 1
        yield f"{prefix}{number:05d}"
