"""The rules of the public pool: which customers they concern, since when, and what protects one
(docs/decisions/0015-public-pool.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from cim import clock
from cim.models import Customer, Opportunity, Task
from cim.models.base import columns
from cim.models.customer import Grade
from cim.service import settings, tasks
from cim.work import Work

CUSTOMERS = columns(Customer)
TASKS = columns(Task)
OPPORTUNITIES = columns(Opportunity)
CHUNK = 2000


class Rules(NamedTuple):
    """The rules in force: days of warning, and days without contact by grade; grades that never return are left out."""

    warn: int
    days: dict[Grade, int]


@dataclass(frozen=True)
class Case:
    """A customer that a rule applies to."""

    id: int
    code: str
    name: str
    owner_id: int
    grade: Grade
    since: datetime
    rule_days: int
    warned_at: datetime | None
    planned: datetime | None

    @property
    def last_day(self) -> date:
        return clock.local(self.since).date()

    @property
    def warned(self) -> bool:
        """Whether a warning was given after the last contact."""
        return self.warned_at is not None and self.warned_at >= self.since

    @property
    def safe(self) -> bool:
        """A planned next step protects, but not for longer than one more period of the rule."""
        latest = self.last_day + timedelta(days=2 * self.rule_days)
        return self.planned is not None and clock.local(self.planned).date() <= latest

    def idle_days(self, today: date) -> int:
        return (today - self.last_day).days

    def returns_on(self, today: date, warn_days: int) -> date:
        """Not before the owner had the whole time of a warning."""
        told = clock.local(self.warned_at).date() if self.warned and self.warned_at else today
        return max(self.last_day + timedelta(days=self.rule_days), told + timedelta(days=warn_days))


def rules(work: Work) -> Rules:
    """The rules in force."""
    held = settings.values(work, "pool.")
    days = {grade: held[f"days.{grade.value or 'none'}"] for grade in Grade}
    return Rules(held["warn_days"], {grade: value for grade, value in days.items() if value})


def soon(work: Work, by: Rules, where: Sequence[ColumnElement[bool]], ahead: int) -> list[Case]:
    """Customers that fit and return within so many days."""
    today = clock.today()
    last = today + timedelta(days=ahead)
    found = cases(work, by, concerned(by, ahead), where)
    return [case for case in found if not case.safe and case.returns_on(today, by.warn) <= last]


def concerned(by: Rules, ahead: int) -> list[ColumnElement[bool]]:
    """Customers with an owner of which the limit is reached in `ahead` days, whatever is planned; none with an open
    opportunity whose expected close is not over."""
    reached = [
        and_(CUSTOMERS.grade == grade, *_silent_before(clock.days_ago(max(0, days - ahead) - 1)))
        for grade, days in by.days.items()
    ]
    deal = exists().where(
        OPPORTUNITIES.customer_id == CUSTOMERS.id,
        OPPORTUNITIES.closed_at.is_(None),
        OPPORTUNITIES.deleted_at.is_(None),
        OPPORTUNITIES.expected_close >= clock.today(),
    )
    return [CUSTOMERS.owner_id.is_not(None), CUSTOMERS.deleted_at.is_(None), or_(*reached), ~deal]


def _silent_before(limit: datetime) -> list[ColumnElement[bool]]:
    """Contact, taking over and creation all lie before this moment."""
    maybe = [or_(column.is_(None), column < limit) for column in (CUSTOMERS.last_contact_at, CUSTOMERS.owned_since)]
    return [CUSTOMERS.created_at < limit, *maybe]


def cases(
    work: Work, by: Rules, which: Sequence[ColumnElement[bool]], where: Sequence[ColumnElement[bool]] = ()
) -> Iterator[Case]:
    """Those customers with what a rule asks of them, read in chunks along the key."""
    shown = (CUSTOMERS.id, CUSTOMERS.code, CUSTOMERS.name, CUSTOMERS.owner_id, CUSTOMERS.grade)
    dates = (CUSTOMERS.last_contact_at, CUSTOMERS.owned_since, CUSTOMERS.created_at, CUSTOMERS.pool_warned_at)
    listed = select(*shown, *dates, planned().label("planned")).where(*which, *where)
    wanted = listed.order_by(CUSTOMERS.id).limit(CHUNK)
    after = 0
    while True:
        rows = work.session.execute(wanted.where(CUSTOMERS.id > after)).all()
        for row in rows:
            since = max(moment for moment in (row.last_contact_at, row.owned_since, row.created_at) if moment)
            same = {name: getattr(row, name) for name in ("id", "code", "name", "owner_id", "grade", "planned")}
            yield Case(since=since, rule_days=by.days[row.grade], warned_at=row.pool_warned_at, **same)
        if len(rows) < CHUNK:
            return
        after = rows[-1].id


def planned() -> Any:
    """When the next step is due that somebody has planned with the customer, from today on."""
    steps = [TASKS.customer_id == CUSTOMERS.id, TASKS.done_at.is_(None), TASKS.deleted_at.is_(None)]
    ahead = [TASKS.due_at >= clock.start_of(clock.today()), ~tasks.is_warning()]
    return select(func.min(TASKS.due_at)).where(*steps, *ahead).correlate(Customer).scalar_subquery()
