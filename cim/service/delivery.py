"""Delivery: sends the messages that wait, each exactly once, or reports that nobody can tell.

A message is claimed (SENDING) in a transaction of its own before anything leaves, and concluded in another one after. A
server that dies in between leaves it SENDING: it becomes UNSURE, is reported, and is not sent again by itself.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from cim import clock, i18n
from cim.config import settings
from cim.errors import Conflict, NotFound
from cim.i18n import N_, _
from cim.models import Channel, Delivery, Notice, User
from cim.models.base import columns
from cim.models.notice import ChannelType, DeliveryStatus
from cim.models.notice_view import DeliveryView, NoticeWishes, SentReport
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import channels, chat, digest, leases, mail, mail_server, notice_kinds, notices, outgoing
from cim.service.mail import Server
from cim.service.outgoing import Letter, NotSent, Unsure
from cim.work import Work, command, query

DELIVERIES, CHANNELS, NOTICES, USERS = columns(Delivery), columns(Channel), columns(Notice), columns(User)
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""After the first, second... attempt that failed; after one more it has FAILED."""
UNSURE_SECONDS = 600
"""A message that is being sent for longer than this was left by a server that died: no conversation takes as long."""
TURN_SECONDS, TURN_MOST = 30, 200
"""No message is begun later than this in a turn, so that a server can stop; and at most so many."""
TRIES = 12
"""How often the end of a message is written while another transaction holds the database (5 seconds each)."""

NO_SERVER = N_("No mail server is set.")
CLOSED = N_("The channel was closed.")
GONE = N_("The account is not active.")
OVER = N_("Its day is over.")
NOTHING = N_("There was nothing to say.")
STOPPED = N_("The server stopped while this was sent. It may have arrived.")
FAULT = N_("Something unexpected happened. The log of the server has the details.")
LEFT = N_("An administrator took it off the list.")

log = logging.getLogger("cim.delivery")


@dataclass(frozen=True)
class _Claimed:
    """One message that is ours to send, with everything that is needed for it."""

    id: int
    mark: str
    type: ChannelType
    address: str
    letter: Letter
    server: Server | None


@query(Permission.SETTINGS_MANAGE)
def anything_waiting(work: Work) -> bool:
    """Whether a turn of sending would find anything to do."""
    return work.session.execute(select(DELIVERIES.id).where(or_(_due(work), _left(work))).limit(1)).first() is not None


@query(Permission.SETTINGS_MANAGE)
def send_waiting(work: Work) -> SentReport:
    """Send what waits and is due, one after the other; a failure keeps none of the rest. Returns what became of it."""
    actor = work.actor
    work.session.close()
    counted = Counter({"unsure": _report_left(actor)})
    began = time.monotonic()
    for _n in range(TURN_MOST):
        if time.monotonic() - began > TURN_SECONDS:
            break
        found = _claim(actor)
        if found is None:
            break
        counted[_sent(actor, found) if isinstance(found, _Claimed) else found] += 1
    return SentReport(**counted)


@query(Permission.SETTINGS_MANAGE)
def troubled(work: Work, *, limit: int = 50) -> list[DeliveryView]:
    """Messages that failed, or of which nobody can tell whether they arrived, newest first; then those that were tried
    in vain and wait. What they say is nobody else's business."""
    tried = and_(DELIVERIES.status == DeliveryStatus.WAITING, DELIVERIES.attempts > 0)
    wanted = (
        select(Delivery, Channel, NOTICES.kind, USERS.name)
        .join(Channel, CHANNELS.id == DELIVERIES.channel_id)
        .outerjoin(Notice, NOTICES.id == DELIVERIES.notice_id)
        .outerjoin(User, USERS.id == CHANNELS.user_id)
        .where(or_(DELIVERIES.status.in_([DeliveryStatus.FAILED, DeliveryStatus.UNSURE]), tried))
        .order_by(DELIVERIES.status == DeliveryStatus.WAITING, DELIVERIES.id.desc())
        .limit(limit)
    )
    return [_view(*found) for found in work.session.execute(wanted)]


@query(Permission.SETTINGS_MANAGE)
def counts(work: Work) -> dict[DeliveryStatus, int]:
    """How many messages of the last seven days stand where."""
    since = work.now - timedelta(days=7)
    counted = select(DELIVERIES.status, func.count()).where(DELIVERIES.next_at >= since).group_by(DELIVERIES.status)
    found = dict(work.session.execute(counted).all())
    return {status: found.get(status, 0) for status in DeliveryStatus}


