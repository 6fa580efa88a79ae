"""What people are told about tasks: that the time has come, and that somebody gave them one. Below the doors."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select, update

from cim import clock
from cim.i18n import N_
from cim.models import Task, User
from cim.models.base import columns
from cim.models.user import UserStatus
from cim.service import notices
from cim.work import Work

TASKS = columns(Task)
USERS = columns(User)
MOST = 2000
"""Reminders of one turn; the next turn takes the rest."""


def waiting(work: Work) -> Select[Any]:
    """The open tasks whose reminder has come and was not told. What was told is noted by the time it was for, not by the
    clock, which may jump: a reminder that was moved is told again."""
    wanted = select(TASKS.id, TASKS.title, TASKS.due_at, TASKS.remind_at, TASKS.assignee_id, TASKS.customer_id)
    wanted = wanted.join(User, USERS.id == TASKS.assignee_id).where(USERS.status == UserStatus.ACTIVE)
    wanted = wanted.where(TASKS.done_at.is_(None), TASKS.deleted_at.is_(None), TASKS.remind_at <= work.now)
    return wanted.where(TASKS.reminded_at.is_distinct_from(TASKS.remind_at)).order_by(TASKS.remind_at, TASKS.id)


def tell_due(work: Work) -> int:
    """Tell the assignees of these tasks; returns how many were told."""
    rows = work.session.execute(waiting(work).limit(MOST)).all()
    told = 0
    for row in rows:
        told += notices.tell(
            work,
            [row.assignee_id],
            kind="task.due",
            key=f"task.due:{row.id}:{row.remind_at.isoformat()}",
            title=N_("Reminder: {title}, due {due}"),
            params={"title": row.title, "due": f"{clock.local(row.due_at):%Y-%m-%d %H:%M}"},
            link=f"/tasks?task={row.id}",
            customer_id=row.customer_id,
        )
    for start in range(0, len(rows), 500):
        part = [row.id for row in rows[start : start + 500]]
        noted = update(TASKS.__table__).where(TASKS.id.in_(part))
        work.session.execute(noted.values(reminded_at=TASKS.remind_at))  # derived: no version of an open form
    return told


def tell_assignee(work: Work, row: Task) -> None:
    """Tell somebody on whose list another one has put a task."""
    if row.assignee_id not in (None, work.actor.user_id):
        notices.tell(
            work,
            [row.assignee_id],
            kind="task.assigned",
            key=f"task.assigned:{row.id}:{work.now.isoformat()}",
            title=N_("{who} gave you a task: {title}"),
            params={"who": work.actor.name, "title": row.title},
            link=f"/tasks?task={row.id}",
            customer_id=row.customer_id,
        )
