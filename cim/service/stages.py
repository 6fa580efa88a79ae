"""Stages of the pipeline: shipped ones to begin with, changed by an administrator without code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select

from cim.errors import Conflict, Invalid, NotFound
from cim.i18n import N_, _
from cim.models import Opportunity, Stage, StageChange
from cim.models.base import columns
from cim.models.opportunity import StageDraft, StageKind, StageView
from cim.permissions import Permission
from cim.service import typed
from cim.work import Work, command, query

STAGES = columns(Stage)
OPPORTUNITIES = columns(Opportunity)
CHANGES = columns(StageChange)

MOST = 20
"""More stages than this are no pipeline that people can look at."""
COLORS = ("", "red", "orange", "yellow", "green", "blue", "violet", "gray")
REQUIRABLE: dict[str, str] = {
    "amount": N_("Amount"),
    "expected_close": N_("Expected close"),
    "contact_id": N_("Contact person"),
    "competitors": N_("Competitors"),
    "source": N_("Source"),
    "notes": N_("Notes"),
    "lines": N_("Products"),
    "steps": N_("Development plan"),
}
"""What a stage can ask of an opportunity before it enters."""

SHIPPED: tuple[dict[str, Any], ...] = (
    {"key": "lead", "name": N_("Lead"), "probability": 10, "days_limit": 30},
    {"key": "qualified", "name": N_("Need confirmed"), "probability": 30, "days_limit": 30},
    {"key": "proposal", "name": N_("Proposal"), "probability": 50, "days_limit": 21, "required": ["amount"]},
    {
        "key": "negotiation",
        "name": N_("Negotiation"),
        "probability": 80,
        "days_limit": 14,
        "required": ["amount", "expected_close"],
    },
    {"key": "won", "name": N_("Closed won"), "kind": StageKind.WON, "probability": 100},
    {"key": "lost", "name": N_("Closed lost"), "kind": StageKind.LOST, "probability": 0},
)


@command(Permission.SETTINGS_MANAGE)
def seed(work: Work) -> int:
    """Put the shipped stages into a pipeline that has none; returns how many."""
    if work.session.execute(select(STAGES.id).limit(1)).first() is not None:
        return 0
    for position, stage in enumerate(SHIPPED):
        work.session.add(Stage(**stage, position=position))
    return len(SHIPPED)


@query(Permission.SALES_READ)
def everything(work: Work, *, retired: bool = False) -> list[StageView]:
    """The stages in order, named in the actor's language; retired ones too when asked."""
    return [view(row) for row in rows(work) if retired or not row.retired]


@query(Permission.SETTINGS_MANAGE)
def used(work: Work) -> dict[int, int]:
    """How many opportunities stand in each stage, closed ones too and without those in the recycle bin."""
    counted = select(OPPORTUNITIES.stage_id, func.count()).where(OPPORTUNITIES.deleted_at.is_(None))
    found = work.session.execute(counted.group_by(OPPORTUNITIES.stage_id)).all()
    return {int(stage_id): int(count) for stage_id, count in found}


@command(Permission.SETTINGS_MANAGE)
def add(work: Work, draft: StageDraft) -> int:
    """Put a stage behind the others of its kind and return its id. Raises Invalid at the field."""
    work.serialise("stages")
    held = rows(work)
    if len(held) >= MOST:
        raise Invalid("name", "A pipeline has at most {most} stages.", most=MOST)
    row = Stage(**_values(held, draft), kind=draft.kind, position=len(held))
    work.add(row)
    _arranged([*held, row])
    return row.id or 0


@command(Permission.SETTINGS_MANAGE)
def change(work: Work, stage_id: int, draft: StageDraft, *, version: int) -> bool:
    """Change the fields that the draft sets; False when nothing differed. A stage keeps its kind. Opportunities in it are
    judged by its new probability and days at once. Raises Invalid at the field, Conflict when somebody was faster."""
    work.serialise("stages")
    row = _row(work, stage_id, version)
    wanted = _values(rows(work), draft, but=row)
    if wanted["name"] != row.name:
        wanted["key"] = ""
    if draft.kind is not row.kind and "kind" in draft.model_fields_set:
        raise Invalid("kind", "A stage keeps its kind: add another one instead.")
    given = draft.model_fields_set | {"key", "name"}
    changed = False
    for name, value in wanted.items():
        if name in given and getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    return changed


