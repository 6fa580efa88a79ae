"""Scheduled work: what the server does by itself, when it is due, and how the last run ended (table `job`)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select

from cim import clock
from cim.errors import CimError, NotFound
from cim.i18n import N_, _
from cim.models import Job
from cim.models.base import View, columns
from cim.models.chore import ChoreView
from cim.models.job import JobStatus
from cim.permissions import Permission
from cim.service import backups, files, pool, quality, sessions
from cim.work import Actor, Work, command, query

JOBS = columns(Job)
PREFIX = "chore."
KEPT = 60
"""Runs of each kind that stay in the table."""
RETRY = timedelta(hours=1)
"""When a run that failed is tried again."""
UNEXPECTED = N_("Something unexpected happened. The log of the server has the details.")

log = logging.getLogger("cim.chores")
_one = threading.Lock()
"""One turn at a time in this process, whatever the database locks."""


@dataclass(frozen=True)
class Chore:
    """One kind of scheduled work. `run` opens its own transactions; what it returns is kept as the result. It is due once
    a day, or `every` so often."""

    label: str
    run: Callable[[Actor], Any]
    every: timedelta | None = None


CHORES: dict[str, Chore] = {
    "backups.daily_if_due": Chore(N_("Daily backup"), backups.daily_if_due),
    "pool.warn_and_return": Chore(N_("Return to the public pool"), pool.warn_and_return),
    "quality.snapshot": Chore(N_("Data quality of the day"), quality.snapshot),
    "files.sweep": Chore(N_("Remove files that nothing refers to"), files.sweep, every=timedelta(hours=1)),
    "sessions.purge": Chore(N_("Remove old sessions"), sessions.purge, every=timedelta(hours=1)),
}
"""What there is, in the order in which it runs: the backup first, before anything changes rows."""


@query(Permission.SETTINGS_MANAGE)
def everything(work: Work) -> list[ChoreView]:
    """Every kind of scheduled work with its last run."""
    return [last(work, name) for name in CHORES]


@query(Permission.SETTINGS_MANAGE)
def last(work: Work, name: str) -> ChoreView:
    """One kind of scheduled work with its last run."""
    shown = select(JOBS.status, JOBS.started_at, JOBS.finished_at, JOBS.result, JOBS.problem)
    found = work.session.execute(shown.where(JOBS.kind == PREFIX + name).order_by(JOBS.id.desc()).limit(1)).first()
    return ChoreView(
        name=name,
        label=CHORES[name].label,
        due=_is_due(CHORES[name], found),
        status=found.status if found else None,
        started_at=found.started_at if found else None,
        finished_at=found.finished_at if found else None,
        result=found.result if found else {},
        problem=found.problem if found else "",
    )


@query(Permission.SETTINGS_MANAGE)
def run(work: Work, name: str) -> ChoreView:
    """Run one now, whether it is due or not. Raises NotFound for a name that is none."""
    if name not in CHORES:
        raise NotFound("There is no scheduled work {name}. There is: {known}", name=name, known=", ".join(CHORES))
    return _turn(work.actor, name)


@query(Permission.SETTINGS_MANAGE)
def run_due(work: Work) -> list[ChoreView]:
    """Run what is due, one after the other; a failure does not keep the rest from running. With several servers on one
    database, one of them does it and the others find it done."""
    done = []
    with _one:
        for name in CHORES:
            work.serialise(PREFIX + name)  # held until all are done: another server waits, and then nothing is due
            if last(work.actor, name).due:
                done.append(_turn(work.actor, name))
    return done


def _turn(actor: Actor, name: str) -> ChoreView:
    """One run in transactions of its own, and what came of it, as another transaction sees it afterwards."""
    started, status, result, problem = clock.now(), JobStatus.DONE, {}, ""
    try:
        result = _told(CHORES[name].run(actor))
    except CimError as error:
        status, problem = JobStatus.FAILED, _(error.msgid, **error.params)
    except Exception:
        log.exception("the chore %s failed; it is tried again later", name)
        status, problem = JobStatus.FAILED, _(UNEXPECTED)
    held = Job(kind=PREFIX + name, title=name, user_id=actor.user_id, status=status, started_at=started)
    held.result, held.problem, held.finished_at = result, problem[:500], clock.now()
    _note(actor, held)
    return last(actor, name)


@command(Permission.SETTINGS_MANAGE)
def _note(work: Work, job: Job) -> None:
    work.session.add(job)
    work.session.flush()
    newest = select(JOBS.id).where(JOBS.kind == job.kind).order_by(JOBS.id.desc()).limit(KEPT)
    oldest = select(func.min(newest.subquery().c.id)).scalar_subquery()
    work.session.execute(delete(Job).where(JOBS.kind == job.kind, JOBS.id < oldest))


def _is_due(chore: Chore, last: Any) -> bool:
    if last is None:
        return True
    since = clock.now() - last.started_at
    if last.status is not JobStatus.DONE:
        return bool(since >= RETRY)
    if chore.every is not None:
        return bool(since >= chore.every)
    return clock.local(last.started_at).date() < clock.today()


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
