"""What a follow-up is made of: checked texts, moments and links of a draft, and what it said before its changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from cim import audit, clock, crypto
from cim.errors import Invalid, NotFound
from cim.models import Activity, AuditEntry, Contact, Opportunity, Ticket, User
from cim.models.activity import ActivityDraft, ActivityType, FollowUpChoices, FormerView, Outcome
from cim.models.audit import Result
from cim.models.base import columns
from cim.service import typed
from cim.work import Work

ENTRIES = columns(AuditEntry)
USERS = columns(User)

FUTURE = timedelta(days=1)
LIMITS = {"contact": 60, "place": 120, "purpose": 120}
LINKED = ("contact_id", "minutes", "opportunity_id", "ticket_id")
REPLACED = ("type", "content", "outcome", "contact", "place", "purpose", "minutes", "at")
"""What a change of a follow-up replaces and can be put back."""
MOST_MINUTES, MOST_FORMER, MOST_CHOICES = 24 * 60, 50, 100


def values(draft: ActivityDraft) -> dict[str, str]:
    """The texts of a draft as they are stored. Raises Invalid at the field; a follow-up has to say something."""
    made = {name: typed.line(name, getattr(draft, name), limit) for name, limit in LIMITS.items()}
    made["content"] = typed.lines("content", draft.content, 5000)
    if made["content"]:
        return made
    if draft.type is ActivityType.VISIT and not made["place"]:
        raise Invalid("content", "Say where the visit was, or what came of it.")
    if draft.type is ActivityType.NOTE or (draft.outcome is Outcome.NONE and not made["place"]):
        raise Invalid("content", "Write what was said or done.")
    return made


def moment(work: Work, at: datetime | None) -> datetime:
    """When it was; None is now. Raises Invalid("at") for what lies ahead."""
    if at is None:
        return work.now
    moment = typed.moment("at", at)
    if moment > work.now + FUTURE:
        raise Invalid("at", "This lies in the future: plan it as a next step instead.")
    return moment


def next_moment(draft: ActivityDraft) -> datetime | None:
    """When the next follow-up is due. Raises Invalid("next_at") for a day that is over."""
    if draft.next_at is None:
        return None
    moment = typed.moment("next_at", draft.next_at)
    if clock.local(moment).date() < clock.today():
        raise Invalid("next_at", "The next follow-up cannot lie in the past.")
    return moment


def linked(work: Work, customer_id: int, draft: ActivityDraft, *, but: Activity | None = None) -> dict[str, Any]:
    """The records of the customer that a draft names, and how long it took. What a stored follow-up names already may
    have gone since. Raises Invalid at the field."""
    made: dict[str, Any] = {name: getattr(draft, name) for name in LINKED}
    if draft.minutes is not None and not 1 <= draft.minutes <= MOST_MINUTES:
        raise Invalid("minutes", "Enter 1 to {most} minutes.", most=MOST_MINUTES)
    models: dict[str, type[Any]] = {"contact_id": Contact, "opportunity_id": Opportunity, "ticket_id": Ticket}
    for name, model in models.items():
        wanted = made[name]
        if wanted is None or (but is not None and getattr(but, name) == wanted):
            continue
        try:
            row = work.get(model, wanted)
        except NotFound:
            row = None
        if row is None or row.customer_id != customer_id:
            raise Invalid(name, "Choose one that belongs to this customer.")
        if name == "contact_id" and not draft.contact.strip():
            made["contact"] = row.name
    return made


def former(work: Work, row: Activity) -> list[FormerView]:
    """What a follow-up said before each of its changes, newest first: read from the audit log, where the values are
    sealed under the customer's key."""
    wanted = select(AuditEntry, func.coalesce(USERS.name, "")).outerjoin(User, USERS.id == ENTRIES.actor_id)
    wanted = wanted.where(ENTRIES.object_type == "activity", ENTRIES.object_id == str(row.id))
    wanted = wanted.where(ENTRIES.result == Result.OK).order_by(ENTRIES.seq.desc()).limit(MOST_FORMER)
    found: list[FormerView] = []
    for change, actor in work.session.execute(wanted):
        try:
            changes = audit.unpack(change, work.cipher(change.subject_uid)) or {}
        except crypto.Unreadable:
            continue
        values = {name: before for name, (before, _after) in changes.items() if name in REPLACED and before is not None}
        if values:
            kept = {name: str(value) for name, value in values.items()}
            found.append(FormerView(seq=change.seq, at=change.at, actor=actor, values=kept))
    return found


def choices(work: Work, customer_id: int) -> FollowUpChoices:
    """What a follow-up with a customer may name, as far as the actor sees it: three queries."""
    person, chance, ticket = columns(Contact), columns(Opportunity), columns(Ticket)
    people = select(person.id, person.name).where(work.visible(Contact, few=True), person.customer_id == customer_id)
    sales = select(chance.id, chance.name).where(work.visible(Opportunity, few=True), chance.customer_id == customer_id)
    desk = select(ticket.id, ticket.number + " " + ticket.subject)
    desk = desk.where(work.visible(Ticket, few=True), ticket.customer_id == customer_id, ticket.closed_at.is_(None))

    def named(wanted: Any) -> dict[int, str]:
        return {number: name for number, name in work.session.execute(wanted.limit(MOST_CHOICES))}

    return FollowUpChoices(
        contacts=named(people.order_by(person.id)),
        opportunities=named(sales.where(chance.closed_at.is_(None)).order_by(chance.id.desc())),
        tickets=named(desk.order_by(ticket.id.desc())),
    )
