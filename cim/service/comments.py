"""Comments on records of a customer: a manager on a follow-up, a handler on a ticket. Seen by whoever sees the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cim.errors import Denied, Invalid
from cim.i18n import N_
from cim.models import Activity, Comment, Contract, Customer, Opportunity, SalesOrder, Task, Ticket, User
from cim.models.base import Model, columns
from cim.models.comment import CommentView
from cim.permissions import Permission
from cim.service import notices, typed
from cim.work import Work, command, query

COMMENTS = columns(Comment)
USERS = columns(User)
CUSTOMERS = columns(Customer)
MOST = 2000
"""Characters of one comment."""


@dataclass(frozen=True)
class Subject:
    """A kind of record that is commented on: its table, the column of the person who is told, the page it is on."""

    model: type[Model]
    person: str
    link: str


SUBJECTS: dict[str, Subject] = {
    "activity": Subject(Activity, "author_id", "/customer?id={customer}"),
    "task": Subject(Task, "assignee_id", "/customer?id={customer}"),
    "opportunity": Subject(Opportunity, "owner_id", "/opportunity?id={record}"),
    "sales_order": Subject(SalesOrder, "owner_id", "/order?id={record}"),
    "contract": Subject(Contract, "owner_id", "/contract?id={record}"),
    "ticket": Subject(Ticket, "handler_id", "/ticket?id={record}"),
    "customer": Subject(Customer, "owner_id", "/customer?id={record}"),
}
"""By noun, the name of the table."""


# ---- writing
@command(Permission.ACTIVITY_WRITE)
def add(work: Work, noun: str, record_id: int, text: str, *, internal: bool = True, token: str | None = None) -> int:
    """Comment on a record that the actor sees and return the comment's id. Who is responsible for the record, and who
    commented on it before, is told. A second call with the same `token` returns the first one's id.

    Raises Invalid("text"), Invalid("record_id") for a task without a customer, NotFound outside the actor's scope."""
    if (done := work.replayed(token)) is not None:
        return done
    row: Any = work.get(_subject(noun).model, record_id)
    customer_id = record_id if noun == "customer" else row.customer_id
    if customer_id is None:
        raise Invalid("record_id", "Only what belongs to a customer can be commented on.")
    work.get(Customer, customer_id)
    made = work.add(
        Comment(
            noun=noun,
            record_id=record_id,
            customer_id=customer_id,
            author_id=work.actor.user_id,
            text=_text(text),
            internal=internal,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    _tell(work, made, row)
    work.remember(token, made.id or 0)
    return made.id or 0


@command(Permission.ACTIVITY_WRITE)
def update(work: Work, comment_id: int, text: str, *, version: int | None = None) -> bool:
    """Change the wording of one's own comment; False when nothing differed. Denied for what others wrote; Conflict when
    it is no longer at `version`."""
    row = _reached(work, comment_id, version)
    if row.author_id != work.actor.user_id:
        raise Denied("Somebody else wrote this comment.")
    wanted = _text(text)
    if wanted == row.text:
        return False
    row.text, row.updated_at = wanted, work.now
    return True


@command(Permission.ACTIVITY_WRITE)
def remove(work: Work, comment_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Take a comment away: one's own, or one of those whose customers the actor assigns. The row is kept."""
    row = _reached(work, comment_id, version)
    if not _may_remove(work, row.author_id):
        raise Denied("Somebody else wrote this comment.")
    work.reason = reason.strip()[:500]
    row.deleted_at = row.updated_at = work.now


# ---- reading
@query(Permission.CUSTOMER_READ)
def of(work: Work, noun: str, record_ids: Sequence[int]) -> dict[int, list[CommentView]]:
    """The comments on these records (some hundred), the oldest first; records without any, or outside the actor's reach,
    are not in it. Comments on a customer that was merged into one of these are among those of that one."""
    subject = _subject(noun)
    found: dict[int, list[CommentView]] = {}
    wanted = sorted(set(record_ids))
    table: Any = subject.model
    listed = select(Comment, USERS.name).outerjoin(User, USERS.id == COMMENTS.author_id)
    seen = select(table.id).where(table.id.in_(wanted), work.visible(subject.model, few=True))
    # what was said on a merged customer goes with it: its row of the comment names the one that stands
    record = COMMENTS.customer_id if noun == "customer" else COMMENTS.record_id
    listed = listed.where(COMMENTS.noun == noun, record.in_(seen), work.visible(Comment, few=True))
    for row, author in work.session.execute(listed.order_by(COMMENTS.created_at, COMMENTS.id)):
        key = row.customer_id if noun == "customer" else row.record_id
        found.setdefault(key, []).append(_view(work, row, author or ""))
    return found


# ---- below the doors
def _subject(noun: str) -> Subject:
    if noun not in SUBJECTS:
        raise Invalid("noun", "There is nothing of this kind to comment on.")
    return SUBJECTS[noun]


def _text(raw: str) -> str:
    text = typed.lines("text", raw, MOST)
    if not text:
        raise Invalid("text", "Write the comment first.")
    return text


def _reached(work: Work, comment_id: int, version: int | None) -> Comment:
    """A comment whose record is in the actor's reach."""
    row = work.get(Comment, comment_id, version=version)
    record = row.customer_id if row.noun == "customer" else row.record_id
    work.get(_subject(row.noun).model, record)
    return row


def _may_remove(work: Work, author_id: int | None) -> bool:
    return author_id == work.actor.user_id or work.owns(Permission.CUSTOMER_ASSIGN, author_id)


def _tell(work: Work, made: Comment, row: Any) -> None:
    """Whom the record is assigned to, and those who spoke before; not the one who speaks."""
    subject = SUBJECTS[made.noun]
    before = select(COMMENTS.author_id).where(COMMENTS.noun == made.noun, COMMENTS.record_id == made.record_id)
    others = set(work.session.execute(before.where(COMMENTS.deleted_at.is_(None)).distinct()).scalars())
    people = {getattr(row, subject.person), *others} - {work.actor.user_id}
    name = select(CUSTOMERS.name).where(CUSTOMERS.id == made.customer_id)
    notices.tell(
        work,
        people,
        kind="comment",
        key=f"comment.{made.id}",
        title=N_("{who} commented on {customer}"),
        params={"who": work.actor.name, "customer": work.session.execute(name).scalar_one()},
        link=subject.link.format(customer=made.customer_id, record=made.record_id),
        customer_id=made.customer_id,
    )


def _view(work: Work, row: Comment, author: str) -> CommentView:
    writes = work.actor.can(Permission.ACTIVITY_WRITE)
    return CommentView(
        id=row.id or 0,
        noun=row.noun,
        record_id=row.record_id,
        customer_id=row.customer_id,
        author=author,
        author_id=row.author_id,
        text=row.text,
        internal=row.internal,
        at=row.created_at,
        edited=row.updated_at > row.created_at,
        may_edit=writes and row.author_id == work.actor.user_id,
        may_remove=writes and _may_remove(work, row.author_id),
        version=row.version,
    )
