"""Notices: what a person is told, once each, the list of them in the app, and the messages that leave because of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select

from cim import db
from cim.i18n import _
from cim.models import Channel, Delivery, Notice, User
from cim.models.base import columns
from cim.models.notice import DeliveryStatus
from cim.models.notice_view import NoticeView
from cim.models.user import UserStatus
from cim.permissions import Permission, Role
from cim.service import notice_kinds
from cim.service.notice_kinds import APP, GROUPS
from cim.work import Work, command, query

NOTICES, CHANNELS, DELIVERIES, USERS = columns(Notice), columns(Channel), columns(Delivery), columns(User)
MOST_COUNTED = 100
KEPT_DAYS = 400
"""For how long a notice that was read stays. While it is there, nobody is told the same again."""
CHUNK = 200
# built once: every page asks
_NOTICE: Any = NOTICES.__table__.c
_UNREAD = select(func.count()).select_from(
    select(_NOTICE.id)
    .where(_NOTICE.user_id == bindparam("user"), _NOTICE.read_at.is_(None))
    .limit(MOST_COUNTED)
    .subquery()
)


# ---- one's own
@query(Permission.ACCOUNT)
def mine(work: Work, *, unread: bool = False, group: str = "", limit: int = 50) -> list[NoticeView]:
    """What the actor was told, newest first; only what is unread, or of one group of kinds."""
    wanted = select(Notice).where(NOTICES.user_id == work.actor.user_id)
    if unread:
        wanted = wanted.where(NOTICES.read_at.is_(None))
    if group == "other":
        wanted = wanted.where(*(~_of_group(name) for name in GROUPS if name != "other"))
    elif group:
        wanted = wanted.where(_of_group(group))
    found = work.session.execute(wanted.order_by(NOTICES.created_at.desc(), NOTICES.id.desc()).limit(limit))
    return [_view(row) for row in found.scalars()]


@query(Permission.ACCOUNT)
def count_unread(work: Work) -> int:
    """How many notices the actor has not read; at most 100. One query on an index."""
    return int(work.session.execute(_UNREAD, {"user": work.actor.user_id}).scalar_one())


@command(Permission.ACCOUNT)
def read(work: Work, notice_id: int) -> bool:
    """Mark a notice of the actor as read; False when it is so already, or somebody else's."""
    row = work.find(Notice, notice_id)
    if row is None or row.user_id != work.actor.user_id or row.read_at is not None:
        return False
    row.read_at = work.now
    return True


@command(Permission.ACCOUNT)
def read_all(work: Work, *, until_id: int | None = None) -> int:
    """Mark all notices of the actor as read (up to this one: what came while the page was open stays unread); returns
    how many were not."""
    wanted = select(Notice).where(NOTICES.user_id == work.actor.user_id, NOTICES.read_at.is_(None))
    if until_id is not None:
        wanted = wanted.where(NOTICES.id <= until_id)
    rows = work.session.execute(wanted).scalars().all()
    for row in rows:
        row.read_at = work.now
    return len(rows)


# ---- scheduled
@command(Permission.SETTINGS_MANAGE)
def purge(work: Work) -> int:
    """Remove notices that were read and created more than 400 days ago, and what became of their messages; returns how
    many."""
    before = work.now - timedelta(days=KEPT_DAYS)
    old = select(NOTICES.id).where(NOTICES.created_at < before, NOTICES.read_at.is_not(None))
    work.session.execute(delete(Delivery).where(or_(DELIVERIES.notice_id.in_(old), DELIVERIES.next_at < before)))
    return int(work.session.execute(delete(Notice).where(NOTICES.id.in_(old))).rowcount)  # type: ignore[attr-defined]


