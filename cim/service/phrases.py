"""Phrases: texts that are put into a follow-up by one press. One's own, those everybody has, and shipped ones."""

from __future__ import annotations

from sqlalchemy import func, or_, select

from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.i18n import N_, _
from cim.models import Phrase
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.models.comment import PhraseDraft, PhraseView
from cim.permissions import Permission
from cim.service import typed
from cim.work import Work, command, query

PHRASES = columns(Phrase)
MOST = 50
"""Of one person, and of everybody."""
LENGTH = 500
SHIPPED: tuple[tuple[str, str], ...] = (
    ("call", N_("No answer; try again later.")),
    ("call", N_("Sent the quotation; waiting for the answer.")),
    ("call", N_("Wants to compare prices; call back next week.")),
    ("visit", N_("Showed the product; the customer will discuss it internally.")),
    ("visit", N_("Agreed on the next meeting.")),
    ("wechat", N_("Sent product material by WeChat.")),
    ("email", N_("Sent the quotation by e-mail.")),
    ("email", N_("Sent the draft contract by e-mail.")),
    ("", N_("No need at the moment; keep in touch.")),
    ("", N_("Reminded of the payment.")),
)
"""What everybody is offered from the start: kind of follow-up ("" for all) and text."""


@command(Permission.ACTIVITY_WRITE)
def add(work: Work, draft: PhraseDraft, *, token: str | None = None) -> int:
    """Keep a phrase and return its id. A second call with the same `token` returns the first one's id. Raises Invalid at
    the field, Denied for a shared one by who does not lead."""
    if (done := work.replayed(token)) is not None:
        return done
    text, kind = _checked(draft)
    user_id = _holder(work, draft.shared)
    held = [PHRASES.deleted_at.is_(None), PHRASES.user_id.is_(None) if user_id is None else PHRASES.user_id == user_id]
    texts = list(work.session.execute(select(PHRASES.text).where(*held)).scalars())
    if len(texts) >= MOST:
        raise Invalid("text", "There are {count} phrases already. Remove one first.", count=MOST)
    if text in texts:
        raise Invalid("text", "This phrase is there already.")
    last = work.session.execute(select(func.coalesce(func.max(PHRASES.position), 0)).where(*held)).scalar_one()
    row = work.add(Phrase(user_id=user_id, text=text, type=kind, position=last + 1))
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.ACTIVITY_WRITE)
def update(work: Work, phrase_id: int, draft: PhraseDraft, *, version: int | None = None) -> bool:
    """Change the text and kind of a phrase; False when nothing differed. Whose it is stays."""
    row = _own(work, phrase_id, version)
    text, kind = _checked(draft)
    if (text, kind) == (row.text, row.type):
        return False
    row.text, row.type = text, kind
    return True


@command(Permission.ACTIVITY_WRITE)
def remove(work: Work, phrase_id: int, *, version: int | None = None) -> None:
    """Take a phrase away."""
    _own(work, phrase_id, version).deleted_at = work.now


@query(Permission.ACTIVITY_WRITE)
def offered(work: Work, kind: str = "") -> list[PhraseView]:
    """The phrases for a kind of follow-up ("" for every one): one's own, everybody's, then the shipped ones in the
    actor's language. One query."""
    mine = or_(PHRASES.user_id == work.actor.user_id, PHRASES.user_id.is_(None))
    wanted = select(Phrase).where(mine, PHRASES.deleted_at.is_(None))
    if kind:
        wanted = wanted.where(PHRASES.type.in_(("", kind)))
    rows = work.session.execute(wanted.order_by(PHRASES.user_id.is_(None), PHRASES.position, PHRASES.id)).scalars()
    found = [_view(work, row) for row in rows]
    known = {view.text for view in found}
    shipped = [(own, _(text)) for own, text in SHIPPED if kind in ("", own) or not own]
    return found + [
        PhraseView(id=0, text=text, type=own, shared=True, may_edit=False, version=0)
        for own, text in shipped
        if text not in known
    ]


def _checked(draft: PhraseDraft) -> tuple[str, str]:
    text = typed.lines("text", draft.text, LENGTH)
    if not text:
        raise Invalid("text", "Write the phrase first.")
    if draft.type and draft.type not in {kind.value for kind in ActivityType}:
        raise Invalid("type", "Choose a kind of follow-up.")
    return text, draft.type


def _leads(work: Work) -> bool:
    """Whether the actor may change what everybody is offered: who gives customers to others leads them."""
    return work.actor.can(Permission.CUSTOMER_ASSIGN)


def _holder(work: Work, shared: bool) -> int | None:
    if not shared:
        return work.actor.user_id
    if not _leads(work):
        raise Denied("Only managers and administrators keep phrases for everybody.")
    return None


def _own(work: Work, phrase_id: int, version: int | None) -> Phrase:
    row = work.find(Phrase, phrase_id)
    if row is None or row.deleted_at is not None or row.user_id not in (None, work.actor.user_id):
        raise NotFound("This record does not exist or is not yours to see.")
    _holder(work, row.user_id is None)
    if version is not None and row.version != version:
        raise Conflict("Somebody changed this record while you were editing it.")
    return row


def _view(work: Work, row: Phrase) -> PhraseView:
    shared = row.user_id is None
    may = not shared or _leads(work)
    return PhraseView(id=row.id or 0, text=row.text, type=row.type, shared=shared, may_edit=may, version=row.version)
