"""The development plan of an opportunity: what is to be done to win it, by whom, until which day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from cim import clock
from cim.errors import Conflict, Invalid
from cim.models import Opportunity, OpportunityStep, User
from cim.models.base import columns
from cim.models.opportunity_view import StepDraft, StepView
from cim.models.user import UserStatus
from cim.permissions import Permission
from cim.service import opportunity_record as record
from cim.service import typed
from cim.work import Work, command, query

STEPS = columns(OpportunityStep)
USERS = columns(User)

MOST = 100


@command(Permission.SALES_WRITE)
def add(work: Work, opportunity_id: int, draft: StepDraft, *, token: str | None = None) -> int:
    """Put a step at the end of the plan and return its id; without an owner it is the opportunity's. Raises Invalid at the
    field."""
    if (done := work.replayed(token)) is not None:
        return done
    row, _customer = record.mine(work, opportunity_id)
    last, count = work.session.execute(
        select(func.max(STEPS.position), func.count()).where(STEPS.opportunity_id == opportunity_id)
    ).one()
    if count >= MOST:
        raise Invalid("title", "A plan has at most {most} steps.", most=MOST)
    step = OpportunityStep(
        opportunity_id=opportunity_id,
        customer_id=row.customer_id,
        position=0 if last is None else last + 1,
        **_values(work, row, draft),
    )
    work.add(step)
    work.remember(token, step.id or 0)
    return step.id or 0


@command(Permission.SALES_WRITE)
def change(work: Work, step_id: int, draft: StepDraft, *, version: int) -> bool:
    """Change the fields that the draft sets; False when nothing differed. Raises Invalid at the field, Conflict when
    somebody was faster."""
    step, row = _mine(work, step_id, version)
    changed = False
    for name, value in _values(work, row, draft, held=step).items():
        if name in draft.model_fields_set and getattr(step, name) != value:
            setattr(step, name, value)
            changed = True
    return changed


@command(Permission.SALES_WRITE)
def done(work: Work, step_id: int) -> bool:
    """Tick a step off. False when that was done already."""
    step, _row = _mine(work, step_id)
    if step.done_at is not None:
        return False
    step.done_at, step.done_by_id = work.now, work.actor.user_id
    return True


@command(Permission.SALES_WRITE)
def undo_done(work: Work, step_id: int) -> bool:
    """Open a step again. False when it is open."""
    step, _row = _mine(work, step_id)
    if step.done_at is None:
        return False
    step.done_at = step.done_by_id = None
    return True


@command(Permission.SALES_WRITE)
def arrange(work: Work, opportunity_id: int, ids: Sequence[int]) -> bool:
    """Put the steps of a plan into this order; those not named come after, as they stood. False when nothing moves."""
    record.mine(work, opportunity_id)
    wanted = select(OpportunityStep).where(STEPS.opportunity_id == opportunity_id, STEPS.deleted_at.is_(None))
    held = {step.id: step for step in work.session.execute(wanted.order_by(STEPS.position, STEPS.id)).scalars()}
    moved = False
    for position, step_id in enumerate(i for i in dict.fromkeys([*ids, *held]) if i in held):
        moved |= held[step_id].position != position
        held[step_id].position = position
    return moved


@command(Permission.SALES_WRITE)
def remove(work: Work, step_id: int, *, version: int | None = None) -> None:
    """Take a step out of the plan. The row is kept and can be restored."""
    step, _row = _mine(work, step_id, version)
    step.deleted_at = work.now


@query(Permission.SALES_READ)
def of(work: Work, opportunity_id: int) -> list[StepView]:
    """The plan of an opportunity, in order. NotFound outside the actor's scope."""
    work.get(Opportunity, opportunity_id)
    doer: Any = aliased(User)
    wanted = (
        select(OpportunityStep, USERS.name, doer.name)
        .outerjoin(User, USERS.id == STEPS.owner_id)
        .outerjoin(doer, doer.id == STEPS.done_by_id)
        .where(STEPS.opportunity_id == opportunity_id, work.visible(OpportunityStep, few=True))
    )
    same = set(StepView.model_fields) & set(OpportunityStep.model_fields)
    return [
        StepView(
            **{name: getattr(step, name) for name in same},
            owner=owner or "",
            done_by=done_by or "",
            late=step.done_at is None and step.due_on is not None and step.due_on < clock.today(),
        )
        for step, owner, done_by in work.session.execute(wanted.order_by(STEPS.position, STEPS.id))
    ]


# ---- below the doors
def _mine(work: Work, step_id: int, version: int | None = None) -> tuple[OpportunityStep, Opportunity]:
    step = work.get(OpportunityStep, step_id)
    row, _customer = record.mine(work, step.opportunity_id)
    if version is not None and step.version != version:
        raise Conflict("Somebody changed this step while you were editing it.")
    return step, row


def _values(work: Work, row: Opportunity, draft: StepDraft, *, held: OpportunityStep | None = None) -> dict[str, Any]:
    title = typed.line("title", draft.title, 200)
    if not title:
        raise Invalid("title", "Say what is to be done.")
    if draft.due_on is not None and not 1990 <= draft.due_on.year <= 2100:
        raise Invalid("due_on", "Check the year of this date.")
    owner_id = draft.owner_id if draft.owner_id is not None else row.owner_id
    if draft.owner_id is not None and draft.owner_id != (held.owner_id if held else None):
        user = work.find(User, draft.owner_id)
        if user is None or user.status is not UserStatus.ACTIVE:
            raise Invalid("owner_id", "Choose an active colleague.")
    return {"title": title, "due_on": draft.due_on, "owner_id": owner_id}
