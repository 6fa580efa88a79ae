"""Public links: a customer rates a ticket or answers a survey without an account. A link is good once and for some days;
only a digest of it is stored; whoever has it can answer, and learns nothing but the question."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from cim.crypto import digest
from cim.errors import Conflict, Invalid, NotFound
from cim.i18n import N_, _
from cim.models import Contact, Customer, PublicLink, Survey, Ticket
from cim.models.base import columns
from cim.models.survey import FormView, LinkKind, LinkView, SurveyKind
from cim.models.ticket import TicketStatus
from cim.permissions import Permission
from cim.service import notices, surveys, ticket_after
from cim.work import Work, command, query

LINKS = columns(PublicLink)
DAYS = 14
MOST_DAYS, MOST_OPEN = 90, 20
LONGEST_TOKEN = 200
RATE = N_("How satisfied are you with the way your request was handled?")
ANSWERED = N_("{customer} answered “{survey}”: {score}")
OVER = N_("This link was used or has expired. Ask us for another one.")


# ---- making them
@command(Permission.SURVEY_SEND)
def for_ticket(work: Work, ticket_id: int, *, days: int = DAYS) -> str:
    """Make a link by which the customer rates a resolved ticket, and return its token, which nobody can read again.
    Earlier open links for it are withdrawn. Raises NotFound, Denied, Conflict while it is not resolved, Invalid("days")."""
    ticket = work.get(Ticket, ticket_id)
    work.get(Customer, ticket.customer_id, to=Permission.SURVEY_SEND)
    if ticket.status not in (TicketStatus.RESOLVED, TicketStatus.CLOSED):
        raise Conflict("This ticket is not resolved: it cannot be rated.")
    for held in _open(work, PublicLink.ticket_id == ticket_id):
        held.revoked_at = work.now
    return _made(
        work, LinkKind.TICKET_RATING, ticket.customer_id, days, ticket_id=ticket_id, contact_id=ticket.contact_id
    )


@command(Permission.SURVEY_SEND)
def for_survey(work: Work, customer_id: int, survey_id: int, *, contact_id: int | None = None, days: int = DAYS) -> str:
    """Make a link by which a customer (or one of its people) answers a survey, and return its token. Raises NotFound,
    Denied, Conflict for a survey out of use or too many open links, Invalid at the field."""
    work.get(Customer, customer_id, to=Permission.SURVEY_SEND)
    survey = work.find(Survey, survey_id)
    if survey is None:
        raise NotFound("This record does not exist or is not yours to see.")
    if not survey.active:
        raise Conflict("This survey is out of use.")
    if contact_id is not None and work.get(Contact, contact_id).customer_id != customer_id:
        raise Invalid("contact_id", "This person belongs to another customer.")
    if len(_open(work, PublicLink.customer_id == customer_id)) >= MOST_OPEN:
        raise Conflict("This customer has {count} open links already. Withdraw one first.", count=MOST_OPEN)
    return _made(work, LinkKind.SURVEY, customer_id, days, survey_id=survey_id, contact_id=contact_id)


@command(Permission.SURVEY_SEND)
def revoke(work: Work, link_id: int) -> bool:
    """Withdraw a link; False when it is used, expired or withdrawn already. Raises NotFound, Denied."""
    row = work.find(PublicLink, link_id)
    if row is None:
        raise NotFound("This record does not exist or is not yours to see.")
    work.get(Customer, row.customer_id, to=Permission.SURVEY_SEND)
    if _state(work, row) != "open":
        return False
    row.revoked_at = work.now
    return True


@query(Permission.TICKET_READ)
def of_customer(work: Work, customer_id: int, *, ticket_id: int | None = None) -> list[LinkView]:
    """The newest links of a customer, or of one ticket. Raises NotFound."""
    work.get(Customer, customer_id)
    wanted = (
        select(PublicLink, columns(Survey).name, columns(Ticket).number, columns(Contact).name)
        .outerjoin(Survey, columns(Survey).id == LINKS.survey_id)
        .outerjoin(Ticket, columns(Ticket).id == LINKS.ticket_id)
        .outerjoin(Contact, columns(Contact).id == LINKS.contact_id)
        .where(LINKS.customer_id == customer_id)
        .order_by(LINKS.id.desc())
        .limit(MOST_OPEN)
    )
    if ticket_id is not None:
        wanted = wanted.where(LINKS.ticket_id == ticket_id)
    plain = ("id", "kind", "customer_id", "created_at", "expires_at", "used_at")
    return [
        LinkView(
            **{name: getattr(row, name) for name in plain},
            survey=survey or "",
            ticket=number or "",
            contact=person or "",
            state=_state(work, row),
        )
        for row, survey, number, person in work.session.execute(wanted)
    ]


# ---- for whoever has one
@query(Permission.ACCOUNT)
def look(work: Work, token: str) -> FormView | None:
    """What a link asks; None for one that is unknown, withdrawn, or leads to a customer that is gone: these are alike.
    Looking uses nothing up: programs open links in mails too."""
    row, survey = _held(work, token)
    if row is None:
        return None
    kind = survey.kind if survey else SurveyKind.CSAT
    question = survey.question if survey else _(RATE)
    ticket = work.session.get(Ticket, row.ticket_id) if row.ticket_id else None
    thanks = (survey.thanks if survey else "") or _("Thank you for your answer.")
    return FormView(
        state=_state(work, row), kind=kind, question=question, thanks=thanks, about=ticket.number if ticket else ""
    )


@command(Permission.ACCOUNT)
def answer(work: Work, token: str, score: int, comment: str = "") -> None:
    """Answer by a link, which is used up. Two answers at once become one. Raises NotFound for a link that is none (as
    `look`), Conflict for one that is used or expired, Invalid at the field."""
    work.serialise("public_links.answer")
    row, survey = _held(work, token)
    if row is None:
        raise NotFound("This link is not valid.")
    if _state(work, row) != "open":
        raise Conflict(OVER)
    row.used_at = work.now
    customer = work.session.get_one(Customer, row.customer_id)
    if survey is None:
        ticket = work.session.get_one(Ticket, row.ticket_id)
        ticket_after.rated(work, ticket, score, comment[:2000], contact_id=row.contact_id)
        return
    made = surveys.answered(work, survey, customer, score, comment[:2000], contact_id=row.contact_id)
    notices.tell(
        work,
        [customer.owner_id],
        kind="survey.answered",
        key=f"survey.answered:{made}",
        title=ANSWERED,
        params={"customer": customer.name, "survey": survey.name, "score": score},
        link=f"/customer?id={customer.id}",
        customer_id=customer.id,
    )


def _made(work: Work, kind: LinkKind, customer_id: int, days: int, **of: Any) -> str:
    if isinstance(days, bool) or not 1 <= days <= MOST_DAYS:
        raise Invalid("days", "Enter a whole number from {least} to {most}.", least=1, most=MOST_DAYS)
    token = secrets.token_urlsafe(32)
    work.add(
        PublicLink(
            digest=_digest(token),
            kind=kind,
            customer_id=customer_id,
            created_by_id=work.actor.user_id,
            created_at=work.now,
            expires_at=work.now + timedelta(days=days),
            **of,
        )
    )
    return token


def _held(work: Work, token: str) -> tuple[PublicLink | None, Survey | None]:
    """The link of a token, with its survey; nothing for one that leads nowhere."""
    found = select(PublicLink, Survey).outerjoin(Survey, columns(Survey).id == LINKS.survey_id)
    found = found.join(Customer, columns(Customer).id == LINKS.customer_id)
    found = found.where(LINKS.digest == _digest(token[:LONGEST_TOKEN]), LINKS.revoked_at.is_(None))
    row = work.session.execute(found.where(columns(Customer).deleted_at.is_(None))).first()
    if row is None:
        return None, None
    link, survey = row
    if link.ticket_id is not None:
        ticket = work.session.get(Ticket, link.ticket_id)
        if ticket is None or ticket.deleted_at is not None:
            return None, None
    return link, survey


def _open(work: Work, where: Any) -> list[PublicLink]:
    held = select(PublicLink).where(where, LINKS.used_at.is_(None), LINKS.revoked_at.is_(None))
    return list(work.session.execute(held.where(LINKS.expires_at > work.now)).scalars())


def _state(work: Work, row: PublicLink) -> str:
    if row.revoked_at is not None:
        return "withdrawn"
    if row.used_at is not None:
        return "used"
    return "open" if row.expires_at > work.now else "expired"


def _digest(token: str) -> str:
    return digest(f"public {token}")
