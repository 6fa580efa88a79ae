"""Tasks: what is to be done next, by whom, until when. A missed one stays until somebody handles it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, or_, select

from cim import clock
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.models import Customer, Task
from cim.models.activity import ActivityDraft
from cim.models.base import View, columns
from cim.models.task import TaskDraft, TaskGroup, TaskKind, TaskView
from cim.permissions import Permission
from cim.service import activities, agenda, planning, recurring, reminders, typed
from cim.work import Work, command, query

TASKS = columns(Task)
SHOWN = 200
VISITS = (TaskKind.VISIT, TaskKind.RETURN_VISIT, TaskKind.MEETING)
"""What one arrives at and leaves."""


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
    """Plan a task and return its id; for oneself unless the draft names somebody in the actor's reach, who is told. Times
    without a zone are on the team's wall clock. Raises Invalid at the field, NotFound for a customer outside the actor's
    scope."""
    if (done := work.replayed(token)) is not None:
        return done
    planned = planning.values(work, draft)
    made: dict[str, Any] = {"created_by_id": work.actor.user_id, "created_at": work.now, "updated_at": work.now}
    row = work.add(Task(**planned, **made))
    reminders.tell_assignee(work, row)
    _moved(work, row)
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.TASK_WRITE)
def update(work: Work, task_id: int, draft: TaskDraft, *, version: int) -> bool:
    """Change the fields that the draft sets; False when nothing differed. A reminder and an end keep their distance from a
    due time that moves. Raises Invalid at the field, NotFound out of scope, Denied for somebody else's, Conflict when it
    is done or no longer at `version`."""
    row = _mine(work, task_id, version)
    if row.done_at is not None:
        raise Conflict("This task is done. Open it again to change it.")
    before = row.customer_id
    planned = planning.values(work, draft, row=row)
    differing = {name: value for name, value in planned.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    if "assignee_id" in differing:
        reminders.tell_assignee(work, row)
    if differing:
        _moved(work, row, before)
    return bool(differing)


@command(Permission.TASK_WRITE)
def assign(work: Work, task_id: int, user_id: int, *, version: int | None = None) -> bool:
    """Give a task to somebody in the actor's reach, who is told; False when it is theirs. Raises Invalid at `assignee_id`."""
    row = _mine(work, task_id, version)
    if row.assignee_id == user_id:
        return False
    row.assignee_id = planning.assignee(work, user_id)
    reminders.tell_assignee(work, row)
    _moved(work, row)
    return True


@command(Permission.TASK_WRITE)
def done(work: Work, task_id: int, *, version: int | None = None) -> bool:
    """Tick a task off; the next one of its series is made. False when that was done already: a second press changes
    nothing."""
    row = _mine(work, task_id, None)
    if row.done_at is not None:
        return False
    _mine(work, task_id, version)
    row.done_at, row.done_by_id = work.now, work.actor.user_id
    recurring.follow(work, row)
    _moved(work, row)
    return True


@command(Permission.TASK_WRITE)
def undo_done(work: Work, task_id: int) -> bool:
    """Open a task again; the next one of its series goes away if nobody touched it. False when it is open."""
    row = _mine(work, task_id, None)
    if row.done_at is None:
        return False
    row.done_at = row.done_by_id = None
    recurring.take_back(work, row)
    _moved(work, row)
    return True


@command(Permission.TASK_WRITE)
def postpone(work: Work, task_id: int, to: Later | date, *, version: int | None = None) -> bool:
    """Put a task off to tomorrow, to Monday of next week, or to a local day; the time of day stays, its end and reminder go
    along, and a series keeps its rhythm. False when it lies there already. Raises Invalid for a day that is over."""
    row = _mine(work, task_id, version)
    day, held = _day(to), row.due_at
    if day < clock.today():
        raise Invalid("due_at", "Choose today or a later day.")
    due_at = typed.moment("due_at", datetime.combine(day, clock.local(held).time()))
    if due_at == held:
        return False
    row.due_at = due_at
    row.ends_at = row.ends_at and recurring.shifted(row.ends_at, held, due_at)
    if row.remind_at is not None:
        moved = recurring.shifted(row.remind_at, held, due_at)
        row.remind_at = moved if moved > work.now else due_at  # not at once: it was just looked at
    _moved(work, row)
    return True


@command(Permission.TASK_WRITE)
def stop_series(work: Work, task_id: int, *, version: int | None = None) -> bool:
    """Let a task be the last one of its series. False when none follows it anyway."""
    row = _mine(work, task_id, version)
    if not row.rule:
        return False
    row.rule = None
    row.updated_at = work.now
    return True


