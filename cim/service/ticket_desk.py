"""The service desk: one list sorted by due time with its counts, and the list of return visits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from cim.models import Task, Ticket, User
from cim.models.base import columns
from cim.models.task import TaskKind
from cim.models.ticket import TicketStatus
from cim.models.ticket_view import Desk, ReturnVisit, TicketFilter, TicketRow
from cim.permissions import Permission
from cim.service import ticket_rows
from cim.service.ticket_rows import UNFINISHED
from cim.work import Work, query

TICKETS = columns(Ticket)
TASKS = columns(Task)
_VISITOR: Any = aliased(User)
SHOWN = 200


@query(Permission.TICKET_READ)
def desk(work: Work, narrowed: TicketFilter | None = None, *, limit: int = SHOWN) -> Desk:
    """The tickets in the actor's reach that the filter lets through, due first on top; those that wait for the customer
    behind them. Three queries."""
    where = conditions(work, narrowed or TicketFilter())
    total = work.session.execute(
        select(func.count()).select_from(Ticket).where(work.visible(Ticket), *where)
    ).scalar_one()
    rows = ticket_rows.lines(work, ticket_rows.by_due(ticket_rows.listed(work).where(*where)).limit(limit))
    return Desk(rows=rows, total=total, counts=_counts(work))


@query(Permission.TICKET_READ)
def found(work: Work, narrowed: TicketFilter, *, limit: int = SHOWN) -> list[TicketRow]:
    """The tickets behind a figure, the newest first, whatever their status unless the filter names one."""
    where = conditions(work, narrowed.model_copy(update={"everything": True}))
    wanted = ticket_rows.listed(work).where(*where).order_by(TICKETS.opened_at.desc(), TICKETS.id.desc())
    return ticket_rows.lines(work, wanted.limit(limit))


@query(Permission.TICKET_READ)
def return_visits(work: Work, *, mine: bool = False, limit: int = SHOWN) -> list[ReturnVisit]:
    """Closed tickets whose return visit is open, the one due first on top; with `mine` those that the actor is to make."""
    wanted = (
        ticket_rows.listed(work)
        .add_columns(Task, _VISITOR.name)
        .join(Task, TASKS.ticket_id == TICKETS.id)
        .outerjoin(_VISITOR, _VISITOR.id == TASKS.assignee_id)
        .where(TASKS.kind == TaskKind.RETURN_VISIT, TASKS.done_at.is_(None), TASKS.deleted_at.is_(None))
        .order_by(TASKS.due_at, TASKS.id)
    )
    if mine:
        wanted = wanted.where(TASKS.assignee_id == work.actor.user_id)
    return [
        ReturnVisit(
            ticket=ticket_rows.line(work, row, customer, handler),
            task_id=task.id,
            task_version=task.version,
            due_at=task.due_at,
            assignee_id=task.assignee_id,
            assignee=visitor or "",
            overdue=task.due_at < work.now,
            may_finish=work.actor.can(Permission.TASK_WRITE) and work.owns(Permission.TASK_WRITE, task.assignee_id),
        )
        for row, customer, handler, task, visitor in work.session.execute(wanted.limit(limit))
    ]


# ---- below the doors
def conditions(work: Work, narrowed: TicketFilter) -> list[ColumnElement[bool]]:
    """A filter as SQL."""
    where: list[Any] = []
    if narrowed.status is not None:
        where.append(TICKETS.status == narrowed.status)
    elif not narrowed.everything:
        where.append(TICKETS.status.in_(UNFINISHED))
    if narrowed.mine:
        where.append(TICKETS.handler_id == work.actor.user_id)
    if narrowed.unassigned:
        where.append(TICKETS.handler_id.is_(None))
    if narrowed.without_product:
        where.append(TICKETS.product_id.is_(None))
    if narrowed.overdue:
        where.append(ticket_rows.overdue(work))
    for name in ("type", "priority", "customer_id", "product_id", "category", "handler_id"):
        if (value := getattr(narrowed, name)) is not None:
            where.append(getattr(TICKETS, name) == value)
    if narrowed.since is not None:
        where.append(TICKETS.opened_at >= narrowed.since)
    return where


def _counts(work: Work) -> dict[str, int]:
    """How many of each state, in the actor's reach. One query."""
    unfinished = TICKETS.status.in_(UNFINISHED)
    wanted: dict[str, Any] = {
        "open": unfinished,
        "new": TICKETS.status == TicketStatus.NEW,
        "waiting": TICKETS.status == TicketStatus.WAITING,
        "resolved": TICKETS.status == TicketStatus.RESOLVED,
        "overdue": ticket_rows.overdue(work),
        "late_answer": ticket_rows.late_answer(work),
        "mine": unfinished & (TICKETS.handler_id == work.actor.user_id),
        "unassigned": unfinished & TICKETS.handler_id.is_(None),
    }
    counted = select(*(func.count().filter(where) for where in wanted.values())).select_from(Ticket)
    living = TICKETS.status != TicketStatus.CLOSED
    found = work.session.execute(counted.where(work.visible(Ticket), living)).one()
    return dict(zip(wanted, found, strict=True))
