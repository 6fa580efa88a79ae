"""Opportunities: a deal from its first mention to won or lost. Its products are in opportunity_lines, its plan in
opportunity_steps, all of them together in pipeline (docs/decisions/0023-opportunities.md)."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from cim import clock
from cim.errors import Conflict, Invalid
from cim.i18n import N_, _, format_date
from cim.models import Contact, Customer, Opportunity, SalesOrder, Stage, StageChange, User
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.opportunity import OpportunityDraft, StageKind
from cim.models.opportunity_view import OpportunityCard, OpportunityView, OrderBrief, StageChangeView
from cim.models.order import OrderDraft, OrderLineDraft, OrderStatus
from cim.permissions import Permission
from cim.service import currency, custom_values, opportunity_lines, orders, stages, typed
from cim.service import opportunity_record as record
from cim.work import Work, command, query

OPPORTUNITIES = columns(Opportunity)
CHANGES = columns(StageChange)
STAGES = columns(Stage)
USERS = columns(User)
ORDERS = columns(SalesOrder)

SHOWN = 200
PLAIN = {"source": 60, "competitors": 500}
REASONS: dict[StageKind, tuple[str, ...]] = {
    StageKind.WON: (
        N_("Best fit for the need"),
        N_("Price"),
        N_("Trust from working together"),
        N_("Delivery time"),
        N_("Service"),
    ),
    StageKind.LOST: (
        N_("Too expensive"),
        N_("Lost to a competitor"),
        N_("No budget"),
        N_("Need has gone"),
        N_("Product does not fit"),
        N_("No decision was made"),
        N_("Contact was lost"),
    ),
}
"""Offered besides the reasons in use."""
CLOSED = N_("This opportunity is closed: reopen it first.")


# ---- writing
@command(Permission.SALES_WRITE)
def create(work: Work, customer_id: int, draft: OpportunityDraft, *, token: str | None = None) -> int:
    """Add an opportunity to a customer in the actor's reach and return its id: in the first open stage and of the actor
    (where he sells), unless the draft says otherwise. A second call with the same `token` returns the first one's id.
    Raises Invalid at the field, also for what the stage asks for."""
    if (done := work.replayed(token)) is not None:
        return done
    customer = work.get(Customer, customer_id)
    stage = _open_stage(work, draft.stage_id) if draft.stage_id is not None else stages.first(work, StageKind.OPEN)
    row = Opportunity(
        name="", customer_id=customer_id, stage_id=stage.id or 0, stage_since=work.now, currency=currency.base()
    )
    row.owner_id = record.owner(work, customer, draft.owner_id)
    row.created_by_id = work.actor.user_id
    row.created_at = work.now
    own = custom_values.weigh(work, Noun.OPPORTUNITY, draft.custom, stage="")
    _apply(work, row, draft, set(OpportunityDraft.model_fields))
    record.enter(work, row, stage)
    custom_values.settle(work, row, own)
    work.remember(token, row.id or 0)
    return row.id or 0


@command(Permission.SALES_WRITE)
def update(work: Work, opportunity_id: int, draft: OpportunityDraft, *, version: int) -> bool:
    """Change the fields that the draft sets; False when nothing differed. Stage and owner change by their own verbs.
    Raises Invalid at the field, Conflict with the values now stored when somebody was faster."""
    row, _customer = record.mine(work, opportunity_id, version)
    own = custom_values.weigh(work, row, draft.custom, stage="")
    if not (_apply(work, row, draft, draft.model_fields_set) | custom_values.settle(work, row, own)):
        return False
    record.settle(work, row)
    return True


@command(Permission.SALES_WRITE)
def advance(
    work: Work,
    opportunity_id: int,
    stage_id: int,
    *,
    version: int | None = None,
    reason: str = "",
    draft: OpportunityDraft | None = None,
) -> bool:
    """Move an open opportunity to another open stage, forwards or back; False when it is there. A chance that somebody set
    by hand gives way to the stage's. `draft` fills in what the stage asks for in the same breath. Raises Invalid at what is
    missing, Conflict for a closed one."""
    row, _customer = record.mine(work, opportunity_id, version)
    if row.closed_at is not None:
        raise Conflict(CLOSED)
    stage = _open_stage(work, stage_id)
    if row.stage_id == stage.id:
        return False
    row.probability = None
    if draft is not None:
        _apply(work, row, draft, draft.model_fields_set)
    record.enter(work, row, stage, reason=_reason(work, reason))
    return True


@command(Permission.SALES_WRITE)
def win(
    work: Work,
    opportunity_id: int,
    *,
    amount: Decimal | None = None,
    reason: str = "",
    closed_on: date | None = None,
    version: int | None = None,
) -> None:
    """Close an opportunity as won, today or on an earlier local day; `amount` is what was agreed in the end. Raises
    Invalid at the field, Conflict for a closed one."""
    row, _customer = record.mine(work, opportunity_id, version)
    if amount is not None and (agreed := currency.money("amount", amount)) != row.amount:
        currency.rate_of(work, row.currency)  # before anything is written
        row.amount = agreed
    _close(work, row, StageKind.WON, _reason(work, reason), closed_on)


@command(Permission.SALES_WRITE)
def lose(
    work: Work, opportunity_id: int, reason: str, *, closed_on: date | None = None, version: int | None = None
) -> None:
    """Close an opportunity as lost, today or on an earlier local day. Raises Invalid without a reason, Conflict for a
    closed one."""
    row, _customer = record.mine(work, opportunity_id, version)
    said = _reason(work, reason)
    if len(said) < 2:
        raise Invalid("reason", "Say why it was lost: the next one is won by it.")
    _close(work, row, StageKind.LOST, said, closed_on)


@command(Permission.SALES_WRITE)
def reopen(
    work: Work, opportunity_id: int, *, stage_id: int | None = None, reason: str = "", version: int | None = None
) -> bool:
    """Open a closed opportunity again, in the stage it was closed in or the one given. False when it is open."""
    row, _customer = record.mine(work, opportunity_id, version)
    if row.closed_at is None:
        return False
    if stage_id is not None:
        stage = _open_stage(work, stage_id)
    else:
        came = select(CHANGES.from_stage_id).where(CHANGES.opportunity_id == opportunity_id)
        last = work.session.execute(came.order_by(CHANGES.at.desc(), CHANGES.id.desc()).limit(1)).scalar_one_or_none()
        found = work.find(Stage, last or 0)
        fits = found is not None and found.kind is StageKind.OPEN and not found.retired
        stage = found if found is not None and fits else stages.first(work, StageKind.OPEN)
    row.closed_at, row.reason = None, ""
    record.enter(work, row, stage, reason=_reason(work, reason))
    return True


@command(Permission.SALES_WRITE)
def assign(work: Work, opportunity_id: int, owner_id: int, *, reason: str = "", version: int | None = None) -> bool:
    """Give an opportunity to a colleague who sells and sees the customer; False when it is his. The customer stays with
    its own owner. Raises Invalid("owner_id")."""
    row, customer = record.mine(work, opportunity_id, version)
    if row.owner_id == owner_id:
        return False
    owner_id = record.owner(work, customer, owner_id) or owner_id
    work.reason = _reason(work, reason)
    row.owner_id = owner_id
    row.updated_at = work.now
    return True


@command(Permission.SALES_WRITE)
def remove(work: Work, opportunity_id: int, *, version: int | None = None, reason: str = "") -> None:
    """Put an opportunity into the recycle bin, with everything that belongs to it."""
    row, _customer = record.mine(work, opportunity_id, version)
    work.reason = _reason(work, reason)
    row.deleted_at = work.now
    record.settle(work, row)


@command(Permission.SALES_WRITE)
def convert_to_order(work: Work, opportunity_id: int, *, token: str | None = None, over_limit_reason: str = "") -> int:
    """Record the order that came of an opportunity, with its products, and return the order's id; an open one is won by
    that. Where another amount than that of the products was agreed, a line of its own makes up the difference. Raises
    Conflict for a lost one and for one that became an order already, and what `orders.record` raises."""
    if (done := work.replayed(token)) is not None:
        return done
    row, customer = record.mine(work, opportunity_id)
    work.get(Customer, customer.id, held=True)  # of two at once the second one sees the order of the first
    stage = work.find(Stage, row.stage_id)
    if stage is not None and stage.kind is StageKind.LOST:
        raise Conflict("It was lost: reopen it before it becomes an order.")
    standing = select(ORDERS.order_no).where(ORDERS.opportunity_id == opportunity_id, ORDERS.deleted_at.is_(None))
    standing = standing.where(ORDERS.status != OrderStatus.CANCELLED).limit(1)
    if (number := work.session.execute(standing).scalar_one_or_none()) is not None:
        raise Conflict("It became order {number} already.", number=number)
    if row.closed_at is None:
        _close(work, row, StageKind.WON, "", None)
    draft = OrderDraft(
        amount=row.amount,
        currency=row.currency,
        contact_id=row.contact_id,
        opportunity_id=opportunity_id,
        owner_id=row.owner_id if work.owns(Permission.SALES_WRITE, row.owner_id) else None,
        lines=_ordered(work, row),
    )
    made = orders.record(work, row.customer_id, draft, over_limit_reason=over_limit_reason)
    work.remember(token, made)
    return made


# ---- reading
@query(Permission.SALES_READ)
def get(work: Work, opportunity_id: int) -> OpportunityView:
    """One opportunity. NotFound outside the actor's scope."""
    return record.whole(work, opportunity_id)