@command(Permission.TASK_WRITE)
def remove(work: Work, task_id: int, *, version: int | None = None, reason: str = "", series: bool = False) -> None:
    """Take a task off the list without having done it; the row is kept. Its series goes on with the next one, unless
    `series` says that all of it ends."""
    row = _mine(work, task_id, version)
    work.reason = reason.strip()[:500]
    row.deleted_at = work.now
    if row.done_at is None and not series:
        recurring.follow(work, row)
    _moved(work, row)


# ---- visits
@command(Permission.TASK_WRITE)
def check_in(work: Work, task_id: int, *, version: int | None = None) -> bool:
    """Arrive at a planned visit. False when that was noted already. Raises Invalid for what is no open visit."""
    row = _visit(work, task_id, None)
    if row.checked_in_at is not None:
        return False
    _visit(work, task_id, version)
    row.checked_in_at = row.updated_at = work.now
    return True


@command(Permission.TASK_WRITE)
def check_out(work: Work, task_id: int, *, version: int | None = None) -> bool:
    """Leave a visit. False when that was noted already. Raises Invalid before the arrival."""
    row = _visit(work, task_id, None)
    if row.checked_out_at is not None:
        return False
    _visit(work, task_id, version)
    if row.checked_in_at is None:
        raise Invalid("checked_in_at", "Note the arrival first.")
    row.checked_out_at = row.updated_at = max(work.now, row.checked_in_at)
    return True


@command(Permission.TASK_WRITE)
def finish(
    work: Work, task_id: int, draft: ActivityDraft, *, version: int | None = None, token: str | None = None
) -> int:
    """Tick off a visit or call with a customer and log what came of it, under the same roof: place, time and minutes come
    from the plan where the draft has none. Returns the follow-up's id. Raises what `activities.log` and `done` raise;
    Invalid for a task without customer; Conflict when it is done."""
    if (logged := work.replayed(token)) is not None:
        return logged
    row = _mine(work, task_id, version)
    if row.done_at is not None:
        raise Conflict("This task is done. Open it again to change it.")
    if row.customer_id is None:
        raise Invalid("customer_id", "Choose the customer first.")
    if row.checked_in_at is not None and row.checked_out_at is None:
        row.checked_out_at = max(work.now, row.checked_in_at)
    given = draft.model_dump(exclude_unset=True)
    row.result_id = activities.log(work, row.customer_id, ActivityDraft(**planning.follow_up(row, given) | given))
    done(work, task_id)
    work.remember(token, row.result_id)
    return row.result_id


# ---- reading
@query(Permission.TASK_WRITE)
def mine(work: Work, *, assignee: int | None = None, everybody: bool = False) -> Worklist:
    """The open tasks of the actor, of another user in the actor's reach, or with `everybody` of all in reach, by
    local day: what was due yesterday is overdue until it is handled."""
    where = [work.visible(Task), TASKS.done_at.is_(None), *_whose(work, assignee, everybody)]
    group = agenda.group_of(TASKS.due_at)
    counted = dict(work.session.execute(select(group, func.count()).where(*where).group_by(group)).all())
    found = work.session.execute(agenda.listed(work).where(*where).order_by(TASKS.due_at, TASKS.id).limit(SHOWN))
    tasks = [agenda.view(row) for row in found]
    return Worklist(tasks=tasks, counts={g: counted.get(g.value, 0) for g in TaskGroup})


@query(Permission.TASK_WRITE)
def finished(work: Work, *, assignee: int | None = None, everybody: bool = False, limit: int = 50) -> list[TaskView]:
    """The tasks that were done, the last one first, of those whom `mine` lists."""
    wanted = agenda.listed(work).where(TASKS.done_at.is_not(None), *_whose(work, assignee, everybody))
    wanted = wanted.order_by(TASKS.done_at.desc(), TASKS.id.desc()).limit(max(1, min(limit, SHOWN)))
    return [agenda.view(row) for row in work.session.execute(wanted)]


@query(Permission.TASK_WRITE)
def visits(
    work: Work, first: date, last: date, *, assignee: int | None = None, everybody: bool = False
) -> list[TaskView]:
    """The visits planned for local days, both included, in the order of the day, with those done; before them the missed
    ones of earlier days, which stay until they are handled."""
    inside = and_(TASKS.due_at >= clock.start_of(first), TASKS.due_at < clock.start_of(last + timedelta(days=1)))
    missed = and_(TASKS.done_at.is_(None), TASKS.due_at < min(clock.start_of(first), clock.start_of(clock.today())))
    wanted = agenda.listed(work).where(TASKS.kind.in_(VISITS), *_whose(work, assignee, everybody))
    wanted = wanted.where(or_(inside, missed)).order_by(TASKS.due_at, TASKS.id).limit(SHOWN)
    return [agenda.view(row) for row in work.session.execute(wanted)]


