"""Figures of the service desk: problems that come up again, and how satisfied customers are. Each opens its tickets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from cim import clock
from cim.models import Product, Ticket, User
from cim.models.base import columns
from cim.models.ticket import TicketType
from cim.models.ticket_view import Rated, Repeated, Satisfaction
from cim.permissions import Permission
from cim.service.ticket_rows import UNFINISHED
from cim.work import Work, query

TICKETS = columns(Ticket)
PRODUCTS = columns(Product)
USERS = columns(User)
GOOD = 4
SHOWN = 50
LEAST = 2
"""From so many times on a problem is a repeated one."""


@query(Permission.TICKET_READ)
def repeated(work: Work, days: int = 90) -> list[Repeated]:
    """Which problem came up again in the last days (by product and category), the most frequent first; only tickets in the
    actor's reach count. `ticket_desk.found` with the same product, category and `since` lists what was counted."""
    counted = (
        select(TICKETS.product_id, func.coalesce(PRODUCTS.name, ""), TICKETS.category)
        .add_columns(func.count().label("times"), func.count(TICKETS.customer_id.distinct()))
        .add_columns(func.count().filter(TICKETS.type == TicketType.COMPLAINT))
        .add_columns(func.count().filter(TICKETS.status.in_(UNFINISHED)), func.avg(TICKETS.satisfaction))
        .select_from(Ticket)
        .outerjoin(Product, PRODUCTS.id == TICKETS.product_id)
        .where(work.visible(Ticket), TICKETS.opened_at >= since(days))
        .group_by(TICKETS.product_id, PRODUCTS.name, TICKETS.category)
        .having(func.count() >= LEAST)
        .order_by(func.count().desc(), PRODUCTS.name, TICKETS.category)
    )
    named = [row for row in work.session.execute(counted.limit(SHOWN)) if row[0] is not None or row[2]]
    return [
        Repeated(
            product_id=row[0],
            product=row[1],
            category=row[2],
            count=row[3],
            customers=row[4],
            complaints=row[5],
            open=row[6],
            satisfaction=None if row[7] is None else round(float(row[7]), 2),
        )
        for row in named
    ]


@query(Permission.TICKET_READ)
def satisfaction(work: Work, days: int = 365) -> Satisfaction:
    """Ratings of the tickets opened in the last days, in the actor's reach: the average, the share of 4 and 5, and of how
    many; by handler, type and local month of opening. Without a rating the figures are None. Two queries."""
    where = (work.visible(Ticket), TICKETS.opened_at >= since(days))
    wanted = (
        select(func.coalesce(USERS.name, TICKETS.handler), TICKETS.type, TICKETS.opened_at, TICKETS.satisfaction)
        .outerjoin(User, USERS.id == TICKETS.handler_id)
        .where(*where)
    )
    rows = [(name, kind.value, _month(at), score) for name, kind, at, score in work.session.execute(wanted)]
    scores = {score: sum(row[3] == score for row in rows) for score in range(1, 6)}
    return Satisfaction(
        whole=_rated("", rows),
        by_handler=sorted(_groups(rows, 0), key=lambda one: (-one.rated, one.group)),
        by_type=_groups(rows, 1),
        by_month=_groups(rows, 2),
        scores=scores,
    )


# ---- below the doors
def since(days: int) -> datetime:
    """The first moment of a span that ends today: local midnight so many days ago."""
    return clock.start_of(clock.today() - timedelta(days=max(0, min(days, 3650))))


def _groups(rows: list[Any], column: int) -> list[Rated]:
    names = sorted({row[column] for row in rows if row[column]})
    return [_rated(name, [row for row in rows if row[column] == name]) for name in names]


def _rated(group: str, rows: Iterable[Any]) -> Rated:
    all_of_them = list(rows)
    scores = [row[3] for row in all_of_them if row[3] is not None]
    return Rated(
        group=group,
        tickets=len(all_of_them),
        rated=len(scores),
        average=round(sum(scores) / len(scores), 2) if scores else None,
        good=sum(score >= GOOD for score in scores) / len(scores) if scores else None,
    )


def _month(at: datetime) -> str:
    return f"{clock.local(at):%Y-%m}"