# ---- below the doors
def tell(
    work: Work,
    user_ids: Iterable[int | None],
    *,
    kind: str,
    key: str,
    title: str,
    params: Mapping[str, Any] | None = None,
    link: str = "",
    customer_id: int | None = None,
    urgent: bool = False,
) -> int:
    """Tell each of these users something, unless they were told under the same `key` before; returns how many were told.

    `kind` is what a person may turn off ("task.due", "ticket.assigned"; its group is in cim/service/notice_kinds.py),
    `title` a message id (N_) with `params` of plain JSON, `link` a path of ours ("/customer?id=3"). Nothing personal goes
    in but names: notices leave the house by mail. The messages to channels are planned in the same transaction."""
    wanted = sorted({user_id for user_id in user_ids if user_id is not None})
    if not wanted:
        return 0
    wishes = notice_kinds.wishes_of(work, wanted)
    same: dict[str, Any] = {
        "kind": kind[:40],
        "key": key[:120],
        "title": title[:300],
        "params": dict(params or {}),
        "link": link[:200],
    }
    same |= {"customer_id": customer_id, "urgent": urgent, "created_at": work.now}
    rows = [
        same | {"user_id": user_id, "read_at": None if notice_kinds.goes_to(wishes[user_id], APP, kind) else work.now}
        for user_id in wanted
    ]
    made: list[Any] = []
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        made += db.insert_absent(work.session, NOTICES.__table__, part, key=("user_id", "key"))
    if made:
        told = {row.user_id: row.id for row in made}
        plan(work, _messages(work, told, kind, key, wishes))
    return len(made)


def plan(work: Work, messages: Sequence[dict[str, Any]]) -> int:
    """Put messages among those that wait to be sent: `channel_id`, `key` and `notice_id` (None for a digest) of each. One
    that a channel has had under the same key is left out; returns how many went in."""
    rest = {"status": DeliveryStatus.WAITING, "attempts": 0, "next_at": work.now, "claimed_by": "", "problem": ""}
    done = 0
    for start in range(0, len(messages), CHUNK):
        rows = [rest | message for message in messages[start : start + CHUNK]]
        done += len(db.insert_absent(work.session, DELIVERIES.__table__, rows, key=("channel_id", "key")))
    return done


def administrators(work: Work) -> list[int]:
    """Ids of the users who keep the system."""
    wanted = select(USERS.id).where(USERS.role == Role.ADMIN, USERS.status == UserStatus.ACTIVE)
    return list(work.session.execute(wanted).scalars())


def forget(work: Work, customer_ids: Sequence[int]) -> int:
    """Remove what was told about these customers (some hundred), with the messages that still wait: for an erasure."""
    theirs = select(NOTICES.id).where(NOTICES.customer_id.in_(customer_ids))
    work.session.execute(delete(Delivery).where(DELIVERIES.notice_id.in_(theirs)))
    gone = work.session.execute(delete(Notice).where(NOTICES.customer_id.in_(customer_ids)))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _messages(work: Work, told: dict[int, int], kind: str, key: str, wishes: Mapping[int, Any]) -> list[dict[str, Any]]:
    """The messages that notices (id by user) become: one for each channel that wants them, one for the team's."""
    theirs: Any = CHANNELS.user_id.in_(sorted(told))
    if GROUPS[notice_kinds.group_of(kind)].team:
        theirs = or_(theirs, CHANNELS.user_id.is_(None))
    where = [CHANNELS.active, CHANNELS.closed_at.is_(None), theirs]
    first = min(told.values())
    messages = []
    for channel_id, user_id in work.session.execute(select(CHANNELS.id, CHANNELS.user_id).where(*where)):
        if user_id is None:
            # one fact is told to the team once, however many people heard of it
            messages.append({"channel_id": channel_id, "key": f"fact.{key}"[:120], "notice_id": first})
        elif notice_kinds.goes_to(wishes[user_id], str(channel_id), kind):
            notice_id = told[user_id]
            messages.append({"channel_id": channel_id, "key": f"notice.{notice_id}", "notice_id": notice_id})
    return messages


def _of_group(name: str) -> Any:
    return or_(NOTICES.kind == name, NOTICES.kind.startswith(f"{name}.", autoescape=True))


def _view(row: Notice) -> NoticeView:
    return NoticeView(
        id=row.id or 0,
        kind=row.kind,
        group=notice_kinds.group_of(row.kind),
        text=_(row.title, **row.params),
        link=row.link,
        customer_id=row.customer_id,
        urgent=row.urgent,
        created_at=row.created_at,
        read_at=row.read_at,
    )
