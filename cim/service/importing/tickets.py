"""Tickets of a file, with their past: who handled them, when they ended, how the customer rated them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from cim import search_text
from cim.errors import Invalid
from cim.i18n import N_
from cim.models import Ticket
from cim.models.base import columns, new_uid
from cim.models.custom import Noun
from cim.models.imports import ImportMode, OnDuplicate
from cim.models.ticket import Priority, TicketSource, TicketStatus, TicketType
from cim.permissions import Permission
from cim.service import custom_values, totals
from cim.service.importing import sales
from cim.service.importing.lines import Line, Notes
from cim.service.importing.people import People
from cim.service.importing.reference import Known
from cim.service.importing.steps import Options, Plan, Progress
from cim.work import Work

TICKETS = columns(Ticket)
THERE_ALREADY = N_("The same ticket is there already: left out.")
STANDS_TWICE = N_("The same ticket is there already: added once more.")
TAKEN = N_("Ticket number {number} is there already: left out.")
FUTURE = N_("This lies in the future.")
LATE = timedelta(days=1)
BACKWARDS = N_("This lies before the ticket was opened.")
_USUAL: dict[str, Any] = {
    "type": TicketType.REQUEST,
    "content": "",
    "priority": Priority.NORMAL,
    "category": "",
    "resolution": "",
    "satisfaction": None,
}
"""What a row need not say."""
ENDED = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


def plan(work: Work, lines: Sequence[Line], options: Options, notes: Notes) -> Plan:
    """Decide about every line. Raises Invalid("mode") unless the mode is to add."""
    if options.mode is not ImportMode.ADD:
        raise Invalid("mode", "Tickets can only be added, not updated.")
    parties = sales.parties(work, lines, options, notes, to=Permission.TICKET_OPEN)
    made = Plan(notes, facts={"parties": parties, "people": People(work)})
    seen = _stored(work, {customer.id for customer in parties.known.values()})
    taken = _taken(work, {line.standard.plain.get("number", "") for line in lines})
    own = custom_values.live(work, Noun.TICKET)
    for line in lines:
        customer = parties.of(line)
        values = line.standard.plain
        if customer is None or not _in_time(work, line, notes):
            continue
        if notes.refuse(line, custom_values.unfit(own, values.get("custom", {}))):
            continue
        if (number := values.get("number", "")) in taken:
            made.skip(line, "number", TAKEN, number=number)
            continue
        taken.update({number} - {""})
        same = (customer.id, values["opened_at"], search_text.fold(values["subject"]))
        if same in seen and customer.id:
            made.doubles += 1
            made.ask(line, options)
            if options.decided(line.number) is OnDuplicate.SKIP:
                made.skip(line, "subject", THERE_ALREADY)
                continue
            notes.warn(line, "subject", STANDS_TWICE)
        seen.add(same)
        made.new.append((line, customer))
    return made


def apply(work: Work, made: Plan, *, batch_id: int, progress: Progress | None) -> int:
    """Carry a plan out. Returns 0: nothing is updated. Open tickets wait without a due time until the desk takes them."""
    parties: sales.Parties = made.facts["parties"]
    parties.create(work, batch_id=batch_id)
    people: People = made.facts["people"]
    ids = list(work.next_ids(Ticket, len(made.new)))
    owners = [parties.known[line.number] for line, _customer in made.new]
    rows = [
        _row(work, people, line, number, customer, batch_id)
        for number, customer, (line, _known) in zip(ids, owners, made.new, strict=True)
    ]
    own = [line.standard.plain.get("custom", {}) for line, _customer in made.new]
    sales.put(work, Ticket, Noun.TICKET, rows, owners, own)
    if progress:
        progress(len(rows), len(rows))
    totals.touch(work, sorted({customer.id for customer in owners}))
    return 0


def _in_time(work: Work, line: Line, notes: Notes) -> bool:
    """Give a line its times; False when it ended before it began."""
    values = line.standard.plain
    for column in ("opened_at", "closed_at"):
        if values.get(column) and values[column] > work.now + LATE:
            notes.fail(line, column, FUTURE)
            return False
    opened = values.setdefault("opened_at", values.get("closed_at") or work.now)
    if values.get("closed_at") and values["closed_at"] < opened:
        notes.fail(line, "closed_at", BACKWARDS)
        return False
    if values.get("closed_at") and values.get("status", TicketStatus.CLOSED) not in ENDED:
        values["status"] = TicketStatus.CLOSED
    values.setdefault("status", TicketStatus.CLOSED if values.get("closed_at") else TicketStatus.NEW)
    return True


def _row(work: Work, people: People, line: Line, number: int, customer: Known, batch_id: int) -> dict[str, Any]:
    values = line.standard.plain
    handler_id, handler = people.author(values["handler"]) if values.get("handler") else (None, "")
    opened: datetime = values["opened_at"]
    ended = (values.get("closed_at") or opened) if values["status"] in ENDED else None
    status = values["status"]
    if status is TicketStatus.NEW and handler_id is not None:
        status = TicketStatus.OPEN
    return {
        **sales.common(work, number, batch_id),
        **{name: values.get(name, usual) for name, usual in _USUAL.items()},
        "uid": new_uid(),
        "number": values.get("number") or f"T{opened.year}-I{number:06d}",
        "customer_id": customer.id,
        "subject": values["subject"],
        "subject_folded": search_text.fold(values["subject"]),
        "source": TicketSource.IMPORT,
        "status": status,
        "handler_id": handler_id,
        "handler": handler[:60],
        "opened_at": opened,
        "opened_by_id": work.actor.user_id,
        "waiting_since": opened if status is TicketStatus.WAITING else None,
        "resolved_at": ended,
        "closed_at": ended if status is TicketStatus.CLOSED else None,
        "rated_at": (ended or opened) if values.get("satisfaction") else None,
    }


def _stored(work: Work, ids: set[int]) -> set[tuple[int, datetime, str]]:
    """What tells two tickets of these customers apart."""
    found: set[tuple[int, datetime, str]] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        here = TICKETS.customer_id.in_(wanted[start : start + 500])
        named = select(TICKETS.customer_id, TICKETS.opened_at, TICKETS.subject_folded)
        for customer_id, at, subject in work.session.execute(named.where(here, TICKETS.deleted_at.is_(None))):
            found.add((customer_id, at if at.tzinfo else at.replace(tzinfo=UTC), subject))
    return found


def _taken(work: Work, numbers: set[str]) -> set[str]:
    found: set[str] = set()
    wanted = sorted(numbers - {""})
    for start in range(0, len(wanted), 500):
        here = TICKETS.number.in_(wanted[start : start + 500])
        found.update(work.session.execute(select(TICKETS.number).where(here, TICKETS.deleted_at.is_(None))).scalars())
    return found