@query(Permission.SALES_READ)
def of_customer(work: Work, customer_id: int) -> list[OpportunityCard]:
    """The opportunities of a customer: open ones first, the furthest on top; then closed ones, the last on top. NotFound
    outside the actor's scope."""
    work.get(Customer, customer_id)
    wanted = record.listed().where(work.visible(Opportunity, few=True), OPPORTUNITIES.customer_id == customer_id)
    closed = OPPORTUNITIES.closed_at
    order = (closed.is_not(None), closed.desc(), STAGES.position.desc(), OPPORTUNITIES.id.desc())
    return record.cards(work, work.session.execute(wanted.order_by(*order).limit(SHOWN)).all())


@query(Permission.SALES_READ)
def stage_history(work: Work, opportunity_id: int) -> list[StageChangeView]:
    """Through which stages an opportunity went, newest first, with the days it stayed in each."""
    row = work.get(Opportunity, opportunity_id)
    before: Any = aliased(Stage)
    wanted = (
        select(StageChange, Stage, before, USERS.name)
        .join(Stage, STAGES.id == CHANGES.to_stage_id)
        .outerjoin(before, before.id == CHANGES.from_stage_id)
        .outerjoin(User, USERS.id == CHANGES.actor_id)
        .where(CHANGES.opportunity_id == opportunity_id)
        .order_by(CHANGES.at.desc(), CHANGES.id.desc())
    )
    told: list[StageChangeView] = []
    until = clock.today() if row.closed_at is None else clock.local(row.stage_since).date()
    for change, stage, left, actor in work.session.execute(wanted):
        told.append(
            StageChangeView(
                **{name: getattr(change, name) for name in ("id", "at", "amount", "reason")},
                before=stages.named(left) if left else "",
                stage=stages.named(stage),
                kind=stage.kind,
                actor=actor or "",
                days=record.days_since(change.at, until),
            )
        )
        until = clock.local(change.at).date()
    return told


