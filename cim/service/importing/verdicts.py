"""What becomes of the possible duplicates among new customers: by the rule for all of them, or as a person decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from cim import matching
from cim.i18n import N_, _
from cim.models import Customer
from cim.models.customer import CustomerDraft
from cim.models.imports import OnDuplicate
from cim.permissions import Permission
from cim.service import bulk, regions, standards
from cim.service.importing import doubles, reference, rows
from cim.service.importing.doubles import Hit
from cim.service.importing.lines import Line
from cim.service.importing.steps import Options, Plan
from cim.work import Work

LEFT_OUT = N_("Possible duplicate of {other} ({score} points): left out.")
PUT_UP = N_("Possible duplicate of {other} ({score} points): put up for review.")
CHOSEN_OUT = N_("Left out, as was decided.")
CANNOT = N_("Customer {code} cannot be updated by you: decide otherwise.")
_WORDS = {"", "add", "skip", "update"}


class _Judge:
    """Decides line by line; what it decided is in the plan."""

    def __init__(self, work: Work, options: Options, made: Plan) -> None:
        self.work, self.options, self.made = work, options, made
        self.chosen = reference.by_code(work, set(options.choices.values()) - _WORDS)
        self.merged: list[Line] = made.facts.setdefault("merged", [])
        self.told: list[tuple[Line, list[Hit], bool]] = []

    def keep(self, line: Line, hits: list[Hit]) -> bool:
        """Whether the line becomes a customer of its own."""
        how, choice = self.options.decided(line.number), self.options.choices.get(line.number, "")
        self.made.doubles += len(hits) if how is OnDuplicate.REVIEW else bool(hits)
        if how is OnDuplicate.SKIP and (hits or choice):
            self.made.skipped.add(line.number)
            taken = False
        else:
            taken = how is not OnDuplicate.UPDATE or not self._update(line, hits, choice)
        if taken:
            self.made.new.append(line)
            self.made.facts["pairs"] += [(line, hit) for hit in hits]
        if hits or line.number in self.made.skipped:
            self.told.append((line, hits, taken))
        return taken

    def _update(self, line: Line, hits: Sequence[Hit], choice: str) -> bool:
        """Turn a double into an update of what it doubles; False when it stays a customer of its own. A row whose
        chosen customer is out of reach fails: a person decided, so it is not added instead."""
        row = next((hit for hit in hits if hit.line and choice == f"row:{hit.line.number}"), None)
        if choice not in _WORDS and row is None:
            known = self.chosen.get(choice, [None])[0]
            if known is None or not self.work.owns(Permission.CUSTOMER_WRITE, known.owner_id):
                self.made.notes.fail(line, "name", CANNOT, code=choice[:40])
            else:
                self.made.changed.append((line, known.id))
            return True
        hit = row or (hits[0] if hits else None)
        if hit is None or (row is None and hit.match.score < matching.ALMOST_SURE):
            return False
        if hit.line is not None:
            _merge(self.work, hit.line, line)
            self.merged.append(line)
            return True
        c: Any = Customer
        seen = select(c.owner_id).where(c.id == hit.customer_id, self.work.visible(Customer))
        owner = self.work.session.execute(seen).first()
        if owner is None or not self.work.owns(Permission.CUSTOMER_WRITE, owner[0]):
            return False
        self.made.changed.append((line, hit.customer_id))
        return True

    def tell(self) -> None:
        """Say of each double what it resembles and what becomes of it, and what there is to choose."""
        ids = [hit.customer_id for _line, hits, _taken in self.told for hit in hits if hit.customer_id]
        seen = _seen(self.work, ids)
        for line, hits, taken in self.told:
            if hits:
                label, choice = _other(hits[0], seen)
                self.made.ask(line, self.options, update=choice, other=label, score=hits[0].match.score)
            elif line.number in self.made.skipped:
                self.made.notes.warn(line, "name", CHOSEN_OUT)
            for hit in hits if taken else hits[:1] if line.number in self.made.skipped else []:
                said = PUT_UP if taken else LEFT_OUT
                self.made.notes.warn(line, "name", said, other=_name(hit, seen), score=hit.match.score)


def judge(work: Work, fresh: Sequence[Line], options: Options, made: Plan) -> None:
    """Look for doubles of the new lines and decide about each."""
    judge = _Judge(work, options, made)
    doubles.find(work, fresh, keep=judge.keep, progress=options.progress)
    judge.tell()


def _merge(work: Work, into: Line, line: Line) -> None:
    given = {name: getattr(d, name) for d in (into.draft, line.draft) for name in d.model_fields_set - {"code"}}
    kept = {"kind": line.standard.plain["kind"], "code": into.draft.code}
    kept["custom"] = into.draft.custom | line.draft.custom
    given.pop("custom", None)
    into.draft = rows.made(CustomerDraft, kept | given)
    into.standard = standards.customer(into.draft, regions.places(work))
    into.contacts = [*into.contacts, *line.contacts]
    into.facts = None  # they are made anew from the merged values


Seen = Mapping[int, tuple[str, str, bool]]


def _seen(work: Work, ids: Sequence[int]) -> dict[int, tuple[str, str, bool]]:
    """Code and name of those customers that the actor may see, and whether he may change them."""
    c: Any = Customer
    found: dict[int, tuple[str, str, bool]] = {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), bulk.CHUNK):
        part = wanted[start : start + bulk.CHUNK]
        statement = select(c.id, c.code, c.name, c.owner_id).where(c.id.in_(part), work.visible(Customer))
        for number, code, name, owner_id in work.session.execute(statement):
            found[number] = (code, name, work.owns(Permission.CUSTOMER_WRITE, owner_id))
    return found


def _name(hit: Hit, seen: Seen) -> str:
    """What a double is called in a message: never more than the actor may know."""
    if hit.line is not None:
        return _("row {row}", row=hit.line.number)
    return seen[hit.customer_id or 0][0] if hit.customer_id in seen else _("a customer of a colleague")


def _other(hit: Hit, seen: Seen) -> tuple[str, str]:
    """The same at more length, and the choice that merges with it ("" where the actor may not)."""
    if hit.line is not None:
        return f"{_name(hit, seen)} {hit.line.cells.get('name', '')}", f"row:{hit.line.number}"
    code, name, writable = seen.get(hit.customer_id or 0, ("", "", False))
    return f"{_name(hit, seen)} {name}".strip(), code if writable else ""
