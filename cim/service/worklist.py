"""The worklist: whom to contact today and why. Entries are computed (worklist_entries); here they are read, decided upon,
and their rules set (docs/decisions/0022-worklist.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select

from cim import clock
from cim.access import reached_users
from cim.analytics import worklist as table
from cim.analytics.worklist import Setting
from cim.errors import Conflict, Invalid, NotFound
from cim.models import Customer, User, WorklistDecision, WorklistEntry, WorklistRhythm, WorklistRule
from cim.models.base import columns
from cim.models.worklist import EntryView, FactView, RuleView, WorklistRun, WorklistState, WorklistView
from cim.permissions import Permission
from cim.service import typed, views, worklist_entries, worklist_facts
from cim.work import GUARDS, Actor, Work, command, query

CUSTOMERS = columns(Customer)
ENTRIES = columns(WorklistEntry)
DECISIONS = columns(WorklistDecision)
RHYTHMS = columns(WorklistRhythm)
USERS = columns(User)

CATCH_UP = 2000
"""Most entries that are computed because somebody looks; the scheduler does the rest."""
REST = (1, 30)
"""A done entry rests for the customer's expected interval, within these days."""
MOST_DAYS = 366
BOUNDS = {"days": 3650, "percent": 1000, "money": 1_000_000_000, "": 0}
MOST_POINTS = 200


# ---- reading
@query(Permission.CUSTOMER_READ)
def mine(
    work: Work,
    *,
    owner: int | None = None,
    team: bool = False,
    page: int = 1,
    size: int = 20,
    rule: str | None = None,
    state: WorklistState = WorklistState.OPEN,
) -> WorklistView:
    """Whom to contact, the most urgent first: of the actor's own customers, of one colleague's, or with `team` of all in
    reach. `rule` narrows to entries with that fact, `state` shows what was done, put off or dismissed instead. What is
    out of date is computed first. Raises Invalid for a rule that is none."""
    if rule is not None and rule not in {known.key for known in table.RULES}:
        raise Invalid("rule", "There is no rule {name}.", name=rule[:40])
    owners = _owners(work, owner, team=team)
    asked: dict[str, Any] = {"page": max(1, page), "size": max(1, min(size, 100)), "rule": rule, "state": state}
    return _listed(up_to_date(work, owners), owners, **asked)


@query(Permission.CUSTOMER_READ)
def of(work: Work, customer_id: int) -> EntryView | None:
    """What speaks for contacting this customer, as it was last computed; None where nothing is known. Raises NotFound
    outside the actor's scope."""
    work.get(Customer, customer_id)
    found = work.session.execute(select(WorklistEntry).where(ENTRIES.customer_id == customer_id)).scalars().all()
    return next(iter(_views(work, found)), None)


@query(Permission.CUSTOMER_READ)
def rules(work: Work) -> list[RuleView]:
    """Every rule as it is set, and of how many open entries in the actor's reach each is a part."""
    return _rules(up_to_date(work, _owners(work, None, team=True)))


@query(Permission.CUSTOMER_READ)
def _rules(work: Work) -> list[RuleView]:
    held = worklist_entries.rules_in_force(work)
    versions = {row.key: row.version for row in work.session.execute(select(WorklistRule)).scalars()}
    counted = _counts(work, _where(work, _owners(work, None, team=True), WorklistState.OPEN))
    return [
        RuleView(
            key=rule.key,
            label=rule.label,
            sentence=rule.about,
            unit=rule.unit,
            points=held[rule.key].points,
            parameter=held[rule.key].parameter,
            active=held[rule.key].active,
            shipped_points=rule.points,
            shipped_parameter=Decimal(rule.parameter),
            weighs=rule.weighs,
            entries=counted.get(rule.key, 0),
            version=versions.get(rule.key, 0),
        )
        for rule in table.TABLE.values()
    ]


