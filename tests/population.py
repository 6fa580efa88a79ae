"""Many customers with follow-ups and tasks, the same for the same seed, written past the service for speed."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from cim import clock, db
from cim.models import Activity, Customer, Task
from cim.models.activity import ActivityType
from cim.models.customer import Grade, Kind
from tests.factories import Personas

REGIONS = (None, "east", "320000", "320100", "320500", "440300", "440000", "110000")
INDUSTRIES = ("", "制造业", "教育", "IT <软件> & *服务*")
SOURCES = ("", "展会", "老客户介绍")


def populate(people: Personas, *, seed: int, customers: int = 60) -> None:
    """Customers of ann, bo, mei and the public pool, some deleted, each with random deals, follow-ups and tasks."""
    chance = Random(seed)
    with db.session(writing=True) as session:
        for number in range(customers):
            row = _customer(chance, people, f"{seed}-{number}")
            session.add(row)
            session.flush()
            spoken = [_activity(chance, people, row.id or 0) for _again in range(chance.choice((0, 0, 1, 2, 5)))]
            kept = [a.at for a in spoken if a.deleted_at is None and a.type is not ActivityType.NOTE]
            row.last_contact_at = max(kept, default=None)
            tasks = [_task(chance, people, row.id or 0) for _again in range(chance.choice((0, 1, 2)))]
            row.next_due_at = min((t.due_at for t in tasks if not t.done_at and not t.deleted_at), default=None)
            session.add_all([*spoken, *tasks])
        session.commit()


def _customer(chance: Random, people: Personas, name: str) -> Customer:
    deals = chance.choice((0, 0, 1, 3))
    last = clock.now() - timedelta(days=chance.choice((1, 89, 90, 91, 179, 180, 181, 359, 360, 361, 700)))
    bought: dict[str, Any] = {}
    if deals:
        bought = {"deal_count": deals, "first_deal_at": last - timedelta(days=10 * (deals - 1)), "last_deal_at": last}
    return Customer(
        code=f"C-{name}",
        name=f"客户 {name}",
        kind=chance.choice(list(Kind)),
        owner_id=chance.choice((people.ann.user_id, people.ann.user_id, people.bo.user_id, people.mei.user_id, None)),
        region_code=chance.choice(REGIONS),
        industry=chance.choice(INDUSTRIES),
        source=chance.choice(SOURCES),
        grade=chance.choice(list(Grade)),
        created_at=_earlier(chance, (0, 1, 15, 29, 30, 31, 45, 89, 90, 200, 400)),
        deleted_at=clock.now() if chance.random() < 0.1 else None,
        **bought,
    )


def _activity(chance: Random, people: Personas, customer_id: int) -> Activity:
    author = chance.choice((people.ann, people.bo, people.mei))
    gone = clock.now() if chance.random() < 0.1 else None
    at = _earlier(chance, (0, 1, 2, 6, 7, 8, 14, 28, 29, 30, 31, 36, 37, 60, 89, 90, 91, 179, 300))
    kind = chance.choice((ActivityType.CALL, ActivityType.VISIT, ActivityType.NOTE))
    return Activity(
        type=kind,
        customer_id=customer_id,
        at=at,
        author_id=author.user_id,
        author=author.name,
        content="谈",
        deleted_at=gone,
    )


def _task(chance: Random, people: Personas, customer_id: int) -> Task:
    due = clock.now() + timedelta(days=chance.choice((-20, -8, -7, -6, -1, 1, 5)), minutes=-5)
    done: Any = _earlier(chance, (0, 1, 6, 7, 8)) if chance.random() < 0.4 else None
    gone = clock.now() if chance.random() < 0.1 else None
    made = clock.now() - timedelta(days=chance.choice((0, 3, 30)), minutes=10)
    assignee = chance.choice((people.ann, people.bo))
    return Task(
        title="回访",
        due_at=due,
        customer_id=customer_id,
        assignee_id=assignee.user_id,
        done_at=done,
        created_at=made,
        deleted_at=gone,
    )


def _earlier(chance: Random, days: tuple[int, ...]) -> Any:
    """A moment some days ago: at midnight, just before it, or any time of the day, and never in the future."""
    start = clock.days_ago(chance.choice(days))
    moment = start + chance.choice((timedelta(0), timedelta(seconds=-1), timedelta(seconds=chance.randrange(86_400))))
    return min(moment, clock.now() - timedelta(seconds=1))
