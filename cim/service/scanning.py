"""The whole base compared with itself: candidates from the blinded keys, each customer opened once, each pair scored once."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import select

from cim import crypto, matching
from cim.models import Customer, LookupKey, SubjectKey
from cim.models.base import columns
from cim.service import index
from cim.work import Work

CUSTOMERS = columns(Customer)
LOOKUPS = columns(LookupKey)
KEYS = columns(SubjectKey)

PART = 100_000
"""Customers are opened in parts of so many numbers, and two parts are in memory at once, however large the base."""
CHUNK = 900
TOLD = 2000
"""Pairs between two calls of `progress`."""
_MATCH = "match."
_SEALED = ("phone", "phone2", "email", "address")
_PLAIN = ("id", "uid", "kind", "name", "contact", "uscc")
_COLUMNS: Any = select(*(getattr(CUSTOMERS, name) for name in (*_PLAIN, *_SEALED)), KEYS.wrapped).outerjoin(
    SubjectKey, KEYS.uid == CUSTOMERS.uid
)
_LOW = 2**32 - 1
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two customers that may be one; `a` has the lower number."""

    a: int
    b: int
    match: matching.Match


@dataclass(frozen=True)
class Scan:
    """What a scan found, best first, and how many customers and pairs it looked at."""

    pairs: list[Pair]
    customers: int
    candidates: int


def scan(work: Work, *, progress: Progress | None = None) -> Scan:
    """Every pair from REVIEW points on. Never writes. `progress(done, all)` counts pairs; what it raises ends the scan."""
    numbers = _candidates(work)
    parties: dict[int, matching.Party] = {}
    found: list[Pair] = []
    opened = done = 0
    for parts, pairs in groupby(numbers, key=_parts):
        for number in [n for n in parties if n // PART not in parts]:
            del parties[number]
        these = list(pairs)
        opened += _open(work, parties, these)
        for pair in these:
            if progress and done % TOLD == 0:
                progress(done, len(numbers))
            done += 1
            if (scored := _score(parties, pair)) is not None:
                found.append(scored)
    return Scan(sorted(found, key=lambda p: (-p.match.score, p.a, p.b)), opened, len(numbers))


def score(work: Work, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], matching.Match]:
    """The evidence for given pairs as it is now; those with a customer that is gone are left out."""
    parties: dict[int, matching.Party] = {}
    _open(work, parties, [a << 32 | b for a, b in pairs])
    return {(a, b): matching.score(parties[a], parties[b]) for a, b in pairs if a in parties and b in parties}


def _candidates(work: Work) -> array[int]:
    """Pairs of customers that share a key, each once, as one number (a << 32 | b), in the order of their parts. Blocks
    over their cap are passed over, as at entry."""
    import numpy as np

    gone = set(work.session.execute(select(CUSTOMERS.id).where(CUSTOMERS.deleted_at.is_not(None))).scalars())
    keys = select(LOOKUPS.digest, LOOKUPS.kind, LOOKUPS.customer_id).where(LOOKUPS.kind.startswith(_MATCH))
    rows = work.session.execute(keys.order_by(LOOKUPS.digest), execution_options={"yield_per": 10_000})
    pairs = array("q")
    for _digest, block in groupby(rows, key=itemgetter(0)):
        members = list(block)
        if len(members) > 1 and len(members) <= matching.KEY_CAPS[members[0][1].removeprefix(_MATCH)]:
            ids = sorted({member[2] for member in members} - gone)
            pairs.extend(a << 32 | b for a, b in combinations(ids, 2))
    each = np.unique(np.frombuffer(pairs, dtype=np.int64))
    order = np.lexsort((each, (each & _LOW) // PART, (each >> 32) // PART))
    return array("q", each[order].tobytes())


def _parts(pair: int) -> tuple[int, int]:
    return (pair >> 32) // PART, (pair & _LOW) // PART


def _score(parties: dict[int, matching.Party], pair: int) -> Pair | None:
    a, b = pair >> 32, pair & _LOW
    if a not in parties or b not in parties:
        return None
    match = matching.score(parties[a], parties[b])
    return Pair(a, b, match) if match.score >= matching.REVIEW else None


def _open(work: Work, parties: dict[int, matching.Party], pairs: Sequence[int]) -> int:
    """Bring the customers of these pairs into comparable form; returns how many were not yet."""
    ids = sorted({i for pair in pairs for i in (pair >> 32, pair & _LOW)} - parties.keys())
    keys = crypto.keys()
    for start in range(0, len(ids), CHUNK):
        wanted = _COLUMNS.where(CUSTOMERS.id.in_(ids[start : start + CHUNK]), CUSTOMERS.deleted_at.is_(None))
        for row in work.session.execute(wanted):
            # not through `work`, which would remember the key of every customer
            cipher = keys.open_subject(row.uid, bytes(row.wrapped)) if row.wrapped else None
            parties[row.id] = _party(row, cipher)
    return len(ids)


def _party(row: Any, cipher: crypto.Cipher | None) -> matching.Party:
    values = {"name": row.name, "contact": row.contact, "uscc": row.uscc}
    for name in _SEALED:
        sealed = getattr(row, name)
        values[name] = cipher.open(bytes(sealed), f"customer.{name}.{row.uid}") if sealed and cipher else ""
    return index.party(row.kind, values)
