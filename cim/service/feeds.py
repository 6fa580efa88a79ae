"""Calendar links: by one a calendar program reads the plan of its owner. Whoever has the link has the plan: so only a
digest of it is stored, it can be withdrawn, and it tells names and titles, nothing else of a person."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from cim import access, clock, i18n, words
from cim.access import Actor
from cim.config import settings
from cim.crypto import digest
from cim.errors import Conflict, NotFound
from cim.i18n import _
from cim.models import CalendarFeed, User
from cim.models.base import View, columns
from cim.models.calendar_view import CalendarEntry, EntryKind
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import calendar
from cim.work import Work, command, query

FEEDS, USERS = columns(CalendarFeed), columns(User)
MOST = 5
"""Links of one person."""
BACK, AHEAD = timedelta(days=30), timedelta(days=180)
USUAL = timedelta(minutes=30)
"""How long a task without an end takes."""
SHOWN = frozenset(EntryKind) - {EntryKind.CONTRACT, EntryKind.CLOSE, EntryKind.STEP}
LONGEST_TOKEN = 200


class FeedView(View):
    """One calendar link of the actor. The link itself is shown once, when it is made."""

    id: int
    created_at: datetime


# ---- one's own
@command(Permission.ACCOUNT)
def create(work: Work) -> str:
    """Make a link and return its token, which nobody can read again. Raises Conflict when there are five already."""
    if len(_own(work)) >= MOST:
        raise Conflict("You have {most} calendar links. Withdraw one first.", most=MOST)
    token = secrets.token_urlsafe(32)
    work.add(CalendarFeed(user_id=work.actor.user_id or 0, digest=digest(f"feed {token}"), created_at=work.now))
    return token


@command(Permission.ACCOUNT)
def revoke(work: Work, feed_id: int) -> bool:
    """Withdraw a link; False when it was withdrawn before. Raises NotFound for one that is not the actor's."""
    row = work.find(CalendarFeed, feed_id)
    if row is None or row.user_id != work.actor.user_id:
        raise NotFound("This record does not exist or is not yours to see.")
    if row.revoked_at is not None:
        return False
    row.revoked_at = work.now
    return True


@query(Permission.ACCOUNT)
def mine(work: Work) -> list[FeedView]:
    """The links of the actor that work, the newest first."""
    return [FeedView(id=row.id or 0, created_at=row.created_at) for row in _own(work)]


# ---- for calendar programs
@query(Permission.ACCOUNT)
def render(work: Work, token: str) -> bytes | None:
    """The plan of a link's owner as iCalendar (RFC 5545), from 30 days ago to 180 ahead; None for a token that is unknown
    or withdrawn, or whose owner may not act: one question answers all of these alike. The visitor who asks becomes the
    owner, and sees what the owner may see now."""
    held = select(User).join(CalendarFeed, FEEDS.user_id == USERS.id)
    held = held.where(FEEDS.digest == digest(f"feed {token[:LONGEST_TOKEN]}"), FEEDS.revoked_at.is_(None))
    user = work.session.execute(held.where(USERS.status == UserStatus.ACTIVE)).scalar_one_or_none()
    if user is None:
        return None
    claim = Actor(user.id, user.username, user.name, user.role, user.team_id, source="feed", language=user.language)
    work.actor = access.reload(work.session, claim)
    today = clock.today()
    # a role that plans nothing of its own has an empty plan, and is not refused: a program would drop the link
    readable = work.actor.can(Permission.CUSTOMER_READ)
    entries = calendar.between(work, today - BACK, today + AHEAD) if readable else []
    with i18n.use(user.language):
        return _written(work, [entry for entry in entries if entry.kind in SHOWN], user.name)


def _own(work: Work) -> list[CalendarFeed]:
    held = select(CalendarFeed).where(FEEDS.user_id == work.actor.user_id, FEEDS.revoked_at.is_(None))
    return list(work.session.execute(held.order_by(FEEDS.created_at.desc(), FEEDS.id.desc())).scalars())


def _written(work: Work, entries: list[CalendarEntry], owner: str) -> bytes:
    from icalendar import Calendar

    made = Calendar()
    made.add("prodid", "-//CIM//CIM//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", f"CIM · {owner}")
    made.add("x-wr-timezone", settings().zone.key)
    for entry in entries:
        made.add_component(_event(work, entry))
    made.add_missing_timezones(first_date=clock.today() - BACK, last_date=clock.today() + AHEAD)
    return bytes(made.to_ical())


def _event(work: Work, entry: CalendarEntry) -> Any:
    from icalendar import Event

    made = Event()
    made.add("uid", f"{entry.key}@cim")
    made.add("dtstamp", work.now)
    made.add("summary", _summary(entry))
    if entry.at is None:
        made.add("dtstart", entry.day)
        made.add("dtend", entry.day + timedelta(days=1))
        made.add("transp", "TRANSPARENT")
    else:
        made.add("dtstart", clock.local(entry.at))
        made.add("dtend", clock.local(entry.until or entry.at + USUAL))
    if entry.place:
        made.add("location", entry.place)
    return made


def _summary(entry: CalendarEntry) -> str:
    """Names of customers and titles; no names of their people."""
    kind = words.value("calendar", entry.kind)
    said = entry.title if entry.kind is EntryKind.TODO else f"{kind}: {entry.title}" if entry.title else kind
    if entry.person and entry.kind is EntryKind.BIRTHDAY:
        said = _("Birthday of a contact")
    parts = [said, entry.customer]
    text = " · ".join(part for part in parts if part)
    return f"✓ {text}" if entry.done else text
