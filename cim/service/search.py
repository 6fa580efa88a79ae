"""Finding customers: the hybrid search of DATA section 2, and the conditions of a filter. Same answers on both databases."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, any_, cast, func, or_, select, text

from cim import crypto, db, search_text
from cim.access import reached_users
from cim.models import Activity, Customer, CustomerSearch, CustomerTag, DuplicatePair, LookupKey
from cim.models.base import columns
from cim.models.listing import CustomerFilter, CustomerList, Order
from cim.permissions import Permission
from cim.service import conditions, lineage, views
from cim.work import Work

CUSTOMERS = columns(Customer)
TAGS = columns(CustomerTag)
LOOKUPS = columns(LookupKey)
DOCUMENTS = columns(CustomerSearch)
ACTIVITIES = columns(Activity)
PAIRS = columns(DuplicatePair)

CANDIDATES = 3000
"""More hits than this and a term is frequent: then the recency index is walked, and 50 hits come soon."""

_FTS = text("SELECT rowid FROM customer_fts WHERE customer_fts MATCH :q ORDER BY rowid DESC LIMIT :most")
_GIN = text(
    "WITH hits AS MATERIALIZED (SELECT customer_id FROM customer_search WHERE grams @> CAST(:q AS text[])) "
    "SELECT customer_id FROM hits ORDER BY customer_id DESC LIMIT :most"
)
_KINDS = {search_text.PINYIN: "pinyin", search_text.INITIALS: "initials"}


def customers(
    work: Work, narrowed: CustomerFilter, *, order: Order, page: int, size: int, also: Collection[str] = ()
) -> CustomerList:
    """One page of the customers that the filter lets through. With a query: best match first, own customers first, newest first."""
    size = max(1, min(size, 200))
    page = max(1, page)
    asked = search_text.query(narrowed.q)
    where = conditions.customers(work, narrowed)
    if asked.kind == "empty":
        return _listing(work, where, order, page, size, also)
    known = _exact(work, asked, where)
    candidates = _candidates(work, asked)
    if candidates is None or len(candidates) >= CANDIDATES:
        return _walk(work, asked, where, known, page, size, also)
    ranked = known | {k: v for k, v in _verified(work, asked, where, candidates).items() if k not in known}
    ids = sorted(ranked, key=lambda i: (-ranked[i][0], not ranked[i][1], -i))
    chosen = ids[(page - 1) * size : page * size]
    found = _rows(work, chosen, {i: ranked[i][2] for i in chosen}, also)
    return CustomerList(rows=found, total=len(ids), more=False, page=page, size=size)


def ids(work: Work, narrowed: CustomerFilter, *, most: int) -> list[int]:
    """The ids of the customers that the filter lets through, oldest first, at most so many."""
    if search_text.query(narrowed.q).kind == "empty":
        where = conditions.customers(work, narrowed)
        return list(
            work.session.execute(select(CUSTOMERS.id).where(*where).order_by(CUSTOMERS.id).limit(most)).scalars()
        )
    found: list[int] = []
    for page in range(1, -(-most // 200) + 1):
        part = customers(work, narrowed, order=Order.NEWEST, page=page, size=200)
        found += [row.id for row in part.rows]
        if len(part.rows) < 200:
            break
    return sorted(found[:most])


def named(work: Work, name: str, *, most: int = 200) -> list[int]:
    """Ids of live customers that bear this name or part of it, whoever looks after them, newest first: not for the actor
    to see, the caller decides what of them is told. Nothing for a word that is too short or in too many names."""
    asked = search_text.Query("text", (), search_text.query(name).words)
    candidates = _candidates(work, asked)
    if not candidates or len(candidates) >= CANDIDATES:
        return []
    found = _verified(work, asked, [CUSTOMERS.deleted_at.is_(None)], candidates)
    return sorted((i for i, hit in found.items() if hit[0] >= search_text.SUBSTRING), reverse=True)[:most]


def _listing(
    work: Work, where: list[ColumnElement[bool]], order: Order, page: int, size: int, also: Collection[str]
) -> CustomerList:
    by = {
        Order.NEWEST: (CUSTOMERS.created_at.desc(),),
        Order.LAST_CONTACT: (CUSTOMERS.last_contact_at.is_(None), CUSTOMERS.last_contact_at.desc()),
        Order.NEXT_DUE: (CUSTOMERS.next_due_at.is_(None), CUSTOMERS.next_due_at),
        Order.NAME: (CUSTOMERS.name_order,),
        Order.GRADE: (CUSTOMERS.grade == "", CUSTOMERS.grade),
        Order.COMPLETENESS: (CUSTOMERS.completeness,),
        Order.QUALITY: (CUSTOMERS.quality,),
        Order.CODE: (CUSTOMERS.code,),
        Order.OWNER: (CUSTOMERS.owner_id.is_(None), CUSTOMERS.owner_id),
    }[order]
    total = work.session.execute(select(func.count()).select_from(Customer).where(*where)).scalar_one()
    page_ids = (
        select(CUSTOMERS.id).where(*where).order_by(*by, CUSTOMERS.id.desc()).limit(size).offset((page - 1) * size)
    )
    ids = list(work.session.execute(page_ids).scalars())
    return CustomerList(rows=_rows(work, ids, {}, also), total=total, more=False, page=page, size=size)


def _exact(work: Work, asked: search_text.Query, where: list[ColumnElement[bool]]) -> dict[int, tuple[int, bool, str]]:
    """Hits through codes and blind indexes: id -> (rank, own, what matched)."""
    blind = crypto.keys().blind
    found: dict[int, tuple[int, bool, str]] = {}
    for term in asked.terms:
        if term.field == "code":
            hit: ColumnElement[bool] = or_(
                CUSTOMERS.code == term.value,
                CUSTOMERS.code.startswith(term.value, autoescape=True),
                CUSTOMERS.id.in_(lineage.by_code(work, term.value)),
            )
        else:
            digest = blind(f"find.{term.field}", term.value)
            hit = CUSTOMERS.id.in_(select(LOOKUPS.customer_id).where(LOOKUPS.digest == digest))
        statement = (
            select(CUSTOMERS.id, CUSTOMERS.owner_id)
            .where(hit, *where, *_disclosable(work, term))
            .order_by(CUSTOMERS.id.desc())
            .limit(CANDIDATES)
        )
        for customer_id, owner_id in work.session.execute(statement):
            found.setdefault(customer_id, (search_text.EXACT, owner_id == work.actor.user_id, term.field))
    return found


def _disclosable(work: Work, term: search_text.Term) -> Iterable[ColumnElement[bool]]:
    """The first seven digits say more than a masked number shows: only those who see numbers in clear may search by them."""
    if term.field != "phone_first":
        return []
    ids = reached_users(work.actor, Permission.CUSTOMER_UNMASK)
    return [] if ids is None else [CUSTOMERS.owner_id.in_(sorted(ids))]


def _candidates(work: Work, asked: search_text.Query) -> list[int] | None:
    """Ids whose grams fit, newest first, at most CANDIDATES; None when the words are too short for the index."""
    if db.is_sqlite(work.session):
        grams = search_text.lookup(asked.words)
        match = {"q": " ".join(f'"{gram}"' for gram in grams), "most": CANDIDATES}
        return list(work.session.execute(_FTS, match).scalars()) if grams else None
    grams = search_text.lookup(asked.words, sizes=(1, 2))
    return list(work.session.execute(_GIN, {"q": grams, "most": CANDIDATES}).scalars()) if grams else None


def _verified(
    work: Work, asked: search_text.Query, where: list[ColumnElement[bool]], candidates: list[int]
) -> dict[int, tuple[int, bool, str]]:
    found: dict[int, tuple[int, bool, str]] = {}
    if not candidates:
        return found
    statement = select(CUSTOMERS.id, CUSTOMERS.owner_id, DOCUMENTS.document).join(
        CustomerSearch, DOCUMENTS.customer_id == CUSTOMERS.id
    )
    for customer_id, owner_id, document in work.session.execute(statement.where(_among(work, candidates), *where)):
        rank = search_text.rank(asked, document)
        if rank:
            found[customer_id] = (rank, owner_id == work.actor.user_id, _KINDS.get(rank, "name"))
    return found


def _among(work: Work, ids: list[int]) -> ColumnElement[bool]:
    """Membership as one bound value: up to 3,000 parameters would cost more than the rows they find."""
    if db.is_sqlite(work.session):
        each = func.json_each(json.dumps(ids)).table_valued("value")
        return CUSTOMERS.id.in_(select(each.c.value))  # type: ignore[no-any-return]
    return CUSTOMERS.id == any_(cast(ids, ARRAY(BigInteger)))  # type: ignore[no-any-return]


def _walk(
    work: Work,
    asked: search_text.Query,
    where: list[ColumnElement[bool]],
    known: dict[int, tuple[int, bool, str]],
    page: int,
    size: int,
    also: Collection[str],
) -> CustomerList:
    """Newest first down the customers until the page is full: quick exactly because the term is frequent."""
    start = (page - 1) * size
    first = sorted(known, reverse=True)
    likes = [DOCUMENTS.document.like(search_text.pattern(word), escape="\\") for word in asked.words]
    statement: Select[Any] = (
        select(CUSTOMERS.id)
        .join(CustomerSearch, DOCUMENTS.customer_id == CUSTOMERS.id)
        .where(*where, *likes, CUSTOMERS.id.not_in(first))
        .order_by(CUSTOMERS.id.desc())
        .limit(max(0, start + size + 1 - len(first)))
    )
    ids = first + list(work.session.execute(statement).scalars())
    chosen = ids[start : start + size]
    more = len(ids) > start + size
    found = _rows(work, chosen, {i: known[i][2] if i in known else "name" for i in chosen}, also)
    return CustomerList(rows=found, total=len(ids), more=more, page=page, size=size)


def _rows(work: Work, ids: list[int], matched: dict[int, str], also: Collection[str]) -> list[Any]:
    return views.rows(work, views.lines(work, ids), matched=matched, also=also)