@command(Permission.SETTINGS_MANAGE)
def arrange(work: Work, ids: Sequence[int]) -> bool:
    """Put the stages into this order, open ones before won and lost ones; those not named come after, as they stood.
    False when nothing moves."""
    work.serialise("stages")
    held = {row.id: row for row in rows(work)}
    return _arranged([held[i] for i in dict.fromkeys([*ids, *held]) if i in held])


@command(Permission.SETTINGS_MANAGE)
def retire(work: Work, stage_id: int, *, version: int, retired: bool = True) -> bool:
    """Offer a stage no more, or again. Opportunities in it stay until they are moved. False when it is so already. Raises
    Invalid for the last stage of its kind."""
    work.serialise("stages")
    row = _row(work, stage_id, version)
    if row.retired == retired:
        return False
    if retired:
        _not_the_last(work, row)
    row.retired = retired
    return True


@command(Permission.SETTINGS_MANAGE)
def remove(work: Work, stage_id: int, *, version: int) -> None:
    """Take a stage away that no opportunity ever was in. Raises Invalid for one that was (retire it), and for the last of
    its kind."""
    work.serialise("stages")
    row = _row(work, stage_id, version)
    _not_the_last(work, row)
    stood = select(OPPORTUNITIES.id).where(OPPORTUNITIES.stage_id == stage_id)
    passed = select(CHANGES.id).where(or_(CHANGES.from_stage_id == stage_id, CHANGES.to_stage_id == stage_id))
    if any(work.session.execute(wanted.limit(1)).first() for wanted in (stood, passed)):
        raise Invalid("name", "Opportunities were in this stage: retire it instead.")
    work.session.delete(row)


# ---- below the doors
def rows(work: Work) -> list[Stage]:
    """Every stage in order, retired ones too. One query."""
    return list(work.session.execute(select(Stage).order_by(STAGES.position, STAGES.id)).scalars())


def first(work: Work, kind: StageKind) -> Stage:
    """The first stage in use of a kind. Raises Conflict where an administrator left none."""
    for row in rows(work):
        if row.kind is kind and not row.retired:
            return row
    raise Conflict("The pipeline has no stage of this kind: ask an administrator to add one.")


def named(row: Stage) -> str:
    """What a stage is called in the language of whoever asks."""
    return _(row.name) if row.key else row.name


def view(row: Stage) -> StageView:
    """A stage as it leaves the service: a shipped name in the language of whoever asked."""
    values = row.model_dump(include=set(StageView.model_fields))
    return StageView(**values | {"name": named(row)})


_KINDS = list(StageKind)


def _arranged(order: Sequence[Stage]) -> bool:
    moved = False
    for position, row in enumerate(sorted(order, key=lambda row: _KINDS.index(row.kind))):
        moved |= row.position != position
        row.position = position
    return moved


def _row(work: Work, stage_id: int, version: int) -> Stage:
    row = work.find(Stage, stage_id)
    if row is None:
        raise NotFound("This stage is no longer there.")
    if row.version != version:
        raise Conflict("Somebody changed this stage while you were editing it.")
    return row


def _values(held: Sequence[Stage], draft: StageDraft, *, but: Stage | None = None) -> dict[str, Any]:
    """A draft as it is stored. A shipped name that was left as it is shown stays a message id."""
    name = typed.line("name", draft.name, 60)
    if not name:
        raise Invalid("name", "Enter the name of the stage.")
    if any(row is not but and named(row) == name for row in held):
        raise Invalid("name", "There is a stage called {name} already.", name=name)
    if not 0 <= draft.probability <= 100:
        raise Invalid("probability", "Enter a whole number from {least} to {most}.", least=0, most=100)
    if not 0 <= draft.days_limit <= 3650:
        raise Invalid("days_limit", "Enter a whole number from {least} to {most}.", least=0, most=3650)
    if draft.color not in COLORS:
        raise Invalid("color", "Choose one of the colours offered.")
    if unknown := [field for field in draft.required if field not in REQUIRABLE]:
        raise Invalid("required", "A stage cannot ask for {name}.", name=str(unknown[0])[:40])
    return {
        "name": but.name if but is not None and named(but) == name else name,
        "key": but.key if but is not None else "",
        "probability": draft.probability,
        "days_limit": draft.days_limit,
        "color": draft.color,
        "required": [field for field in REQUIRABLE if field in draft.required],
    }


def _not_the_last(work: Work, row: Stage) -> None:
    if not any(other.kind is row.kind and not other.retired and other is not row for other in rows(work)):
        raise Invalid("kind", "A pipeline needs at least one stage of each kind: add another one first.")
