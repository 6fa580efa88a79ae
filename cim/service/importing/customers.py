"""Customers of a file: which are new, which are known, which may be doubles; and bringing them in."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from cim import crypto
from cim.errors import Denied, Invalid
from cim.history import Change
from cim.i18n import N_
from cim.models import Customer, DuplicatePair
from cim.models.custom import Noun
from cim.models.customer import CustomerDraft, Lifecycle
from cim.models.imports import ImportMode
from cim.models.search import PairStatus
from cim.permissions import Permission
from cim.service import bulk, codes, custom_values, customers, rulebook, rules
from cim.service.importing import contacts, doubles, employees, reference, rows, verdicts
from cim.service.importing.lines import Line, Notes
from cim.service.importing.people import OUT_OF_REACH, People
from cim.service.importing.reference import Known
from cim.service.importing.steps import Options, Plan, Progress
from cim.work import Work

CODE_TAKEN = N_("Customer code {code} is already taken.")
CODE_TWICE = N_("Customer code {code} already stands in row {row}.")
NOT_KNOWN = N_("No such customer is known: nothing to update.")
UNCHANGED = N_("Nothing differs from the stored customer.")
_NOT_UPDATED = {"code", "created_at", "imported_owner", "owner_id"}


def plan(work: Work, lines: Sequence[Line], options: Options, notes: Notes) -> Plan:
    """Decide about every line. Writes nothing but the users that `create_missing` asks for."""
    # what was prepared serves other plans too: lines that are merged are changed
    copies = [copy(line) for line in lines]
    lines, joined = employees.join(copies) if options.repeats_are_contacts else (copies, {})
    made = Plan(notes, facts={"owners": {}, "pairs": [], "joined": joined, "lines": copies})
    people = People(work, create_missing=options.create_missing, dry_run=options.dry_run)
    matched = {} if options.mode is ImportMode.ADD else _matched(work, lines, notes)
    book = rules.book(work, Noun.CUSTOMER)
    own = custom_values.live(work, Noun.CUSTOMER)
    fresh = []
    for line in _distinct(work, lines, matched, notes):
        known = matched.get(line.number)
        if known is None and options.mode is ImportMode.UPDATE:
            made.skip(line, "code" if "code" in line.cells else "name", NOT_KNOWN)
            continue
        if known is None and line.nameless:
            notes.fail(line, "name", "Enter the name.")
            continue
        taken, owner, kept = people.owner(line, notes, known=known is not None)
        if not taken:
            continue
        made.facts["owners"][line.number] = (owner, kept)
        if known is None:
            ruled = book.broken(
                rulebook.of_customer(line.standard), kind=line.standard.plain["kind"], stage=Lifecycle.PROSPECT
            )
            unfit = custom_values.unfit(own, line.draft.custom, stage=Lifecycle.PROSPECT)
            if not notes.refuse(line, [*ruled, *unfit, *employees.unfit(work, line)]):
                fresh.append(line)
        elif _may_change(work, line, known, owner, kept, notes):
            made.changed.append((line, known.id))
    verdicts.judge(work, fresh, options, made)
    employees.settle(made)
    return made


def apply(work: Work, made: Plan, *, batch_id: int, progress: Progress | None) -> int:
    """Carry a plan out and return how many rows updated a customer. New customers and pairs carry `batch_id`."""
    owners, keys = made.facts["owners"], crypto.keys()
    own = custom_values.live(work, Noun.CUSTOMER)
    fresh = []
    for line in made.new:
        owner, kept = owners[line.number]
        created = line.draft.created_at
        new = bulk.NewCustomer(
            line.standard,
            line.draft.code,
            owner,
            kept,
            created,
            keys=keys,
            facts=line.facts,
            custom=line.draft.custom,
            words=custom_values.searched(own, line.draft.custom),
            people=line.people(),
        )
        fresh.append(new)
    ids = bulk.insert(work, fresh, batch_id=batch_id, progress=progress)
    _queue(work, made, dict(zip((line.number for line in made.new), ids, strict=True)), batch_id)
    people = [
        contacts.Employee(Known(number, new.uid, "", new.owner_id), standard, {})
        for number, new, line in zip(ids, fresh, made.new, strict=True)
        for _draft, standard in line.contacts
    ]
    contacts.insert_all(work, people, batch_id=batch_id)
    updated = 0
    for count, (line, customer_id) in enumerate(made.changed, 1):
        updated += _update(work, made, line, customer_id, batch_id)
        if progress and count % 100 == 0:
            progress(len(ids) + count, len(ids) + len(made.changed))
    employees.settle(made)
    return updated + len(made.facts["merged"])


def _matched(work: Work, lines: Sequence[Line], notes: Notes) -> dict[int, Known]:
    """The stored customer of each line: by code, else by unique exact name together with the same phone."""
    codes = reference.by_code(work, {line.draft.code for line in lines if line.draft.code})
    named = {line.number: line for line in lines if not line.nameless and line.standard.sealed["phone"]}
    names = reference.by_name(work, {line.standard.plain["name"] for line in named.values()})
    phones = reference.by_phone(work, {line.standard.sealed["phone"] for line in named.values()})
    found: dict[int, Known] = {}
    for line in lines:
        hits = codes.get(line.draft.code, [])
        if not hits and line.number in named:
            same_phone = phones.get(line.standard.sealed["phone"], [])
            hits = [known for known in names.get(line.standard.plain["name"], []) if known in same_phone]
        if len(hits) > 1:
            value = line.standard.plain["name"]
            notes.fail(line, "name", reference.AMBIGUOUS, count=len(hits), value=value)
        elif hits:
            found[line.number] = hits[0]
    return found


def _distinct(work: Work, lines: Sequence[Line], matched: dict[int, Known], notes: Notes) -> list[Line]:
    """The lines whose code is free or that of the customer they mean; a code that stands twice counts once."""
    taken = codes.taken(work, {line.draft.code for line in lines if line.number not in matched})
    first: dict[str, int] = {}
    good = []
    for line in lines:
        code = line.draft.code
        if line.number in notes.failed:
            continue
        if code and code in first:
            notes.fail(line, "code", CODE_TWICE, code=code, row=first[code])
        elif code in taken:
            notes.fail(line, "code", CODE_TAKEN, code=code)
        else:
            good.append(line)
        first.setdefault(code, line.number)
    return good


def _may_change(work: Work, line: Line, known: Known, owner: int | None, kept: str, notes: Notes) -> bool:
    if not work.owns(Permission.CUSTOMER_WRITE, known.owner_id):
        of_pool = known.owner_id is None
        notes.fail(line, "name", reference.IN_POOL if of_pool else reference.OF_SOMEBODY_ELSE)
        return False
    if "owner" not in line.cells or "owner" in line.defaulted or kept or owner == known.owner_id:
        return True
    given = [person for person in (known.owner_id, owner) if person is not None]
    allowed = work.actor.can(Permission.CUSTOMER_ASSIGN)
    if not allowed or not all(work.owns(Permission.CUSTOMER_ASSIGN, person) for person in given):
        notes.fail(line, "owner", OUT_OF_REACH, name=line.cells["owner"][:60])
        return False
    line.draft = line.draft.model_copy(update={"owner_id": owner})
    return True


def _update(work: Work, made: Plan, line: Line, customer_id: int, batch_id: int) -> bool:
    given = line.draft.model_fields_set - (_NOT_UPDATED - {"owner_id"}) - line.defaulted
    draft = rows.made(CustomerDraft, {name: getattr(line.draft, name) for name in given})
    try:
        version = work.get(Customer, customer_id).version
        changed = customers.update(work, customer_id, draft, version=version)
        if line.contacts:
            changed |= employees.bring(work, line, customer_id, batch_id=batch_id)
        if changed:
            return True
    except Invalid as error:
        made.notes.fail(line, error.field, error.msgid, **error.params)
        return False
    except Denied as error:
        made.notes.fail(line, "name", error.msgid, **error.params)
        return False
    made.skip(line, "name", UNCHANGED)
    return False


def _queue(work: Work, made: Plan, numbers: dict[int, int], batch_id: int) -> None:
    """Put the pairs up for review. One side is always new, so no pair can be there yet."""
    pairs: dict[tuple[int, int], doubles.Hit] = {}
    for line, hit in made.facts["pairs"]:
        other = numbers[hit.line.number] if hit.line else hit.customer_id
        a, b = sorted((numbers[line.number], other))
        pairs[a, b] = hit
    rows = [
        {
            "id": number,
            "a_id": a,
            "b_id": b,
            "score": hit.match.score,
            "reasons": [[r.msgid, dict(r.params), r.points] for r in hit.match.reasons],
            "status": PairStatus.OPEN,
            "batch_id": batch_id,
            "found_at": work.now,
        }
        for number, ((a, b), hit) in zip(work.next_ids(DuplicatePair, len(pairs)), pairs.items(), strict=True)
    ]
    changes = [Change(row["id"], {k: v for k, v in row.items() if k != "id"}, "", None, row) for row in rows]  # type: ignore[arg-type]
    work.bulk(DuplicatePair, rows, changes=changes)
