"""Puts the parties of the demo into the database, in bulk and with their history, through the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cim import crypto
from cim.demo import own_fields
from cim.demo.party import FollowUp, Party, Plan
from cim.demo.staff import EMPLOYEES, PASSWORD, TEAMS, Employee
from cim.history import Change
from cim.models import Activity, Contact, Task, Team, User
from cim.models.base import Model, new_uid
from cim.models.contact import ContactDraft
from cim.models.custom import CustomFieldView, Noun
from cim.models.user import UserDraft
from cim.service import activities, bulk, custom_values, duplicates, index, standards, typed, users
from cim.work import Work


@dataclass(frozen=True)
class Stored:
    """A party that is in the database: its id, and the key under which its values are sealed."""

    id: int
    uid: str
    cipher: crypto.Cipher
    party: Party
    standard: standards.Standard


def hire(work: Work) -> tuple[dict[str, int], list[Employee]]:
    """Teams and accounts. Returns the ids by user name, and who is new: an account of the same name stays as it is."""
    teams: dict[str, int] = {name: key for key, name in work.session.execute(select(Team.id, Team.name)).all()}  # type: ignore[call-overload]
    for name, above in TEAMS.items():
        if name not in teams:
            teams[name] = users.add_team(work, name, parent_id=teams.get(above or ""))
    ids: dict[str, int] = {name: key for key, name in work.session.execute(select(User.id, User.username)).all()}  # type: ignore[call-overload]
    new = [employee for employee in EMPLOYEES if employee.username not in ids]
    for employee in new:
        team_id = teams.get(employee.team or "")
        draft = UserDraft(username=employee.username, name=employee.name, role=employee.role, team_id=team_id)
        ids[employee.username] = users.add(work, draft, password=PASSWORD, must_change=False).user_id
    return ids, new


def customers(
    work: Work, parties: Sequence[Party], staff: dict[str, int], *, progress: Callable[[int, int], None] | None = None
) -> list[Stored]:
    """Insert the customers. `staff` are user ids by user name."""
    keys, own = crypto.keys(), own_fields.define(work)
    for party in parties:
        party.draft.custom = {f.key: party.draft.custom[f.key] for f in own if f.key in party.draft.custom}
    rows = [
        bulk.NewCustomer(
            standards.customer(party.draft),
            owner_id=staff[party.owner] if party.owner else None,
            created_at=party.draft.created_at,
            owned_since=party.draft.created_at,
            keys=keys,
            custom=party.draft.custom,
            words=custom_values.searched(own, party.draft.custom),
        )
        for party in parties
    ]
    ids = bulk.insert(work, rows, progress=progress)
    return [
        Stored(number, row.uid, row.cipher, party, row.standard)
        for number, row, party in zip(ids, rows, parties, strict=True)
    ]


def contacts(work: Work, stored: Sequence[Stored]) -> int:
    """Insert the contacts, and make their customers findable by them."""
    told = [(customer, person) for customer in stored for person in customer.party.people]
    numbers = work.next_ids(Contact, len(told))
    rows, changes = [], []
    people: dict[int, list[index.Person]] = {}
    for number, (customer, draft) in zip(numbers, told, strict=True):
        row, change, clear = _contact(work, number, customer, draft)
        rows.append(row)
        changes.append(change)
        people.setdefault(customer.id, []).append(index.Person(draft.name, clear["phone"], clear["email"], number))
    work.bulk(Contact, rows, changes=changes)
    own = custom_values.live(work, Noun.CUSTOMER)
    entries = [
        index.Entry(customer.id, index.facts(_found_by(customer, own), people[customer.id]))
        for customer in stored
        if customer.id in people
    ]
    index.write(work, entries, new=False)
    return len(rows)


def _found_by(customer: Stored, own: Sequence[CustomFieldView]) -> dict[str, Any]:
    words = custom_values.searched(own, customer.party.draft.custom)
    return customer.standard.plain | customer.standard.sealed | {"custom": words}


def follow_ups(work: Work, stored: Sequence[Stored], staff: dict[str, int]) -> int:
    """Insert the activities, oldest first."""
    told = [(customer, follow_up) for customer in stored for follow_up in customer.party.story]
    told.sort(key=lambda pair: pair[1].draft.at or work.now)
    return _insert(work, Activity, told, lambda follow_up: _activity(follow_up, staff))


def tasks(work: Work, stored: Sequence[Stored], staff: dict[str, int]) -> int:
    """Insert the tasks, done and open."""
    told = [(customer, plan) for customer in stored for plan in customer.party.plans]
    told.sort(key=lambda pair: pair[1].due_at)
    return _insert(work, Task, told, lambda plan: _task(plan, staff))


def settle(work: Work, stored: Sequence[Stored]) -> int:
    """Derive what customers show of their follow-ups and tasks, and queue the doubles. Returns the number of pairs."""
    activities.touch(work, [customer.id for customer in stored])
    pairs = 0
    for customer in stored:
        if customer.party.double_of is not None:
            found = duplicates.find(work, customer.standard.plain | customer.standard.sealed, but=customer.id)
            pairs += duplicates.queue(work, customer.id, found)
    return pairs


def _contact(
    work: Work, number: int, customer: Stored, draft: ContactDraft
) -> tuple[dict[str, Any], Change, dict[str, str]]:
    standard, uid = standards.contact(draft), new_uid()
    sealed = {
        name: customer.cipher.seal(value, f"contact.{name}.{uid}") if value else None
        for name, value in standard.sealed.items()
    }
    made = customer.party.draft.created_at or work.now
    facts = {"id": number, "uid": uid, "customer_id": customer.id, "created_at": made, "updated_at": made}
    row = _row(Contact, {**standard.plain, **sealed, **facts})
    return row, _change(Contact, row, customer, standard.sealed), standard.sealed


def _activity(follow_up: FollowUp, staff: dict[str, int]) -> dict[str, Any]:
    draft = follow_up.draft
    texts = {name: typed.line(name, getattr(draft, name), limit) for name, limit in activities.LIMITS.items()}
    return texts | {
        "content": typed.lines("content", draft.content, 5000),
        "type": draft.type,
        "outcome": draft.outcome,
        "at": draft.at,
        "next_at": draft.next_at,
        "author_id": staff[follow_up.by],
        "created_at": draft.at,
        "updated_at": draft.at,
    }


def _task(plan: Plan, staff: dict[str, int]) -> dict[str, Any]:
    return {
        "title": typed.line("title", plan.title, 200),
        "due_at": plan.due_at,
        "assignee_id": staff[plan.by],
        "created_by_id": staff[plan.by],
        "done_at": plan.done_at,
        "done_by_id": staff[plan.by] if plan.done_at else None,
        "created_at": plan.made_at,
        "updated_at": plan.done_at or plan.made_at,
    }


def _insert(
    work: Work, model: type[Model], told: Sequence[tuple[Stored, Any]], values: Callable[[Any], dict[str, Any]]
) -> int:
    """Insert rows that belong to customers, each with its history."""
    rows, changes = [], []
    for number, (customer, thing) in zip(work.next_ids(model, len(told)), told, strict=True):
        row = _row(model, values(thing) | {"id": number, "customer_id": customer.id})
        rows.append(row)
        changes.append(_change(model, row, customer, {}))
    work.bulk(model, rows, changes=changes)
    return len(rows)


def _row(model: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    """Every column of a row: the given values, the first version, and the model's defaults."""
    table: Any = model
    empty = {column.name: "" if column.name == "author" else None for column in table.__table__.columns}
    return empty | {"version": 1} | values


def _change(model: type[Model], row: dict[str, Any], customer: Stored, clear: dict[str, str]) -> Change:
    table: Any = model
    stored = {column.name: row[column.name] for column in table.__table__.columns if not column.info.get("derived")}
    told = {name: value for name, value in (stored | clear).items() if name not in ("id", "uid", "created_at")}
    return Change(row["id"], told, customer.uid, customer.cipher, stored)