@query(Permission.SALES_READ)
def ordered(work: Work, opportunity_id: int) -> list[OrderBrief]:
    """The orders that came of an opportunity, the last one on top. NotFound outside the actor's scope."""
    work.get(Opportunity, opportunity_id)
    wanted = select(SalesOrder).where(ORDERS.opportunity_id == opportunity_id, work.visible(SalesOrder, few=True))
    rows = work.session.execute(wanted.order_by(ORDERS.id.desc()).limit(SHOWN)).scalars()
    return [OrderBrief(**row.model_dump(include=set(OrderBrief.model_fields))) for row in rows]


@query(Permission.SALES_READ)
def lacking(work: Work, opportunity_id: int, stage_id: int) -> list[str]:
    """Which fields a stage asks for that this opportunity has not (names of stages.REQUIRABLE), in order."""
    stage = work.find(Stage, stage_id)
    return record.lacking(work, work.get(Opportunity, opportunity_id), stage) if stage is not None else []


@query(Permission.SALES_READ)
def reasons(work: Work, kind: StageKind) -> list[str]:
    """Reasons offered for winning or losing: those in use in the actor's reach, most used first, then ours."""
    counted = select(OPPORTUNITIES.reason, func.count()).join(Stage, STAGES.id == OPPORTUNITIES.stage_id)
    counted = counted.where(work.visible(Opportunity), STAGES.kind == kind, OPPORTUNITIES.reason != "")
    counted = counted.group_by(OPPORTUNITIES.reason).order_by(func.count().desc(), OPPORTUNITIES.reason).limit(12)
    used = list(work.session.execute(counted).scalars())
    return list(dict.fromkeys([*used, *(_(word) for word in REASONS.get(kind, ()))]))


