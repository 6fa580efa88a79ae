"""All open opportunities together: the board by stage, what is expected of the coming months, and what is stuck. Money is
in the base currency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy import Numeric, and_, case, cast, func, literal, or_, select

from cim import clock
from cim.models import Opportunity, Stage, Team, User
from cim.models.base import columns
from cim.models.opportunity import StageKind
from cim.models.opportunity_view import (
    Board,
    Column,
    Expected,
    Forecast,
    MonthExpected,
    OpportunityCard,
    PipelineFilter,
)
from cim.permissions import Permission
from cim.service import currency, stages, totals
from cim.service import opportunity_record as record
from cim.work import Work, query

OPPORTUNITIES = columns(Opportunity)
STAGES = columns(Stage)
USERS = columns(User)
TEAMS = columns(Team)

CARDS = 50
"""Cards of one column; the figures above them count all."""
COMMITTED = 80
"""From this chance on people count on it."""
MOST_MONTHS = 12
OVERDUE, LATER, UNDATED = "overdue", "later", "undated"


@query(Permission.SALES_READ)
def board(work: Work, narrowed: PipelineFilter | None = None) -> Board:
    """The open opportunities in the actor's reach by stage, the largest on top. A stage that is offered no more shows while
    something is in it."""
    asked = narrowed or PipelineFilter()
    known = [row for row in stages.rows(work) if row.kind is StageKind.OPEN and asked.stage_id in (None, row.id)]
    where = _where(work, asked, known)
    chance = record.chance_in_sql()
    summed = select(OPPORTUNITIES.stage_id, func.count(), _sum(OPPORTUNITIES.base_amount), _sum_by(chance))
    summed = summed.join(Stage, STAGES.id == OPPORTUNITIES.stage_id).where(*where).group_by(OPPORTUNITIES.stage_id)
    figures = {row[0]: row[1:] for row in work.session.execute(summed)}
    cards: dict[int, list[OpportunityCard]] = {}
    for card in _largest(work, where):
        cards.setdefault(card.stage_id, []).append(card)
    made = []
    for row in known:
        count, amount, weighted = figures.get(row.id, (0, Decimal(0), Decimal(0)))
        if count or not row.retired:
            made.append(
                Column(
                    stage=stages.view(row),
                    count=count,
                    amount=_money(amount),
                    weighted=_money(weighted),
                    cards=cards.get(row.id or 0, []),
                )
            )
    return Board(columns=made, currency=currency.base())


@query(Permission.SALES_READ)
def forecast(work: Work, *, months: int = 3, narrowed: PipelineFilter | None = None) -> Forecast:
    """What the open opportunities in the actor's reach are expected to bring, by the month of their expected close from
    the running one on, and what was won in each so far. A day that is over counts as overdue, not for its month."""
    starts = _months(clock.today(), max(1, min(months, MOST_MONTHS)))
    asked = narrowed or PipelineFilter()
    chance = record.chance_in_sql()
    day = OPPORTUNITIES.expected_close
    ends = [(and_(day >= first, day < after), first.isoformat()) for first, after in pairwise(starts)]
    bucket = case((day.is_(None), UNDATED), (day < clock.today(), OVERDUE), *ends, else_=LATER)
    sure = case((chance >= COMMITTED, OPPORTUNITIES.base_amount), else_=0)
    wanted = select(bucket, func.count(), _sum(OPPORTUNITIES.base_amount), _sum_by(chance), _sum(sure))
    wanted = wanted.join(Stage, STAGES.id == OPPORTUNITIES.stage_id).where(*_where(work, asked)).group_by(bucket)
    found = {
        row[0]: {"count": row[1], "best": _money(row[2]), "weighted": _money(row[3]), "committed": _money(row[4])}
        for row in work.session.execute(wanted)
    }
    won = _won(work, asked, starts[0])
    return Forecast(
        months=[
            MonthExpected(
                month=first, won=won if first == starts[0] else Decimal(0), **found.get(first.isoformat(), {})
            )
            for first in starts[:-1]
        ],
        overdue=Expected(**found.get(OVERDUE, {})),
        later=Expected(**found.get(LATER, {})),
        undated=Expected(**found.get(UNDATED, {})),
        currency=currency.base(),
    )


@query(Permission.SALES_READ)
def stuck(work: Work, narrowed: PipelineFilter | None = None, *, limit: int = 50) -> list[OpportunityCard]:
    """The open opportunities in the actor's reach that are too long in their stage or past their expected close, the
    largest first; each says why in its `warnings`."""
    asked = (narrowed or PipelineFilter()).model_copy(update={"warned": True})
    wanted = record.listed().where(*_where(work, asked))
    wanted = wanted.order_by(OPPORTUNITIES.base_amount.desc(), OPPORTUNITIES.id).limit(limit)
    return record.cards(work, work.session.execute(wanted).all())


# ---- below the doors
def _where(work: Work, asked: PipelineFilter, known: Sequence[Stage] | None = None) -> list[Any]:
    """What makes an opportunity one of those asked for."""
    where = [work.visible(Opportunity), OPPORTUNITIES.closed_at.is_(None), *_whose(work, asked)]
    if asked.stage_id is not None:
        where.append(OPPORTUNITIES.stage_id == asked.stage_id)
    if asked.expected_from is not None:
        where.append(OPPORTUNITIES.expected_close >= asked.expected_from)
    if asked.expected_until is not None:
        where.append(OPPORTUNITIES.expected_close <= asked.expected_until)
    if asked.warned:
        where.append(_warned(stages.rows(work) if known is None else known))
    return where


def _whose(work: Work, asked: PipelineFilter) -> list[Any]:
    where = [] if asked.owner_id is None else [OPPORTUNITIES.owner_id == asked.owner_id]
    if asked.team_id is not None:
        parents = work.session.execute(select(TEAMS.id, TEAMS.parent_id)).all()
        below, size = {asked.team_id}, 0
        while len(below) != size:
            size = len(below)
            below |= {team for team, parent in parents if parent in below}
        where.append(OPPORTUNITIES.owner_id.in_(select(USERS.id).where(USERS.team_id.in_(sorted(below)))))
    return where


def _warned(known: Sequence[Stage]) -> Any:
    """`record.warnings` says something, as SQL: the stage's limit of local days is behind it, or the expected close is."""
    today = clock.today()
    over = [
        and_(
            OPPORTUNITIES.stage_id == row.id,
            OPPORTUNITIES.stage_since < clock.start_of(today - timedelta(days=row.days_limit)),
        )
        for row in known
        if row.days_limit > 0
    ]
    return or_(OPPORTUNITIES.expected_close < today, *over)


