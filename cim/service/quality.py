"""Data quality: one score with its reasons, means by owner and team, its course, what to repair first, what to confirm.

The score is cim/analytics/quality.py; cim/service/judging.py keeps it with each customer. Only customers in the actor's
reach are counted: a rep's own ones, for others all they see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, delete, func, or_, select, true

from cim import access, clock
from cim.analytics import quality as scoring
from cim.analytics.quality import POINTS, Part
from cim.i18n import N_
from cim.models import Customer, DuplicatePair, QualitySnapshot, Team, User
from cim.models.base import columns
from cim.models.customer import Grade
from cim.models.listing import CustomerFilter
from cim.models.quality import (
    BaseQuality,
    Campaign,
    FixView,
    GroupQuality,
    QualityPoint,
    QualityView,
    ReasonView,
    ToConfirm,
)
from cim.models.search import PairStatus
from cim.permissions import Permission, Scope
from cim.service import conditions, judging, views
from cim.work import Work, command, query

CUSTOMERS = columns(Customer)
USERS = columns(User)
TEAMS = columns(Team)
PAIRS = columns(DuplicatePair)
SNAPSHOTS = columns(QualitySnapshot)

CHUNK = 1000
DAYS_A_MONTH = 30
LOOKED_AT = 4
"""For each repair that is asked for, so many customers are looked at."""
RECENT_DAYS = 90
LOW = 59
"""Customers with so many points or fewer are the first to look at."""
IMPORTANCE = {Grade.A: 2.0, Grade.B: 1.5, Grade.C: 1.2}
SPOKEN, PAIRED = 1.3, 1.2
"""What a customer weighs more who was spoken with lately, or may be stored twice."""
FIXES = {
    "reach": N_("Enter a phone, e-mail or WeChat"),
    "phone": N_("Correct the phone number"),
    "phone2": N_("Correct the second phone number"),
    "email": N_("Correct the e-mail address"),
    "uscc": N_("Correct or clear the credit code"),
    "id_number": N_("Correct or clear the identity number"),
    "birthday": N_("Correct the birthday"),
    "region": N_("Choose the region"),
    "industry": N_("Enter the industry"),
    "source": N_("Enter where the customer came from"),
    "owner": N_("Give it to somebody"),
    "name": N_("Enter the name"),
    "duplicates": N_("Compare and decide"),
    "confirmed_at": N_("Confirm the data, or get in contact"),
}
"""What to do about a reason, by the field it names."""
BY_HAND = ("owner", "duplicates", "confirmed_at", "name")
"""What no value typed into a field repairs."""


# ---- one customer
@query(Permission.CUSTOMER_READ)
def of(work: Work, customer_id: int) -> QualityView:
    """The score of a customer now, with every reason, what it costs and how to repair it. NotFound outside the scope."""
    row = work.get(Customer, customer_id)
    score = _score(work, [row])[row.id or 0]
    return QualityView(
        customer_id=customer_id,
        score=score.points,
        parts={part.value: round(points, 1) for part, points in score.parts.items()},
        most={part.value: most for part, most in POINTS.items()},
        reasons=[_reason(reason) for reason in score.reasons],
        confirmed_at=row.confirmed_at,
        may_edit=work.owns(Permission.CUSTOMER_WRITE, row.owner_id),
        version=row.version,
    )


@command(Permission.CUSTOMER_WRITE)
def confirm(work: Work, customer_id: int) -> None:
    """Somebody has looked at this customer's data today and it is right. Settles doubts about values that hardly belong
    together, until one of them changes. Raises NotFound, Denied."""
    row = work.get(Customer, customer_id, to=Permission.CUSTOMER_WRITE)
    row.confirmed_at = work.now
    judging.judge(work, row)


# ---- groups
@query(Permission.CUSTOMER_READ)
def overview(work: Work) -> BaseQuality:
    """The mean of all customers in reach (None where there are none), and of its parts as they were counted last."""
    count, total = _totals(work)
    owners = _owners(work)
    last = select(func.max(SNAPSHOTS.day)).where(*owners)
    day: date | None = work.session.execute(last).scalar_one()
    sums = [func.sum(getattr(SNAPSHOTS, part.value)) for part in Part]
    held = work.session.execute(select(func.sum(SNAPSHOTS.customers), *sums).where(SNAPSHOTS.day == day, *owners)).one()
    return BaseQuality(
        customers=count,
        score=round(total / count, 1) if count else None,
        parts={part.value: round(int(value) / held[0], 1) for part, value in zip(Part, held[1:], strict=True)}
        if day and held[0]
        else {},
        most={part.value: most for part, most in POINTS.items()},
        day=day,
    )


@query(Permission.CUSTOMER_READ)
def by_owner(work: Work) -> list[GroupQuality]:
    """The mean by owner, the lowest first; the public pool last, as id 0."""
    grouped = select(CUSTOMERS.owner_id, USERS.name, TEAMS.name, *_figures())
    joined = grouped.outerjoin(User, USERS.id == CUSTOMERS.owner_id).outerjoin(Team, TEAMS.id == USERS.team_id)
    rows = work.session.execute(
        joined.where(*_mine(work)).group_by(CUSTOMERS.owner_id, USERS.name, TEAMS.name).select_from(Customer)
    )
    found = [_group(row[0] or 0, row[1] or "", row[2] or "", row[3:]) for row in rows]
    return sorted(found, key=lambda group: (group.id == 0, group.score, group.name))


@query(Permission.CUSTOMER_READ)
def by_team(work: Work) -> list[GroupQuality]:
    """The mean by the team of the owner, the lowest first; the public pool and people without team are left out."""
    grouped = select(TEAMS.id, TEAMS.name, *_figures()).select_from(Customer)
    joined = grouped.join(User, USERS.id == CUSTOMERS.owner_id).join(Team, TEAMS.id == USERS.team_id)
    rows = work.session.execute(joined.where(*_mine(work)).group_by(TEAMS.id, TEAMS.name))
    found = [_group(row[0], row[1], row[1], row[2:]) for row in rows]
    return sorted(found, key=lambda group: (group.score, group.name))


@query(Permission.CUSTOMER_READ)
def trend(work: Work, *, days: int = 90) -> list[QualityPoint]:
    """The mean score of each day that was counted, oldest first; the last point is of now."""
    since = clock.today() - timedelta(days=max(1, days))
    sums = select(SNAPSHOTS.day, func.sum(SNAPSHOTS.points), func.sum(SNAPSHOTS.customers))
    wanted = sums.where(SNAPSHOTS.day >= since, SNAPSHOTS.day < clock.today(), *_owners(work)).group_by(SNAPSHOTS.day)
    past = [
        QualityPoint(day=row[0], score=_mean(row[1], row[2]), customers=int(row[2]))
        for row in work.session.execute(wanted.order_by(SNAPSHOTS.day))
        if row[2]
    ]
    count, total = _totals(work)
    return [*past, QualityPoint(day=clock.today(), score=_mean(total, count), customers=count)] if count else past


# ---- what to do
@query(Permission.CUSTOMER_READ)
def worst(work: Work, *, limit: int = 20) -> list[FixView]:
    """The repairs worth most: points that they bring, times the weight of the customer (grade, recent contact, possible
    double). Those that the actor may do; for somebody who may change nothing, all in reach."""
    weight = _weight(work)
    ranked = select(Customer, USERS.name, weight.label("weight")).outerjoin(User, USERS.id == CUSTOMERS.owner_id)
    wanted = ranked.where(*_mine(work), *_writable(work), CUSTOMERS.quality < 100)
    wanted = wanted.order_by(((100 - CUSTOMERS.quality) * weight).desc(), CUSTOMERS.id).limit(limit * LOOKED_AT)
    found = work.session.execute(wanted).all()
    scores = _score(work, [row[0] for row in found])
    fixes = [
        _fix(row, owner or "", reason, float(weighed))
        for row, owner, weighed in found
        for reason in scores[row.id].reasons
    ]
    return sorted(fixes, key=lambda fix: (-fix.worth, fix.customer_id, fix.field))[:limit]


@query(Permission.CUSTOMER_READ)
def campaign(work: Work, *, months: int = 12, limit: int = 50) -> Campaign:
    """Customers whose data nobody changed or confirmed for so many months (of 30 days), the best grade and the longest time
    first. Those that the actor may confirm; for somebody who may change nothing, all in reach."""
    days = DAYS_A_MONTH * max(1, months)
    asked = CustomerFilter(confirmed_before_days=days)
    where = [*conditions.customers(work, asked), *_mine(work), *_writable(work)]
    total = int(work.session.execute(select(func.count()).select_from(Customer).where(*where)).scalar_one())
    last = case((CUSTOMERS.confirmed_at > CUSTOMERS.updated_at, CUSTOMERS.confirmed_at), else_=CUSTOMERS.updated_at)
    order = (case((CUSTOMERS.grade == "", "Z"), else_=CUSTOMERS.grade), last, CUSTOMERS.id)
    found = work.session.execute(views.listed().where(*where).order_by(*order).limit(limit)).all()
    shown = views.rows(work, list(found))
    same = ("id", "code", "name", "owner", "grade", "phone", "region")
    return Campaign(
        rows=[
            ToConfirm(**{name: getattr(view, name) for name in same}, score=row[0].quality, since=_since(row[0]))
            for view, row in zip(shown, found, strict=True)
        ],
        total=total,
        days=days,
    )


# ---- every night
@query(Permission.SETTINGS_MANAGE)
def snapshot(work: Work) -> int:
    """Judge every customer anew, as time alone makes data old, and write down the sums of the day by owner. Returns how
    many there are. Reads and writes some at a time, so that nobody waits for it."""
    by, open_pairs = judging.rule(work), judging.pairs(work)
    sums: dict[int, _Sums] = defaultdict(_Sums)
    after = 0
    while judged := _judged(work.actor, after, by, open_pairs):
        for one in judged:
            sums[one.owner_id].add(one.score)
        changed = [{"row": one.id, "to": one.score.points} for one in judged if one.score.points != one.held]
        if changed:
            _keep(work.actor, changed)
        after = judged[-1].id
    _write_down(work.actor, by.today, sums)
    return sum(one.customers for one in sums.values())


class _Judged(NamedTuple):
    """A customer (its owner 0 for the public pool), the points it has, and the score it should have."""

    id: int
    owner_id: int
    held: int
    score: scoring.Score


@dataclass
class _Sums:
    """Over the customers of one owner."""

    customers: int = 0
    points: int = 0
    parts: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(Part, 0.0))

    def add(self, score: scoring.Score) -> None:
        self.customers += 1
        self.points += score.points
        for part, points in score.parts.items():
            self.parts[part] += points


@query(Permission.SETTINGS_MANAGE)
def _judged(work: Work, after: int, by: judging.Rule, open_pairs: dict[int, int]) -> list[_Judged]:
    """The next customers along the key. A unit of work of its own, so that rows and keys are let go of."""
    wanted = select(Customer).where(CUSTOMERS.deleted_at.is_(None), CUSTOMERS.id > after)
    rows = work.session.execute(wanted.order_by(CUSTOMERS.id).limit(CHUNK)).scalars().all()
    work.load_ciphers(row.uid for row in rows)
    return [
        _Judged(
            row.id or 0,
            row.owner_id or 0,
            row.quality,
            judging.score(row, judging.values(work, row), pair=open_pairs.get(row.id or 0, 0), by=by),
        )
        for row in rows
    ]


@command(Permission.SETTINGS_MANAGE)
def _keep(work: Work, changed: list[dict[str, Any]]) -> None:
    # derived: neither history nor a version of the customer, so a form that is open stays valid
    table: Any = CUSTOMERS.__table__
    update = table.update().where(table.c.id == bindparam("row")).values(quality=bindparam("to"))
    work.session.connection().execute(update, changed)


@command(Permission.SETTINGS_MANAGE)
def _write_down(work: Work, day: date, sums: dict[int, _Sums]) -> None:
    work.session.execute(delete(QualitySnapshot).where(SNAPSHOTS.day == day))
    work.session.add_all(
        QualitySnapshot(
            day=day,
            owner_id=owner,
            customers=one.customers,
            points=one.points,
            **{part.value: round(points) for part, points in one.parts.items()},
        )
        for owner, one in sums.items()
    )


# ---- below the doors
def _score(work: Work, rows: Sequence[Customer]) -> dict[int, scoring.Score]:
    by, ids = judging.rule(work), [row.id or 0 for row in rows]
    open_pairs = judging.pairs(work, ids)
    work.load_ciphers(row.uid for row in rows)
    return {
        row.id or 0: judging.score(row, judging.values(work, row), pair=open_pairs.get(row.id or 0, 0), by=by)
        for row in rows
    }


def _reason(reason: scoring.Reason) -> ReasonView:
    return ReasonView(
        part=reason.part.value,
        field=reason.field,
        text=reason.msgid,
        params=reason.params,
        fix=FIXES[reason.field],
        points=round(reason.points, 1),
    )


def _fix(row: Customer, owner: str, reason: scoring.Reason, weight: float) -> FixView:
    told = _reason(reason)
    same: dict[str, Any] = {name: getattr(row, name) for name in ("version", "code", "name", "grade")}
    return FixView(
        customer_id=row.id or 0,
        owner=owner,
        score=row.quality,
        worth=round(reason.points * weight, 2),
        **same,
        **told.model_dump(include={"field", "text", "params", "fix", "points"}),
    )


def _weight(work: Work) -> Any:
    """How important a customer is, as SQL."""
    recent = CUSTOMERS.last_contact_at >= clock.days_ago(RECENT_DAYS)
    ends = [select(end).where(PAIRS.status == PairStatus.OPEN) for end in (PAIRS.a_id, PAIRS.b_id)]
    paired = or_(*(CUSTOMERS.id.in_(end) for end in ends))
    grade = case(*((CUSTOMERS.grade == grade, weight) for grade, weight in IMPORTANCE.items()), else_=1.0)
    return grade * case((recent, SPOKEN), else_=1.0) * case((paired, PAIRED), else_=1.0)


def _mine(work: Work) -> list[Any]:
    """Customers in reach; of a rep only his own, not the public pool that he sees too."""
    own = work.actor.scope(Permission.CUSTOMER_READ) is Scope.OWN
    return [work.visible(Customer), CUSTOMERS.owner_id == work.actor.user_id if own else true()]


def _writable(work: Work) -> list[Any]:
    if not work.actor.can(Permission.CUSTOMER_WRITE):
        return []
    ids = access.reached_users(work.actor, Permission.CUSTOMER_WRITE)
    return [] if ids is None else [CUSTOMERS.owner_id.in_(sorted(ids))]


def _owners(work: Work) -> list[Any]:
    """The snapshots of the owners in reach, as `_mine` has their customers."""
    ids = access.reached_users(work.actor, Permission.CUSTOMER_READ)
    if ids is None:
        return []
    pool = set() if work.actor.scope(Permission.CUSTOMER_READ) is Scope.OWN else {0}
    return [SNAPSHOTS.owner_id.in_(sorted(ids | pool))]


def _totals(work: Work) -> tuple[int, int]:
    """How many customers in reach, and the sum of their points."""
    wanted = select(func.count(), func.coalesce(func.sum(CUSTOMERS.quality), 0)).select_from(Customer)
    count, total = work.session.execute(wanted.where(*_mine(work))).one()
    return int(count), int(total)


def _figures() -> list[Any]:
    """Count, sum of points and how many are low, of a group."""
    return [func.count(), func.sum(CUSTOMERS.quality), func.count(case((CUSTOMERS.quality <= LOW, 1)))]


def _group(number: int, name: str, team: str, figures: Any) -> GroupQuality:
    count, total, low = figures
    return GroupQuality(id=number, name=name, team=team, customers=count, score=_mean(total, count), low=low)


def _mean(total: Any, count: int) -> float:
    return round(int(total) / count, 1) if count else 0.0


def _since(row: Customer) -> datetime:
    return max(moment for moment in (row.updated_at, row.confirmed_at) if moment is not None)
