"""Background work: it runs in a thread of the server, goes on when its page is left or reloaded, and can be stopped.

Progress and large results live in this process (on SQLite an import holds the write lock for as long as it runs); how
a job ended is in the table.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import event, select

from cim import clock, i18n
from cim.access import SYSTEM
from cim.config import settings
from cim.errors import CimError, Conflict, NotFound, Stopped
from cim.i18n import N_, _
from cim.models import Job, User
from cim.models.job import JobStatus, JobView
from cim.permissions import Permission
from cim.work import Work, command, query

AT_ONCE = 3
"""Jobs that run at the same time; the others wait their turn."""
MOST_WAITING = 5
"""Unfinished jobs of one person."""
KEPT_SECONDS, KEPT_EACH, KEPT_MOST = 3600, 3, 30
"""What jobs kept: for how long, how many of each person, how many in all (each may be a whole file)."""
BEAT_SECONDS, SILENT_SECONDS = 10, 300
TRIES = 12
"""How often the end of a job is written while another transaction holds the database (5 seconds each)."""

LOST = N_("The server was restarted while this was running. What it had not finished was not saved: start it again.")
UNEXPECTED = N_("Something went wrong and nothing was saved. Tell your administrator this number: {number}")

log = logging.getLogger("cim.jobs")


@dataclass
class _Live:
    """A job of this process that has not ended."""

    id: int
    done: int = 0
    total: int = 0
    stopping: bool = False
    beat: float = field(default_factory=time.monotonic)
    thread: threading.Thread | None = None


@dataclass
class _Kept:
    user_id: int | None
    since: float
    value: Any


_live: dict[tuple[str, int], _Live] = {}
_kept: dict[tuple[str, int], _Kept] = {}
_lock = threading.Lock()
_turns = threading.BoundedSemaphore(AT_ONCE)


class Telling:
    """What a running job says about itself. Handed to the function of `start`."""

    def __init__(self, live: _Live, user_id: int | None) -> None:
        self._live = live
        self._user_id = user_id
        self.job_id = live.id

    def tell(self, done: int, total: int) -> None:
        """So much of so much is done. Raises Stopped when somebody asked for that: let it pass, so that the
        transaction it happens in is undone."""
        live = self._live
        live.done, live.total = done, total
        if not settings().is_sqlite and time.monotonic() - live.beat > BEAT_SECONDS:
            live.beat = time.monotonic()
            live.stopping |= _beat(SYSTEM, live.id)
        if live.stopping:
            raise Stopped("Stopped.")

    def keep(self, value: Any) -> None:
        """Keep something for the owner of the job, in memory and for an hour: rows of a file, a workbook."""
        keep(self.job_id, value, user_id=self._user_id)


@command(Permission.ACCOUNT)
def start(work: Work, kind: str, title: str, function: Callable[[Telling], dict[str, Any] | None]) -> int:
    """Run `function` in the background and return the id of the job at once.

    The function gets a Telling and calls guarded service functions itself, with the actor it was made with; what it
    returns (JSON, nothing personal) is the result. A CimError makes the job FAILED with its sentence. Raises Conflict
    when the actor has 5 unfinished jobs.
    """
    job: Any = Job
    url = settings().database_url
    mine = [live.id for (where, _id), live in list(_live.items()) if where == url]
    held = select(job.id).where(job.user_id == work.actor.user_id, job.id.in_(mine))
    if len(work.session.execute(held).all()) >= MOST_WAITING:
        raise Conflict("You have {count} tasks running already. Wait until one of them is done.", count=MOST_WAITING)
    row = work.add(
        Job(kind=kind, title=title[:200], user_id=work.actor.user_id, started_at=work.now, alive_at=work.now)
    )
    live = _Live(row.id or 0)
    telling = Telling(live, work.actor.user_id)
    live.thread = threading.Thread(
        target=_run, args=(url, live, telling, function, i18n.language()), name=f"job-{live.id}", daemon=True
    )

    def launch(_session: Any) -> None:
        _live[url, live.id] = live
        live.thread.start()  # type: ignore[union-attr]

    # not before the row is there for everybody
    event.listen(work.session, "after_commit", launch, once=True)
    return live.id


@query(Permission.ACCOUNT)
def get(work: Work, job_id: int) -> JobView:
    """One job of the actor, with its progress now. NotFound for those of others, unless the actor manages settings."""
    return _view(work, _of(work, job_id), work.actor.name)


@query(Permission.ACCOUNT)
def mine(work: Work, *, kind: str = "", running: bool = False, limit: int = 20) -> list[JobView]:
    """The actor's jobs, newest first; of one kind, or only those that run."""
    job: Any = Job
    wanted = select(job).where(job.user_id == work.actor.user_id).order_by(job.id.desc()).limit(limit)
    if kind:
        wanted = wanted.where(job.kind == kind)
    if running:
        wanted = wanted.where(job.status == JobStatus.RUNNING)
    found = [_view(work, row, work.actor.name) for row in work.session.execute(wanted).scalars()]
    return [view for view in found if not running or view.status is JobStatus.RUNNING]


@query(Permission.ACCOUNT)
def stop(work: Work, job_id: int) -> bool:
    """Ask a job to stop; False when it has ended. It stops at its next step, and what it had not committed is undone."""
    row = _of(work, job_id)
    live = _live.get((settings().database_url, job_id))
    if live is not None:
        live.stopping = True
        return True
    return row.status is JobStatus.RUNNING and _ask(work.actor, job_id)