@query(Permission.TASK_WRITE)
def get(work: Work, task_id: int) -> TaskView:
    """One task. NotFound outside the actor's reach."""
    inside = 0 < task_id < 2**31
    found = work.session.execute(agenda.listed(work).where(TASKS.id == task_id)).one_or_none() if inside else None
    if found is None:
        raise NotFound("This record does not exist or is not yours to see.")
    return agenda.view(found)


@query(Permission.CUSTOMER_READ)
def for_customer(work: Work, customer_id: int, *, finished: bool = False) -> list[TaskView]:
    """The tasks of a customer that the actor reaches: the open ones, due first on top; with `finished` those done,
    newest first. Raises NotFound outside the actor's scope."""
    work.get(Customer, customer_id)
    wanted = agenda.listed(work).where(TASKS.customer_id == customer_id)
    if finished:
        wanted = wanted.where(TASKS.done_at.is_not(None)).order_by(TASKS.done_at.desc(), TASKS.id.desc())
    else:
        wanted = wanted.where(TASKS.done_at.is_(None)).order_by(TASKS.due_at, TASKS.id)
    return [agenda.view(row) for row in work.session.execute(wanted.limit(SHOWN))]


# ---- the server's own
@query(Permission.SETTINGS_MANAGE)
def anything_due(work: Work) -> bool:
    """Whether a reminder waits to be told: a cheap look."""
    return work.session.execute(reminders.waiting(work).limit(1)).first() is not None


@command(Permission.SETTINGS_MANAGE)
def remind_due(work: Work) -> int:
    """Tell the assignees of open tasks whose reminder has come, once for each task and time: what was told is noted by that
    time and not by the clock, which may jump. Returns how many were told."""
    work.serialise("tasks.remind_due")
    return reminders.tell_due(work)


# ---- below the doors
def hand_over(work: Work, customer_id: int, *, giver: int, taker: int) -> int:
    """Give a user's open tasks with a customer to another one; returns how many. The caller answers for the right."""
    return move(work, [customer_id], giver=giver, taker=taker)


def move(work: Work, customer_ids: Sequence[int], *, giver: int | None, taker: int | None) -> int:
    """Give a user's open tasks with these customers (some hundred) to another one; returns how many. None stands for
    nobody: tasks of a customer in the public pool wait for whoever takes it next."""
    theirs = TASKS.assignee_id.is_(None) if giver is None else TASKS.assignee_id == giver
    held = select(Task).where(TASKS.customer_id.in_(customer_ids), theirs)
    rows = work.session.execute(held.where(TASKS.done_at.is_(None), TASKS.deleted_at.is_(None))).scalars().all()
    for row in rows:
        row.assignee_id = taker
        row.updated_at = work.now
    return len(rows)


def is_warning() -> Any:
    """Whether a task is a warning of the public pool: the only ones that nobody made."""
    return and_(TASKS.created_by_id.is_(None), TASKS.activity_id.is_(None))


def withdraw_warnings(work: Work, customer_ids: Sequence[int]) -> int:
    """Take open warnings about these customers (some hundred) off the lists; returns how many."""
    open_ = [TASKS.done_at.is_(None), TASKS.deleted_at.is_(None), is_warning()]
    rows = work.session.execute(select(Task).where(TASKS.customer_id.in_(customer_ids), *open_)).scalars().all()
    for row in rows:
        row.deleted_at = row.updated_at = work.now
    if rows:
        activities.touch(work, [row.customer_id for row in rows if row.customer_id is not None])
    return len(rows)


def _whose(work: Work, assignee: int | None, everybody: bool) -> list[Any]:
    return [] if everybody else [TASKS.assignee_id == (assignee or work.actor.user_id)]


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


def _visit(work: Work, task_id: int, version: int | None) -> Task:
    row = _mine(work, task_id, version)
    if row.kind not in VISITS or row.done_at is not None:
        raise Invalid("kind", "This is no open visit.")
    return row


def _moved(work: Work, row: Task, *others: int | None) -> None:
    row.updated_at = work.now
    touched = [number for number in (row.customer_id, *others) if number is not None]
    if touched:
        activities.touch(work, touched)
