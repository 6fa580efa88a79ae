"""The public pool: who is about to lose a customer, giving one back, what may be claimed, and the nightly return
(docs/decisions/0015-public-pool.md). Claiming one is customers.claim."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from cim import audit as chain
from cim import clock, crypto, i18n
from cim.access import SYSTEM
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.i18n import N_, _
from cim.models import AuditEntry, Customer, Task, User
from cim.models.audit import Result
from cim.models.base import columns
from cim.models.listing import BulkResult, Skipped
from cim.models.pool import Allowance, PoolDue, PoolEvent, PoolOutlook, PoolRun, PoolStep
from cim.permissions import Permission
from cim.service import activities, ownership, pool_rules, settings, tasks
from cim.service.pool_rules import Case
from cim.work import LARGEST_ID, Work, command, query

CUSTOMERS = columns(Customer)
TASKS = columns(Task)
USERS = columns(User)
ENTRIES = columns(AuditEntry)

CLAIMS = ("customers.claim", "pool.claim_many")
TAKEN = N_("This customer is no longer in the public pool.")
WARNINGS_EACH = 20
"""Most warnings that one owner finds as tasks after one night; one more task tells of the rest."""
MOST = 5000
"""Most customers that one night warns about, and most that it returns: the rest follows the next night."""
CHUNK = 2000


# ---- reading
@query(Permission.CUSTOMER_READ)
def due(work: Work, *, days: int | None = None, limit: int = 500) -> list[PoolDue]:
    """The customers in the actor's reach that return to the public pool within so many days (default: the days of
    warning), the next ones first; of more than `limit` those without contact for longest. A rep's own ones, as he reaches
    no others with an owner."""
    told = pool_rules.rules(work)
    if not told.days:
        return []
    ahead = told.warn if days is None else max(0, days)
    where = pool_rules.concerned(told, ahead)
    idle = func.coalesce(CUSTOMERS.last_contact_at, CUSTOMERS.created_at)
    wanted = select(CUSTOMERS.id).where(work.visible(Customer), *where).order_by(idle, CUSTOMERS.id).limit(limit)
    ids = work.session.execute(wanted).scalars().all()
    cases = pool_rules.soon(work, told, [CUSTOMERS.id.in_(ids)], ahead)
    found = sorted(
        cases, key=lambda case: (case.returns_on(clock.today(), told.warn), case.grade.value or "Z", case.id)
    )
    return _views(work, found, told.warn)


@query(Permission.CUSTOMER_READ)
def due_of(work: Work, customer_id: int, *, days: int = 14) -> PoolDue | None:
    """Whether this customer returns within so many days (or within the time of warning). NotFound outside the scope."""
    work.get(Customer, customer_id)
    told = pool_rules.rules(work)
    found = pool_rules.soon(work, told, [CUSTOMERS.id == customer_id], max(days, told.warn)) if told.days else []
    return _views(work, found, told.warn)[0] if found else None


@query(Permission.CUSTOMER_CLAIM)
def allowance(work: Work) -> Allowance:
    """What the actor may still claim today."""
    told = settings.values(work, "pool.")
    most, limit = told["claims_a_day"], told["most_owned"]
    me = work.actor.user_id
    claimed = select(func.count()).select_from(AuditEntry)
    claimed = claimed.where(ENTRIES.actor_id == me, ENTRIES.action.in_(CLAIMS), ENTRIES.object_type == "customer")
    claimed = claimed.where(ENTRIES.result == Result.OK, ENTRIES.at >= clock.start_of(clock.today()))
    used = int(work.session.execute(claimed).scalar_one()) if most else 0
    held = select(func.count()).select_from(Customer).where(CUSTOMERS.owner_id == me, CUSTOMERS.deleted_at.is_(None))
    owned = int(work.session.execute(held).scalar_one()) if limit else 0
    left = [max(0, bound - now) for bound, now in ((most, used), (limit, owned)) if bound]
    return Allowance(left=min(left, default=None), most=most, used=used, limit=limit, owned=owned)


@query(Permission.SETTINGS_MANAGE)
def outlook(work: Work) -> PoolOutlook:
    """How many customers are past the limit of their grade, and how many reach it within the days of warning."""
    told, today = pool_rules.rules(work), clock.today()
    if not told.days:
        return PoolOutlook(now=0, soon=0)
    safe = [
        c
        for c in pool_rules.cases(
            work, told, pool_rules.concerned(told, told.warn), [pool_rules.planned().is_not(None)]
        )
        if c.safe
    ]
    past = sum(case.idle_days(today) >= case.rule_days for case in safe)
    reached, now = (
        work.session.execute(
            select(func.count()).select_from(Customer).where(*pool_rules.concerned(told, ahead))
        ).scalar_one()
        for ahead in (told.warn, 0)
    )
    return PoolOutlook(now=now - past, soon=reached - now - (len(safe) - past))


@query(Permission.CUSTOMER_READ)
def history(work: Work, customer_id: int) -> list[PoolEvent]:
    """How the customer came to its owners, newest first. NotFound outside the actor's scope."""
    row = work.get(Customer, customer_id)
    wanted = select(AuditEntry).where(ENTRIES.object_type == "customer", ENTRIES.object_id == str(customer_id))
    wanted = wanted.where(ENTRIES.fields.contains("owner_id"), ENTRIES.result == Result.OK)
    found = work.session.execute(wanted.order_by(ENTRIES.seq.desc()).limit(200)).scalars().all()
    moves = [(entry, move) for entry in found if (move := _move(entry, work.cipher(row.uid))) is not None]
    ids = {i for entry, move in moves for i in (*move, entry.actor_id) if i is not None}
    names: dict[int, str] = dict(work.session.execute(select(USERS.id, USERS.name).where(USERS.id.in_(ids))).all())
    return [
        PoolEvent(
            at=entry.at,
            step=_step(entry, *move),
            by=names.get(entry.actor_id or 0, "" if entry.actor == SYSTEM.username else entry.actor),
            before=names.get(move[0] or 0, ""),
            after=names.get(move[1] or 0, ""),
            reason=entry.reason,
        )
        for entry, move in moves
    ]


