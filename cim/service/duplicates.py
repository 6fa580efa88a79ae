"""Possible duplicates: found through indexed keys, scored so that a person can check every point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from cim import crypto, matching, normalize
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import Customer, DuplicatePair, LookupKey, User
from cim.models.base import columns
from cim.models.customer import CustomerDraft
from cim.models.duplicate_view import AcceptReport, KnownView, PairList, ScanPair, ScanReport
from cim.models.search import DuplicateView, PairStatus
from cim.permissions import Permission
from cim.service import index, judging, knowing, merging, pairs, regions, scanning, settings, standards, views
from cim.work import LARGEST_ID, Work, command, query

CUSTOMERS = columns(Customer)
USERS = columns(User)
LOOKUPS = columns(LookupKey)
PAIRS = columns(DuplicatePair)

MOST_CANDIDATES = 60
SHOWN = 5
MOST_ACCEPTED = 2000


@query(Permission.CUSTOMER_READ)
def check(work: Work, draft: CustomerDraft, *, but: int | None = None) -> list[DuplicateView]:
    """Customers that a draft may already be, best first, at most 5, masked. Looks at the whole base, not only at the
    actor's rows: those out of reach show their owner, and no more of the name than was typed anyway."""
    standard = standards.customer(draft, regions.places(work, draft.region, draft.address))
    return find(work, standard.plain | standard.sealed, but=but)


@query(Permission.DUPLICATE_MANAGE)
def scan(work: Work, *, progress: scanning.Progress | None = None, store: bool = True) -> ScanReport:
    """Compare the whole base with itself. Reading holds nobody up; with `store` what is new is put up for review afterwards,
    in a transaction of its own. Pairs that were judged are not put up again. `progress(done, all)` may raise to stop.
    The report names the pairs whose customers the actor reaches."""
    found = scanning.scan(work, progress=progress)
    kept = keep(work.actor, found.pairs) if store else pairs.Kept(0, 0, 0)
    return ScanReport(
        customers=found.customers,
        candidates=found.candidates,
        found=len(found.pairs),
        new=kept.new,
        known=kept.known,
        dismissed=kept.dismissed,
        pairs=_reported(work, found.pairs),
    )


@command(Permission.DUPLICATE_MANAGE)
def keep(work: Work, found: Sequence[scanning.Pair]) -> pairs.Kept:
    """Put what a scan found up for review; scores of open pairs are brought up to date. Says how many are new, were there
    already, and were judged before."""
    work.serialise("duplicates.keep")
    return pairs.keep(work, found)


@query(Permission.CUSTOMER_WRITE)
def queue_list(
    work: Work,
    *,
    status: PairStatus = PairStatus.OPEN,
    least: int = matching.REVIEW,
    owner: int | None = None,
    of: int | None = None,
    page: int = 1,
    size: int = 20,
) -> PairList:
    """One page of the pairs in which the actor may change at least one customer, best first. `least` points, `owner` of
    either side (0 for the public pool), `of` one customer."""
    page, size = max(1, min(page, 10**6)), max(1, min(size, 100))
    return pairs.listed(work, status=status, least=least, owner=owner, of=of, page=page, size=size)


@command(Permission.CUSTOMER_WRITE)
def decide(work: Work, pair_id: int, decision: PairStatus, *, reason: str = "") -> bool:
    """Say that two customers are not the same (DISMISSED: no scan puts them up again), or that it is open again (OPEN).
    False when that was said already. Raises NotFound, Denied unless the actor may change both, Conflict once merged."""
    if decision is PairStatus.MERGED:
        raise Invalid("decision", "Merge the customers instead.")
    row = work.session.get(DuplicatePair, pair_id) if 0 < pair_id <= LARGEST_ID else None
    sides = [work.session.get(Customer, i) for i in (row.a_id, row.b_id)] if row is not None else []
    mine = [side is not None and merging.may_change(work, side.owner_id) for side in sides]
    if row is None or not any(mine):
        raise NotFound("This record does not exist or is not yours to see.")
    if not all(mine):
        raise Denied("One of the two customers is looked after by somebody else.")
    if row.status is PairStatus.MERGED:
        raise Conflict("These customers were merged in the meantime.")
    if row.status is decision:
        return False
    work.reason = reason.strip()[:500]
    row.status = decision
    judging.refresh(work, [row.a_id, row.b_id])
    return True


@command(Permission.DUPLICATE_MANAGE)
def accept(work: Work, *, least: int | None = None, limit: int = 500, dry_run: bool = True) -> AcceptReport:
    """Merge all pairs from `least` points on (when it is not given, from the setting `duplicates.accept_score`), at most
    `limit` of them, in one change that can be taken back; with `dry_run` only count. Pairs that hang together become one
    customer; the most complete record stands, of these the oldest. Groups that are large, hold a pair that was judged
    different, or are not all the actor's are left to a person. Raises Invalid below the setting."""
    lowest = settings.value(work, "duplicates.accept_score")
    least = lowest if least is None else least
    if not lowest <= least <= matching.HIGHEST:
        raise Invalid("least", "A bulk merge takes pairs from {lowest} points on.", lowest=lowest)
    if not dry_run:
        work.serialise("customers.merge")
    counted, groups, left = pairs.groups(work, least=least, limit=max(1, min(limit, MOST_ACCEPTED)))
    for winner, *losers in () if dry_run else groups:
        merging.merge(work, winner, losers, {}, {})
    return AcceptReport(
        least=least,
        pairs=counted,
        groups=len(groups),
        records=sum(len(group) - 1 for group in groups),
        left=left,
        dry_run=dry_run,
        change_set=work.change_set() if groups and not dry_run else None,
    )


