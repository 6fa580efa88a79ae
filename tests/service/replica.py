"""A server of several on one database, without its pages: it does scheduled work until it is killed. Run by
tests/service/test_replicas.py, each in a process of its own."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection

from sqlalchemy import func, select

from cim.access import SYSTEM, Actor
from cim.config import settings
from cim.models import Notice, User
from cim.models.base import columns
from cim.permissions import Permission
from cim.service import chores, delivery, leases, notices
from cim.service.chores import Chore
from cim.work import Work, command, query

NOTICES, USERS = columns(Notice), columns(User)
READERS = ("ann", "bo")
KIND = "task.due"


def main(environment: dict[str, str], said: Connection) -> None:
    """Take turns for ever, with leases that lapse soon, and say how far it is."""
    os.environ.update(environment)
    leases.SECONDS, delivery.UNSURE_SECONDS = 1, 3
    sending = chores.CHORES["delivery.send_waiting"]
    chores.CHORES.clear()
    chores.CHORES["test.remind"] = Chore("Tasks", partial(_remind, said), every=timedelta(0), needed=_missing)
    chores.CHORES["delivery.send_waiting"] = Chore("Send", sending.run, every=timedelta(0), needed=sending.needed)
    said.send("ready")
    while True:
        chores.run_due(SYSTEM)
        threading.Event().wait(0.02)


def wanted() -> int:
    """How many facts are to be told."""
    return int((settings().home / "facts").read_text())


def _remind(said: Connection, actor: Actor) -> int:
    """Tell each fact in a transaction of its own, and say so: a good moment to be killed."""
    told = 0
    for number in range(wanted()):
        if _tell(actor, number):
            told += 1
            said.send(f"told {number}")
    return told


@command(Permission.SETTINGS_MANAGE)
def _tell(work: Work, number: int) -> int:
    readers = list(work.session.execute(select(USERS.id).where(USERS.username.in_(READERS))).scalars())
    return notices.tell(work, readers, kind=KIND, key=f"fact.{number}", title="Fact {n}", params={"n": number})


@query(Permission.SETTINGS_MANAGE)
def _missing(work: Work) -> bool:
    told = select(func.count()).select_from(Notice).where(NOTICES.kind == KIND)
    return int(work.session.execute(told).scalar_one()) < wanted() * len(READERS)
