"""Leases: of several servers on one database exactly one runs a kind of work at a time. Nobody has to tell the others that
it died: what it does not renew lapses. Each function belongs into a short transaction of its own."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from cim.errors import Conflict
from cim.models import Lease
from cim.work import Work

SECONDS = 90
"""How long a lease lasts without being renewed: after a server died, its work is taken up this much later."""
LONGEST_SECONDS = 4 * 3600
"""Work that hangs for longer than this is no longer renewed."""


@dataclass(frozen=True)
class Held:
    """A lease that was taken. `fence` grows with every holder: a late one is told by it from its successor."""

    name: str
    fence: int


def holder() -> str:
    """This process, as the other servers and the list of scheduled work name it."""
    return _holder(os.getpid())


def take(work: Work, name: str) -> Held | None:
    """The lease of this name; None while somebody holds it, be it this process."""
    work.serialise(f"lease.{name}")  # also where there is no row to lock yet
    row = work.session.get(Lease, name, with_for_update=True, populate_existing=True)
    if row is None:
        row = work.add(Lease(name=name, until=work.now))
    elif row.holder and row.until > work.now:
        return None
    row.holder, row.fence = holder(), row.fence + 1
    row.until = work.now + timedelta(seconds=SECONDS)
    return Held(name, row.fence)


def renew(work: Work, held: Held) -> bool:
    """Keep a lease; False when it is somebody else's by now."""
    row = _mine(work, held)
    if row is None:
        return False
    row.until = work.now + timedelta(seconds=SECONDS)
    return True


def give_back(work: Work, held: Held) -> bool:
    """End a lease; False when it is somebody else's by now: then what was done under it must not be concluded."""
    row = _mine(work, held)
    if row is None:
        return False
    row.holder, row.until = "", work.now
    return True


def lapsed(work: Work, name: str) -> bool:
    """Whether nobody holds the lease of this name, so that it could be taken."""
    row = work.session.get(Lease, name)
    return row is None or not row.holder or row.until <= work.now


@contextmanager
def kept(held: Held, again: Callable[[Held], bool]) -> Iterator[None]:
    """While the block runs, `again` renews the lease, until it says that it is lost."""
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(held, again, over), name=f"lease-{held.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


def _keep(held: Held, again: Callable[[Held], bool], over: threading.Event) -> None:
    began = time.monotonic()
    while not over.wait(SECONDS / 3) and time.monotonic() - began < LONGEST_SECONDS:
        try:
            if not again(held):
                return
        except Conflict:  # the database is busy, perhaps by the very work this is for
            continue


def _mine(work: Work, held: Held) -> Lease | None:
    row = work.session.get(Lease, held.name, with_for_update=True, populate_existing=True)
    return row if row is not None and row.fence == held.fence and row.holder == holder() else None


@cache
def _holder(process: int) -> str:
    # the random end tells apart two containers that are both process 1 of the same host name
    return f"{socket.gethostname()[:40]}:{process}:{secrets.token_hex(4)}"
