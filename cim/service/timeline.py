"""One timeline of a customer over everything that happened: follow-ups, edits, sales, service, comments, files (decision
0021). Pages by key; the number of queries does not depend on how much happened."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from cim import audit, crypto, db, labels, normalize
from cim.i18n import N_
from cim.models import Activity, AuditEntry, Customer, User
from cim.models.activity import ActivityType
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.timeline import GROUPS, EventGroup, EventKind, Mark, Timeline, TimelineEntry
from cim.permissions import Permission
from cim.service import activities, custom_values, edits, typed
from cim.service.timeline_readers import READERS, followed
from cim.service.timeline_sources import RANK, parameters, statement
from cim.work import Work, query

ACTIVITIES, ENTRIES, USERS = columns(Activity), columns(AuditEntry), columns(User)
KINDS = {rank: kind for kind, rank in RANK.items() if kind is not EventKind.HANDOVER}
EDITS = {EventKind.CHANGE, EventKind.HANDOVER}
FILE_ACTIONS = ("files.remove", "files.restore")
"""A file that is there tells of itself; the log tells of one that went."""
SCANNED = 20_000
"""Entries that a search reads at most."""
MOST_PRINTED = 2000
LONGEST_PAGE = 200

Place = tuple[datetime, int, int]
"""(at, rank, id): where an entry stands."""


@query(Permission.CUSTOMER_READ)
def of(
    work: Work,
    customer_id: int,
    *,
    groups: Sequence[EventGroup] = (),
    person: int | None = None,
    text: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: Mark | None = None,
    limit: int = 50,
) -> Timeline:
    """A page of what happened to a customer, newest first, as far as the actor may read it. `groups` narrow the kinds;
    `person` is who did it; `text` must be in what people wrote (folded, anywhere in it; edits hold no text); `until` is
    exclusive; `before` is the mark of the last entry shown. Values of edited fields are never told, only their names.
    Raises NotFound outside the actor's scope."""
    customer = work.get(Customer, customer_id)
    return _page(
        work, customer, _asked(groups), person=person, text=typed.line("text", text, 80), since=since, until=until,
        before=before, limit=max(1, min(limit, LONGEST_PAGE)),
    )  # fmt: skip