@query(Permission.CUSTOMER_WRITE, recorded=True)
def known(work: Work, name: str, *, phone: str = "") -> list[KnownView]:
    """Do we know this company or person already? Looks at everybody's customers, and tells of those out of reach no more
    than a masked name, the grade and who looks after them. Every question is recorded, a number or address in it masked.

    Raises Invalid for a question that is too short; Denied beyond `known.per_hour` questions of one person."""
    knowing.limit(work)
    found = knowing.find(work, name, phone)
    work.record(asked=knowing.masked(name, phone), rows=len(found))
    return found


def at_entry(
    work: Work, draft: CustomerDraft, *, but: int | None = None
) -> tuple[list[DuplicateView], list[DuplicateView]]:
    """What `check` finds, and beside it customers too different to be the same that share a phone or e-mail with the
    draft: a person who types a number in should hear whose it is. At most 5 each."""
    standard = standards.customer(draft, regions.places(work, draft.region, draft.address))
    scored = _scored(work, standard.plain | standard.sealed, but)
    close = [item for item in scored if item[0].score >= matching.REVIEW]
    sharing = [item for item in scored if item[0].score < matching.REVIEW and item[3]]
    return [_view(work, *item[:3]) for item in close[:SHOWN]], [_view(work, *item[:3]) for item in sharing[:SHOWN]]


def find(work: Work, values: dict[str, Any], *, but: int | None = None) -> list[DuplicateView]:
    """As `check`, for canonical values in clear."""
    scored = [item for item in _scored(work, values, but) if item[0].score >= matching.REVIEW]
    return [_view(work, *item[:3]) for item in scored[:SHOWN]]


def _scored(work: Work, values: dict[str, Any], but: int | None) -> list[tuple[matching.Match, Customer, str, bool]]:
    """Every candidate with its evidence, its owner and whether a phone or e-mail is the same, best first."""
    mine = index.party(values["kind"], values)
    scored = []
    for row, owner in candidates(work, mine, but=but):
        theirs = index.party(
            row.kind, views.opened(work, row) | {"name": row.name, "uscc": row.uscc, "contact": row.contact}
        )
        shares = bool({*mine.phones, *mine.emails} & {*theirs.phones, *theirs.emails})
        scored.append((matching.score(mine, theirs), row, owner, shares))
    return sorted(scored, key=lambda item: -item[0].score)


def candidates(work: Work, party: matching.Party, *, but: int | None = None) -> list[tuple[Customer, str]]:
    """Customers that share a matching key with `party`, with their owner's name. Blocks over their cap are passed over."""
    blind = crypto.keys().blind
    wanted = {blind(f"match.{kind}", value): kind for kind, value in matching.keys(party)}
    if not wanted:
        return []
    counts = work.session.execute(
        select(LOOKUPS.digest, func.count()).where(LOOKUPS.digest.in_(wanted)).group_by(LOOKUPS.digest)
    ).all()
    useful = [bytes(d) for d, n in counts if n <= matching.KEY_CAPS[wanted[bytes(d)]]]
    if not useful:
        return []
    ids = select(LOOKUPS.customer_id).where(LOOKUPS.digest.in_(useful))
    statement = (
        select(Customer, USERS.name)
        .outerjoin(User, USERS.id == CUSTOMERS.owner_id)
        .where(CUSTOMERS.id.in_(ids), CUSTOMERS.deleted_at.is_(None), CUSTOMERS.id != (but or 0))
        .limit(MOST_CANDIDATES)
    )
    found = [(row, owner or "") for row, owner in work.session.execute(statement)]
    work.load_ciphers(row.uid for row, _ in found)
    return found


def queue(work: Work, customer_id: int, matches: list[DuplicateView], *, batch_id: int | None = None) -> int:
    """Put pairs up for review, each once. Returns how many are new."""
    added = 0
    for match in matches:
        if match.id is None:
            continue
        a, b = sorted((customer_id, match.id))
        known = select(PAIRS.id).where(PAIRS.a_id == a, PAIRS.b_id == b)
        if work.session.execute(known).scalar_one_or_none() is None:
            work.session.add(
                DuplicatePair(
                    a_id=a,
                    b_id=b,
                    score=match.score,
                    reasons=[list(r) for r in match.reasons],
                    batch_id=batch_id,
                    found_at=work.now,
                )
            )
            added += 1
    return added


def _view(work: Work, match: matching.Match, row: Customer, owner: str) -> DuplicateView:
    reachable = work.owns(Permission.CUSTOMER_READ, row.owner_id) or row.owner_id is None
    phone = views.opened(work, row)["phone"]
    return DuplicateView(
        id=row.id,
        code=row.code if reachable else "",
        name=row.name if reachable else normalize.name_masked(row.name),
        phone=normalize.phone_masked(phone) if phone else "",
        owner=owner,
        score=match.score,
        sure=match.score >= matching.ALMOST_SURE,
        reasons=[(r.msgid, dict(r.params), r.points) for r in match.reasons],
    )


def _reported(work: Work, found: Sequence[scanning.Pair]) -> list[ScanPair]:
    """The pairs of a scan by codes, those out of reach left out."""
    ids = sorted({i for pair in found for i in (pair.a, pair.b)})
    code: dict[int, str] = {}
    for start in range(0, len(ids), 500):
        part = select(CUSTOMERS.id, CUSTOMERS.code).where(CUSTOMERS.id.in_(ids[start : start + 500]))
        code.update((i, value) for i, value in work.session.execute(part.where(work.visible(Customer))))
    return [
        ScanPair(a=code[pair.a], b=code[pair.b], score=pair.match.score, reasons=pairs.told(pair.match))
        for pair in found
        if pair.a in code and pair.b in code
    ]