@query(Permission.ACCOUNT)
def kept(work: Work, job_id: int) -> Any:
    """What a job kept for its owner; None when there is nothing, or no more. NotFound for the jobs of others."""
    row = _of(work, job_id)
    with _lock:
        _forget_old()
        held = _kept.get((settings().database_url, job_id))
    if held is None or row.user_id != work.actor.user_id or held.user_id != work.actor.user_id:
        return None
    return held.value


def keep(job_id: int, value: Any, *, user_id: int | None) -> None:
    """Keep something for the owner of a job, in memory and for an hour; only the newest three of each person, and the
    newest thirty of all."""
    with _lock:
        _forget_old()
        url = settings().database_url
        _kept.pop((url, job_id), None)
        _kept[url, job_id] = _Kept(user_id, time.monotonic(), value)
        theirs = [key for key, held in _kept.items() if held.user_id == user_id and key[0] == url]
        for key in theirs[:-KEPT_EACH]:
            del _kept[key]
        for key in list(_kept)[:-KEPT_MOST]:
            del _kept[key]


def forget_old() -> None:
    """Let go of what was kept for too long. The server asks for it, as nobody else may come for hours."""
    with _lock:
        _forget_old()


@command(Permission.SETTINGS_MANAGE)
def mark_lost(work: Work) -> int:
    """At the start of a server: jobs that a server before it left running are lost. Returns how many."""
    job: Any = Job
    url = settings().database_url
    rows = work.session.execute(select(job).where(job.status == JobStatus.RUNNING)).scalars().all()
    lost = [row for row in rows if (url, row.id) not in _live and (settings().is_sqlite or _silent(work, row))]
    for row in lost:
        row.status, row.problem, row.finished_at = JobStatus.LOST, LOST, work.now
    return len(lost)


def settle(seconds: float = 60) -> None:
    """Wait until the jobs of this process have ended. For commands and tests."""
    for live in list(_live.values()):
        if live.thread is not None and live.thread is not threading.current_thread():
            live.thread.join(seconds)


@command(Permission.SETTINGS_MANAGE)
def _conclude(work: Work, job_id: int, status: JobStatus, *, result: dict[str, Any], problem: str) -> None:
    row = work.session.get(Job, job_id)
    if row is not None:
        row.status, row.result, row.problem, row.finished_at = status, result, problem[:500], work.now


@command(Permission.SETTINGS_MANAGE)
def _beat(work: Work, job_id: int) -> bool:
    row = work.session.get_one(Job, job_id)
    row.alive_at = work.now
    return row.stop_asked


@command(Permission.ACCOUNT)
def _ask(work: Work, job_id: int) -> bool:
    row = _of(work, job_id)
    row.stop_asked = True
    return True


def _run(
    url: str, live: _Live, telling: Telling, function: Callable[[Telling], dict[str, Any] | None], language: str
) -> None:
    """The thread of one job: its turn, its work, its end."""
    status, result, problem = JobStatus.DONE, {}, ""
    with i18n.use(language), _turns:
        try:
            telling.tell(0, 0)
            result = function(telling) or {}
        except Stopped:
            status = JobStatus.STOPPED
        except CimError as error:
            status, problem = JobStatus.FAILED, _(error.msgid, **error.params)
        except Exception as error:
            number = f"{clock.now():%y%m%d-%H%M%S}-{secrets.token_hex(2)}"
            log.error("incident %s: %s", number, type(error).__name__, exc_info=error)
            status, problem = JobStatus.FAILED, _(UNEXPECTED, number=number)
        try:
            _finish(live.id, status, result, problem)
        finally:
            _live.pop((url, live.id), None)


def _finish(job_id: int, status: JobStatus, result: dict[str, Any], problem: str) -> None:
    for left in reversed(range(TRIES)):
        try:
            _conclude(SYSTEM, job_id, status, result=result, problem=problem)
        except Conflict:
            if not left:
                log.exception("the end of job %s could not be written", job_id)
        else:
            return


def _of(work: Work, job_id: int) -> Job:
    row = work.session.get(Job, job_id) if isinstance(job_id, int) and 0 < job_id < 2**31 else None
    theirs = row is not None and row.user_id != work.actor.user_id
    if row is None or (theirs and not work.actor.can(Permission.SETTINGS_MANAGE)):
        raise NotFound("This record does not exist or is not yours to see.")
    return row


def _view(work: Work, row: Job, actor: str) -> JobView:
    live = _live.get((settings().database_url, row.id or 0))
    mine = row.user_id == work.actor.user_id
    status, problem = row.status, _(row.problem) if row.problem == LOST else row.problem
    if status is JobStatus.RUNNING and live is None and not settings().is_sqlite and _silent(work, row):
        status, problem = JobStatus.LOST, _(LOST)
    owner = None if mine or row.user_id is None else work.session.get(User, row.user_id)
    return JobView(
        id=row.id or 0,
        kind=row.kind,
        title=row.title,
        user=actor if mine else owner.name if owner else "",
        status=status,
        done=live.done if live else 0,
        total=live.total if live else 0,
        result=row.result,
        problem=problem,
        started_at=row.started_at,
        finished_at=row.finished_at,
        mine=mine,
    )


def _silent(work: Work, row: Job) -> bool:
    """Whether nothing was heard of a job for long: with several servers, another one may be at it."""
    return work.now - (row.alive_at or row.started_at) > timedelta(seconds=SILENT_SECONDS)


def _forget_old() -> None:
    limit = time.monotonic() - KEPT_SECONDS
    for key in [key for key, held in _kept.items() if held.since < limit]:
        del _kept[key]