# ---- writing
@command(Permission.CUSTOMER_CLAIM)
def release(work: Work, customer_id: int, *, reason: str) -> None:
    """Give a customer back to the public pool. Its open tasks wait there for whoever takes it next. Raises
    Invalid("reason") without one, Conflict when it is there already, Denied for a colleague's."""
    row = work.get(Customer, customer_id)
    if row.owner_id is None:
        raise Conflict("This customer is in the public pool already.")
    if not work.owns(Permission.CUSTOMER_CLAIM, row.owner_id):
        raise Denied("This customer is looked after by somebody else.")
    if len(reason.strip()) < 2:
        raise Invalid("reason", "Say why you give this customer back.")
    work.reason = reason.strip()[:500]
    ownership.give(work, [row], None)


@command(Permission.CUSTOMER_CLAIM)
def claim_many(work: Work, customer_ids: Sequence[int]) -> BulkResult:
    """Take several customers out of the public pool for oneself: as many as the actor may still claim, in this order.
    Those that a colleague has taken meanwhile, or that are too many, are skipped, each with the reason."""
    result = BulkResult(done=0)
    ids = list(dict.fromkeys(customer_ids))
    names = _held(work, ids)
    for customer_id in ids:
        try:
            take(work, customer_id, already=result.done)
            result.done += 1
        except (Conflict, NotFound) as refused:  # a colleague's customer is out of reach
            msgid = refused.msgid if isinstance(refused, Conflict) else TAKEN
            result.skipped.append(
                Skipped(id=customer_id, name=names.get(customer_id, ""), msgid=msgid, params=refused.params)
            )
    if result.done:
        result.change_set = work.change_set()
    return result


def take(work: Work, customer_id: int, *, already: int = 0) -> None:
    """Give a customer of the public pool to the actor, who may claim; `already` are claims of this very action, which the
    log does not count yet. Raises Conflict when a colleague was faster, or a limit is reached."""
    # the customer, so that one of two wins; the person, so that two windows do not claim twice what is left
    row = work.get(Customer, customer_id, held=True)
    work.serialise(f"claims.{work.actor.user_id}")
    if row.owner_id is not None:
        raise Conflict(TAKEN)
    may_claim(allowance(work), already)
    ownership.give(work, [row], work.actor.user_id)


@command(Permission.SETTINGS_MANAGE)
def warn_and_return(work: Work) -> PoolRun:
    """The night's turn: warn the owners of customers that will return, take warnings back where somebody was in contact,
    return what was warned about in time. Run by the system; undone as one change."""
    work.serialise("pool.warn_and_return")
    told, today = pool_rules.rules(work), clock.today()
    held = [CUSTOMERS.owner_id.is_not(None), CUSTOMERS.deleted_at.is_(None), CUSTOMERS.pool_warned_at.is_not(None)]
    concerned = list(pool_rules.cases(work, told, pool_rules.concerned(told, told.warn))) if told.days else []
    reached = [case for case in concerned if not case.safe]
    back = [c for c in reached if (c.warned or not told.warn) and c.returns_on(today, told.warn) <= today][:MOST]
    silent = sorted((c for c in reached if not c.warned), key=lambda case: case.last_day)[:MOST] if told.warn else []
    kept = {case.id for case in reached}
    warned = work.session.execute(select(CUSTOMERS.id).where(*held)).scalars()
    calmed = [number for number in warned if number not in kept]
    _withdraw(work, calmed)
    _warn(work, silent, told.warn)
    if back:
        ownership.give_all(work, [CUSTOMERS.id.in_([case.id for case in back])], None, most=MOST)
    return PoolRun(warned=len(silent), returned=len(back), withdrawn=len(calmed))