@command(Permission.SETTINGS_MANAGE)
def resend(work: Work, delivery_id: int) -> bool:
    """Send a message again that failed or is unsure, and record who decided so; False when it is neither."""
    row = _held(work, delivery_id)
    if row.status not in (DeliveryStatus.FAILED, DeliveryStatus.UNSURE):
        return False
    before = row.status
    row.status, row.attempts, row.next_at, row.claimed_by = DeliveryStatus.WAITING, 0, work.now, ""
    work.record(delivery=row.id, before=before.value)
    return True


@command(Permission.SETTINGS_MANAGE)
def leave(work: Work, delivery_id: int) -> bool:
    """Take a message off the list of those that failed or are unsure, without sending it; False when it is neither."""
    row = _held(work, delivery_id)
    if row.status not in (DeliveryStatus.FAILED, DeliveryStatus.UNSURE):
        return False
    work.record(delivery=row.id, before=row.status.value)
    row.status, row.problem = DeliveryStatus.SKIPPED, LEFT
    return True


# ---- one message
@command(Permission.SETTINGS_MANAGE)
def _claim(work: Work) -> _Claimed | str | None:
    """Take the next message, so that nobody else sends it: everything that is needed for it, or the word of the report
    when it is not to be sent at this time, or None when nothing waits."""
    wanted = select(Delivery).where(_due(work)).order_by(DELIVERIES.next_at, DELIVERIES.id).limit(1)
    row = work.session.execute(wanted.with_for_update(skip_locked=True)).scalar_one_or_none()
    if row is None:
        return None
    channel = work.session.get_one(Channel, row.channel_id)
    user = work.session.get(User, channel.user_id) if channel.user_id is not None else None
    notice = work.session.get(Notice, row.notice_id) if row.notice_id is not None else None
    if reason := _needless(row, channel, user):
        return _skip(row, reason)
    if later := _quiet(work, user, notice):
        row.next_at = later
        return "later"
    try:
        with i18n.use(user.language if user else None):
            letter = _letter(work, row, user, notice)
    except (SQLAlchemyError, Conflict):
        raise
    except Exception:  # one that cannot be written must not hold up the others
        log.exception("message %s could not be written", row.id)
        row.status, row.problem = DeliveryStatus.FAILED, FAULT
        _report(work)
        return "failed"
    if letter is None:
        return _skip(row, NOTHING)
    row.status, row.attempts, row.claimed_at = DeliveryStatus.SENDING, row.attempts + 1, work.now
    row.claimed_by = f"{leases.holder()[:47]}/{secrets.token_hex(6)}"
    server = mail_server.in_force(work) if channel.type is ChannelType.EMAIL else None
    return _Claimed(row.id or 0, row.claimed_by, channel.type, channels.address_of(channel), letter, server)


def _sent(actor: Any, message: _Claimed) -> str:
    """Send what was claimed and write what came of it. Returns the word of the report."""
    status, problem, for_good = DeliveryStatus.SENT, "", False
    try:
        if message.type is not ChannelType.EMAIL:
            chat.send(message.type, message.address, message.letter)
        elif message.server is None:
            raise NotSent(NO_SERVER)
        else:
            mail.send(message.server, message.address, message.letter)
    except NotSent as error:
        status, for_good = DeliveryStatus.FAILED, error.for_good
        problem = outgoing.stored(error.problem, error.detail)
    except Unsure as error:
        status, problem = DeliveryStatus.UNSURE, outgoing.stored(error.problem, error.detail)
    except Exception:
        log.exception("message %s failed in a way nobody thought of", message.id)
        status, problem = DeliveryStatus.UNSURE, FAULT
    for left in reversed(range(TRIES)):
        try:
            return _conclude(actor, message, status, problem, for_good=for_good)
        except Conflict:
            if not left:
                log.exception("the end of message %s could not be written: it will be reported", message.id)
    return "unsure"


