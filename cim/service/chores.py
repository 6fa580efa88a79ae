"""Scheduled work: what the server does by itself, when it is due, and how its runs ended (table `job`, kinds `chore.NAME`).

Of several servers on one database one runs a kind of work at a time: it holds the lease of that name (cim/service/leases.py).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select

from cim import clock
from cim.access import SYSTEM
from cim.errors import CimError, Conflict, NotFound
from cim.i18n import N_, _
from cim.models import Job, User
from cim.models.base import View, columns
from cim.models.chore import ChoreRun, ChoreView
from cim.models.job import JobStatus
from cim.permissions import Permission
from cim.service import (
    anniversaries,
    backups,
    contracts,
    delivery,
    digest,
    files,
    leases,
    notices,
    pool,
    quality,
    sessions,
    tasks,
    ticket_after,
    ticket_escalation,
    typed,
    worklist,
)
from cim.service.leases import Held
from cim.work import Actor, Work, command, query

JOBS, USERS = columns(Job), columns(User)
PREFIX = "chore."
KEPT = 60
"""Runs of each kind that stay in the table."""
RETRY = timedelta(hours=1)
"""When a run that failed is tried again, or sooner where it runs more often than that."""
TRIES = 12
"""How often the end of a run is written while another transaction holds the database (5 seconds each)."""
UNEXPECTED = N_("Something unexpected happened. The log of the server has the details.")
LOST = N_("The server stopped while this ran. It is run again.")

log = logging.getLogger("cim.chores")
_one = threading.Lock()
"""One turn of the daily work at a time in this process."""


@dataclass(frozen=True)
class Chore:
    """One kind of scheduled work. `run` opens its own transactions; what it returns is kept as the result. It is due once
    a day, from the time `at` on, or `every` so often. `needed` is a cheap look whether there is anything to do: where
    there is not, it does not run and leaves no trace. A run may be cut off and begun again: `run` has to bear that."""

    label: str
    run: Callable[[Actor], Any]
    every: timedelta | None = None
    at: time | None = None
    about: str = ""
    needed: Callable[[Actor], bool] | None = None


CHORES: dict[str, Chore] = {
    "backups.daily_if_due": Chore(
        N_("Daily backup"), backups.daily_if_due, about=N_("Copies and checks the database, keeps 14 days.")
    ),
    "pool.warn_and_return": Chore(
        N_("Return to the public pool"),
        pool.warn_and_return,
        about=N_("Warns owners, and returns customers whom nobody contacted for too long."),
    ),
    "quality.snapshot": Chore(
        N_("Data quality of the day"), quality.snapshot, about=N_("Notes the points of the day, for the trend.")
    ),
    "worklist.refresh": Chore(
        N_("Worklist"),
        worklist.refresh,
        every=timedelta(minutes=15),
        about=N_("Computes anew whom to contact today: what has changed, and once a day everything."),
    ),
    "notices.purge": Chore(
        N_("Remove old notices"), notices.purge, about=N_("Notices that were read long ago, and what became of them.")
    ),
    "files.sweep": Chore(
        N_("Remove files that nothing refers to"),
        files.sweep,
        every=timedelta(hours=1),
        about=N_("Removed files whose time for undo is over."),
    ),
    "ticket_after.close_due": Chore(
        N_("Close resolved tickets"),
        ticket_after.close_due,
        about=N_("Those that stayed resolved for the days of the settings; plans their return visits."),
    ),
    "ticket_escalation.escalate_due": Chore(
        N_("Escalate tickets"),
        ticket_escalation.escalate_due,
        every=timedelta(minutes=5),
        needed=ticket_escalation.anything_late,
        about=N_("Tells those who lead of tickets that are late, once."),
    ),
    "sessions.purge": Chore(
        N_("Remove old sessions"),
        sessions.purge,
        every=timedelta(hours=1),
        about=N_("Sessions that ended, and used save tokens."),
    ),
    "tasks.remind_due": Chore(
        N_("Reminders of tasks"),
        tasks.remind_due,
        every=timedelta(minutes=1),
        needed=tasks.anything_due,
        about=N_("Tells people of tasks whose reminder has come."),
    ),
    "anniversaries.remind_due": Chore(
        N_("Reminders of birthdays and anniversaries"),
        anniversaries.remind_due,
        every=timedelta(hours=1),
        about=N_("Tells owners of the days of their customers, so many days before as was chosen."),
    ),
    "contracts.remind_due": Chore(
        N_("Contracts that end"),
        contracts.remind_due,
        about=N_("Tells owners of contracts that end within the days each contract asks for, once."),
    ),
    "digest.plan": Chore(
        N_("Your day"),
        digest.plan,
        every=timedelta(minutes=5),
        needed=digest.anything_due,
        about=N_("Plans the daily message of everybody whose hour has come."),
    ),
    "delivery.send_waiting": Chore(
        N_("Send messages"),
        delivery.send_waiting,
        every=timedelta(seconds=20),
        needed=delivery.anything_waiting,
        about=N_("Sends what waits for e-mail and chat; tries again after 1, 5, 15 and 60 minutes."),
    ),
}
"""What there is, in the order in which it runs: the backup first, before anything changes rows."""


@query(Permission.SETTINGS_MANAGE)
def everything(work: Work) -> list[ChoreView]:
    """Every kind of scheduled work with its last run."""
    return [last(work, name) for name in CHORES]


@query(Permission.SETTINGS_MANAGE)
def last(work: Work, name: str) -> ChoreView:
    """One kind of scheduled work with its last run. One that runs under a lease that lapsed is lost: its server died."""
    chore, found = _of(name), _last(work, name)
    gone = found is not None and found.status is JobStatus.RUNNING and leases.lapsed(work, PREFIX + name)
    status = JobStatus.LOST if gone else found.status if found else None
    due = _is_due(chore, status, found.started_at if found else None) and _is_needed(chore)
    return ChoreView(
        name=name,
        label=chore.label,
        about=chore.about,
        due=due,
        next_at=None if chore.needed else _next(chore, status, found.started_at if found else None),
        status=status,
        started_at=found.started_at if found else None,
        finished_at=found.finished_at if found else None,
        result=found.result if found else {},
        problem=_(LOST) if gone else _told_as(found.problem) if found else "",
    )


@query(Permission.SETTINGS_MANAGE)
def runs(work: Work, name: str, *, limit: int = 20) -> list[ChoreRun]:
    """The last runs of one kind, newest first. Raises NotFound for a name that is none."""
    _of(name)
    shown = select(Job, USERS.name).outerjoin(User, USERS.id == JOBS.user_id).where(JOBS.kind == PREFIX + name)
    return [
        ChoreRun(
            id=row.id,
            status=row.status,
            user=user or "",
            started_at=row.started_at,
            finished_at=row.finished_at,
            result=row.result,
            problem=_told_as(row.problem),
        )
        for row, user in work.session.execute(shown.order_by(JOBS.id.desc()).limit(limit))
    ]


@query(Permission.SETTINGS_MANAGE)
def run(work: Work, name: str) -> ChoreView:
    """Run one at once, whether it is due or not, and record who asked. Raises NotFound for a name that is none, Conflict
    while it runs."""
    _of(name)
    work.session.close()  # long work must not hold a transaction open
    done = _turn(work.actor, name, asked=True)
    if done is None:
        raise Conflict("{name} is running. Wait until it has ended.", name=name)
    return done


@query(Permission.SETTINGS_MANAGE)
def run_due(work: Work, *, among: Collection[str] | None = None) -> list[ChoreView]:
    """Run what is due (`among` these), one after the other; a failure does not keep the rest from running. What another
    server holds is left to it. Returns what was run here."""
    actor = work.actor
    work.session.close()
    with _one:
        turns = [_turn(actor, name) for name in CHORES if (among is None or name in among) and last(actor, name).due]
    return [view for view in turns if view is not None]


@query(Permission.SETTINGS_MANAGE)
def run_if_due(work: Work, name: str) -> ChoreView | None:
    """Run one if it is due and nobody is at it; None when there was nothing to do."""
    actor = work.actor
    work.session.close()
    return _turn(actor, name) if last(actor, name).due else None


# ---- one run
def _turn(actor: Actor, name: str, *, asked: bool = False) -> ChoreView | None:
    """One run under its lease, in transactions of its own, and what came of it; None when another server has it."""
    begun = _begin(actor, name, asked=asked)
    if begun is None:
        return None
    job_id, held = begun
    status, result, problem = JobStatus.DONE, {}, ""
    with leases.kept(held, lambda held: _beat(SYSTEM, held, job_id)):
        try:
            # by the server, whoever pressed the button: what it does must not depend on that person's reach
            result = _told(CHORES[name].run(replace(SYSTEM, source=actor.source)))
        except CimError as error:
            status, problem = JobStatus.FAILED, _(error.msgid, **error.params)
        except Exception:
            log.exception("the chore %s failed; it is tried again later", name)
            status, problem = JobStatus.FAILED, UNEXPECTED
    for left in reversed(range(TRIES)):
        try:
            _conclude(SYSTEM, held, job_id, status, result=result, problem=problem)
            break
        except Conflict:
            if not left:
                log.exception("the end of the chore %s could not be written", name)
    return last(actor, name)


@command(Permission.SETTINGS_MANAGE)
def _begin(work: Work, name: str, *, asked: bool) -> tuple[int, Held] | None:
    """Take the lease and note the beginning, in one transaction: no run without a trace. What a holder before left
    running is lost."""
    work.serialise(PREFIX + name)
    found = _last(work, name)
    if not asked and found is not None and not _is_due(CHORES[name], _ended(found.status), found.started_at):
        return None
    held = leases.take(work, PREFIX + name)
    if held is None:
        return None
    running = select(Job).where(JOBS.kind == PREFIX + name, JOBS.status == JobStatus.RUNNING)
    for left in work.session.execute(running).scalars():
        left.status, left.problem, left.finished_at = JobStatus.LOST, LOST, work.now
        _report(work, name, LOST)
    row = work.add(
        Job(kind=PREFIX + name, title=name, user_id=work.actor.user_id, started_at=work.now, alive_at=work.now)
    )
    if asked and work.actor.user_id is not None:
        work.record("chores.run", name=name)
    return row.id or 0, held


@command(Permission.SETTINGS_MANAGE)
def _beat(work: Work, held: Held, job_id: int) -> bool:
    if not leases.renew(work, held):
        return False
    work.session.get_one(Job, job_id).alive_at = work.now
    return True


@command(Permission.SETTINGS_MANAGE)
def _conclude(work: Work, held: Held, job_id: int, status: JobStatus, *, result: dict[str, Any], problem: str) -> bool:
    """Write how a run ended and give the lease back; False when it was taken over, and the run counted as lost."""
    if not leases.give_back(work, held):
        return False
    row = work.session.get(Job, job_id)
    if row is not None:
        row.status, row.result, row.problem, row.finished_at = status, result, problem[:500], work.now
        work.session.flush()
    if status is JobStatus.FAILED:
        _report(work, held.name.removeprefix(PREFIX), problem)
    newest = select(JOBS.id).where(JOBS.kind == held.name).order_by(JOBS.id.desc()).limit(KEPT)
    oldest = select(func.min(newest.subquery().c.id)).scalar_subquery()
    work.session.execute(delete(Job).where(JOBS.kind == held.name, JOBS.id < oldest))
    return True


def _report(work: Work, name: str, problem: str) -> None:
    """Tell the administrators that scheduled work failed, once a day and kind."""
    notices.tell(
        work,
        notices.administrators(work),
        kind="job.failed",
        key=f"job.failed.{name}.{clock.local(work.now):%Y-%m-%d}",
        title=N_("Scheduled work failed: {name}"),
        params={"name": name, "problem": problem},
        link="/jobs",
    )


# ---- when
def _last(work: Work, name: str) -> Any:
    shown = select(JOBS.status, JOBS.started_at, JOBS.finished_at, JOBS.result, JOBS.problem)
    return work.session.execute(shown.where(JOBS.kind == PREFIX + name).order_by(JOBS.id.desc()).limit(1)).first()


def _ended(status: JobStatus) -> JobStatus:
    """What is running when its lease can be taken is lost."""
    return JobStatus.LOST if status is JobStatus.RUNNING else status


def _is_needed(chore: Chore) -> bool:
    if chore.needed is None:
        return True
    try:
        return chore.needed(SYSTEM)
    except Exception:  # the run itself will tell what is wrong, and the others are not kept from running
        log.exception("it could not be seen whether %s is needed", chore.label)
        return True


def _is_due(chore: Chore, status: JobStatus | None, started_at: datetime | None) -> bool:
    if status is JobStatus.RUNNING:
        return False
    following = _next(chore, status, started_at)
    # a clock that was set back further than one interval must not keep the work waiting for as long
    ahead = started_at is not None and chore.every is not None and started_at - clock.now() > chore.every
    return ahead or following is None or following <= clock.now()


def _next(chore: Chore, status: JobStatus | None, started_at: datetime | None) -> datetime | None:
    """When it is due next; None for at once."""
    if started_at is None and chore.at is None:
        return None
    if status is JobStatus.LOST:
        return None
    if started_at is not None and status is not JobStatus.DONE:
        return started_at + min(RETRY, chore.every or RETRY)
    if chore.every is not None:
        return started_at + chore.every if started_at is not None else None
    today = clock.today()
    done = clock.local(started_at).date() if started_at is not None else today - timedelta(days=1)
    day = max(today, done + timedelta(days=1))
    return clock.start_of(day) if chore.at is None else typed.moment("at", datetime.combine(day, chore.at))


def _of(name: str) -> Chore:
    if name not in CHORES:
        raise NotFound("There is no scheduled work {name}. There is: {known}", name=name, known=", ".join(CHORES))
    return CHORES[name]


def _told_as(problem: str) -> str:
    return _(problem) if problem in (LOST, UNEXPECTED) else problem


def _told(value: Any) -> dict[str, Any]:
    """A result as the table can hold it."""
    match value:
        case View():
            return value.model_dump(mode="json")
        case Path():
            return {"file": value.name}
        case bool() | int():
            return {"count": int(value)}
    return {}
