"""What rings when scheduled work may be due (APScheduler 3, in threads of this process). Whether it is due, and which of
several servers does it, is the database's to say: cim/service/chores.py."""

from __future__ import annotations

import logging
from datetime import UTC
from typing import Any

from cim.access import SYSTEM
from cim.service import chores

DAILY_SECONDS = 300
"""How often it is looked whether daily work is due: it begins so much after midnight at the latest."""
LEAST_SECONDS, MOST_SECONDS = 10, 300
"""How often it is looked whether other work is due: as often as it is, within these. The first time is one later."""
AT_ONCE = 4

log = logging.getLogger("cim.scheduler")


def start() -> Any:
    """Begin to ring; returns what `stop` takes. The daily work is one job, in its order: the backup comes before anything
    changes rows. What runs more often has a job each, so that nothing long keeps messages waiting."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    # late is better than never (misfire), once is enough (coalesce), and one at a time
    rules = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    scheduler: Any = BackgroundScheduler(
        timezone=UTC, executors={"default": ThreadPoolExecutor(AT_ONCE)}, job_defaults=rules
    )
    daily = [name for name, chore in chores.CHORES.items() if chore.every is None]
    often = {name: chore.every for name, chore in chores.CHORES.items() if chore.every is not None}
    scheduler.add_job(_daily, "interval", seconds=DAILY_SECONDS, args=[daily], id="daily")
    for name, every in often.items():
        seconds = min(max(int(every.total_seconds()), LEAST_SECONDS), MOST_SECONDS)
        scheduler.add_job(_often, "interval", seconds=seconds, args=[name], id=name)
    scheduler.start()
    return scheduler


def stop(scheduler: Any) -> None:
    """Ring no more. What runs goes on to its end: the process waits for it."""
    scheduler.shutdown(wait=False)


def _daily(names: list[str]) -> None:
    _tried(chores.run_due, SYSTEM, among=names)


def _often(name: str) -> None:
    _tried(chores.run_if_due, SYSTEM, name)


def _tried(function: Any, *arguments: Any, **options: Any) -> None:
    try:
        function(*arguments, **options)
    except Exception:
        log.exception("scheduled work could not be looked at; it is tried again later")