def _largest(work: Work, where: Sequence[Any]) -> list[OpportunityCard]:
    """At most CARDS of each stage, the largest first. One query."""
    order = (OPPORTUNITIES.base_amount.desc(), OPPORTUNITIES.id)
    place = func.row_number().over(partition_by=OPPORTUNITIES.stage_id, order_by=order)
    ranked = select(OPPORTUNITIES.id, place.label("place")).join(Stage, STAGES.id == OPPORTUNITIES.stage_id)
    ranks = ranked.where(*where).subquery()
    wanted = record.listed().where(OPPORTUNITIES.id.in_(select(ranks.c.id).where(ranks.c.place <= CARDS)))
    return record.cards(work, work.session.execute(wanted.order_by(*order)).all())


def _won(work: Work, asked: PipelineFilter, first: date) -> Decimal:
    """What was won since the first of the running month."""
    won = select(_sum(OPPORTUNITIES.base_amount)).join(Stage, STAGES.id == OPPORTUNITIES.stage_id)
    since = OPPORTUNITIES.closed_at >= clock.start_of(first)
    found = won.where(work.visible(Opportunity), STAGES.kind == StageKind.WON, since, *_whose(work, asked))
    return _money(work.session.execute(found).scalar_one())


def _months(today: date, count: int) -> list[date]:
    """The first days of the running month and of those after it, one more than asked for."""
    start = today.year * 12 + today.month - 1
    return [date((start + step) // 12, (start + step) % 12 + 1, 1) for step in range(count + 1)]


def _sum(amount: Any) -> Any:
    return cast(func.coalesce(func.sum(amount), 0), Numeric(18, 2))


def _sum_by(chance: Any) -> Any:
    """The sum of amounts each by its chance in percent, each to the cent as its card has it."""
    each = OPPORTUNITIES.base_amount * chance / 100 + literal(totals.HALF_UP, Numeric(18, 9))
    return cast(func.coalesce(func.sum(func.round(cast(each, Numeric(30, 9)), 2)), 0), Numeric(18, 2))


def _money(amount: Any) -> Decimal:
    return Decimal(amount or 0).quantize(currency.CENT)
