"""Tasks: what is to be done next, by whom, until when. A missed one stays until somebody handles it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, case, func, select

from cim import clock
from cim.errors import Denied, Invalid
from cim.models import Customer, Task, User
from cim.models.base import View
from cim.models.task import TaskDraft, TaskGroup, TaskView
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import activities, typed
from cim.work import Work, command, query

SHOWN = 200


class Later(StrEnum):
    """To when a task is put off by one press."""

    TOMORROW = "tomorrow"
    NEXT_WEEK = "next_week"


class Worklist(View):
    """Open tasks, the one due first on top. `counts` covers all of them, `tasks` at most the first 200."""

    tasks: list[TaskView]
    counts: dict[TaskGroup, int]

    def of(self, group: TaskGroup) -> list[TaskView]:
        """The tasks of one group."""
        return [task for task in self.tasks if task.group is group]


# ---- writing
@command(Permission.TASK_WRITE)
def add(work: Work, draft: TaskDraft, *, token: str | None = None) -> int:
    """Plan a task and return its id; for oneself unless the draft names somebody in the actor's reach. Times
    without a zone are on the team's wall clock. Raises Invalid at the field, NotFound for a customer outside the
    actor's scope."""
    if (done := work.replayed(token)) is not None:
        return done
    if draft.customer_id is not None:
        work.get(Customer, draft.customer_id)
    row = work.add(
        Task(
            title=_title(draft.title),
            due_at=_due(draft.due_at),
            customer_id=draft.customer_id,
            assignee_id=_assignee(work, draft.assignee_id),
            created_by_id=work.actor.user_id,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    _moved(work, row)
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.TASK_WRITE)
def done(work: Work, task_id: int, *, version: int | None = None) -> bool:
    """Tick a task off. False when that was done already: a second press changes nothing."""
    row = _mine(work, task_id, None)
    if row.done_at is not None:
        return False
    _mine(work, task_id, version)
    row.done_at, row.done_by_id = work.now, work.actor.user_id
    _moved(work, row)
    return True


@command(Permission.TASK_WRITE)
def undo_done(work: Work, task_id: int) -> bool:
    """Open a task again. False when it is open."""
    row = _mine(work, task_id, None)
    if row.done_at is None:
        return False
    row.done_at = row.done_by_id = None
    _moved(work, row)
    return True


@command(Permission.TASK_WRITE)
def postpone(work: Work, task_id: int, to: Later | date, *, version: int | None = None) -> bool:
    """Put a task off to tomorrow, to Monday of next week, or to a local day; the time of day stays. False when it
    lies there already. Raises Invalid for a day that is over."""
    row = _mine(work, task_id, version)
    day = _day(to)
    if day < clock.today():
        raise Invalid("due_at", "Choose today or a later day.")
    due_at = typed.moment("due_at", datetime.combine(day, clock.local(row.due_at).time()))
    if due_at == row.due_at:
        return False
    row.due_at = due_at
    _moved(work, row)
    return True


@command(Permission.TASK_WRITE)
def remove(work: Work, task_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Take a task off the list without having done it. The row is kept."""
    row = _mine(work, task_id, version)
    work.reason = reason.strip()[:500]
    row.deleted_at = work.now
    _moved(work, row)


# ---- reading
@query(Permission.TASK_WRITE)
def mine(work: Work, *, assignee: int | None = None, everybody: bool = False) -> Worklist:
    """The open tasks of the actor, of another user in the actor's reach, or with `everybody` of all in reach, by
    local day: what was due yesterday is overdue until it is handled."""
    task: Any = Task
    where = [work.visible(Task), task.done_at.is_(None)]
    if not everybody:
        where.append(task.assignee_id == (assignee or work.actor.user_id))
    group = _group_of(task.due_at)
    counted = dict(work.session.execute(select(group, func.count()).where(*where).group_by(group)).all())
    found = work.session.execute(_listed(work).where(*where).order_by(task.due_at, task.id).limit(SHOWN))
    return Worklist(tasks=[_view(row) for row in found], counts={g: counted.get(g.value, 0) for g in TaskGroup})


@query(Permission.CUSTOMER_READ)
def for_customer(work: Work, customer_id: int, *, finished: bool = False) -> list[TaskView]:
    """The tasks of a customer that the actor reaches: the open ones, due first on top; with `finished` those done,
    newest first. Raises NotFound outside the actor's scope."""
    work.get(Customer, customer_id)
    task: Any = Task
    wanted = _listed(work).where(work.visible(Task), task.customer_id == customer_id)
    if finished:
        wanted = wanted.where(task.done_at.is_not(None)).order_by(task.done_at.desc(), task.id.desc())
    else:
        wanted = wanted.where(task.done_at.is_(None)).order_by(task.due_at, task.id)
    return [_view(row) for row in work.session.execute(wanted.limit(SHOWN))]


# ---- below the doors
def hand_over(work: Work, customer_id: int, *, giver: int, taker: int) -> int:
    """Give a user's open tasks with a customer to another one; returns how many. The caller answers for the right."""
    return move(work, [customer_id], giver=giver, taker=taker)


def move(work: Work, customer_ids: Sequence[int], *, giver: int | None, taker: int | None) -> int:
    """Give a user's open tasks with these customers (some hundred) to another one; returns how many. None stands for
    nobody: tasks of a customer in the public pool wait for whoever takes it next."""
    task: Any = Task
    theirs = task.assignee_id.is_(None) if giver is None else task.assignee_id == giver
    held = select(Task).where(task.customer_id.in_(customer_ids), theirs)
    rows = work.session.execute(held.where(task.done_at.is_(None), task.deleted_at.is_(None))).scalars().all()
    for row in rows:
        row.assignee_id = taker
        row.updated_at = work.now
    return len(rows)


def is_warning() -> Any:
    """Whether a task is a warning of the public pool: the only ones that nobody made."""
    task: Any = Task
    return and_(task.created_by_id.is_(None), task.activity_id.is_(None))


def withdraw_warnings(work: Work, customer_ids: Sequence[int]) -> int:
    """Take open warnings about these customers (some hundred) off the lists; returns how many."""
    task: Any = Task
    open_ = [task.done_at.is_(None), task.deleted_at.is_(None), is_warning()]
    rows = work.session.execute(select(Task).where(task.customer_id.in_(customer_ids), *open_)).scalars().all()
    for row in rows:
        row.deleted_at = row.updated_at = work.now
    if rows:
        activities.touch(work, [row.customer_id for row in rows if row.customer_id is not None])
    return len(rows)


def _group(due_at: datetime) -> TaskGroup:
    """Where a moment stands on the worklist of today's local day. Weeks end on Sunday."""
    day, today = clock.local(due_at).date(), clock.today()
    for found, last in _ends(today):
        if day <= last:
            return found
    return TaskGroup.LATER


def _ends(today: date) -> list[tuple[TaskGroup, date]]:
    """The last local day of each group but the last, in order."""
    return [
        (TaskGroup.OVERDUE, today - timedelta(days=1)),
        (TaskGroup.TODAY, today),
        (TaskGroup.TOMORROW, today + timedelta(days=1)),
        (TaskGroup.WEEK, today + timedelta(days=6 - today.weekday())),
    ]


def _group_of(due_at: Any) -> Any:
    """`_group` as SQL."""
    ends = [(due_at < clock.start_of(last + timedelta(days=1)), name.value) for name, last in _ends(clock.today())]
    return case(*ends, else_=TaskGroup.LATER.value)


def _day(to: Later | date) -> date:
    today = clock.today()
    if to is Later.TOMORROW:
        return today + timedelta(days=1)
    if to is Later.NEXT_WEEK:
        return today + timedelta(days=7 - today.weekday())
    return to if isinstance(to, date) else today


def _mine(work: Work, task_id: int, version: int | None) -> Task:
    row = work.get(Task, task_id, version=version)
    if not work.owns(Permission.TASK_WRITE, row.assignee_id):
        raise Denied("This task is somebody else's.")
    return row


def _moved(work: Work, row: Task) -> None:
    row.updated_at = work.now
    if row.customer_id is not None:
        activities.touch(work, [row.customer_id])


def _title(raw: str) -> str:
    title = typed.line("title", raw, 200)
    if not title:
        raise Invalid("title", "Say what is to be done.")
    return title


def _due(raw: datetime) -> datetime:
    due_at = typed.moment("due_at", raw)
    if clock.local(due_at).date() < clock.today():
        raise Invalid("due_at", "Choose today or a later day.")
    return due_at


def _assignee(work: Work, user_id: int | None) -> int | None:
    if user_id is None or user_id == work.actor.user_id:
        return work.actor.user_id
    user = work.find(User, user_id)
    if user is None or user.status is not UserStatus.ACTIVE or not work.owns(Permission.TASK_WRITE, user_id):
        raise Invalid("assignee_id", "Choose an active colleague of your team.")
    return user_id


def _listed(work: Work) -> Select[Any]:
    """(Task, customer's id, its name, assignee's name). A customer that went out of reach leaves no name."""
    task: Any = Task
    customer: Any = Customer
    user: Any = User
    listed: Select[Any] = (
        select(task, customer.id, customer.name, user.name)
        .outerjoin(Customer, and_(customer.id == task.customer_id, work.visible(Customer)))
        .outerjoin(User, user.id == task.assignee_id)
    )
    return listed


def _view(found: Any) -> TaskView:
    row, customer_id, customer, assignee = found
    return TaskView(
        id=row.id,
        title=row.title,
        due_at=row.due_at,
        group=_group(row.due_at),
        customer_id=customer_id,
        customer=customer or "",
        assignee_id=row.assignee_id,
        assignee=assignee or "",
        done_at=row.done_at,
        version=row.version,
    )
