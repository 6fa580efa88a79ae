"""Possible duplicates: found through indexed keys, scored so that a person can check every point."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from cim import crypto, matching, normalize
from cim.models import Customer, DuplicatePair, LookupKey, User
from cim.models.base import columns
from cim.models.customer import CustomerDraft
from cim.models.search import DuplicateView
from cim.permissions import Permission
from cim.service import index, standards, views
from cim.work import Work, query

CUSTOMERS = columns(Customer)
USERS = columns(User)
LOOKUPS = columns(LookupKey)
PAIRS = columns(DuplicatePair)

MOST_CANDIDATES = 60
SHOWN = 5


@query(Permission.CUSTOMER_READ)
def check(work: Work, draft: CustomerDraft, *, but: int | None = None) -> list[DuplicateView]:
    """Customers that a draft may already be, best first, at most 5, masked. Looks at the whole base, not only at the
    actor's rows: those out of reach show their owner, and no more of the name than was typed anyway."""
    standard = standards.customer(draft)
    return find(work, standard.plain | standard.sealed, but=but)


def at_entry(
    work: Work, draft: CustomerDraft, *, but: int | None = None
) -> tuple[list[DuplicateView], list[DuplicateView]]:
    """What `check` finds, and beside it customers too different to be the same that share a phone or e-mail with the
    draft: a person who types a number in should hear whose it is. At most 5 each."""
    standard = standards.customer(draft)
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
