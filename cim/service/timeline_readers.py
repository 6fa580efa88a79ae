"""Readers of the timeline: the records behind a page of it, one query per kind, as entries that may leave the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, select

from cim import normalize, words
from cim.i18n import N_
from cim.models import (
    Activity,
    Comment,
    Customer,
    ImportBatch,
    Merge,
    Opportunity,
    StoredFile,
    Task,
    Ticket,
    User,
)
from cim.models.activity import ActivityType
from cim.models.audit import ChangeSet
from cim.models.base import columns
from cim.models.timeline import AttachedFile, EventKind, TimelineEntry
from cim.permissions import Permission
from cim.service import comments, timeline_sales
from cim.service.timeline_entry import entry, named
from cim.work import Work

USERS, CUSTOMERS, COMMENTS, FILES = columns(User), columns(Customer), columns(Comment), columns(StoredFile)
ICONS = {
    ActivityType.CALL: "call",
    ActivityType.VISIT: "directions_walk",
    ActivityType.EMAIL: "mail",
    ActivityType.WECHAT: "chat",
    ActivityType.MEETING: "groups",
    ActivityType.NOTE: "sticky_note_2",
}
COMMENTED = {
    "activity": N_("Comment on a follow-up"),
    "task": N_("Comment on a task"),
    "opportunity": N_("Comment on an opportunity"),
    "sales_order": N_("Comment on an order"),
    "contract": N_("Comment on a contract"),
    "ticket": N_("Comment on a ticket"),
    "customer": N_("Comment on the customer"),
}
ABOUT = 60
"""Characters of a follow-up that stand with a comment on it."""

ACTIVITIES, CHANCES, DESK = columns(Activity), columns(Opportunity), columns(Ticket)
# built once and of bare columns: they run with every page of a timeline
_IDS: Any = bindparam("ids", expanding=True)
_FOLLOWED: Any = (
    select(ACTIVITIES.__table__)
    .add_columns(USERS.name.label("who"), CUSTOMERS.name.label("customer"), CUSTOMERS.owner_id)
    .add_columns(CHANCES.name.label("chance"), DESK.number.label("ticket"))
    .join(Customer, CUSTOMERS.id == ACTIVITIES.customer_id)
    .outerjoin(User, USERS.id == ACTIVITIES.author_id)
    .outerjoin(Opportunity, CHANCES.id == ACTIVITIES.opportunity_id)
    .outerjoin(Ticket, DESK.id == ACTIVITIES.ticket_id)
    .where(ACTIVITIES.id.in_(_IDS))
)
_SAID: Any = (
    select(COMMENTS.record_id, func.count())
    .where(COMMENTS.noun == "activity", COMMENTS.record_id.in_(_IDS), COMMENTS.deleted_at.is_(None))
    .group_by(COMMENTS.record_id)
)
_FILES: Any = (
    select(FILES.id, FILES.activity_id, FILES.name)
    .where(FILES.activity_id.in_(_IDS), FILES.deleted_at.is_(None))
    .order_by(FILES.id)
)


def followed(work: Work, ids: Sequence[int]) -> list[TimelineEntry]:
    """Follow-ups, of any customers in the actor's reach, with their files and the number of their comments: three queries."""
    found = work.session.execute(_FOLLOWED, {"ids": ids}).all()
    files = _files(work, {row.id: row.owner_id for row in found})
    said = {number: count for number, count in work.session.execute(_SAID, {"ids": ids})}
    return [_follow_up(work, row, files, said) for row in found]


def _follow_up(work: Work, row: Any, files: Mapping[int, list[AttachedFile]], said: Mapping[int, int]) -> TimelineEntry:
    details = {N_("Place"): row.place, N_("Contact person"): row.contact, N_("Purpose"): row.purpose}
    if row.chance and work.actor.can(Permission.SALES_READ):
        details[N_("Opportunity")] = row.chance
    if row.ticket and work.actor.can(Permission.TICKET_READ):
        details[N_("Ticket")] = row.ticket
    writes = work.owns(Permission.ACTIVITY_WRITE, row.author_id)
    keeps = work.actor.can(Permission.ACTIVITY_WRITE) and work.owns(Permission.CUSTOMER_WRITE, row.owner_id)
    return TimelineEntry(
        kind=EventKind.ACTIVITY,
        id=row.id,
        at=row.at,
        icon=ICONS[row.type],
        title=words.VALUES["activity"][row.type],
        actor=row.author or row.who or "",
        actor_id=row.author_id,
        text=row.content,
        badges=[("outcome", row.outcome.value)] if row.outcome else [],
        details={name: value for name, value in details.items() if value},
        next_at=row.next_at,
        minutes=row.minutes,
        customer_id=row.customer_id,
        customer=row.customer,
        files=files.get(row.id, []),
        comments=said.get(row.id, 0),
        pinned=row.pinned_at is not None,
        imported=row.batch_id is not None,
        may_edit=writes,
        may_pin=writes or keeps,
        version=row.version,
    )