@query(Permission.SETTINGS_MANAGE)
def refresh(work: Work) -> WorklistRun:
    """The scheduler's turn: compute what is out of date, once a day everything, a thousand customers a transaction; and
    once a day what is usual in each segment."""
    learned = work.session.execute(select(func.max(RHYTHMS.computed_on))).scalar_one()
    if learned is None or learned < clock.today():
        _learn(work.actor, _rhythms(work))
    behind, actor = sorted({*worklist_entries.waiting(work, most=10**7), *worklist_entries.missing(work)}), work.actor
    work.session.close()
    step, found = worklist_entries.CHUNK, 0
    for start in range(0, len(behind), step):
        found += _catch_up(actor, behind[start : start + step])
    return WorklistRun(customers=len(behind), entries=found)


# ---- deciding
@command(Permission.ACTIVITY_WRITE)
def done(work: Work, customer_id: int, *, note: str = "") -> bool:
    """Close an entry: it rests until another fact appears, at most for the interval usual with the customer. Logging a
    follow-up does the same by itself for the day. False when it is done already. Raises as `postpone`."""
    return _decide(work, customer_id, WorklistState.DONE, typed.line("note", note, 200))


@command(Permission.ACTIVITY_WRITE)
def postpone(work: Work, customer_id: int, until: date, *, reason: str = "") -> bool:
    """Put an entry off to a local day. False when that is so already. Raises Invalid for today and earlier days, Conflict
    where nothing speaks for a contact, NotFound and Denied as for every customer."""
    if not clock.today() < until <= clock.today() + timedelta(days=MOST_DAYS):
        raise Invalid("until", "Choose a day from tomorrow on, within a year.")
    return _decide(work, customer_id, WorklistState.POSTPONED, typed.line("reason", reason, 200), until)


@command(Permission.ACTIVITY_WRITE)
def dismiss(work: Work, customer_id: int, *, reason: str) -> bool:
    """Take an entry off the list until another fact appears. False when that is so already. Raises Invalid without a
    reason, else as `postpone`."""
    why = typed.line("reason", reason, 200)
    if len(why) < 2:
        raise Invalid("reason", "Say why nothing is to be done here.")
    return _decide(work, customer_id, WorklistState.DISMISSED, why)


@command(Permission.ACTIVITY_WRITE)
def reopen(work: Work, customer_id: int) -> bool:
    """Put an entry back on the list. False when it is open. Raises as `postpone`."""
    return _decide(work, customer_id, WorklistState.OPEN, "")


@command(Permission.SETTINGS_MANAGE)
def change_rule(
    work: Work,
    key: str,
    *,
    points: int | None = None,
    parameter: Decimal | int | None = None,
    active: bool | None = None,
    version: int,
) -> bool:
    """Set a rule; None leaves what is. `version` is that of its view. False when nothing differed. Raises NotFound for a
    rule that is none, Invalid at the field, Conflict when somebody changed it since."""
    rule = table.TABLE.get(key)
    if rule is None:
        raise NotFound("There is no rule {name}.", name=key[:40])
    row = work.session.get(WorklistRule, key, with_for_update=True)
    if (row.version if row is not None else 0) != version:
        raise Conflict("Somebody changed this record while you were editing it.")
    held = worklist_entries.rules_in_force(work)[key]
    wanted = Setting(
        held.points if points is None or rule.weighs else _within("points", points, MOST_POINTS),
        held.parameter if parameter is None else Decimal(_within("parameter", parameter, BOUNDS[rule.unit])),
        held.active if active is None else active,
    )
    if wanted == held:
        return False
    if row is None:
        row = WorklistRule(key=key)
        work.session.add(row)
    row.points, row.parameter, row.active = wanted
    worklist_entries.outdate(work)
    return True


# ---- transactions of their own
@command(Permission.CUSTOMER_READ)
def _catch_up(work: Work, ids: Collection[int]) -> int:
    """Computed figures: no history, whoever's look it was that brought them up to date."""
    return worklist_entries.compute(work, ids)


