"""What people say about a task, as it is stored: checked, within reach, canonical. Below the doors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cim import clock
from cim.errors import Invalid
from cim.models import Contact, Customer, Opportunity, Task, Ticket, User
from cim.models.activity import ActivityDraft, ActivityType
from cim.models.task import TaskDraft, TaskKind
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import activities, recurring, typed
from cim.work import Work

LOGGED_AS = {
    TaskKind.VISIT: ActivityType.VISIT,
    TaskKind.CALL: ActivityType.CALL,
    TaskKind.MEETING: ActivityType.MEETING,
}
LONGEST_STAY = 1440
"""Minutes that a follow-up may have taken."""
OF_CUSTOMER: dict[str, type[Any]] = {"contact_id": Contact, "opportunity_id": Opportunity, "ticket_id": Ticket}


def values(work: Work, draft: TaskDraft, *, row: Task | None = None) -> dict[str, Any]:
    """The columns that a draft sets: all of them for a new task, else those it names. What is empty is None. Raises
    Invalid at the field, NotFound for what is out of reach."""
    given = set(TaskDraft.model_fields) if row is None else draft.model_fields_set
    made: dict[str, Any] = {}
    if "title" in given:
        made["title"] = title(draft.title)
    if "notes" in given:
        made["notes"] = typed.lines("notes", draft.notes, 2000) or None
    if "place" in given:
        made["place"] = typed.line("place", draft.place, 120) or None
    if "kind" in given:
        made["kind"] = draft.kind if draft.kind is not TaskKind.TODO else None
    if "all_day" in given:
        made["all_day"] = draft.all_day or None
    if "assignee_id" in given:
        made["assignee_id"] = assignee(work, draft.assignee_id, now=row.assignee_id if row else None)
    return made | _times(draft, given, row) | _links(work, draft, given, row)


def title(raw: str) -> str:
    """What is to be done, one line."""
    said = typed.line("title", raw, 200)
    if not said:
        raise Invalid("title", "Say what is to be done.")
    return said


def assignee(work: Work, user_id: int | None, *, now: int | None = None) -> int | None:
    """Somebody in reach who can act; None is oneself. Whoever has the task `now` may keep it."""
    if user_id is None or user_id in (work.actor.user_id, now):
        return user_id or work.actor.user_id
    user = work.find(User, user_id)
    if user is None or user.status is not UserStatus.ACTIVE or not work.owns(Permission.TASK_WRITE, user_id):
        raise Invalid("assignee_id", "Choose an active colleague of your team.")
    return user_id


def due(raw: datetime) -> datetime:
    """A due time, today or later."""
    due_at = typed.moment("due_at", raw)
    if clock.local(due_at).date() < clock.today():
        raise Invalid("due_at", "Choose today or a later day.")
    return due_at


def follow_up(row: Task, given: dict[str, Any]) -> dict[str, Any]:
    """What a follow-up has from the plan. Minutes only where follow-ups know them."""
    kind = LOGGED_AS.get(row.kind or TaskKind.TODO, ActivityType.VISIT if row.checked_in_at else ActivityType.CALL)
    made: dict[str, Any] = {"type": kind, "purpose": row.title[: activities.LIMITS["purpose"]]}
    if row.place:
        made["place"] = row.place
    if row.checked_in_at is not None and row.checked_out_at is not None:
        made["at"] = row.checked_in_at
        minutes = max(1, round((row.checked_out_at - row.checked_in_at).total_seconds() / 60))
        if minutes <= LONGEST_STAY:  # beyond, somebody forgot to leave: that says nothing of the visit
            made["minutes"] = minutes
    links = {name: getattr(row, name) for name in ("contact_id", "opportunity_id", "ticket_id")}
    made |= {name: value for name, value in links.items() if value is not None}
    return {name: value for name, value in made.items() if name in ActivityDraft.model_fields}


def _times(draft: TaskDraft, given: set[str], row: Task | None) -> dict[str, Any]:
    made: dict[str, Any] = {}
    held = row.due_at if row else None
    if "due_at" in given:
        stays = held is not None and typed.moment("due_at", draft.due_at) == held
        made["due_at"] = held if stays else due(draft.due_at)
    due_at: Any = made.get("due_at", held)
    for name in ("ends_at", "remind_at"):
        raw = getattr(draft, name)
        if name in given:
            made[name] = None if raw is None else typed.moment(name, raw)
        elif row is not None and getattr(row, name) is not None and due_at != held:
            made[name] = recurring.shifted(getattr(row, name), row.due_at, due_at)
    if made.get("ends_at") is not None and made["ends_at"] <= due_at:
        raise Invalid("ends_at", "It cannot end before it begins.")
    return made | _rule(draft, given, row, due_at)


def _rule(draft: TaskDraft, given: set[str], row: Task | None, due_at: datetime) -> dict[str, Any]:
    """The rule counts from the due time; it stays what it is while neither was changed."""
    held = row.rule if row else None
    repeat = draft.repeat if "repeat" in given else recurring.read(held)
    if repeat is None:
        return {"rule": None}
    if row is not None and held and due_at == row.due_at:
        return {"rule": recurring.written(repeat, recurring.start_of(held))}
    return {"rule": recurring.written(repeat, clock.local(due_at).replace(tzinfo=None))}


def _links(work: Work, draft: TaskDraft, given: set[str], row: Task | None) -> dict[str, Any]:
    """The customer, and what of it the task is about. Naming an opportunity or ticket is enough to name its customer."""
    made: dict[str, Any] = {}
    held = row.customer_id if row else None
    customer_id = draft.customer_id if "customer_id" in given else held
    moved = row is None or customer_id != held
    if customer_id is not None and moved:
        work.get(Customer, customer_id)
    for name, model in OF_CUSTOMER.items():
        wanted = getattr(draft, name) if name in given else None if moved else getattr(row, name)
        if wanted is not None and (moved or wanted != getattr(row, name)):
            of = work.get(model, wanted).customer_id
            customer_id = of if customer_id is None else customer_id
            if of != customer_id:
                raise Invalid(name, "This belongs to another customer.")
        made[name] = wanted
    return made | {"customer_id": customer_id}