def _files(work: Work, owners: Mapping[int, int | None]) -> dict[int, list[AttachedFile]]:
    """Files of follow-ups, by follow-up; `owners` are those of their customers."""
    made: dict[int, list[AttachedFile]] = {}
    for number, activity_id, name in work.session.execute(_FILES, {"ids": list(owners)}):
        owner = owners[activity_id]
        told = name if work.may_see_clear(owner) else normalize.text_masked(name)
        may = work.owns(Permission.CUSTOMER_REVEAL, owner)
        made.setdefault(activity_id, []).append(AttachedFile(id=number, name=told, may_download=may))
    return made


def _tasks(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    table = columns(Task)
    return [
        entry(EventKind.TASK, row, row.done_at, who, "task_alt", N_("Task done: {title}"), {"title": row.title})
        for row, who in named(work, Task, table.done_by_id, ids)
    ]


def _comments(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    activity = columns(Activity)
    about = (COMMENTS.noun == "activity") & (activity.id == COMMENTS.record_id)
    wanted = select(Comment, USERS.name, activity.content).outerjoin(Activity, about)
    wanted = wanted.outerjoin(User, USERS.id == COMMENTS.author_id).where(COMMENTS.id.in_(ids))
    made = []
    for row, who, content in work.session.execute(wanted):
        told = entry(EventKind.COMMENT, row, row.created_at, who, "comment", COMMENTED[row.noun], text=row.text)
        if content:
            told.details = {N_("Regarding"): content[:ABOUT] + ("…" if len(content) > ABOUT else "")}
        if row.noun not in ("activity", "customer"):
            told.link = comments.SUBJECTS[row.noun].link.format(customer=row.customer_id, record=row.record_id)
        made.append(told)
    return made


def _kept_files(work: Work, ids: Sequence[int], of: Customer) -> list[TimelineEntry]:
    clear, title, made = work.may_see_clear(of.owner_id), N_("File added: {name}"), []
    for row, who in named(work, StoredFile, FILES.created_by_id, ids):
        name, note = (row.name, row.note) if clear else map(normalize.text_masked, (row.name, row.note))
        told = entry(EventKind.FILE, row, row.created_at, who, "attach_file", title, {"name": name}, text=note)
        told.link = f"/files/{row.id}" if work.owns(Permission.CUSTOMER_REVEAL, of.owner_id) else ""
        made.append(told)
    return made


def _imports(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    return [
        entry(EventKind.IMPORT, row, row.at, who, "upload", N_("Imported from {file}"), {"file": row.filename})
        for row, who in named(work, ImportBatch, columns(ImportBatch).actor_id, ids)
    ]


def _merges(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    table, change, title = columns(Merge), columns(ChangeSet), N_("Merged with {name} ({code})")
    wanted = select(Merge, USERS.name, CUSTOMERS.name, CUSTOMERS.code).join(Customer, CUSTOMERS.id == table.loser_id)
    wanted = wanted.join(ChangeSet, change.id == table.change_set_id).outerjoin(User, USERS.id == change.actor_id)
    return [
        entry(EventKind.MERGE, row, row.at, who, "join_inner", title, {"name": name, "code": code})
        for row, who, name, code in work.session.execute(wanted.where(table.id.in_(ids)))
    ]


READERS: dict[EventKind, Callable[[Work, Sequence[int], Customer], list[TimelineEntry]]] = {
    EventKind.ACTIVITY: lambda work, ids, _of: followed(work, ids),
    EventKind.TASK: _tasks,
    EventKind.STAGE: timeline_sales.stage_changes,
    EventKind.ORDER: timeline_sales.orders,
    EventKind.DELIVERY: timeline_sales.deliveries,
    EventKind.PAYMENT: timeline_sales.payments,
    EventKind.CONTRACT: timeline_sales.contracts,
    EventKind.CONTRACT_END: timeline_sales.contract_ends,
    EventKind.TICKET: timeline_sales.tickets,
    EventKind.RESOLVED: timeline_sales.resolutions,
    EventKind.RATED: timeline_sales.ratings,
    EventKind.ANSWER: timeline_sales.answers,
    EventKind.COMMENT: _comments,
    EventKind.FILE: _kept_files,
    EventKind.IMPORT: _imports,
    EventKind.MERGE: _merges,
}
"""By kind: the records of these ids as entries, in any order. All are of one customer, which is
in the actor's reach."""
