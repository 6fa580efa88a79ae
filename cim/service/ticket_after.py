"""What follows from a ticket's end: the return visit, the customer's rating, and closing what stays resolved."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from cim import clock, working_time
from cim.config import settings as environment
from cim.errors import Conflict, Invalid
from cim.i18n import N_, _
from cim.models import Customer, SurveyAnswer, Task, Ticket, User
from cim.models.base import columns
from cim.models.survey import SurveyKind
from cim.models.task import TaskKind
from cim.models.ticket import TicketStatus
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import activities, settings, ticket_assigning, ticket_people, ticket_rows, totals, typed, working_days
from cim.work import Work, command

TICKETS = columns(Ticket)
TASKS = columns(Task)
ANSWERS = columns(SurveyAnswer)
SCORES = range(1, 6)
BAD = 2
"""Up to here a rating is told to those who lead."""
HOUR = time(9)
"""When on its day a return visit is due."""
RATED_BADLY = N_("Ticket {number} of {customer} was rated badly")
MOST = 500


@command(Permission.SETTINGS_MANAGE)
def close_due(work: Work) -> int:
    """Close the tickets that have stayed resolved for the days of the setting (0: none); returns how many. At most 500 a
    run."""
    days = settings.value(work, "tickets.close_days")
    if not days:
        return 0
    before = work.now - timedelta(days=days)
    wanted = select(Ticket).where(
        TICKETS.status == TicketStatus.RESOLVED, TICKETS.resolved_at < before, ticket_rows.standing()
    )
    rows = work.session.execute(wanted.order_by(TICKETS.id).limit(MOST)).scalars().all()
    for row in rows:
        closed(work, row)
    totals.touch(work, [row.customer_id for row in rows])
    return len(rows)


# ---- below the doors
def closed(work: Work, row: Ticket) -> None:
    """Close a ticket and plan the return visit, for the customer's owner or else the handler."""
    row.status, row.closed_at, row.updated_at = TicketStatus.CLOSED, work.now, work.now
    days = settings.value(work, "tickets.return_days")
    customer = work.find(Customer, row.customer_id)
    if not days or customer is None:
        return
    due = working_time.add_days(clock.today(), days, working_days.calendar(work))
    due_at = typed.moment("due_at", datetime.combine(due, HOUR, tzinfo=environment().zone))
    title = _("Return visit after ticket {number}: {subject}", number=row.number, subject=row.subject)
    work.add(
        Task(
            title=title[:200],
            due_at=due_at,
            customer_id=row.customer_id,
            contact_id=row.contact_id,
            assignee_id=_visitor(work, customer, row),
            created_by_id=work.actor.user_id,
            kind=TaskKind.RETURN_VISIT,
            ticket_id=row.id,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    activities.touch(work, [row.customer_id])


def withdraw_visits(work: Work, row: Ticket) -> int:
    """Take the open return visits of a ticket off the lists; returns how many."""
    held = select(Task).where(
        TASKS.ticket_id == row.id,
        TASKS.kind == TaskKind.RETURN_VISIT,
        TASKS.done_at.is_(None),
        TASKS.deleted_at.is_(None),
    )
    rows = work.session.execute(held).scalars().all()
    for task in rows:
        task.deleted_at = task.updated_at = work.now
    if rows:
        activities.touch(work, [row.customer_id])
    return len(rows)


def rated(work: Work, row: Ticket, score: int, comment: str = "", *, contact_id: int | None = None) -> bool:
    """Write a customer's rating of a ticket, by staff or (system actor) through the public link; False when it says what is
    there already. A customer's own rating is not changed by staff: Conflict. Raises Invalid at the field; Conflict while
    the ticket is not resolved. The caller answers for the right."""
    if isinstance(score, bool) or score not in SCORES:
        raise Invalid("score", "Choose from 1 to 5 stars.")
    text = typed.lines("comment", comment, 2000)
    if row.status not in (TicketStatus.RESOLVED, TicketStatus.CLOSED):
        raise Conflict("This ticket is not resolved: it cannot be rated.")
    if (row.satisfaction, row.rating_comment) == (score, text):
        return False
    for answer in _answers(work, row):
        if answer.recorded_by_id is None and work.actor.user_id is not None:
            raise Conflict("The customer has rated this ticket: that stands.")
        answer.deleted_at = work.now
    row.satisfaction, row.rating_comment, row.rated_at, row.updated_at = score, text, work.now, work.now
    work.add(
        SurveyAnswer(
            customer_id=row.customer_id,
            contact_id=contact_id or row.contact_id,
            ticket_id=row.id,
            kind=SurveyKind.CSAT,
            score=score,
            comment=text,
            at=work.now,
            recorded_by_id=work.actor.user_id,
        )
    )
    if score <= BAD:
        people = [row.handler_id, *ticket_people.leads(work, row)]
        told = [number for number in people if number != work.actor.user_id]
        key = f"ticket.rated:{row.id}:{work.now.isoformat(timespec='seconds')}"
        ticket_assigning.tell(work, row, told, kind="ticket.rated", key=key, title=RATED_BADLY)
    return True


def _answers(work: Work, row: Ticket) -> list[Any]:
    held = select(SurveyAnswer).where(
        ANSWERS.ticket_id == row.id, ANSWERS.survey_id.is_(None), ANSWERS.deleted_at.is_(None)
    )
    return list(work.session.execute(held).scalars())


def _visitor(work: Work, customer: Customer, row: Ticket) -> int | None:
    for user_id in (customer.owner_id, row.handler_id, work.actor.user_id):
        user = work.find(User, user_id) if user_id else None
        if user is not None and user.status is UserStatus.ACTIVE:
            return user.id
    return None
