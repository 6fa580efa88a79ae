"""Channels: where a person, or the team, is reached outside the app; and what each person wishes to hear there."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from cim import crypto
from cim.errors import Conflict, Invalid, NotFound
from cim.i18n import _
from cim.models import Channel
from cim.models.base import columns
from cim.models.notice import ChannelType
from cim.models.notice_view import ChannelDraft, ChannelView, NoticeWishes
from cim.permissions import Permission
from cim.service import chat, mail, mail_server, notice_kinds, outgoing, settings, typed
from cim.service.notice_kinds import GROUPS
from cim.service.outgoing import Letter, NotSent, Unsure
from cim.work import Work, command, query

CHANNELS = columns(Channel)
MOST = 5
"""Open channels of one person, and of the team."""


@query(Permission.ACCOUNT)
def mine(work: Work) -> list[ChannelView]:
    """The actor's channels, oldest first."""
    return _listed(work, CHANNELS.user_id == work.actor.user_id)


@query(Permission.SETTINGS_MANAGE)
def team(work: Work) -> list[ChannelView]:
    """The team's channels, oldest first."""
    return _listed(work, CHANNELS.user_id.is_(None))


@command(Permission.ACCOUNT)
def add(work: Work, draft: ChannelDraft, *, token: str | None = None) -> int:
    """Add a channel of one's own and return its id. Raises Invalid at the field, Conflict from the sixth on."""
    return _added(work, draft, work.actor.user_id, token)


@command(Permission.SETTINGS_MANAGE)
def add_for_team(work: Work, draft: ChannelDraft, *, token: str | None = None) -> int:
    """Add a channel of the team and return its id. Raises Invalid at the field, Conflict from the sixth on."""
    return _added(work, draft, None, token)


@command(Permission.ACCOUNT)
def switch(work: Work, channel_id: int, *, active: bool, version: int | None = None) -> bool:
    """Let a channel rest, or use it again; False when it is so already. NotFound for the channels of others."""
    row = _held(work, channel_id, version)
    if row.active == active:
        return False
    row.active = active
    return True


@command(Permission.ACCOUNT)
def close(work: Work, channel_id: int, *, version: int | None = None) -> None:
    """Remove a channel: its address is forgotten, and what still waits for it is not sent. NotFound for those of others."""
    row = _held(work, channel_id, version)
    row.active, row.closed_at, row.address = False, work.now, b""


@query(Permission.ACCOUNT)
def test(work: Work, channel_id: int) -> None:
    """Send a test message to a channel at once. Raises NotFound for those of others, Invalid("address") with what the
    other side said."""
    row = _held(work, channel_id, None)
    kind, address, server = row.type, address_of(row), mail_server.in_force(work)
    work.session.close()  # the network may take its time
    letter = Letter(_("Test message"), _("Messages of CIM arrive here."), f"test.{row.uid}")
    try:
        if kind is not ChannelType.EMAIL:
            chat.send(kind, address, letter)
        elif server is None:
            raise Invalid("address", "There is no mail server yet. Ask an administrator to set it.")
        else:
            mail.send(server, address, letter)
    except (NotSent, Unsure) as error:
        said = outgoing.told(outgoing.stored(error.problem, error.detail))
        raise Invalid("address", "It was not sent: {said}", said=said) from error


# ---- wishes
@query(Permission.ACCOUNT)
def wishes(work: Work) -> NoticeWishes:
    """What the actor wishes to hear, where and when."""
    user_id = work.actor.user_id or 0
    return notice_kinds.wishes_of(work, [user_id])[user_id]


@command(Permission.ACCOUNT)
def wish(work: Work, draft: NoticeWishes) -> bool:
    """Choose what to hear, where and when; False when nothing differed. Raises Invalid("digest_hour") when the daily
    message would fall into the quiet hours."""
    try:
        wanted = NoticeWishes.model_validate(draft.model_dump())
    except ValidationError as error:
        raise Invalid("digest_hour", "Enter an hour from 0 to 23.") from error
    known = {notice_kinds.APP, *(str(view.id) for view in mine(work))}
    wanted.chosen = {
        where: {kind: bool(on) for kind, on in kinds.items() if kind in GROUPS or kind == notice_kinds.DIGEST}
        for where, kinds in wanted.chosen.items()
        if where in known
    }
    _agree(wanted)
    if wanted == wishes(work):
        return False
    settings.prefer(work, notice_kinds.PREFERENCE, wanted.model_dump())
    return True


# ---- below the doors
def address_of(row: Channel) -> str:
    """The address of a channel in clear."""
    return crypto.server_cipher().open(bytes(row.address), _place(row))


def _agree(wanted: NoticeWishes) -> None:
    first, last, hour = wanted.quiet_from, wanted.quiet_until, wanted.digest_hour
    if (first is None) != (last is None):
        raise Invalid("quiet_until", "Give both ends of the quiet hours, or none.")
    if hour is None or first is None or last is None or first == last:
        return
    if notice_kinds.is_quiet(first, last, hour):
        raise Invalid("digest_hour", "Choose an hour outside of the quiet hours.")


def _added(work: Work, draft: ChannelDraft, user_id: int | None, token: str | None) -> int:
    if (done := work.replayed(token)) is not None:
        return done
    by_mail = draft.type is ChannelType.EMAIL
    address = mail.canonical("address", draft.address) if by_mail else chat.canonical(draft.type, draft.address)
    row = Channel(user_id=user_id, type=draft.type, label=typed.line("label", draft.label, 60), address=b"")
    work.serialise(f"channel.{user_id}")
    held = work.session.execute(select(Channel).where(_of(user_id), CHANNELS.closed_at.is_(None))).scalars().all()
    if any(other.type is draft.type and address_of(other) == address for other in held):
        raise Invalid("address", "This address is there already.")
    if len(held) >= MOST:
        raise Conflict("At most {count} channels are possible: remove one first.", count=MOST)
    row.address = crypto.server_cipher().seal(address, _place(row))
    work.add(row)
    work.remember(token, row.id or 0)
    return row.id or 0


def _of(user_id: int | None) -> Any:
    return CHANNELS.user_id.is_(None) if user_id is None else CHANNELS.user_id == user_id


def _held(work: Work, channel_id: int, version: int | None) -> Channel:
    """A channel that the actor may change: his own, or the team's for those who manage settings."""
    row = work.find(Channel, channel_id)
    mine = row is not None and row.user_id is not None and row.user_id == work.actor.user_id
    ours = row is not None and row.user_id is None and work.actor.can(Permission.SETTINGS_MANAGE)
    if row is None or row.closed_at is not None or not (mine or ours):
        raise NotFound("This record does not exist or is not yours to see.")
    if version is not None and row.version != version:
        raise Conflict("Somebody changed this record while you were editing it.")
    return row


def _listed(work: Work, whose: Any) -> list[ChannelView]:
    wanted = select(Channel).where(whose, CHANNELS.closed_at.is_(None)).order_by(CHANNELS.id)
    return [_view(row) for row in work.session.execute(wanted).scalars()]


def _view(row: Channel) -> ChannelView:
    address = address_of(row)
    shown = address if row.type is ChannelType.EMAIL else f"…{address[-4:]}"  # the rest of it is the key to the chat
    return ChannelView(
        id=row.id or 0,
        type=row.type,
        label=row.label,
        shown=shown,
        active=row.active,
        team=row.user_id is None,
        version=row.version,
    )


def _place(row: Channel) -> str:
    return f"channel.address.{row.uid}"