@command(Permission.SETTINGS_MANAGE)
def _conclude(work: Work, message: _Claimed, status: DeliveryStatus, problem: str, *, for_good: bool) -> str:
    row = work.session.get(Delivery, message.id, with_for_update=True)
    # a slow one may have been given up as unsure meanwhile: what is known counts; what was sent anew is another claim
    if row is None or row.claimed_by != message.mark:
        return "unsure"
    row.status, row.problem = status, problem
    if status is DeliveryStatus.SENT:
        row.sent_at = work.now
        return "sent"
    if status is DeliveryStatus.FAILED and not for_good and row.attempts <= len(BACK_OFF):
        row.status, row.next_at = DeliveryStatus.WAITING, work.now + BACK_OFF[row.attempts - 1]
        return "later"
    _report(work)
    return "failed" if status is DeliveryStatus.FAILED else "unsure"


@command(Permission.SETTINGS_MANAGE)
def _report_left(work: Work) -> int:
    """Messages that a server left when it died are unsure; returns how many."""
    wanted = select(Delivery).where(_left(work)).with_for_update(skip_locked=True)
    rows = work.session.execute(wanted).scalars().all()
    for row in rows:
        row.status, row.problem = DeliveryStatus.UNSURE, STOPPED
    if rows:
        _report(work)
    return len(rows)


def _report(work: Work) -> None:
    """Tell the administrators, once a day, that messages did not simply arrive."""
    notices.tell(
        work,
        notices.administrators(work),
        kind="job.delivery",
        key=f"job.delivery.{clock.local(work.now):%Y-%m-%d}",
        title=N_("Messages could not be delivered, or nobody can tell whether they arrived."),
        link="/jobs",
    )


# ---- whether, when and what
def _due(work: Work) -> Any:
    return and_(DELIVERIES.status == DeliveryStatus.WAITING, DELIVERIES.next_at <= work.now)


def _left(work: Work) -> Any:
    since = work.now - timedelta(seconds=UNSURE_SECONDS)
    return and_(DELIVERIES.status == DeliveryStatus.SENDING, DELIVERIES.claimed_at <= since)


def _needless(row: Delivery, channel: Channel, user: User | None) -> str:
    if channel.closed_at is not None or not channel.active:
        return CLOSED
    if user is not None and user.status is not UserStatus.ACTIVE:
        return GONE
    return OVER if row.notice_id is None and row.key != digest.key_of(clock.today()) else ""


def _skip(row: Delivery, reason: str) -> str:
    row.status, row.problem = DeliveryStatus.SKIPPED, reason
    return "skipped"


def _quiet(work: Work, user: User | None, notice: Notice | None) -> datetime | None:
    """Until when nothing may leave; None when it may at once. The team's channels keep the hours that are shipped."""
    if notice is not None and notice.urgent:
        return None
    wishes = notice_kinds.wishes_of(work, [user.id or 0])[user.id or 0] if user else NoticeWishes()
    return notice_kinds.quiet_until(wishes, work.now)


def _letter(work: Work, row: Delivery, user: User | None, notice: Notice | None) -> Letter | None:
    """What is sent; None when there is nothing to say."""
    if notice is None:
        day = digest.compose(work, user) if user is not None else None
        return Letter(day.subject, _signed(day.text), f"cim.{row.channel_id}.{row.key}") if day else None
    text = outgoing.discreet(_(notice.title, **notice.params))
    base = settings().base_url
    link = f"\n{base}{notice.link}" if base and notice.link else ""
    return Letter(f"CIM: {text}", _signed(text + link), f"cim.{row.channel_id}.{row.key}")


def _signed(text: str) -> str:
    base = settings().base_url
    return f"{text}\n\n{_('What is sent here, and when:')} {base}/notices" if base else text


def _held(work: Work, delivery_id: int) -> Delivery:
    row = work.find(Delivery, delivery_id)
    if row is None:
        raise NotFound("This record does not exist or is not yours to see.")
    return row


def _view(row: Delivery, channel: Channel, kind: str | None, user: str | None) -> DeliveryView:
    group = notice_kinds.GROUPS[notice_kinds.group_of(kind)].label if kind else N_("Your day")
    ended = row.status in (DeliveryStatus.FAILED, DeliveryStatus.UNSURE)
    current = row.notice_id is not None or row.key == digest.key_of(clock.today())
    return DeliveryView(
        id=row.id or 0,
        status=row.status,
        user=user or "",
        type=channel.type,
        label=channel.label,
        subject=_(group),
        attempts=row.attempts,
        problem=outgoing.told(row.problem),
        claimed_at=row.claimed_at,
        next_at=row.next_at,
        can_resend=ended and current and channel.closed_at is None,
    )
