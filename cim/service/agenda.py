"""Where tasks stand on today's local day, and what a list shows of them. Below the doors."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, select

from cim import clock
from cim.models import Customer, Task, User
from cim.models.base import columns
from cim.models.task import TaskGroup, TaskKind, TaskView
from cim.service import recurring
from cim.work import Work

TASKS = columns(Task)
CUSTOMERS = columns(Customer)
USERS = columns(User)
SAME = set(TaskView.model_fields) & set(Task.model_fields) - {"kind", "all_day", "notes", "place"}


def group(due_at: datetime) -> TaskGroup:
    """Where a moment stands on the worklist of today's local day. Weeks end on Sunday."""
    day, today = clock.local(due_at).date(), clock.today()
    for found, last in _ends(today):
        if day <= last:
            return found
    return TaskGroup.LATER


def group_of(due_at: Any) -> Any:
    """`group` as SQL."""
    ends = [(due_at < clock.start_of(last + timedelta(days=1)), name.value) for name, last in _ends(clock.today())]
    return case(*ends, else_=TaskGroup.LATER.value)


def listed(work: Work) -> Select[Any]:
    """(Task, customer's id, its name, assignee's name) of the tasks in reach. A customer that went out of reach leaves no
    name."""
    listed: Select[Any] = (
        select(TASKS, CUSTOMERS.id, CUSTOMERS.name, USERS.name)
        .outerjoin(Customer, and_(CUSTOMERS.id == TASKS.customer_id, work.visible(Customer)))
        .outerjoin(User, USERS.id == TASKS.assignee_id)
        .where(work.visible(Task))
    )
    return listed


def view(found: Any) -> TaskView:
    """One row of `listed`."""
    row, customer_id, customer, assignee = found
    known = {name: getattr(row, name) for name in SAME}
    if customer_id is None:
        known |= dict.fromkeys(("contact_id", "opportunity_id", "ticket_id", "result_id"))
    return TaskView(
        **known
        | {
            "kind": row.kind or TaskKind.TODO,
            "all_day": bool(row.all_day),
            "notes": row.notes or "",
            "place": row.place or "",
            "group": group(row.due_at),
            "customer_id": customer_id,
            "customer": customer or "",
            "assignee": assignee or "",
            "repeat": recurring.read(row.rule),
            "series": bool(row.series_id or row.rule),
        }
    )


def _ends(today: date) -> list[tuple[TaskGroup, date]]:
    """The last local day of each group but the last, in order."""
    return [
        (TaskGroup.OVERDUE, today - timedelta(days=1)),
        (TaskGroup.TODAY, today),
        (TaskGroup.TOMORROW, today + timedelta(days=1)),
        (TaskGroup.WEEK, today + timedelta(days=6 - today.weekday())),
    ]
