"""One opportunity below the doors: who may write it, what a stage asks of it, how it leaves the service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from cim import clock
from cim.errors import Conflict, Denied, Invalid, NotFound
from cim.i18n import _, format_date
from cim.models import Contact, Customer, Opportunity, OpportunityLine, OpportunityStep, Stage, StageChange, User
from cim.models.base import columns
from cim.models.opportunity import StageKind
from cim.models.opportunity_view import OpportunityCard, OpportunityView
from cim.models.user import UserStatus
from cim.permissions import MATRIX, Permission, Role, Scope
from cim.service import currency, custom_values, stages, totals
from cim.work import Work

OPPORTUNITIES = columns(Opportunity)
CUSTOMERS = columns(Customer)
CONTACTS = columns(Contact)
STAGES = columns(Stage)
USERS = columns(User)
LINES = columns(OpportunityLine)
STEPS = columns(OpportunityStep)


# ---- writing
def mine(work: Work, opportunity_id: int, version: int | None = None) -> tuple[Opportunity, Customer]:
    """An opportunity that the actor may write, and its customer: his reach covers whoever owns one of them. Raises
    NotFound outside the actor's scope, Denied for a colleague's, Conflict when it is no longer at `version`."""
    row = work.get(Opportunity, opportunity_id)
    customer = work.get(Customer, row.customer_id)
    if not may_write(work, row.owner_id, customer.owner_id):
        raise Denied("This opportunity is looked after by somebody else.")
    if version is not None and row.version != version:
        raise Conflict(
            "Somebody changed this opportunity while you were editing it.",
            current=whole(work, row.id or 0).model_dump(),
        )
    return row, customer


def may_write(work: Work, owner_id: int | None, customer_owner_id: int | None) -> bool:
    """Whether the actor may change an opportunity of this owner with a customer of that one."""
    return any(work.owns(Permission.SALES_WRITE, who) for who in (owner_id, customer_owner_id))


def owner(work: Work, customer: Customer, asked: int | None) -> int | None:
    """Who is to own an opportunity: whoever was asked for, else the actor where he sells, else the customer's owner.
    Raises Invalid for somebody who does not sell, is out of the actor's reach, or does not see the customer."""
    if asked is None:
        if work.actor.role is Role.REP:
            return work.actor.user_id
        return customer.owner_id if customer.owner_id is not None else work.actor.user_id
    user = work.find(User, asked)
    sells = user is not None and user.status is UserStatus.ACTIVE and Permission.SALES_WRITE in MATRIX[user.role]
    if user is None or not sells or not (work.owns(Permission.SALES_WRITE, asked) or asked == customer.owner_id):
        raise Invalid("owner_id", "Choose an active colleague who sells.")
    if MATRIX[user.role].get(Permission.CUSTOMER_READ) is Scope.OWN and customer.owner_id not in (None, asked):
        raise Invalid(
            "owner_id", "{name} does not look after this customer: hand the customer over instead.", name=user.name
        )
    return asked


def enter(work: Work, row: Opportunity, stage: Stage, *, reason: str = "", at: datetime | None = None) -> None:
    """Move an opportunity into a stage, with its line of the stage history. The stage may ask for fields: raises Invalid at
    the first one that is empty."""
    if missing := lacking(work, row, stage):
        raise Invalid(
            missing[0],
            "Fill in “{label}” before the stage “{stage}”.",
            label=_(stages.REQUIRABLE[missing[0]]),
            stage=stages.named(stage),
        )
    before = row.stage_id if row.id is not None else None
    row.stage_id, row.stage_since = stage.id or 0, at or work.now
    settle(work, row)
    work.add(
        StageChange(
            opportunity_id=row.id or 0,
            customer_id=row.customer_id,
            from_stage_id=before,
            to_stage_id=stage.id or 0,
            at=row.stage_since,
            actor_id=work.actor.user_id,
            amount=row.base_amount,
            reason=reason,
        )
    )


def lacking(work: Work, row: Opportunity, stage: Stage) -> list[str]:
    """The fields that a stage asks for and this opportunity has not, in order."""
    below: dict[str, tuple[Any, Any]] = {"lines": (LINES, True), "steps": (STEPS, STEPS.deleted_at.is_(None))}
    missing = []
    for name in stage.required:
        if name in below:
            table, lives = below[name]
            held = select(table.id).where(table.opportunity_id == row.id, lives).limit(1)
            empty = row.id is None or work.session.execute(held).first() is None
        else:
            empty = not getattr(row, name)
        if empty:
            missing.append(name)
    return missing


def settle(work: Work, row: Opportunity) -> None:
    """After a change: the amount in the base currency, and the customer's figures. In a currency that is offered no more
    it keeps what it was worth; whoever changes the amount asks for the rate before."""
    try:
        base = currency.in_base(work, row.amount, row.currency)
    except Invalid:
        if row.id is None:
            raise
        base = row.base_amount
    if row.base_amount != base:  # an equal one of other decimals is no change
        row.base_amount = base
    row.updated_at = work.now
    work.session.add(row)
    totals.touch(work, [row.customer_id])


