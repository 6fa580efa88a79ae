"""Pairs of possible duplicates: kept once, listed for those whom they concern, joined to groups for a bulk merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from cim import matching, normalize
from cim.access import reached_users
from cim.history import Change
from cim.models import Customer, DuplicatePair, Region, User
from cim.models.base import columns
from cim.models.duplicate_view import PairList, PairSide, PairView, Reasons
from cim.models.search import PairStatus
from cim.permissions import Permission
from cim.service import merging, scanning, views
from cim.service import places as spots
from cim.work import Work

PAIRS = columns(DuplicatePair)
FIRST: Any = aliased(Customer)
SECOND: Any = aliased(Customer)
CHUNK = 400
LARGEST_GROUP = 5
"""More records than this that hang together are no longer clear: a person looks at them."""


@dataclass(frozen=True)
class Kept:
    """How many pairs are new in the queue, were there already, and were judged before."""

    new: int
    known: int
    dismissed: int


def told(match: matching.Match) -> Reasons:
    """The evidence as it is stored and shown."""
    return [(reason.msgid, dict(reason.params), reason.points) for reason in match.reasons]


def keep(work: Work, found: Sequence[scanning.Pair]) -> Kept:
    """Put up new pairs, bring the score of open ones up to date (also of those not found any more), and leave those alone
    that somebody judged."""
    standing = {(row.a_id, row.b_id): row for row in work.session.execute(_STANDING)}
    fresh = [pair for pair in found if (pair.a, pair.b) not in standing]
    live = _live(work, {i for pair in fresh for i in (pair.a, pair.b)})
    fresh = [pair for pair in fresh if pair.a in live and pair.b in live]
    scores = {(pair.a, pair.b): pair.match for pair in found}
    _insert(work, fresh)
    lost = [key for key, row in standing.items() if row.status is PairStatus.OPEN and key not in scores]
    _refresh(work, standing, scores | scanning.score(work, lost))
    judged = [standing[key].status for key in scores if key in standing]
    dismissed = sum(status is PairStatus.DISMISSED for status in judged)
    return Kept(len(fresh), len(judged) - dismissed, dismissed)


def listed(
    work: Work, *, status: PairStatus, least: int, owner: int | None, of: int | None, page: int, size: int
) -> PairList:
    """One page of the pairs that concern the actor: one of the two customers is his to change. Best first."""
    where = [PAIRS.status == status, PAIRS.score >= least, FIRST.deleted_at.is_(None), SECOND.deleted_at.is_(None)]
    ids = reached_users(work.actor, Permission.CUSTOMER_WRITE)
    if ids is not None:
        where.append(or_(*(side.owner_id.in_(sorted(ids)) for side in (FIRST, SECOND))))
    if owner is not None:
        hers = [side.owner_id.is_(None) if owner == 0 else side.owner_id == owner for side in (FIRST, SECOND)]
        where.append(or_(*hers))
    if of is not None:
        where.append(or_(PAIRS.a_id == of, PAIRS.b_id == of))
    total = work.session.execute(_joined(select(func.count(PAIRS.id))).where(*where)).scalar_one()
    wanted = _joined(select(DuplicatePair, FIRST, SECOND)).where(*where)
    wanted = wanted.order_by(PAIRS.score.desc(), PAIRS.id).limit(size).offset((page - 1) * size)
    return PairList(rows=_views(work, work.session.execute(wanted).all()), total=total, page=page, size=size)


def groups(work: Work, *, least: int, limit: int) -> tuple[int, list[list[int]], int]:
    """The open pairs from `least` points on, best first, joined to groups of customers the actor may change, the one to
    stand first: (pairs, groups, how many groups are left to a person). Whole groups, of at most `limit` pairs together:
    what is not the actor's or is left to a person does not use the limit up."""
    where = [PAIRS.status == PairStatus.OPEN, PAIRS.score >= least]
    where += [FIRST.deleted_at.is_(None), SECOND.deleted_at.is_(None)]
    where += _changeable(work)
    wanted = _joined(select(PAIRS.a_id, PAIRS.b_id)).where(*where).order_by(PAIRS.score.desc(), PAIRS.id)
    found = [(a, b) for a, b in work.session.execute(wanted)]
    joined = _hanging_together(found)
    rows = _judged_by(work, [i for ids in joined for i in ids])
    apart = _told_apart(work, [i for ids in joined if len(ids) <= LARGEST_GROUP for i in ids])
    sizes = Counter(a for a, _b in found)
    clear, left, pairs = [], 0, 0
    for ids in joined:
        mine = all(merging.may_change(work, rows[i].owner_id) for i in ids)
        if not mine or len(ids) > LARGEST_GROUP or not apart.isdisjoint(combinations(sorted(ids), 2)):
            left += 1
            continue
        size = sum(sizes[i] for i in ids)
        if pairs + size <= limit:
            best = best_of([rows[i] for i in ids]).id or 0
            clear.append([best, *(i for i in ids if i != best)])
            pairs += size
    return pairs, clear, left


