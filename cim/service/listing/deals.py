"""Lists of opportunities, products and contracts, as data."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.orm import aliased

from cim import clock
from cim.i18n import N_, _
from cim.models import Contract, Opportunity, OpportunityLine, Product, Stage
from cim.models.base import columns
from cim.models.contract import ContractStatus
from cim.models.custom import Noun
from cim.models.opportunity import StageKind
from cim.models.record_list import CellKind
from cim.permissions import Permission
from cim.service import stages
from cim.service.listing.kinds import (
    CUSTOMER,
    OWNER,
    Column,
    Facet,
    Kind,
    Settable,
    customer_column,
    days_from_today,
)
from cim.work import Work

OPPORTUNITIES = columns(Opportunity)
LINES = columns(OpportunityLine)
PRODUCTS = columns(Product)
CONTRACTS = columns(Contract)
STAGE: Any = aliased(Stage)
# the rule of opportunity_record.chance_of in SQL
_CHANCE = case(
    (STAGE.kind == StageKind.OPEN, func.coalesce(OPPORTUNITIES.probability, STAGE.probability)), else_=STAGE.probability
)
_SHIPPED = {str(stage["name"]) for stage in stages.SHIPPED}


def products(work: Work) -> dict[str, str]:
    """Products by number, those that are sold first."""
    found = select(PRODUCTS.id, PRODUCTS.name).where(work.visible(Product)).order_by(PRODUCTS.retired, PRODUCTS.name)
    return {str(number): name for number, name in work.session.execute(found)}


def _stages(work: Work) -> dict[str, str]:
    return {str(row.id): stages.named(row) for row in stages.rows(work)}


def _stage_name(name: str) -> str:
    return _(name) if name in _SHIPPED else name


def _stuck(work: Work) -> ColumnElement[bool]:
    """Open, and longer in its stage than that one allows."""
    limits = [(row.id, row.days_limit) for row in stages.rows(work) if row.days_limit > 0]
    each = [
        and_(OPPORTUNITIES.stage_id == number, OPPORTUNITIES.stage_since < clock.start_of(days_from_today(-limit)))
        for number, limit in limits
    ]
    return and_(OPPORTUNITIES.closed_at.is_(None), or_(false(), *each))


def _late(_work: Work) -> ColumnElement[bool]:
    return and_(OPPORTUNITIES.closed_at.is_(None), OPPORTUNITIES.expected_close < clock.today())


def _with_product(ids: list[int]) -> ColumnElement[bool]:
    held: ColumnElement[bool] = OPPORTUNITIES.id.in_(select(LINES.opportunity_id).where(LINES.product_id.in_(ids)))
    return held


OPPORTUNITY = Kind(
    noun=Noun.OPPORTUNITY,
    table=Opportunity,
    permission=Permission.SALES_READ,
    writes=Permission.SALES_WRITE,
    joins=(
        customer_column(OPPORTUNITIES),
        (STAGE, STAGE.id == OPPORTUNITIES.stage_id),
        (OWNER, OWNER.id == OPPORTUNITIES.owner_id),
    ),
    columns=(
        Column("name", N_("Opportunity"), OPPORTUNITIES.name, opens=True, width=0, order=OPPORTUNITIES.name_folded),
        Column("customer", N_("Customer"), CUSTOMER.name, width=180, order=CUSTOMER.name_order),
        Column("stage", N_("Stage"), STAGE.name, order=STAGE.position, named=_stage_name, width=95),
        Column("amount", N_("Amount"), OPPORTUNITIES.amount, CellKind.MONEY, order=OPPORTUNITIES.base_amount),
        Column("expected_close", N_("Expected close"), OPPORTUNITIES.expected_close, CellKind.DATE),
        Column("owner", N_("Owner"), OWNER.name, width=80),
        Column(
            "probability",
            N_("Probability"),
            _CHANCE,
            CellKind.PERCENT,
            shown=False,
            width=90,
        ),
        Column("stage_since", N_("In the stage since"), OPPORTUNITIES.stage_since, CellKind.MOMENT, shown=False),
        Column("source", N_("Source"), OPPORTUNITIES.source, shown=False),
        Column("competitors", N_("Competitors"), OPPORTUNITIES.competitors, shown=False),
        Column("reason", N_("Reason"), OPPORTUNITIES.reason, shown=False),
        Column("closed_at", N_("Closed on"), OPPORTUNITIES.closed_at, CellKind.MOMENT, shown=False),
        Column("created_at", N_("Created"), OPPORTUNITIES.created_at, CellKind.MOMENT, shown=False),
    ),
    facets=(
        Facet("state", N_("State"), STAGE.kind, words="stage_kind"),
        Facet("stage", N_("Stage"), OPPORTUNITIES.stage_id, choices=_stages, number=True),
        Facet("stuck", N_("Stuck in its stage"), holds=_stuck),
        Facet("late", N_("Expected close is over"), holds=_late),
        Facet("product", N_("Product"), choices=products, among=_with_product),
        Facet("source", N_("Source"), OPPORTUNITIES.source),
        Facet("currency", N_("Currency"), OPPORTUNITIES.currency),
    ),
    main=OPPORTUNITIES.expected_close,
    main_is_moment=False,
    main_label=N_("Expected close"),
    name=OPPORTUNITIES.name,
    own=OPPORTUNITIES.owner_id,
    own_label=N_("Owner"),
    amount=OPPORTUNITIES.base_amount,
    currency=OPPORTUNITIES.currency,
    searched=(OPPORTUNITIES.name_folded,),
    order="-created_at",
    state="stage",
    views={
        "all": (N_("All opportunities"), {}),
        "mine": (N_("Mine"), {"mine": True, "facets": {"state": "open"}}),
        "team": (N_("My team's"), {"team": True, "facets": {"state": "open"}}),
        "closing": (N_("Closing this month"), {"within": "this_month", "facets": {"state": "open"}}),
        "stuck": (N_("Stuck in its stage"), {"facets": {"stuck": "true"}}),
        "late": (N_("Expected close is over"), {"facets": {"late": "true"}}),
        "won": (N_("Won deal"), {"facets": {"state": StageKind.WON.value}}),
    },
    settable=(
        Settable("expected_close", N_("Expected close"), CellKind.DATE),
        Settable("source", N_("Source")),
        Settable("competitors", N_("Competitors")),
    ),
)

PRODUCT = Kind(
    noun=Noun.PRODUCT,
    table=Product,
    permission=Permission.SALES_READ,
    writes=Permission.PRODUCT_MANAGE,
    columns=(
        Column("name", N_("Product"), PRODUCTS.name, opens=True, width=0, order=PRODUCTS.name_folded),
        Column("code", N_("Product code"), PRODUCTS.code, width=100),
        Column("category", N_("Category"), PRODUCTS.category),
        Column("unit", N_("Unit"), PRODUCTS.unit, width=70),
        Column("price", N_("Price"), PRODUCTS.price, CellKind.MONEY),
        Column("retired", N_("Retired"), PRODUCTS.retired, CellKind.YESNO, width=80),
        Column("margin", N_("Margin"), PRODUCTS.margin, CellKind.PERCENT, shown=False, width=90),
        Column("created_at", N_("Created"), PRODUCTS.created_at, CellKind.MOMENT, shown=False),
    ),
    facets=(
        Facet("category", N_("Category"), PRODUCTS.category),
        Facet("retired", N_("Retired"), holds=lambda _work: PRODUCTS.retired.is_(True)),
        Facet("currency", N_("Currency"), PRODUCTS.currency),
    ),
    main=PRODUCTS.created_at,
    main_is_moment=True,
    main_label=N_("Created"),
    name=PRODUCTS.name,
    number=PRODUCTS.code,
    currency=PRODUCTS.currency,
    searched=(PRODUCTS.name_folded,),
    numbers=(PRODUCTS.code,),
    order="code",
    state="category",
    views={
        "all": (N_("All products"), {}),
        "offered": (N_("Offered"), {"facets": {"retired": "false"}}),
        "retired": (N_("Retired"), {"facets": {"retired": "true"}}),
    },
    settable=(
        Settable("category", N_("Category")),
        Settable("unit", N_("Unit")),
        Settable("retired", N_("Retired"), CellKind.YESNO, emptied=False),
    ),
)

CONTRACT = Kind(
    noun=Noun.CONTRACT,
    table=Contract,
    permission=Permission.SALES_READ,
    writes=Permission.SALES_WRITE,
    joins=(customer_column(CONTRACTS), (OWNER, OWNER.id == CONTRACTS.owner_id)),
    columns=(
        Column("title", N_("Contract"), CONTRACTS.title, opens=True, width=0),
        Column("number", N_("Contract number"), CONTRACTS.number, width=100),
        Column("customer", N_("Customer"), CUSTOMER.name, width=180, order=CUSTOMER.name_order),
        Column("amount", N_("Amount"), CONTRACTS.amount, CellKind.MONEY, order=CONTRACTS.base_amount),
        Column("status", N_("Status"), CONTRACTS.status, CellKind.CHOICE, words="contract_status", width=85),
        Column("ends_on", N_("Ends on"), CONTRACTS.ends_on, CellKind.DATE),
        Column("owner", N_("Owner"), OWNER.name, width=80),
        Column("starts_on", N_("Starts on"), CONTRACTS.starts_on, CellKind.DATE, shown=False),
        Column("signed_on", N_("Signed on"), CONTRACTS.signed_on, CellKind.DATE, shown=False),
        Column("remind_days", N_("Remind (days before)"), CONTRACTS.remind_days, CellKind.NUMBER, shown=False),
        Column("created_at", N_("Created"), CONTRACTS.created_at, CellKind.MOMENT, shown=False),
    ),
    facets=(
        Facet("status", N_("Status"), CONTRACTS.status, words="contract_status"),
        Facet("over", N_("End is over"), holds=lambda _work: CONTRACTS.ends_on < clock.today()),
        Facet("currency", N_("Currency"), CONTRACTS.currency),
    ),
    main=CONTRACTS.ends_on,
    main_is_moment=False,
    main_label=N_("Ends on"),
    name=CONTRACTS.title,
    number=CONTRACTS.number,
    own=CONTRACTS.owner_id,
    own_label=N_("Owner"),
    amount=CONTRACTS.base_amount,
    currency=CONTRACTS.currency,
    titles=(CONTRACTS.title,),
    numbers=(CONTRACTS.number,),
    order="ends_on",
    state="status",
    views={
        "all": (N_("All contracts"), {}),
        "mine": (N_("Mine"), {"mine": True}),
        "team": (N_("My team's"), {"team": True}),
        "ending": (
            N_("Ending in 30 days"),
            {"within": "next_30_days", "facets": {"status": ContractStatus.ACTIVE.value}},
        ),
    },
    settable=(
        Settable("status", N_("Status"), CellKind.CHOICE, words="contract_status", emptied=False),
        Settable("ends_on", N_("Ends on"), CellKind.DATE),
        Settable("remind_days", N_("Remind (days before)"), CellKind.NUMBER, emptied=False),
    ),
)
