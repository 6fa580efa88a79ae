"""Finding customers: the hybrid search of DATA section 2, and the conditions of a filter. Same answers on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, and_, any_, cast, exists, func, not_, or_, select, text

from cim import clock, crypto, db, search_text
from cim.access import reached_users
from cim.models import Activity, Customer, CustomerSearch, CustomerTag, DuplicatePair, LookupKey
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.models.customer import Lifecycle
from cim.models.listing import Contacted, CustomerFilter, CustomerList, Order
from cim.models.search import PairStatus
from cim.permissions import Permission
from cim.service import regions, views
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


def customers(work: Work, narrowed: CustomerFilter, *, order: Order, page: int, size: int) -> CustomerList:
    """One page of the customers that the filter lets through. With a query: best match first, own customers first, newest first."""
    size = max(1, min(size, 200))
    page = max(1, page)
    asked = search_text.query(narrowed.q)
    where = conditions(work, narrowed)
    if asked.kind == "empty":
        return _listing(work, where, order, page, size)
    known = _exact(work, asked, where)
    candidates = _candidates(work, asked)
    if candidates is None or len(candidates) >= CANDIDATES:
        return _walk(work, asked, where, known, page, size)
    ranked = known | {k: v for k, v in _verified(work, asked, where, candidates).items() if k not in known}
    ids = sorted(ranked, key=lambda i: (-ranked[i][0], not ranked[i][1], -i))
    chosen = ids[(page - 1) * size : page * size]
    found = _rows(work, chosen, {i: ranked[i][2] for i in chosen})
    return CustomerList(rows=found, total=len(ids), more=False, page=page, size=size)


def conditions(work: Work, f: CustomerFilter) -> list[ColumnElement[bool]]:
    """What a filter means, scope first. KPIs, charts, lists and exports all count with this."""
    where: list[ColumnElement[bool]] = [work.visible(Customer)]
    if f.owner is not None:
        where.append(CUSTOMERS.owner_id.is_(None) if f.owner == 0 else CUSTOMERS.owner_id == f.owner)
    if f.region:
        where.append(
            CUSTOMERS.region_code.is_(None)
            if f.region == "-"
            else CUSTOMERS.region_code.in_(regions.below(work, f.region))
        )
    for name in ("grade", "kind", "industry", "source"):
        if (value := getattr(f, name)) is not None:
            where.append(getattr(CUSTOMERS, name) == value)
    if f.tag:
        where.append(exists().where(TAGS.customer_id == CUSTOMERS.id, TAGS.tag == f.tag))
    if f.lifecycle is not None:
        where.append(lifecycle_is(f.lifecycle))
    if f.contacted is not None:
        where.append(_contacted(f.contacted))
    if f.created_from is not None:
        where.append(CUSTOMERS.created_at >= clock.start_of(f.created_from))
    if f.created_to is not None:
        where.append(CUSTOMERS.created_at < clock.start_of(f.created_to + timedelta(days=1)))
    return where + _follow_up_conditions(f)


def lifecycle_is(stage: Lifecycle) -> ColumnElement[bool]:
    """The rule of `views.lifecycle` as SQL (docs/decisions/0006-lifecycle.md)."""
    none = or_(CUSTOMERS.deal_count == 0, CUSTOMERS.last_deal_at.is_(None), CUSTOMERS.first_deal_at.is_(None))
    new = and_(CUSTOMERS.deal_count == 1, CUSTOMERS.first_deal_at >= clock.days_ago(views.NEW_DAYS))
    established = CUSTOMERS.last_deal_at >= clock.days_ago(views.RISK_DAYS - 1)
    lost = CUSTOMERS.last_deal_at < clock.days_ago(views.LOST_DAYS - 1)
    rules = {
        Lifecycle.PROSPECT: none,
        Lifecycle.NEW: and_(not_(none), new),
        Lifecycle.ESTABLISHED: and_(not_(none), not_(new), established),
        Lifecycle.AT_RISK: and_(not_(none), not_(new), not_(established), not_(lost)),
        Lifecycle.LOST: and_(not_(none), not_(new), lost),
    }
    return rules[stage]


def _follow_up_conditions(f: CustomerFilter) -> list[ColumnElement[bool]]:
    """Read from what activities and tasks keep on the customer (activities.touch), so that an index can answer."""
    last, due = CUSTOMERS.last_contact_at, CUSTOMERS.next_due_at
    today = clock.start_of(clock.today())
    where: list[ColumnElement[bool]] = []
    if f.active_from is not None or f.active_to is not None:
        where.append(_active(f))
    if f.idle_days is not None:
        where.append(func.coalesce(last, CUSTOMERS.created_at) < clock.days_ago(f.idle_days - 1))
    if f.overdue is not None:
        where.append(due < today if f.overdue else or_(due.is_(None), due >= today))
    if f.no_next_step is not None:
        where.append(due.is_(None) if f.no_next_step else due.is_not(None))
    if f.batch is not None:
        where.append(CUSTOMERS.batch_id == f.batch)
    if f.duplicates_of is not None:
        here = or_(
            and_(PAIRS.a_id == f.duplicates_of, PAIRS.b_id == CUSTOMERS.id),
            and_(PAIRS.b_id == f.duplicates_of, PAIRS.a_id == CUSTOMERS.id),
        )
        where.append(exists().where(here, PAIRS.status == PairStatus.OPEN))
    return where


def _active(f: CustomerFilter) -> ColumnElement[bool]:
    """Somebody was in contact in these days; a note to oneself is no contact."""
    if f.active_to is None or f.active_to >= clock.today():
        recent: ColumnElement[bool] = CUSTOMERS.last_contact_at >= clock.start_of(f.active_from or date(1970, 1, 1))
        return recent
    spoken = [
        ACTIVITIES.customer_id == CUSTOMERS.id,
        ACTIVITIES.deleted_at.is_(None),
        ACTIVITIES.type != ActivityType.NOTE,
        ACTIVITIES.at < clock.start_of(f.active_to + timedelta(days=1)),
    ]
    if f.active_from is not None:
        spoken.append(ACTIVITIES.at >= clock.start_of(f.active_from))
    return exists().where(*spoken)


def _contacted(when: Contacted) -> ColumnElement[bool]:
    last: Any = CUSTOMERS.last_contact_at
    today = clock.today()
    week, month = clock.start_of(today - timedelta(days=today.weekday())), clock.start_of(today.replace(day=1))
    rules: dict[Contacted, ColumnElement[bool]] = {
        Contacted.TODAY: last >= clock.start_of(today),
        Contacted.WEEK: last >= week,
        Contacted.MONTH: last >= month,
        Contacted.EARLIER: last < month,
        Contacted.NEVER: last.is_(None),
    }
    return rules[when]


def _listing(work: Work, where: list[ColumnElement[bool]], order: Order, page: int, size: int) -> CustomerList:
    by = {
        Order.NEWEST: (CUSTOMERS.created_at.desc(),),
        Order.LAST_CONTACT: (CUSTOMERS.last_contact_at.is_(None), CUSTOMERS.last_contact_at.desc()),
        Order.NEXT_DUE: (CUSTOMERS.next_due_at.is_(None), CUSTOMERS.next_due_at),
        Order.NAME: (CUSTOMERS.name_order,),
        Order.GRADE: (CUSTOMERS.grade == "", CUSTOMERS.grade),
    }[order]
    total = work.session.execute(select(func.count()).select_from(Customer).where(*where)).scalar_one()
    page_ids = (
        select(CUSTOMERS.id).where(*where).order_by(*by, CUSTOMERS.id.desc()).limit(size).offset((page - 1) * size)
    )
    ids = list(work.session.execute(page_ids).scalars())
    return CustomerList(rows=_rows(work, ids, {}), total=total, more=False, page=page, size=size)


def _exact(work: Work, asked: search_text.Query, where: list[ColumnElement[bool]]) -> dict[int, tuple[int, bool, str]]:
    """Hits through codes and blind indexes: id -> (rank, own, what matched)."""
    blind = crypto.keys().blind
    found: dict[int, tuple[int, bool, str]] = {}
    for term in asked.terms:
        if term.field == "code":
            hit: ColumnElement[bool] = or_(
                CUSTOMERS.code == term.value, CUSTOMERS.code.startswith(term.value, autoescape=True)
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
    found = _rows(work, chosen, {i: known[i][2] if i in known else "name" for i in chosen})
    return CustomerList(rows=found, total=len(ids), more=more, page=page, size=size)


def _rows(work: Work, ids: list[int], matched: dict[int, str]) -> list[Any]:
    found = {r[0].id: r for r in work.session.execute(views.listed().where(CUSTOMERS.id.in_(ids)))} if ids else {}
    return views.rows(work, [found[i] for i in ids if i in found], matched=matched)