def best_of(rows: Sequence[Any]) -> Any:
    """The record that stands unless a person says otherwise: the most complete one, of these the oldest."""
    return min(rows, key=lambda row: (-row.completeness, row.created_at, row.id or 0))


def side(work: Work, row: Customer, names: dict[int | None, str], places: dict[str, str]) -> PairSide:
    """One customer of a pair, as the actor may know it."""
    reachable = row.owner_id is None or work.owns(Permission.CUSTOMER_READ, row.owner_id)
    phone = views.opened(work, row)["phone"]
    clear = work.may_see_clear(row.owner_id)
    return PairSide(
        id=row.id if reachable else None,
        code=row.code if reachable else "",
        name=row.name if reachable else normalize.name_masked(row.name),
        phone=(normalize.phone_display(phone) if clear else normalize.phone_masked(phone)) if phone else "",
        owner=names.get(row.owner_id, ""),
        region=places.get(row.region_code or "", "") if reachable else "",
        grade=row.grade,
        created_at=row.created_at if reachable else None,
    )


# ---- below
_STANDING = select(PAIRS.id, PAIRS.a_id, PAIRS.b_id, PAIRS.score, PAIRS.status)


def _joined(statement: Select[Any]) -> Select[Any]:
    of_first = statement.select_from(DuplicatePair).join(FIRST, FIRST.id == PAIRS.a_id)
    return of_first.join(SECOND, SECOND.id == PAIRS.b_id)


def _insert(work: Work, fresh: Sequence[scanning.Pair]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": number,
            "a_id": pair.a,
            "b_id": pair.b,
            "score": pair.match.score,
            "reasons": [list(reason) for reason in told(pair.match)],
            "status": PairStatus.OPEN,
            "batch_id": None,
            "found_at": work.now,
        }
        for number, pair in zip(work.next_ids(DuplicatePair, len(fresh)) if fresh else (), fresh, strict=True)
    ]
    changes = [Change(row["id"], {k: v for k, v in row.items() if k != "id"}, "", None, row) for row in rows]
    work.bulk(DuplicatePair, rows, changes=changes)


def _refresh(work: Work, standing: dict[tuple[int, int], Any], scores: dict[tuple[int, int], matching.Match]) -> None:
    moved = [
        standing[key].id
        for key, match in scores.items()
        if key in standing and standing[key].status is PairStatus.OPEN and standing[key].score != match.score
    ]
    for start in range(0, len(moved), CHUNK):
        part = select(DuplicatePair).where(PAIRS.id.in_(moved[start : start + CHUNK]))
        for row in work.session.execute(part).scalars():
            match = scores[row.a_id, row.b_id]
            row.score, row.reasons = match.score, [list(reason) for reason in told(match)]