# ---- reading
def listed() -> Select[Any]:
    """(Opportunity, Stage, customer's name, code and owner, owner's name)."""
    return (
        select(Opportunity, Stage, CUSTOMERS.name, CUSTOMERS.code, CUSTOMERS.owner_id, USERS.name)
        .join(Stage, STAGES.id == OPPORTUNITIES.stage_id)
        .join(Customer, CUSTOMERS.id == OPPORTUNITIES.customer_id)
        .outerjoin(User, USERS.id == OPPORTUNITIES.owner_id)
    )


def cards(work: Work, found: Sequence[Any]) -> list[OpportunityCard]:
    """Rows of `listed` as they leave the service."""
    today = clock.today()
    return [OpportunityCard(**_card(work, each, today)) for each in found]


def whole(work: Work, opportunity_id: int) -> OpportunityView:
    """The whole record. NotFound outside the actor's scope."""
    maker: Any = aliased(User)
    wanted = listed().add_columns(CONTACTS.name, maker.name)
    wanted = wanted.outerjoin(Contact, CONTACTS.id == OPPORTUNITIES.contact_id)
    wanted = wanted.outerjoin(maker, maker.id == OPPORTUNITIES.created_by_id)
    wanted = wanted.where(OPPORTUNITIES.id == opportunity_id, work.visible(Opportunity, few=True))
    found = work.session.execute(wanted).one_or_none()
    if found is None:
        raise NotFound("This record does not exist or is not yours to see.")
    row, chance = found[0], chance_of(found[0], found[1])
    same = set(OpportunityView.model_fields) & set(Opportunity.model_fields)
    return OpportunityView(
        **{name: getattr(row, name) for name in same}
        | _card(work, found[:6], clock.today())
        | {
            "customer_code": found[3],
            "contact": found[6] or "",
            "created_by": found[7] or "",
            "weighted": weighted(row.base_amount, chance),
            "custom": custom_values.of(work, row, seen=work.may_see_clear(found[4])),
        }
    )


def chance_of(row: Opportunity, stage: Stage) -> int:
    """The percentage in force: of a closed one that of its stage, else what a person set, else that of its stage."""
    if stage.kind is not StageKind.OPEN or row.probability is None:
        return stage.probability
    return row.probability


def chance_in_sql() -> Any:
    """`chance_of` an open opportunity, for a query that joins its stage."""
    return func.coalesce(OPPORTUNITIES.probability, STAGES.probability)


def weighted(amount: Decimal, chance: int) -> Decimal:
    """An amount times a percentage, to the cent."""
    return (amount * chance / 100).quantize(currency.CENT, ROUND_HALF_UP)


def warnings(row: Opportunity, stage: Stage, today: date) -> list[str]:
    """Why somebody should look at an open opportunity, in the reader's language."""
    if row.closed_at is not None:
        return []
    told = []
    if 0 < stage.days_limit < (days := days_since(row.stage_since, today)):
        told.append(
            _(
                "Stuck: {days} days in “{stage}”, where {limit} are usual.",
                days=days,
                stage=stages.named(stage),
                limit=stage.days_limit,
            )
        )
    if row.expected_close is not None and row.expected_close < today:
        told.append(
            _(
                "The expected close, {date}, is {days} days over.",
                date=format_date(row.expected_close),
                days=(today - row.expected_close).days,
            )
        )
    return told


def days_since(moment: datetime, today: date) -> int:
    """Local days from a moment until today; 0 on the same day."""
    return max(0, (today - clock.local(moment).date()).days)


def _card(work: Work, found: Sequence[Any], today: date) -> dict[str, Any]:
    row, stage, customer, _code, customer_owner_id, owner_name = found
    told = ("id", "name", "customer_id", "owner_id", "stage_id", "amount", "currency", "base_amount", "expected_close")
    return {name: getattr(row, name) for name in (*told, "version")} | {
        "customer": customer,
        "owner": owner_name or "",
        "stage": stages.named(stage),
        "kind": stage.kind,
        "chance": chance_of(row, stage),
        "days": days_since(row.stage_since, today),
        "warnings": warnings(row, stage, today),
        "may_edit": may_write(work, row.owner_id, customer_owner_id),
    }


# ---- following the customer
def move(work: Work, customer_ids: Sequence[int], *, giver: int | None, taker: int | None) -> int:
    """Give a user's open opportunities with these customers (some hundred) to another one, with the open steps of their
    plans that were his; returns how many. None stands for nobody: those of a customer in the public pool wait for whoever
    takes it next. Stage, plan and history stay. The caller answers for the right."""
    theirs = _held_by(OPPORTUNITIES.owner_id, giver)
    alive = [OPPORTUNITIES.closed_at.is_(None), OPPORTUNITIES.deleted_at.is_(None)]
    wanted = select(Opportunity).where(OPPORTUNITIES.customer_id.in_(customer_ids), theirs, *alive)
    rows = list(work.session.execute(wanted.order_by(OPPORTUNITIES.id)).scalars())
    for row in rows:
        row.owner_id = taker
        row.updated_at = work.now
    if rows:
        todo = [STEPS.opportunity_id.in_([row.id for row in rows]), _held_by(STEPS.owner_id, giver)]
        undone = select(OpportunityStep).where(*todo, STEPS.done_at.is_(None), STEPS.deleted_at.is_(None))
        for step in work.session.execute(undone).scalars():
            step.owner_id = taker
    return len(rows)


def _held_by(column: Any, giver: int | None) -> Any:
    return column.is_(None) if giver is None else column == giver
