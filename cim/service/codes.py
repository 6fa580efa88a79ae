"""Customer codes: which are taken, and which a new customer gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import or_, select

from cim.errors import Invalid
from cim.models import Customer
from cim.models.base import columns
from cim.work import Work

CUSTOMERS = columns(Customer)

CHUNK = 1000
"""Most values in one IN list."""


def taken(work: Work, codes: Iterable[str]) -> set[str]:
    """Which of these customer codes are in use, whoever may see them: also those that lead to the customer a record was
    merged into. Those in the recycle bin are free again."""
    found: set[str] = set()
    wanted = sorted(set(codes) - {""})
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        found.update(
            work.session.execute(
                select(CUSTOMERS.code).where(
                    CUSTOMERS.code.in_(part), or_(CUSTOMERS.deleted_at.is_(None), CUSTOMERS.merged_into_id.is_not(None))
                )
            ).scalars()
        )
    return found


def allocate(work: Work, ids: Sequence[int], asked: Sequence[str]) -> list[str]:
    """The code of each new customer: as asked, else C and at least six digits, near the row's own number.

    Raises Invalid("code") for one that is taken or stands twice."""
    given = [code for code in asked if code]
    known = taken(work, given)
    for code in given:
        if code in known:
            raise Invalid("code", "Customer code {code} is already taken.", code=code)
        known.add(code)
    made = [code or f"C{number:06d}" for code, number in zip(asked, ids, strict=True)]
    free = [code for code, wanted in zip(made, asked, strict=True) if not wanted]
    clash = set(free) & known | taken(work, free)
    if not clash:
        return made
    following = _following(work, max(ids), known | clash)
    return [next(following) if not wanted and code in clash else code for code, wanted in zip(made, asked, strict=True)]


def _following(work: Work, last: int, used: set[str]) -> Iterator[str]:
    """Free codes above every number in use."""
    newest = work.session.execute(
        select(CUSTOMERS.code).where(CUSTOMERS.code.like("C______")).order_by(CUSTOMERS.code.desc()).limit(50)
    ).scalars()
    known = [int(code[1:]) for code in (*newest, *used) if code[1:].isdecimal() and code[:1] == "C" and len(code) < 12]
    number = max([last, *known])
    while True:
        number += 1
        yield f"C{number:06d}"
