"""Readers of the timeline for what is sold and served: stages, orders, payments, contracts, tickets, answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from cim.i18n import N_
from cim.models import (
    Contract,
    Customer,
    Opportunity,
    Payment,
    SalesOrder,
    Stage,
    StageChange,
    Survey,
    SurveyAnswer,
    Ticket,
    User,
)
from cim.models.base import columns
from cim.models.opportunity import StageKind
from cim.models.order import OrderStatus, PaymentKind
from cim.models.survey import SurveyKind
from cim.models.ticket import TicketType
from cim.models.timeline import EventKind, TimelineEntry
from cim.service import currency, stages
from cim.service.timeline_entry import entry, named
from cim.service.timeline_sources import noon_of
from cim.work import Work

USERS = columns(User)
ANSWERS = {
    SurveyKind.CSAT: N_("Satisfaction: {score} of 5"),
    SurveyKind.NPS: N_("Would recommend us: {score} of 10"),
    SurveyKind.CES: N_("Effort: {score} of 7"),
}
TICKETS = {
    TicketType.COMPLAINT: N_("Complaint {number}: {subject}"),
    TicketType.REQUEST: N_("Request {number}: {subject}"),
    TicketType.SUGGESTION: N_("Suggestion {number}: {subject}"),
}
ORDERS = {OrderStatus.DRAFT: N_("Order {number}, draft"), OrderStatus.CANCELLED: N_("Order {number}, cancelled")}


def stage_changes(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    table, chance = columns(StageChange), columns(Opportunity)
    before: Any = aliased(Stage)
    after: Any = aliased(Stage)
    wanted = select(StageChange, USERS.name, chance.name, before, after)
    wanted = wanted.join(Opportunity, chance.id == table.opportunity_id).join(after, after.id == table.to_stage_id)
    wanted = wanted.outerjoin(before, before.id == table.from_stage_id).outerjoin(User, USERS.id == table.actor_id)
    made = []
    for row, who, name, old, new in work.session.execute(wanted.where(table.id.in_(ids))):
        title, icon = N_("Opportunity {name}: {before} → {after}"), "trending_flat"
        if new.kind is StageKind.WON:
            title, icon = N_("Opportunity won: {name}"), "trophy"
        elif new.kind is StageKind.LOST:
            title, icon = N_("Opportunity lost: {name}"), "heart_broken"
        elif old is None:
            title, icon = N_("Opportunity {name} opened: {after}"), "flag"
        params = {"name": name, "before": stages.named(old) if old else "", "after": stages.named(new)}
        told = entry(EventKind.STAGE, row, row.at, who, icon, title, params, text=row.reason)
        told.amount, told.currency = row.amount or None, currency.base()
        told.link = f"/opportunity?id={row.opportunity_id}"
        made.append(told)
    return made


def orders(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    table, made = columns(SalesOrder), []
    for row, who in named(work, SalesOrder, func.coalesce(table.created_by_id, table.owner_id), ids):
        title = ORDERS.get(row.status, N_("Order {number}"))
        told = entry(EventKind.ORDER, row, noon_of(row.ordered_on), who, "shopping_cart", title, text=row.notes)
        told.params, told.dated, told.imported = {"number": row.order_no}, True, row.batch_id is not None
        told.amount, told.currency, told.link = row.amount, row.currency, f"/order?id={row.id}"
        made.append(told)
    return made


def deliveries(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    title, made = N_("Order {number} delivered"), []
    for row, who in named(work, SalesOrder, columns(SalesOrder).owner_id, ids):
        at = noon_of(row.delivered_on)
        told = entry(EventKind.DELIVERY, row, at, who, "local_shipping", title, {"number": row.order_no})
        told.dated, told.link = True, f"/order?id={row.id}"
        made.append(told)
    return made


def payments(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    table, order, made = columns(Payment), columns(SalesOrder), []
    wanted = select(Payment, USERS.name, order.order_no, order.currency).join(SalesOrder, order.id == table.order_id)
    wanted = wanted.outerjoin(User, USERS.id == table.created_by_id).where(table.id.in_(ids))
    for row, who, number, code in work.session.execute(wanted):
        back = row.kind is PaymentKind.REFUND
        title = N_("Refund for order {number}") if back else N_("Payment for order {number}")
        text = " · ".join(part for part in (row.method, row.note) if part)
        icon = "currency_exchange" if back else "payments"
        told = entry(EventKind.PAYMENT, row, noon_of(row.paid_on), who, icon, title, {"number": number}, text=text)
        told.dated, told.amount, told.currency = True, row.amount, code
        told.link = f"/order?id={row.order_id}"
        made.append(told)
    return made


def contracts(work: Work, ids: Sequence[int], of: Customer, *, ended: bool = False) -> list[TimelineEntry]:
    table, made = columns(Contract), []
    who = table.owner_id if ended else func.coalesce(table.created_by_id, table.owner_id)
    for row, name in named(work, Contract, who, ids):
        at = noon_of(row.ends_on if ended else row.signed_on or row.starts_on)
        title = N_("Contract {number} signed: {title}") if row.signed_on else N_("Contract {number} began: {title}")
        title = N_("Contract {number} ended: {title}") if ended else title
        kind, icon = (EventKind.CONTRACT_END, "event_busy") if ended else (EventKind.CONTRACT, "contract")
        told = entry(kind, row, at, name, icon, title, {"number": row.number, "title": row.title})
        told.dated, told.link = True, f"/contract?id={row.id}"
        if not ended:
            told.amount, told.currency = row.amount or None, row.currency
        made.append(told)
    return made


def contract_ends(work: Work, ids: Sequence[int], of: Customer) -> list[TimelineEntry]:
    return contracts(work, ids, of, ended=True)


def tickets(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    made = []
    for row, who in named(work, Ticket, columns(Ticket).opened_by_id, ids):
        params = {"number": row.number, "subject": row.subject}
        told = entry(
            EventKind.TICKET, row, row.opened_at, who, "support_agent", TICKETS[row.type], params, text=row.content
        )
        told.imported, told.link = row.batch_id is not None, f"/ticket?id={row.id}"
        made.append(told)
    return made


def resolutions(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    title, made = N_("Ticket {number} resolved: {subject}"), []
    for row, who in named(work, Ticket, columns(Ticket).handler_id, ids):
        params = {"number": row.number, "subject": row.subject}
        told = entry(
            EventKind.RESOLVED, row, row.resolved_at, row.handler or who, "check_circle", title, params,
            text=row.resolution,
        )  # fmt: skip
        told.link = f"/ticket?id={row.id}"
        made.append(told)
    return made


def ratings(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    title, made = N_("Ticket {number} rated: {score} of 5"), []
    for row, _who in named(work, Ticket, columns(Ticket).handler_id, ids):
        params = {"number": row.number, "score": row.satisfaction or "–"}
        told = entry(EventKind.RATED, row, row.rated_at, "", "star", title, params, text=row.rating_comment)
        told.link = f"/ticket?id={row.id}"
        made.append(told)
    return made


def answers(work: Work, ids: Sequence[int], _of: Customer) -> list[TimelineEntry]:
    table, survey, desk, made = columns(SurveyAnswer), columns(Survey), columns(Ticket), []
    wanted = select(SurveyAnswer, USERS.name, survey.name, desk.number)
    wanted = wanted.outerjoin(Survey, survey.id == table.survey_id).outerjoin(Ticket, desk.id == table.ticket_id)
    wanted = wanted.outerjoin(User, USERS.id == table.recorded_by_id).where(table.id.in_(ids))
    for row, who, name, number in work.session.execute(wanted):
        params = {"score": row.score}
        told = entry(
            EventKind.ANSWER, row, row.at, who, "sentiment_satisfied", ANSWERS[row.kind], params, text=row.comment
        )
        about = {N_("Survey"): name, N_("Ticket"): number}
        told.details = {label: value for label, value in about.items() if value}
        told.link = f"/ticket?id={row.ticket_id}" if row.ticket_id else ""
        made.append(told)
    return made
