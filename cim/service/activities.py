"""Activities: what was said and done with a customer, and the dates of a customer that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, select, tuple_
from sqlalchemy.orm import aliased

from cim import db
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.i18n import _
from cim.models import Activity, Customer, Task, User
from cim.models.activity import ActivityDraft, ActivityType, ActivityView, FollowUpChoices, FormerView, Outcome
from cim.models.base import View
from cim.models.custom import Noun
from cim.permissions import Permission, Scope
from cim.service import activity_record, custom_values, edits, typed, worklist_stale
from cim.work import Work, command, query

FILE_ACTIONS = ("files.add", "files.remove", "files.restore")
"""What the timeline tells of a customer's files; their names stay in the list of files."""
RECENT = 5000
NO_CONTACT = (ActivityType.NOTE,)
"""Types that do not count as having been in contact."""
LIMITS = activity_record.LIMITS
"""Characters of the short texts of a follow-up."""
MOST_PINNED = 10
"""Of one customer: more on top would hide the rest."""


class ChangeView(View):
    """Somebody edited the customer itself: who ("" for the system), when, which fields. Never the values."""

    at: datetime
    actor: str
    action: str
    fields: list[str]
    labels: dict[str, str] = {}
    """What the custom fields among them are called."""


# ---- writing
@command(Permission.ACTIVITY_WRITE)
def log(work: Work, customer_id: int, draft: ActivityDraft, *, token: str | None = None) -> int:
    """Record a call, visit or other follow-up and return its id. Any customer that the actor sees may be followed
    up, so a rep may call somebody in the public pool. Times without a zone are on the team's wall clock (CIM_TZ);
    `at` defaults to now. `next_at` opens a task for the actor. `contact_id`, `opportunity_id` and `ticket_id` name
    records of this customer. A second call with the same `token` returns the first one's id.

    Raises Invalid at the field, NotFound outside the actor's scope.
    """
    if (done := work.replayed(token)) is not None:
        return done
    work.get(Customer, customer_id)
    values: dict[str, Any] = activity_record.values(draft) | activity_record.linked(work, customer_id, draft)
    at, next_at = activity_record.moment(work, draft.at), activity_record.next_moment(draft)
    row = work.add(
        Activity(
            **values,
            type=draft.type,
            outcome=draft.outcome,
            at=at,
            next_at=next_at,
            customer_id=customer_id,
            author_id=work.actor.user_id,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    if next_at is not None:
        _plan(work, row, draft, next_at)
    touch(work, [customer_id])
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.ACTIVITY_WRITE)
def update(work: Work, activity_id: int, draft: ActivityDraft, *, version: int) -> bool:
    """Change the fields that the draft sets; False when nothing differed. The planned next step is a task of its
    own and is changed there. Denied for what others wrote outside the actor's team; Conflict when it is no longer
    at `version`."""
    row = _own(work, activity_id, version)
    given = draft.model_fields_set
    stored = {
        name: getattr(row, name)
        for name in ("type", "outcome", "content", *activity_record.LIMITS, *activity_record.LINKED)
    }
    whole = ActivityDraft(**(stored | {name: getattr(draft, name) for name in given if name in stored}))
    wanted: dict[str, Any] = {**activity_record.values(whole), "type": whole.type, "outcome": whole.outcome}
    if given & {*activity_record.LINKED}:
        wanted |= activity_record.linked(work, row.customer_id, whole, but=row)
    if "at" in given and draft.at is not None:
        wanted["at"] = activity_record.moment(work, draft.at)
    differing = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    if differing:
        row.updated_at = work.now
        touch(work, [row.customer_id])
    return bool(differing)


@command(Permission.ACTIVITY_WRITE)
def remove(work: Work, activity_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Take an activity out of the timeline. The row is kept; a task that it opened stays."""
    row = _own(work, activity_id, version)
    work.reason = reason.strip()[:500]
    row.deleted_at = work.now
    touch(work, [row.customer_id])


@command(Permission.ACTIVITY_WRITE)
def pin(work: Work, activity_id: int) -> bool:
    """Keep a follow-up on top of its customer's timeline; False when it is there. For whoever may change it, or looks
    after the customer. Raises Denied, Invalid when there are too many."""
    row = _pinnable(work, activity_id)
    if row.pinned_at is not None:
        return False
    activity: Any = Activity
    held = select(func.count()).where(
        activity.customer_id == row.customer_id, activity.pinned_at.is_not(None), activity.deleted_at.is_(None)
    )
    if work.session.execute(held).scalar_one() >= MOST_PINNED:
        raise Invalid("pinned_at", "{count} entries are pinned already. Unpin one first.", count=MOST_PINNED)
    row.pinned_at = row.updated_at = work.now
    return True


@command(Permission.ACTIVITY_WRITE)
def unpin(work: Work, activity_id: int) -> bool:
    """Take a follow-up off the top; False when it is not there."""
    row = _pinnable(work, activity_id)
    if row.pinned_at is None:
        return False
    row.pinned_at, row.updated_at = None, work.now
    return True


@command(Permission.ACTIVITY_WRITE)
def restore(work: Work, activity_id: int, seq: int, *, version: int) -> bool:
    """Put back what a follow-up said before the change `seq` (see `former`); False when it says that already. Raises as
    `update`, NotFound for a change that is not one of this follow-up."""
    row = _own(work, activity_id, version)
    values = next((old.values for old in activity_record.former(work, row) if old.seq == seq), None)
    if values is None:
        raise NotFound("This record does not exist or is not yours to see.")
    return update(work, activity_id, ActivityDraft.model_validate(values), version=version)


def touch(work: Work, customer_ids: Sequence[int]) -> None:
    """Recompute what customers derive from their activities and tasks, by one statement per 500: last contact
    (notes do not count), deals, next open task. These columns are no history and no version of the customer: an
    open form stays valid."""
    work.session.flush()
    customer, activity, task = _tables()
    spoken = select(func.max(activity.c.at)).where(_lives(activity), activity.c.type.not_in(NO_CONTACT))
    deals = and_(_lives(activity), activity.c.outcome == Outcome.DEAL)
    planned = select(func.min(task.c.due_at)).where(_lives(task), task.c.done_at.is_(None))
    values = {
        "last_contact_at": spoken.scalar_subquery(),
        "deal_count": select(func.count()).select_from(activity).where(deals).scalar_subquery(),
        "first_deal_at": select(func.min(activity.c.at)).where(deals).scalar_subquery(),
        "last_deal_at": select(func.max(activity.c.at)).where(deals).scalar_subquery(),
        "next_due_at": planned.scalar_subquery(),
    }
    ids = sorted(set(customer_ids))
    for start in range(0, len(ids), 500):
        part = customer.c.id.in_(ids[start : start + 500])
        if not db.is_sqlite(work.session):
            # the update sees what was committed when it began: so wait for the others before it, not in it; and with
            # the lock that goes together with the one every new activity holds on its customer
            locked = select(customer.c.id).where(part).order_by(customer.c.id).with_for_update(key_share=True)
            work.session.execute(locked)
        work.session.execute(customer.update().where(part).values(values))
    worklist_stale.stale(work, ids)
    for row in work.session.identity_map.values():
        if isinstance(row, Customer):
            work.session.expire(row, list(values))


# ---- reading
@query(Permission.CUSTOMER_READ)
def timeline(
    work: Work,
    *,
    customer_id: int | None = None,
    author_id: int | None = None,
    opportunity_id: int | None = None,
    ticket_id: int | None = None,
    types: Sequence[ActivityType] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[ActivityView]:
    """Activities of the customers in the actor's reach, newest first. `until` is exclusive; `before` is (at, id) of
    the last one shown and continues the list. Raises NotFound for a customer outside the actor's scope."""
    activity: Any = Activity
    size = max(1, min(limit, 200))
    between = _between(author_id, since, until)
    if before is not None:
        between += [activity.at <= before[0], tuple_(activity.at, activity.id) < tuple_(*before)]
    where = [*between, activity.type.in_(types)] if types else [*between]
    of = {activity.opportunity_id: opportunity_id, activity.ticket_id: ticket_id}
    where += [column == wanted for column, wanted in of.items() if wanted is not None]
    if where != between and customer_id is None and (opportunity_id or ticket_id):
        return _read(work, where, size)
    if customer_id is not None:
        work.get(Customer, customer_id)
        where = [*where, activity.customer_id == customer_id]
        return _read(work, where, size)
    since = _start_of_recent(work, between)
    found = _read(work, where if since is None else [*where, activity.at >= since], size, by_time=True)
    if len(found) == size or since is None:
        return found
    return _read(work, where, size, by_time=work.actor.scope(Permission.CUSTOMER_READ) is not Scope.OWN)


@query(Permission.CUSTOMER_READ)
def count(
    work: Work, *, author_id: int | None = None, since: datetime | None = None, until: datetime | None = None
) -> int:
    """How many activities `timeline` lists for the same arguments, over all customers in the actor's reach."""
    activity: Any = Activity
    customer: Any = Customer
    joined = select(func.count()).select_from(activity).join(Customer, customer.id == activity.customer_id)
    where = [*_between(author_id, since, until), activity.deleted_at.is_(None), work.visible(Customer)]
    return int(work.session.execute(joined.where(*where)).scalar_one())


@query(Permission.CUSTOMER_READ)
def get(work: Work, activity_id: int) -> ActivityView:
    """One activity. NotFound outside the actor's scope."""
    activity: Any = Activity
    found = work.session.execute(_listed(work).where(activity.id == activity_id)).one_or_none()
    if found is None:
        raise NotFound("This record does not exist or is not yours to see.")
    return _view(work, found)


@query(Permission.ACTIVITY_WRITE)
def choices(work: Work, customer_id: int) -> FollowUpChoices:
    """What a follow-up with this customer may name: its contacts, open opportunities and tickets. NotFound outside the
    actor's scope."""
    work.get(Customer, customer_id)
    return activity_record.choices(work, customer_id)


@query(Permission.ACTIVITY_WRITE)
def former(work: Work, activity_id: int) -> list[FormerView]:
    """What a follow-up of one's own said before each of its changes, newest first. Raises as `update`."""
    return activity_record.former(work, _own(work, activity_id, None))


@query(Permission.CUSTOMER_READ)
def history(work: Work, customer_id: int, *, since: datetime | None = None, limit: int = 100) -> list[ChangeView]:
    """Edits of the customer's own fields and what came of its files, newest first; those of one person less than two minutes apart are one.
    The log holds the values, this list only says which fields. Edits of records that were merged into the customer are
    among them. Raises NotFound outside the actor's scope."""
    work.get(Customer, customer_id)
    told: list[ChangeView] = []
    for edit in edits.folded(work, customer_id, files=FILE_ACTIONS):
        if len(told) == limit or (since is not None and edit.at < since):
            break
        told.append(ChangeView(at=edit.at, actor=edit.actor, action=edit.action, fields=sorted(edit.fields)))
    own = custom_values.labels(work, {name for change in told for name in change.fields}, Noun.CUSTOMER)
    for change in told:
        change.labels = own
    return told


# ---- below the doors
def _read(work: Work, where: list[Any], size: int, *, by_time: bool = False) -> list[ActivityView]:
    activity: Any = Activity
    wanted = _listed(work, by_time=by_time).where(*where)
    wanted = wanted.order_by(activity.at.desc(), activity.id.desc()).limit(size)
    return [_view(work, found) for found in work.session.execute(wanted)]


def _start_of_recent(work: Work, where: list[Any]) -> datetime | None:
    """When the newest few thousand entries of everybody begin; None when there are no more than that. A page is nearly
    always among them; where it is not, the actor sees so few customers that reading all of theirs is quick."""
    activity: Any = Activity
    newest = select(activity.at).where(activity.deleted_at.is_(None), *where).order_by(activity.at.desc())
    found: datetime | None = work.session.execute(newest.offset(RECENT).limit(1)).scalar_one_or_none()
    return found


def _between(author_id: int | None, since: datetime | None, until: datetime | None) -> list[Any]:
    activity: Any = Activity
    where: list[Any] = []
    if author_id is not None:
        where.append(activity.author_id == author_id)
    if since is not None:
        where.append(activity.at >= since)
    if until is not None:
        where.append(activity.at < until)
    return where


def _pinnable(work: Work, activity_id: int) -> Activity:
    row = work.get(Activity, activity_id)
    customer = work.get(Customer, row.customer_id)
    writes = work.owns(Permission.ACTIVITY_WRITE, row.author_id)
    if not writes and not work.owns(Permission.CUSTOMER_WRITE, customer.owner_id):
        raise Denied("Somebody else wrote this follow-up.")
    return row


def _own(work: Work, activity_id: int, version: int | None) -> Activity:
    row = work.get(Activity, activity_id)
    if not work.owns(Permission.ACTIVITY_WRITE, row.author_id):
        raise Denied("Somebody else wrote this follow-up.")
    if version is not None and row.version != version:
        raise Conflict(
            "Somebody changed this follow-up while you were editing it.", current=get(work, activity_id).model_dump()
        )
    return row


def _plan(work: Work, row: Activity, draft: ActivityDraft, due_at: datetime) -> None:
    title = typed.line("next_title", draft.next_title, 200) or _("Follow up")
    work.add(
        Task(
            title=title,
            due_at=due_at,
            customer_id=row.customer_id,
            assignee_id=work.actor.user_id,
            created_by_id=work.actor.user_id,
            activity_id=row.id,
            created_at=work.now,
            updated_at=work.now,
        )
    )


def _listed(work: Work, *, by_time: bool = False) -> Select[Any]:
    """(Activity, customer's name, its code, author's name). The scope goes through the customer: the same rows as
    `work.visible(Activity)`. `by_time` asks it of each activity in turn, for walks that soon have enough; else the
    database may begin at the customers."""
    activity: Any = Activity
    customer: Any = Customer
    user: Any = User
    named: Any = aliased(Customer) if by_time else Customer
    scope = (
        exists().where(customer.id == activity.customer_id, work.visible(Customer))
        if by_time
        else work.visible(Customer)
    )
    columns: Select[Any] = select(activity, named.name, named.code, user.name)
    joined = columns.join(named, named.id == activity.customer_id).outerjoin(User, user.id == activity.author_id)
    return joined.where(scope, activity.deleted_at.is_(None))


def _view(work: Work, found: Any) -> ActivityView:
    row, customer, code, author = found
    same = set(ActivityView.model_fields) & set(Activity.model_fields) - {"author"}
    return ActivityView(
        **{name: getattr(row, name) for name in same},
        customer=customer,
        customer_code=code,
        author=row.author or author or "",
        imported=row.batch_id is not None,
        may_edit=work.owns(Permission.ACTIVITY_WRITE, row.author_id),
    )


def _tables() -> tuple[Any, Any, Any]:
    models: tuple[Any, Any, Any] = (Customer, Activity, Task)
    return models[0].__table__, models[1].__table__, models[2].__table__


def _lives(table: Any) -> Any:
    """Undeleted rows of the customer being updated."""
    customer = _tables()[0]
    return and_(table.c.customer_id == customer.c.id, table.c.deleted_at.is_(None))