# ---- below the doors
def _held(work: Work, ids: Sequence[int]) -> dict[int, str]:
    """The names of these customers, all locked in the order of their numbers, so that no two claims wait for each other.
    Their rows are not read: what `take` decides by is what it reads itself."""
    names: dict[int, str] = {}
    wanted = sorted(number for number in ids if 0 < number <= LARGEST_ID)
    for start in range(0, len(wanted), CHUNK):
        part = select(CUSTOMERS.id, CUSTOMERS.name).where(CUSTOMERS.id.in_(wanted[start : start + CHUNK]))
        part = part.where(work.visible(Customer)).order_by(CUSTOMERS.id).with_for_update()
        names.update((number, name) for number, name in work.session.execute(part))
    return names


def may_claim(allowed: Allowance, already: int) -> None:
    """Raises Conflict when a limit is reached; `already` are claims of this very action."""
    if allowed.limit and allowed.owned >= allowed.limit:
        raise Conflict(
            "You look after {owned} customers, and may have {limit}: give one back first.",
            owned=allowed.owned,
            limit=allowed.limit,
        )
    if allowed.most and allowed.used + already >= allowed.most:
        raise Conflict(
            "You have claimed {used} customers today, and may claim {most} a day: none is left until tomorrow.",
            used=allowed.used + already,
            most=allowed.most,
        )


def _views(work: Work, found: Sequence[Case], warn: int) -> list[PoolDue]:
    names = _people(work, {case.owner_id for case in found}, USERS.name)
    today = clock.today()
    return [
        PoolDue(
            id=case.id,
            code=case.code,
            name=case.name,
            owner_id=case.owner_id,
            owner=names.get(case.owner_id, ""),
            grade=case.grade,
            idle_days=case.idle_days(today),
            rule_days=case.rule_days,
            returns_on=case.returns_on(today, warn),
            warned=case.warned,
        )
        for case in found
    ]


def _people(work: Work, ids: set[int], column: Any) -> dict[int, str]:
    return {row[0]: row[1] for row in work.session.execute(select(USERS.id, column).where(USERS.id.in_(sorted(ids))))}


def _warn(work: Work, told: Sequence[Case], warn: int) -> None:
    """Remember the warning with each customer, and put it on the owner's list; the best customers first."""
    _mark(work, [case.id for case in told], work.now)
    languages = _people(work, {case.owner_id for case in told}, USERS.language)
    by_owner: dict[int, list[Case]] = {}
    for case in sorted(told, key=lambda case: (case.grade.value or "Z", case.last_day, case.id)):
        by_owner.setdefault(case.owner_id, []).append(case)
    for owner_id, theirs in by_owner.items():
        with i18n.use(languages.get(owner_id)):
            for case in theirs[:WARNINGS_EACH]:
                day = case.returns_on(clock.today(), warn)
                title = _("In the public pool from {day} on, unless you are in contact", day=i18n.format_date(day))
                _task(work, title, owner_id, day, case.id)
            if more := len(theirs) - WARNINGS_EACH:
                day = min(case.returns_on(clock.today(), warn) for case in theirs)
                title = _("{count} more customers return to the public pool: see the dashboard", count=more)
                if more > 0:
                    _task(work, title, owner_id, day, None)
    activities.touch(work, [case.id for theirs in by_owner.values() for case in theirs[:WARNINGS_EACH]])


def _task(work: Work, title: str, owner_id: int, day: date, customer_id: int | None) -> None:
    """Due on the last day on which a contact still keeps the customer."""
    last = max(clock.today(), day - timedelta(days=1))
    due_at = clock.start_of(last) + timedelta(hours=17)
    task = Task(title=title, due_at=due_at, customer_id=customer_id, assignee_id=owner_id)
    task.created_at = task.updated_at = work.now
    work.session.add(task)


def _withdraw(work: Work, ids: Sequence[int]) -> None:
    _mark(work, ids, None)
    for start in range(0, len(ids), 500):
        tasks.withdraw_warnings(work, ids[start : start + 500])


def _mark(work: Work, ids: Sequence[int], moment: datetime | None) -> None:
    # derived: neither history nor a version of the customer, so a form that is open stays valid
    table: Any = CUSTOMERS.__table__
    for start in range(0, len(ids), 500):
        part = table.c.id.in_(ids[start : start + 500])
        work.session.execute(table.update().where(part).values(pool_warned_at=moment))


def _move(entry: AuditEntry, cipher: crypto.Cipher | None) -> tuple[int | None, int | None] | None:
    """(owner before, owner after) of an entry; None where it says nothing about the owner, or cannot be read any more."""
    if "owner_id" not in entry.fields.split(","):
        return None
    try:
        changes = chain.unpack(entry, cipher)
    except crypto.Unreadable:
        return None
    return changes["owner_id"] if changes and "owner_id" in changes else None


def _step(entry: AuditEntry, before: int | None, after: int | None) -> PoolStep:
    if after is None:
        return PoolStep.RETURNED if entry.action == "pool.warn_and_return" else PoolStep.RELEASED
    if before is not None:
        return PoolStep.HANDED_OVER
    if entry.action in CLAIMS:
        return PoolStep.CLAIMED
    return PoolStep.CREATED if "name" in entry.fields.split(",") else PoolStep.ASSIGNED