def _live(work: Work, ids: set[int]) -> set[int]:
    customer: Any = Customer
    found: set[int] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        part = select(customer.id).where(customer.id.in_(wanted[start : start + CHUNK]), customer.deleted_at.is_(None))
        found.update(work.session.execute(part).scalars())
    return found


def _views(work: Work, rows: Sequence[Any]) -> list[PairView]:
    people = {row.owner_id for _pair, *sides in rows for row in sides}
    work.load_ciphers(row.uid for _pair, *sides in rows for row in sides)
    names = named(work, people)
    places = located(work, {row.region_code for _pair, *sides in rows for row in sides})
    return [
        PairView(
            id=pair.id,
            score=pair.score,
            sure=pair.score >= matching.ALMOST_SURE,
            status=pair.status,
            reasons=[(msgid, params, points) for msgid, params, points in pair.reasons],
            a=side(work, a, names, places),
            b=side(work, b, names, places),
            found_at=pair.found_at,
            may_decide=all(merging.may_change(work, row.owner_id) for row in (a, b)),
        )
        for pair, a, b in rows
    ]


def named(work: Work, ids: set[int | None]) -> dict[int | None, str]:
    """Names of users by id."""
    user: Any = User
    found = select(user.id, user.name).where(user.id.in_(sorted(i for i in ids if i is not None)))
    return {row[0]: row[1] for row in work.session.execute(found)}


def located(work: Work, codes: set[str | None]) -> dict[str, str]:
    """Names of regions by code, with the province."""
    region: Any = Region
    above: Any = aliased(Region)
    wanted = sorted(code for code in codes if code)
    found = select(region.code, region.name, region.level, above.name).outerjoin(
        above, above.code == region.parent_code
    )
    rows = work.session.execute(found.where(region.code.in_(wanted))) if wanted else ()
    return {code: spots.label(name, level, province) for code, name, level, province in rows}


def _hanging_together(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Customers joined by pairs, in groups, in the order in which the pairs come."""
    of: dict[int, list[int]] = {}
    for a, b in pairs:
        one, other = of.setdefault(a, [a]), of.setdefault(b, [b])
        if one is other:
            continue
        if len(one) >= len(other):  # the larger one stays: a long chain is not copied at every link
            one += other
            of.update(dict.fromkeys(other, one))
        else:
            other[:0] = one
            of.update(dict.fromkeys(one, other))
    return list({id(group): group for group in of.values()}.values())


def _changeable(work: Work) -> list[Any]:
    """The pairs of which the actor may change at least one customer, as conditions (`merging.may_change` in SQL)."""
    ids = reached_users(work.actor, Permission.CUSTOMER_WRITE)
    if ids is None:
        return []
    sides: list[Any] = [side.owner_id.in_(sorted(ids)) for side in (FIRST, SECOND)]
    if merging.may_change(work, None):
        sides += [side.owner_id.is_(None) for side in (FIRST, SECOND)]
    return [or_(*sides)]


def _judged_by(work: Work, ids: Sequence[int]) -> dict[int, Any]:
    """What decides on customers of a group, by id. No rows: whoever merges them reads them once they are locked."""
    customer: Any = Customer
    wanted = select(customer.id, customer.owner_id, customer.completeness, customer.created_at)
    rows: dict[int, Any] = {}
    for start in range(0, len(ids), CHUNK):
        part = wanted.where(customer.id.in_(ids[start : start + CHUNK]))
        rows.update((row.id, row) for row in work.session.execute(part))
    return rows


def _told_apart(work: Work, ids: Sequence[int]) -> set[tuple[int, int]]:
    """The pairs of which somebody said that they are not the same, the first of which is one of these customers."""
    apart: set[tuple[int, int]] = set()
    for start in range(0, len(ids), CHUNK):
        part = select(PAIRS.a_id, PAIRS.b_id).where(PAIRS.a_id.in_(ids[start : start + CHUNK]))
        found = work.session.execute(part.where(PAIRS.status == PairStatus.DISMISSED))
        apart.update((min(a, b), max(a, b)) for a, b in found)
    return apart
