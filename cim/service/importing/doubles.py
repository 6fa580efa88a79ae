"""Possible duplicates of many new customers at once: against the base and against the earlier rows of the same file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from cim import crypto, matching
from cim.models import Customer, LookupKey
from cim.service import index
from cim.service.duplicates import MOST_CANDIDATES, SHOWN
from cim.service.importing.lines import Line
from cim.work import Work

_CHUNK = 500
_DIGESTS = 900
_REMEMBERED = 20_000


@dataclass(frozen=True)
class Hit:
    """Something a line may double: a customer of the base, or an earlier line."""

    match: matching.Match
    customer_id: int | None = None
    line: Line | None = None


def find(
    work: Work,
    lines: Sequence[Line],
    *,
    keep: Callable[[Line, list[Hit]], bool],
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Look for doubles of each line in turn and pass them to `keep`, best first, at most 5. Later lines are compared
    with a line only when `keep` returned True for it. Blocks over their cap are passed over, as at entry."""
    members = Counter(key for line in lines for key in line.keys)
    blocks: dict[tuple[str, str], list[Line]] = {}
    base = _Base(work)
    for start in range(0, len(lines), _CHUNK):
        part = lines[start : start + _CHUNK]
        if progress:
            progress(start, len(lines))
        stored = base.candidates(part)
        for line in part:
            hits = [_scored(line, party, customer_id=number) for number, party in stored.get(line.number, [])]
            hits += [_scored(line, other.party, line=other) for other in _earlier(line, blocks, members)]
            good = sorted((h for h in hits if h.match.score >= matching.REVIEW), key=lambda h: -h.match.score)
            if keep(line, good[:SHOWN]):
                for key in line.keys:
                    if members[key] > 1:
                        blocks.setdefault(key, []).append(line)


def _scored(new: Line, party: matching.Party | None, **target: Any) -> Hit:
    assert new.party is not None
    assert party is not None
    return Hit(matching.score(new.party, party), **target)


def _earlier(line: Line, blocks: dict[tuple[str, str], list[Line]], members: Counter[tuple[str, str]]) -> list[Line]:
    found: dict[int, Line] = {}
    for key in line.keys:
        if members[key] <= matching.KEY_CAPS[key[0]]:
            found.update((other.number, other) for other in blocks.get(key, ()))
    return list(found.values())[:MOST_CANDIDATES]


class _Base:
    """The customers already stored, found by their blinded keys, in chunks."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.parties: dict[int, matching.Party] = {}
        self.empty = work.session.execute(select(LookupKey.id).limit(1)).first() is None  # type: ignore[call-overload]

    def candidates(self, lines: Sequence[Line]) -> dict[int, list[tuple[int, matching.Party]]]:
        """Candidates of each line by row number: (customer id, comparable form)."""
        if self.empty:
            return {}
        blind = crypto.keys().blind
        digests = {line.number: [(blind(f"match.{kind}", value), kind) for kind, value in line.keys] for line in lines}
        kinds = {digest: kind for found in digests.values() for digest, kind in found}
        members = self._members(kinds)
        wanted = {
            number: list(dict.fromkeys(i for digest, _kind in found for i in members.get(digest, ())))[:MOST_CANDIDATES]
            for number, found in digests.items()
        }
        self._load(sorted({i for ids in wanted.values() for i in ids}))
        return {n: [(i, self.parties[i]) for i in ids if i in self.parties] for n, ids in wanted.items() if ids}

    def _members(self, kinds: dict[bytes, str]) -> dict[bytes, list[int]]:
        key: Any = LookupKey
        members: dict[bytes, list[int]] = {}
        for part in _parts(list(kinds), _DIGESTS):
            counted = select(key.digest, func.count()).where(key.digest.in_(part)).group_by(key.digest)
            counts = self.work.session.execute(counted).all()
            useful = [bytes(d) for d, count in counts if count <= matching.KEY_CAPS[kinds[bytes(d)]]]
            if useful:
                found = select(key.digest, key.customer_id).where(key.digest.in_(useful)).order_by(key.customer_id)
                for digest, customer_id in self.work.session.execute(found):
                    members.setdefault(bytes(digest), []).append(customer_id)
        return members

    def _load(self, ids: Sequence[int]) -> None:
        if len(self.parties) > _REMEMBERED:
            self.parties.clear()
        c: Any = Customer
        columns = (c.id, c.uid, c.kind, c.name, c.contact, c.uscc, c.phone, c.phone2, c.email, c.address)
        for part in _parts([i for i in ids if i not in self.parties], _DIGESTS):
            rows = self.work.session.execute(select(*columns).where(c.id.in_(part), c.deleted_at.is_(None))).all()
            self.work.load_ciphers(row.uid for row in rows)
            for row in rows:
                self.parties[row.id] = self._party(row)

    def _party(self, row: Any) -> matching.Party:
        cipher = self.work.cipher(row.uid)
        values = {"name": row.name, "contact": row.contact, "uscc": row.uscc}
        for name in ("phone", "phone2", "email", "address"):
            sealed = getattr(row, name)
            values[name] = cipher.open(bytes(sealed), f"customer.{name}.{row.uid}") if sealed and cipher else ""
        return index.party(row.kind, values)


def _parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
