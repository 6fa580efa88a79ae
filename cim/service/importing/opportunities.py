"""Opportunities of a file: known by their customer and name; each brings the stages it is known to have passed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from cim import search_text
from cim.i18n import N_
from cim.models import Opportunity, Stage, StageChange
from cim.models.base import columns, new_uid
from cim.models.custom import Noun
from cim.models.imports import ImportMode, OnDuplicate
from cim.models.opportunity import StageKind
from cim.permissions import Permission
from cim.service import currency, custom_values, stages, totals
from cim.service.importing import sales
from cim.service.importing.lines import Line, Notes
from cim.service.importing.people import People
from cim.service.importing.reference import Known
from cim.service.importing.steps import Options, Plan, Progress
from cim.work import Work

OPPORTUNITIES = columns(Opportunity)
STAGES = columns(Stage)
THERE_ALREADY = N_("This customer has an opportunity of this name already: left out.")
STANDS_TWICE = N_("This customer has an opportunity of this name already: added once more.")
NOT_KNOWN = N_("This customer has no opportunity of this name: nothing to update.")
UNCHANGED = N_("Nothing differs from the stored opportunity.")
NO_STAGE = N_("There is no stage {value}: use one of {known}")
OVER = N_("The result says {result}, and the stage {stage} says something else.")
NOT_OVER = N_("An opportunity that was closed needs a result: won or lost.")
FUTURE = N_("This lies in the future.")
LATE = timedelta(days=1)
FIELDS = ("amount", "currency", "expected_close", "probability", "notes")


def plan(work: Work, lines: Sequence[Line], options: Options, notes: Notes) -> Plan:
    """Decide about every line."""
    parties = sales.parties(work, lines, options, notes, to=Permission.SALES_WRITE)
    rates, people, pipeline = sales.Rates(work), People(work), Pipeline(work)
    made = Plan(notes, facts={"parties": parties, "rates": rates, "pipeline": pipeline})
    stored = _stored(work, {customer.id for customer in parties.known.values()})
    own = custom_values.live(work, Noun.OPPORTUNITY)
    for line in lines:
        customer = parties.of(line)
        values = line.standard.plain
        if customer is None or not rates.known(line, notes, values.get("currency") or currency.base()):
            continue
        if any(values.get(name) and values[name] > work.now + LATE for name in ("created_at", "closed_at")):
            notes.fail(line, "closed_at" if values.get("closed_at") else "created_at", FUTURE)
            continue
        good, owner_id = sales.owner_of(people, line, notes, customer)
        good = good and pipeline.place(line, notes)
        if not good or notes.refuse(line, custom_values.unfit(own, values.get("custom", {}))):
            continue
        key = (customer.id, search_text.fold(values["name"]))
        there, how = key in stored and customer.id != 0, options.decided(line.number)
        made.doubles += there and options.mode is ImportMode.ADD
        if there and options.mode is ImportMode.ADD:
            made.ask(line, options, update="update" if stored[key] else "")
        if there and stored[key] and (options.mode is not ImportMode.ADD or how is OnDuplicate.UPDATE):
            made.changed.append((line, stored[key]))
        elif options.mode is ImportMode.UPDATE:
            made.skip(line, "name", NOT_KNOWN)
        elif there and how is OnDuplicate.SKIP:
            made.skip(line, "name", THERE_ALREADY)
        else:
            if there:
                notes.warn(line, "name", STANDS_TWICE)
            stored.setdefault(key, 0)
            made.new.append((line, owner_id))
    return made


def apply(work: Work, made: Plan, *, batch_id: int, progress: Progress | None) -> int:
    """Carry a plan out and return how many rows updated an opportunity."""
    parties: sales.Parties = made.facts["parties"]
    parties.create(work, batch_id=batch_id)
    made.facts["rates"].create()
    ids = list(work.next_ids(Opportunity, len(made.new)))
    owners = [parties.known[line.number] for line, _owner in made.new]
    rows = [
        _row(work, made, line, number, customer, owner_id, batch_id)
        for number, customer, (line, owner_id) in zip(ids, owners, made.new, strict=True)
    ]
    own = [line.standard.plain.get("custom", {}) for line, _owner in made.new]
    sales.put(work, Opportunity, Noun.OPPORTUNITY, rows, owners, own)
    _changes(work, made, rows, owners)
    if progress:
        progress(len(rows), len(rows) + len(made.changed))
    totals.touch(work, sorted({customer.id for customer in owners}))
    return sum(_update(work, made, line, opportunity_id) for line, opportunity_id in made.changed)


class Pipeline:
    """The stages by name in both languages and by key."""

    def __init__(self, work: Work) -> None:
        found = select(Stage).where(STAGES.retired.is_(False)).order_by(STAGES.position, STAGES.id)
        self._stages = list(work.session.execute(found).scalars())
        self._words: dict[str, Stage] = {}
        self._named = [stages.view(stage).name for stage in self._stages]
        for stage, name in zip(self._stages, self._named, strict=True):
            for word in {stage.key, stage.name, name} - {""}:
                self._words.setdefault(search_text.fold(word), stage)
        self.first = next(stage for stage in self._stages if stage.kind is StageKind.OPEN)

    def place(self, line: Line, notes: Notes) -> bool:
        """Find the stage of a line and put its number there as `stage_id`; the result goes before the stage."""
        values = line.standard.plain
        stage = self._words.get(search_text.fold(values["stage"])) if values.get("stage") else None
        if values.get("stage") and stage is None:
            notes.fail(line, "stage", NO_STAGE, value=values["stage"], known=", ".join(self._named))
            return False
        result = values.get("result", "")
        if result and stage is not None and stage.kind is not StageKind.OPEN and stage.kind.value != result:
            notes.fail(line, "result", OVER, result=line.cells["result"].strip()[:20], stage=values["stage"])
            return False
        if result:
            stage = next(s for s in self._stages if s.kind.value == result)
        if values.get("closed_at") and (stage is None or stage.kind is StageKind.OPEN):
            notes.fail(line, "result", NOT_OVER)
            return False
        stage = stage or self.first
        values["stage_id"], values["open"] = stage.id, stage.kind is StageKind.OPEN
        return True


def _row(
    work: Work, made: Plan, line: Line, number: int, customer: Known, owner_id: int | None, batch_id: int
) -> dict[str, Any]:
    values = line.standard.plain
    begun: datetime = values.get("created_at") or values.get("closed_at") or work.now
    closed = None if values["open"] else max(values.get("closed_at") or begun, begun)
    code = values.get("currency") or currency.base()
    amount = values.get("amount", Decimal(0))
    return {
        **sales.common(work, number, batch_id),
        "uid": new_uid(),
        "customer_id": customer.id,
        "contact_id": None,
        "owner_id": owner_id if owner_id is not None else customer.owner_id,
        "name": values["name"],
        "name_folded": search_text.fold(values["name"]),
        "amount": amount,
        "currency": code,
        "base_amount": made.facts["rates"].in_base(amount, code),
        "expected_close": values.get("expected_close"),
        "probability": values.get("probability") if values["open"] else None,
        "source": "",
        "competitors": "",
        "notes": values.get("notes", ""),
        "stage_id": values["stage_id"],
        "stage_since": closed or begun,
        "closed_at": closed,
        "reason": values.get("reason", ""),
        "created_by_id": work.actor.user_id,
        "created_at": begun,
    }


def _changes(work: Work, made: Plan, rows: Sequence[dict[str, Any]], owners: Sequence[Known]) -> None:
    """What is known of the way through the stages: where it began, and where it ended."""
    first = made.facts["pipeline"].first.id
    steps: list[tuple[dict[str, Any], Known, int | None, int, datetime]] = []
    for row, customer in zip(rows, owners, strict=True):
        over = row["closed_at"] is not None
        steps.append((row, customer, None, first if over else row["stage_id"], row["created_at"]))
        if over:
            steps.append((row, customer, first, row["stage_id"], row["closed_at"]))
    found = [
        {
            "id": number,
            "opportunity_id": row["id"],
            "customer_id": customer.id,
            "from_stage_id": before,
            "to_stage_id": after,
            "at": at,
            "actor_id": work.actor.user_id,
            "amount": row["base_amount"],
            "reason": row["reason"] if before is not None else "",
        }
        for number, (row, customer, before, after, at) in zip(
            work.next_ids(StageChange, len(steps)), steps, strict=True
        )
    ]
    sales.put(work, StageChange, None, found, [customer for _row, customer, *_rest in steps])


def _update(work: Work, made: Plan, line: Line, opportunity_id: int) -> bool:
    """Fields only: an opportunity passes its stages in the app, where each step is checked."""
    held = work.get(Opportunity, opportunity_id)
    changed = sales.revise(work, held, line, FIELDS)
    if not changed:
        made.skip(line, "name", UNCHANGED)
        return False
    if {"amount", "currency"} & changed:
        held.base_amount = made.facts["rates"].in_base(held.amount, held.currency)
    totals.touch(work, [held.customer_id])
    return True


def _stored(work: Work, ids: set[int]) -> dict[tuple[int, str], int]:
    """Opportunities of these customers by customer and comparable name."""
    found: dict[tuple[int, str], int] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        here = OPPORTUNITIES.customer_id.in_(wanted[start : start + 500])
        named = select(OPPORTUNITIES.id, OPPORTUNITIES.customer_id, OPPORTUNITIES.name)
        for number, customer_id, name in work.session.execute(named.where(here, OPPORTUNITIES.deleted_at.is_(None))):
            found.setdefault((customer_id, search_text.fold(name)), number)
    return found