# ---- below the doors
def _apply(work: Work, row: Opportunity, draft: OpportunityDraft, given: set[str]) -> bool:
    """Set what differs. Raises Invalid at the field."""
    wanted: dict[str, Any] = {name: typed.line(name, getattr(draft, name), most) for name, most in PLAIN.items()}
    wanted["name"] = typed.line("name", draft.name, 120)
    if not wanted["name"]:
        raise Invalid("name", "Say what it is about.")
    wanted["notes"] = typed.lines("notes", draft.notes, 5000)
    wanted["amount"] = _same(row.amount, currency.money("amount", draft.amount))
    wanted["currency"] = currency.code("currency", draft.currency)
    wanted["expected_close"] = _day(draft.expected_close)
    wanted["probability"] = _probability(draft.probability)
    wanted["contact_id"] = _contact(work, row, draft.contact_id) if "contact_id" in given else None
    differing = {name: value for name, value in wanted.items() if name in given and getattr(row, name) != value}
    if {"amount", "currency"} & differing.keys():
        currency.rate_of(work, differing.get("currency", row.currency))  # before anything is written
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


def _same(held: Decimal, amount: Decimal) -> Decimal:
    """The amount as it is held where it is equal, whatever its decimals."""
    return held if held == amount else amount


def _day(day: date | None) -> date | None:
    if day is not None and not 1990 <= day.year <= 2100:
        raise Invalid("expected_close", "Check the year of this date.")
    return day


def _probability(chance: int | None) -> int | None:
    if chance is not None and not 0 <= chance <= 100:
        raise Invalid("probability", "Enter a whole number from {least} to {most}.", least=0, most=100)
    return chance


def _contact(work: Work, row: Opportunity, contact_id: int | None) -> int | None:
    if contact_id is None or contact_id == row.contact_id:
        return contact_id
    contact = work.find(Contact, contact_id)
    if contact is None or contact.customer_id != row.customer_id or contact.deleted_at is not None:
        raise Invalid("contact_id", "Choose a contact of this customer.")
    return contact_id


def _open_stage(work: Work, stage_id: int) -> Stage:
    stage = work.find(Stage, stage_id)
    if stage is None or stage.retired or stage.kind is not StageKind.OPEN:
        raise Invalid("stage_id", "Choose one of the open stages.")
    return stage


def _reason(work: Work, raw: str) -> str:
    said = typed.line("reason", raw, 200)
    work.reason = said
    return said


def _close(work: Work, row: Opportunity, kind: StageKind, reason: str, closed_on: date | None) -> None:
    if row.closed_at is not None:
        raise Conflict(CLOSED)
    closed_at = _closing(work, row, closed_on)
    stage = stages.first(work, kind)
    row.closed_at, row.reason = closed_at, reason
    record.enter(work, row, stage, reason=reason, at=max(closed_at, row.stage_since))


def _closing(work: Work, row: Opportunity, day: date | None) -> datetime:
    if day is None or day == clock.today():
        return work.now
    if day > clock.today():
        raise Invalid("closed_on", "This day is still to come.")
    if day < (made := clock.local(row.created_at).date()):
        raise Invalid("closed_on", "It was made on {date}: choose that day or a later one.", date=format_date(made))
    return max(typed.moment("closed_on", datetime.combine(day, time(12))), row.created_at)


def _ordered(work: Work, row: Opportunity) -> list[OrderLineDraft]:
    """The products of an opportunity as lines of its order; none where it has none."""
    held = opportunity_lines.held(work, row.id or 0)
    wanted = [
        OrderLineDraft(product_id=line.product_id, name=line.name, quantity=line.quantity, unit_price=line.unit_price)
        for line in held
    ]
    if wanted and (difference := row.amount - opportunity_lines.total(held)):
        wanted.append(OrderLineDraft(name=_("Difference to the amount agreed"), unit_price=difference))
    return wanted