@command(Permission.SETTINGS_MANAGE)
def _learn(work: Work, medians: worklist_entries.Medians) -> None:
    worklist_entries.keep_usual(work, medians)


def _rhythms(work: Work) -> worklist_entries.Medians:
    medians: worklist_entries.Medians = {}
    last = 0
    wanted = select(CUSTOMERS.id).where(CUSTOMERS.deleted_at.is_(None)).order_by(CUSTOMERS.id)
    while ids := list(work.session.execute(wanted.where(CUSTOMERS.id > last).limit(worklist_entries.CHUNK)).scalars()):
        worklist_entries.gather(medians, worklist_facts.rhythms(work, ids))
        last = ids[-1]
    return medians


# ---- below the doors
def up_to_date(work: Work, owners: Collection[int] | None) -> Actor | Work:
    """Compute what is out of date in a transaction of its own; returns by what to read afterwards."""
    behind = worklist_entries.waiting(work, owners=owners, most=CATCH_UP)
    if not behind:
        return work
    if GUARDS[work.action].writing:
        worklist_entries.compute(work, behind)
        return work
    actor = work.actor
    work.session.close()
    with suppress(Conflict):  # somebody else writes just now: then what is known is shown
        _catch_up(actor, behind)
    return actor


def _owners(work: Work, owner: int | None, *, team: bool) -> set[int] | None:
    if owner is not None:
        return {owner}
    return reached_users(work.actor, Permission.CUSTOMER_READ) if team else {work.actor.user_id or 0}


def _where(work: Work, owners: Collection[int] | None, state: WorklistState) -> list[Any]:
    """Entries in this state. Whoever may not see a birthday does not find it here either."""
    where = [ENTRIES.state == state, CUSTOMERS.owner_id == ENTRIES.owner_id, work.visible(Customer)]
    if owners is not None:
        where.append(
            ENTRIES.owner_id == next(iter(owners)) if len(owners) == 1 else ENTRIES.owner_id.in_(sorted(owners))
        )
    if state is WorklistState.OPEN:
        today = clock.start_of(clock.today())
        where += [_score(work) > 0, or_(CUSTOMERS.last_contact_at.is_(None), CUSTOMERS.last_contact_at < today)]
    return where


def _score(work: Work) -> Any:
    return ENTRIES.score if work.actor.can(Permission.CUSTOMER_UNMASK) else ENTRIES.plain


def _counts(work: Work, where: Sequence[Any]) -> Counter[str]:
    """How many entries have each code."""
    joined = select(ENTRIES.codes, func.count()).join(Customer, CUSTOMERS.id == ENTRIES.customer_id)
    counted: Counter[str] = Counter()
    for codes, count in work.session.execute(joined.where(*where).group_by(ENTRIES.codes)):
        for code in filter(None, codes.split(",")):
            if _may_see(work, code):
                counted[code] += count
    return counted


def _may_see(work: Work, code: str) -> bool:
    rule = table.TABLE.get(code)
    if rule is None or (rule.permission is not None and not work.actor.can(rule.permission)):
        return False
    return not rule.personal or work.actor.can(Permission.CUSTOMER_UNMASK)


@query(Permission.CUSTOMER_READ)
def _listed(
    work: Work, owners: Collection[int] | None, *, page: int, size: int, rule: str | None, state: WorklistState
) -> WorklistView:
    where = _where(work, owners, state)
    if rule is not None:
        where.append(
            ENTRIES.codes.contains(f",{rule},", autoescape=True) if _may_see(work, rule) else ENTRIES.score < 0
        )
    held = select(func.count()).select_from(WorklistEntry).join(Customer, CUSTOMERS.id == ENTRIES.customer_id)
    total = int(work.session.execute(held.where(*where)).scalar_one())
    by = [_score(work).desc(), CUSTOMERS.last_contact_at.is_(None), CUSTOMERS.last_contact_at.desc()]
    if state is not WorklistState.OPEN:
        by = [ENTRIES.until.is_(None), ENTRIES.until]
    wanted = select(WorklistEntry).join(Customer, CUSTOMERS.id == ENTRIES.customer_id).where(*where)
    wanted = wanted.order_by(*by, ENTRIES.customer_id).limit(size).offset((page - 1) * size)
    rows = work.session.execute(wanted).scalars().all() if total else []
    return WorklistView(entries=_views(work, rows), total=total, page=page, size=size)


