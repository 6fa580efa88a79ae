"""Who may take a change of a record back: whoever may make it."""

from __future__ import annotations

from typing import Any

from cim.models import (
    ChangeSet,
    Comment,
    Contract,
    CurrencyRate,
    Customer,
    CustomField,
    FieldRule,
    Holiday,
    Opportunity,
    OpportunityLine,
    OpportunityStep,
    Option,
    OrderLine,
    Payment,
    Phrase,
    Product,
    ProductPrice,
    PublicLink,
    Region,
    SalesOrder,
    ServiceRule,
    Setting,
    Skill,
    Stage,
    StageChange,
    Survey,
    SurveyAnswer,
    Target,
    Task,
    Ticket,
    WorkingHours,
    WorklistDecision,
    WorklistRule,
)
from cim.permissions import Permission
from cim.work import Work

KEPT_BY: dict[type[Any], Permission] = {
    **dict.fromkeys((CustomField, Option, FieldRule, Setting, Region, Stage), Permission.SETTINGS_MANAGE),
    **dict.fromkeys((ServiceRule, Skill, WorkingHours, Holiday, WorklistRule, Survey), Permission.SETTINGS_MANAGE),
    **dict.fromkeys((Product, ProductPrice, CurrencyRate), Permission.PRODUCT_MANAGE),
}
"""Belongs to no customer: whoever has the permission keeps it."""
MANAGED = tuple(KEPT_BY)
SALES = (Opportunity, OpportunityLine, OpportunityStep, StageChange, SalesOrder, OrderLine, Payment, Contract)
NEEDED: dict[type[Any], Permission] = {
    **dict.fromkeys(SALES, Permission.SALES_WRITE),
    **dict.fromkeys((SurveyAnswer, PublicLink), Permission.SURVEY_SEND),
    WorklistDecision: Permission.ACTIVITY_WRITE,
}
"""Belongs to a customer, and takes more than the right to write that."""
STANDS = ("public_links.answer",)
"""What a customer did himself: nobody takes it back."""


def may_keep(work: Work, model: type[Any]) -> bool:
    """Whether the actor keeps the records of a table that belong to no customer."""
    return work.actor.can(KEPT_BY[model])


def may_write(work: Work, source: ChangeSet, customer: Customer) -> bool:
    """Whether the actor may write this customer while he takes a change back."""
    if customer.owner_id is None:  # in the public pool: who put it there, or changed it there, may take that back
        mine = source.actor_id is not None and source.actor_id == work.actor.user_id
        return mine or work.actor.can(Permission.CUSTOMER_ASSIGN) or work.owns(Permission.CUSTOMER_WRITE, None)
    return work.owns(Permission.CUSTOMER_WRITE, customer.owner_id)


def reaches(work: Work, source: ChangeSet, row: Any, customer: Customer) -> bool:
    """Whether the actor may write a record of a customer: what takes no right of its own follows the customer."""
    mine = source.actor_id is not None and source.actor_id == work.actor.user_id
    if source.action in STANDS:
        return False
    if isinstance(row, Comment):
        said = row.author_id == work.actor.user_id or work.owns(Permission.CUSTOMER_ASSIGN, row.author_id)
        return said or (mine and may_write(work, source, customer))
    if isinstance(row, Task):
        theirs = any(work.owns(Permission.TASK_WRITE, who) for who in {row.assignee_id, customer.owner_id})
        return theirs or (mine and may_write(work, source, customer))
    if isinstance(row, Ticket) or (isinstance(row, SurveyAnswer) and row.ticket_id is not None):
        handles = work.owns(Permission.TICKET_HANDLE, customer.owner_id)
        return handles or work.owns(Permission.TICKET_ASSIGN, customer.owner_id) or (mine and _opens(work, customer))
    needed = NEEDED.get(type(row))
    if needed is None:
        return may_write(work, source, customer)
    return any(work.owns(needed, who) for who in {customer.owner_id, getattr(row, "owner_id", None)}) or (
        customer.owner_id is None and mine and work.actor.can(needed)
    )


def owns_himself(work: Work, row: Any) -> bool | None:
    """Whether the actor may write a record that belongs to a person; None for one that does not."""
    if isinstance(row, Phrase):
        return row.user_id == work.actor.user_id or (row.user_id is None and work.actor.can(Permission.SETTINGS_MANAGE))
    if isinstance(row, Target):
        return work.owns(Permission.TARGET_MANAGE, row.user_id)
    return None


def _opens(work: Work, customer: Customer) -> bool:
    return work.owns(Permission.TICKET_OPEN, customer.owner_id)