@query(Permission.CUSTOMER_READ, recorded=True)
def story(
    work: Work,
    customer_id: int,
    *,
    groups: Sequence[EventGroup] = (),
    person: int | None = None,
    text: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Timeline:
    """All of it at once, for printing: at most 2,000 entries, `more` says that some are missing. Takes what `of` takes;
    who printed what is recorded."""
    customer, found = work.get(Customer, customer_id), Timeline(entries=[])
    kinds, words = _asked(groups), typed.line("text", text, 80)
    while len(found.entries) < MOST_PRINTED:
        before = found.entries[-1].mark if found.entries else None
        page = _page(
            work, customer, kinds, person=person, text=words, since=since, until=until, before=before,
            limit=LONGEST_PAGE,
        )  # fmt: skip
        found.entries += page.entries
        found.more = page.more
        if not page.more:
            break
    work.record(of=customer, rows=len(found.entries))
    return found


@query(Permission.CUSTOMER_READ)
def follow_ups(
    work: Work,
    *,
    author_id: int | None = None,
    types: Sequence[ActivityType] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    before: Mark | None = None,
    limit: int = 50,
) -> Timeline:
    """A page of the follow-ups with all customers in the actor's reach, newest first. Takes what `activities.timeline`
    takes; `before` is the mark of the last entry shown."""
    size = max(1, min(limit, LONGEST_PAGE - 1))
    after = (before[0], before[2]) if before else None
    found = activities.timeline(
        work, author_id=author_id, types=types, since=since, until=until, before=after, limit=size + 1
    )
    made = {entry.id: entry for entry in followed(work, [view.id for view in found[:size]])}
    return Timeline(entries=[made[view.id] for view in found[:size]], more=len(found) > size)


# ---- below the doors
def _asked(groups: Sequence[EventGroup]) -> frozenset[EventKind]:
    return frozenset(kind for group in groups or tuple(EventGroup) for kind in GROUPS[group])


def _page(
    work: Work,
    customer: Customer,
    kinds: frozenset[EventKind],
    *,
    person: int | None,
    text: str,
    since: datetime | None,
    until: datetime | None,
    before: Mark | None,
    limit: int,
) -> Timeline:
    places = _places(
        work, customer, kinds, person=person, text=text, since=since, until=until, before=before, size=limit
    )
    changed: dict[int, edits.Edit] = {}
    sources: list[Iterator[Place]] = [places]
    if not text and kinds & EDITS:
        sources.append(_edited(work, customer, kinds, person, since, until, before, changed))
    found: list[Place] = []
    for place in heapq.merge(*sources, reverse=True):
        found.append(place)
        if len(found) > limit:
            break
    for source in sources:
        source.close()  # type: ignore[attr-defined]
    kept = found[:limit]
    pinned = _pinned(work, customer) if before is None and EventKind.ACTIVITY in kinds and not text else []
    entries, top = _read(work, customer, kept, changed, pinned)
    return Timeline(entries=entries, pinned=top, more=len(found) > limit)


def _places(
    work: Work, customer: Customer, kinds: frozenset[EventKind], *, person: int | None, text: str,
    since: datetime | None, until: datetime | None, before: Mark | None, size: int,
) -> Iterator[Place]:  # fmt: skip
    """Where entries of the sources stand, newest first: one query."""
    asked = statement(work, kinds, sqlite=db.is_sqlite(work.session), person=person is not None, words=bool(text))
    if asked is None:
        return
    wanted = SCANNED if text else size + 1
    given = parameters(customer.id or 0, before=before, since=since, until=until, person=person, size=wanted)
    result = work.session.execute(asked, given, execution_options={"yield_per": 500})
    masked = not work.may_see_clear(customer.owner_id)
    try:
        for at, rank, number, *words in result:
            if not text or _holds(words[0], text, masked=masked and rank == RANK[EventKind.FILE]):
                yield at, rank, number
    finally:
        result.close()


def _holds(words: str, text: str, *, masked: bool) -> bool:
    """Whether a text holds every word that is searched for. What is shown masked is searched masked."""
    folded = normalize.fold(normalize.text_masked(words) if masked else words)
    return all(word in folded for word in normalize.fold(text).split())


def _edited(
    work: Work, customer: Customer, kinds: frozenset[EventKind], person: int | None, since: datetime | None,
    until: datetime | None, before: Mark | None, changed: dict[int, edits.Edit],
) -> Iterator[Place]:  # fmt: skip
    """Where edits stand, newest first; they are put into `changed` by number."""
    upper = min((moment for moment in (until, before[0] if before else None) if moment is not None), default=None)
    mark = (before[0], RANK[before[1]], before[2]) if before else None
    told = edits.folded(work, customer.id or 0, files=FILE_ACTIONS, merges=False, person=person, before=upper)
    for edit in told:
        place = (edit.at, RANK[EventKind.CHANGE], edit.seq)
        if since is not None and edit.at < since:
            return
        if (mark is not None and place >= mark) or (until is not None and edit.at >= until):
            continue
        if edit.creates and edit.action.startswith("imports."):
            continue  # the import tells of it
        if (EventKind.HANDOVER if edit.gives else EventKind.CHANGE) in kinds:
            changed[edit.seq] = edit
            yield place


def _pinned(work: Work, customer: Customer) -> list[int]:
    wanted = select(ACTIVITIES.id).where(ACTIVITIES.customer_id == customer.id, ACTIVITIES.pinned_at.is_not(None))
    wanted = wanted.where(ACTIVITIES.deleted_at.is_(None)).order_by(ACTIVITIES.pinned_at.desc(), ACTIVITIES.id.desc())
    return list(work.session.execute(wanted).scalars())


def _read(
    work: Work, customer: Customer, places: Sequence[Place], changed: dict[int, edits.Edit], pinned: Sequence[int]
) -> tuple[list[TimelineEntry], list[TimelineEntry]]:
    """The entries at these places, and those on top: at most a few queries for each kind among them."""
    ids: dict[EventKind, list[int]] = {EventKind.ACTIVITY: list(pinned)} if pinned else {}
    for _at, rank, number in places:
        ids.setdefault(KINDS[rank], []).append(number)
    made: dict[tuple[EventKind, int], TimelineEntry] = {}
    for kind, numbers in ids.items():
        if kind is EventKind.CHANGE:
            entries = _changes(work, customer, [changed[seq] for seq in numbers])
        else:
            entries = READERS[kind](work, sorted({*numbers}), customer)
        made |= {(kind, entry.id): entry for entry in entries}
    for entry in made.values():
        entry.customer_id, entry.customer = customer.id or 0, customer.name
    there = [made[KINDS[rank], number] for _at, rank, number in places if (KINDS[rank], number) in made]
    return there, [made[EventKind.ACTIVITY, number] for number in pinned]


def _changes(work: Work, customer: Customer, found: Sequence[edits.Edit]) -> list[TimelineEntry]:
    own = custom_values.labels(work, {name for edit in found for name in edit.fields}, Noun.CUSTOMER)
    given = _owners(work, [edit.seq for edit in found if edit.gives])
    return [_change(customer, edit, own, given.get(edit.seq)) for edit in found]


def _change(customer: Customer, edit: edits.Edit, own: dict[str, str], given: str | None) -> TimelineEntry:
    # a record that got its code has just been made: every field is in it, and none of them is news; so with a file
    told = set() if edit.creates or edit.action.startswith("files.") else edit.fields
    title, params = labels.ACTIONS.get(edit.action, edit.action), {}
    if edit.gives:
        told = told - {"owner_id", "owned_since", "pool_warned_at"}
        if given is not None:
            title = N_("Handed over to {name}") if given else N_("Given to the public pool")
            params = {"name": given}
    return TimelineEntry(
        kind=EventKind.HANDOVER if edit.gives else EventKind.CHANGE,
        id=edit.seq,
        at=edit.at,
        icon="person_raised_hand" if edit.gives else "edit_note",
        title=title,
        params=params,
        actor=edit.actor,
        actor_id=edit.actor_id,
        customer_id=customer.id or 0,
        fields=sorted(told),
        labels=own,
    )


def _owners(work: Work, seqs: Sequence[int]) -> dict[int, str]:
    """Who got the customer by each of these entries of the log: a name, "" for the public pool."""
    if not seqs:
        return {}
    entries = work.session.execute(select(AuditEntry).where(ENTRIES.seq.in_(seqs))).scalars().all()
    taken: dict[int, int | None] = {}
    for entry in entries:
        try:
            changes: dict[str, Any] = audit.unpack(entry, work.cipher(entry.subject_uid)) or {}
        except crypto.Unreadable:
            continue
        if "owner_id" in changes:
            taken[entry.seq] = changes["owner_id"][1]
    ids = {i for i in taken.values() if i is not None}
    names = dict(work.session.execute(select(USERS.id, USERS.name).where(USERS.id.in_(ids))).all()) if ids else {}
    return {seq: names.get(user_id, "") if user_id is not None else "" for seq, user_id in taken.items()}