def _views(work: Work, rows: Sequence[WorklistEntry]) -> list[EntryView]:
    ids = [row.customer_id for row in rows]
    if not ids:
        return []
    people = {row.id: row for row in views.rows(work, views.lines(work, ids))}
    weights = worklist_entries.rules_in_force(work)
    closed = [row.customer_id for row in rows if row.state is not WorklistState.OPEN]
    decided = _decided(work, closed) if closed else {}
    return [
        _view(work, row, people[row.customer_id], weights, decided.get(row.customer_id, ("", "")))
        for row in rows
        if row.customer_id in people
    ]


def _view(work: Work, row: WorklistEntry, of: Any, weights: dict[str, Setting], decided: tuple[str, str]) -> EntryView:
    clear = work.may_see_clear(row.owner_id)
    facts = [
        FactView(
            code=fact["code"],
            sentence=table.TABLE[fact["code"]].sentence,
            params={name: value for name, value in fact.items() if name not in ("code", "points", "of")},
            points=fact["points"],
        )
        for fact in row.facts
        if _may_see(work, fact["code"]) and (clear or not table.TABLE[fact["code"]].personal)
    ]
    same = {name: getattr(row, name) for name in ("customer_id", "owner_id", "state", "since", "until", "contact_days")}
    told = {name: getattr(of, name) for name in ("name", "code", "phone", "owner", "last_contact_at", "next_due_at")}
    return EntryView(
        **same,
        **told,
        grade=of.grade.value,
        facts=facts,
        score=row.score if clear else row.plain,
        weight=table.weight(of.grade.value, weights),
        reason=decided[0],
        decided=decided[1],
        may_decide=work.owns(Permission.ACTIVITY_WRITE, row.owner_id),
    )


def _decided(work: Work, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Reason and name of the last decision about each."""
    shown = select(DECISIONS.customer_id, DECISIONS.reason, USERS.name).outerjoin(User, USERS.id == DECISIONS.user_id)
    found = work.session.execute(shown.where(DECISIONS.customer_id.in_(ids)).order_by(DECISIONS.at, DECISIONS.id))
    return {customer_id: (reason, name or "") for customer_id, reason, name in found}


def _decide(work: Work, customer_id: int, state: WorklistState, reason: str, until: date | None = None) -> bool:
    work.get(Customer, customer_id, to=Permission.ACTIVITY_WRITE)
    worklist_entries.compute(work, [customer_id])
    entry = work.session.get(WorklistEntry, customer_id)
    if entry is None or not entry.facts:
        raise Conflict("Nothing speaks for contacting this customer any more.")
    if entry.state is state and (until is None or entry.until == until):
        return False
    if state is WorklistState.DONE:
        until = clock.today() + timedelta(days=max(REST[0], min(REST[1], entry.contact_days)))
    work.reason = reason
    work.add(
        WorklistDecision(
            customer_id=customer_id,
            user_id=work.actor.user_id,
            state=state,
            until=until,
            reason=reason,
            facts=[f"{fact['code']}:{fact['of']}" for fact in entry.facts],
            score=entry.score,
            at=work.now,
        )
    )
    worklist_entries.compute(work, [customer_id])
    return True


def _within(field: str, value: Decimal | int, most: int) -> int:
    if value != int(value) or not 0 <= value <= most:
        raise Invalid(field, "Enter a whole number from {least} to {most}.", least=0, most=most)
    return int(value)
