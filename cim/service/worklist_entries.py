"""Computes the entries of the worklist: for a few customers at once after a change, for all by the scheduler."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any

from sqlalchemy import delete, exists, func, select, update

from cim import clock
from cim.analytics import worklist as table
from cim.analytics.worklist import Decision, Fact, Setting
from cim.analytics.worklist_reasons import Case
from cim.models import Customer, WorklistDecision, WorklistEntry, WorklistRhythm, WorklistRule
from cim.models.base import columns
from cim.models.worklist import WorklistState
from cim.service import worklist_facts
from cim.service.worklist_facts import Rhythm, Usual
from cim.service.worklist_stale import NEVER, among, upsert
from cim.work import Work

CUSTOMERS = columns(Customer)
ENTRIES = columns(WorklistEntry)
DECISIONS = columns(WorklistDecision)
RHYTHMS = columns(WorklistRhythm)

CHUNK = 1000
"""Customers that are computed together."""
LEAST_KNOWN = 5
"""From so many customers with a rhythm of their own on, a segment has one."""
LEAST_GAPS = 2

Medians = dict[tuple[str, str], tuple[list[float], list[float]]]


def compute(work: Work, customer_ids: Collection[int]) -> int:
    """Compute the entries of these customers by a dozen queries per 1,000; returns how many of them have facts."""
    work.session.flush()
    ids, count = sorted(set(customer_ids)), 0
    if ids:
        rules, usual = rules_in_force(work), usual_known(work)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        decisions = _decisions(work, part)
        rows = [
            _entry(work, row, case, table.facts(case, rules) if row.owner_id else [], decisions.get(row.id), rules)
            for row, case in worklist_facts.cases(work, part, usual)
        ]
        _store(work, rows)
        count += sum(bool(row["codes"]) for row in rows)
    return count


def waiting(work: Work, *, owners: Collection[int] | None = None, most: int) -> list[int]:
    """Customers whose entry was computed before today or is out of date, those marked first, and those added since the
    last one that has an entry; of these owners, or of all."""
    owned = [CUSTOMERS.deleted_at.is_(None), CUSTOMERS.owner_id.is_not(None)]
    old = select(ENTRIES.customer_id).join(Customer, CUSTOMERS.id == ENTRIES.customer_id)
    old = old.where(ENTRIES.computed_at < clock.start_of(clock.today()), *owned)
    if owners is not None:
        old = old.where(ENTRIES.owner_id.in_(sorted(owners)))
    found = list(work.session.execute(old.order_by(ENTRIES.computed_at, ENTRIES.customer_id).limit(most)).scalars())
    newest = select(func.coalesce(func.max(ENTRIES.customer_id), 0)).scalar_subquery()
    unknown = select(CUSTOMERS.id).where(CUSTOMERS.id > newest, *owned).order_by(CUSTOMERS.id)
    return (found + list(work.session.execute(unknown.limit(most)).scalars()))[:most]


def missing(work: Work) -> list[int]:
    """Customers that somebody looks after and that have no entry at all."""
    none = ~exists().where(ENTRIES.customer_id == CUSTOMERS.id)
    wanted = select(CUSTOMERS.id).where(none, CUSTOMERS.deleted_at.is_(None), CUSTOMERS.owner_id.is_not(None))
    return list(work.session.execute(wanted.order_by(CUSTOMERS.id)).scalars())


def outdate(work: Work) -> None:
    """Have every entry computed anew: a rule has changed."""
    work.session.execute(update(WorklistEntry).values(computed_at=NEVER))


def rules_in_force(work: Work) -> dict[str, Setting]:
    """Every rule as it is set."""
    found = dict(table.SHIPPED)
    for row in work.session.execute(select(WorklistRule)).scalars():
        if (shipped := found.get(row.key)) is not None:
            parameter = shipped.parameter if row.parameter is None else row.parameter
            found[row.key] = Setting(row.points, parameter, row.active)
    return found


# ---- what is usual
def usual_known(work: Work) -> Usual:
    """The intervals of the segments as they were last computed."""
    shown = select(RHYTHMS.grade, RHYTHMS.lifecycle, RHYTHMS.contact_days, RHYTHMS.order_days)
    return {(row[0], row[1]): (row[2], row[3]) for row in work.session.execute(shown)}


def gather(medians: Medians, seen: Iterable[Rhythm]) -> None:
    """Add the rhythms of some customers to those of their segments."""
    for one in seen:
        own = (_median_gap(one.contacts), _median_gap(one.orders))
        for key in {(one.grade, one.stage), (one.grade, ""), ("", "")}:
            held = medians.setdefault(key, ([], []))
            for place, days in enumerate(own):
                if days is not None:
                    held[place].append(days)


def keep_usual(work: Work, medians: Medians) -> None:
    """Store what is usual in each segment, in place of what was."""
    work.session.execute(delete(WorklistRhythm))
    for (grade, stage), held in medians.items():
        contact, order = (median(days) if len(days) >= LEAST_KNOWN else None for days in held)
        row = WorklistRhythm(
            grade=grade, lifecycle=stage, contact_days=contact, order_days=order, computed_on=clock.today()
        )
        work.session.add(row)


def _median_gap(days: Sequence[date]) -> float | None:
    found = table.gaps(days)
    return float(median(found)) if len(found) >= LEAST_GAPS else None


# ---- one entry
def _entry(
    work: Work, row: Any, case: Case, found: list[Fact], decision: Decision | None, rules: dict[str, Setting]
) -> dict[str, Any]:
    percent = table.weight(case.grade, rules)
    stands = table.standing(found, decision, case)
    plain = [fact.points for fact in found if not table.TABLE[fact.code].personal]
    return {
        "customer_id": row.id,
        "owner_id": row.owner_id,
        "score": table.score(sum(fact.points for fact in found), percent),
        "plain": table.score(sum(plain), percent),
        "codes": "".join(f",{fact.code}" for fact in found) + "," if found else "",
        "facts": [{"code": fact.code, "points": fact.points, "of": fact.of, **fact.params} for fact in found],
        "state": WorklistState(stands.state),
        "until": stands.until,
        "since": stands.since,
        "contact_days": round(case.contact_usual),
        "contact_by": (case.last_contact or case.created) + timedelta(days=int(case.contact_usual)),
        "computed_at": work.now,
    }


def _store(work: Work, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    made = upsert(work, ENTRIES.__table__)
    kept = {name: made.excluded[name] for name in rows[0] if name != "customer_id"}
    work.session.execute(made.on_conflict_do_update(index_elements=["customer_id"], set_=kept), rows)
    for row in list(work.session.identity_map.values()):
        if isinstance(row, WorklistEntry):
            work.session.expire(row)


def _decisions(work: Work, ids: Sequence[int]) -> dict[int, Decision]:
    """The last decision about each."""
    d = DECISIONS
    shown = select(d.customer_id, d.state, d.until, d.at, d.facts).where(among(work, d.customer_id, ids))
    return {
        row.customer_id: Decision(
            row.state.value, row.until, clock.local(row.at).date(), frozenset(str(name) for name in row.facts)
        )
        for row in work.session.execute(shown.order_by(d.customer_id, d.at, d.id))
    }
