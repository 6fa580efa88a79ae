"""The list of orders, as data."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, select

from cim import clock
from cim.i18n import N_
from cim.models import OrderLine, SalesOrder
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.order import PaymentStatus
from cim.models.record_list import CellKind
from cim.permissions import Permission
from cim.service import totals
from cim.service.listing.deals import products
from cim.service.listing.kinds import CUSTOMER, OWNER, Column, Facet, Kind, Settable, customer_column
from cim.work import Work

ORDERS = columns(SalesOrder)
LINES = columns(OrderLine)
_OWING = ORDERS.status.in_(totals.OWING)

# the rules of payments.status_of and of order_record in SQL
_OPEN = case((and_(_OWING, ORDERS.amount > ORDERS.paid), ORDERS.amount - ORDERS.paid), else_=0)
PAYMENT = case(
    (and_(ORDERS.refunded > 0, ORDERS.refunded >= ORDERS.paid), PaymentStatus.REFUNDED.value),
    (ORDERS.paid >= ORDERS.amount, PaymentStatus.PAID.value),
    (ORDERS.paid > 0, PaymentStatus.PARTIAL.value),
    else_=PaymentStatus.UNPAID.value,
)


def _overdue(_work: Work) -> ColumnElement[bool]:
    return and_(_OWING, ORDERS.amount > ORDERS.paid, ORDERS.due_on < clock.today())


def _with_product(ids: list[int]) -> ColumnElement[bool]:
    held: ColumnElement[bool] = ORDERS.id.in_(select(LINES.order_id).where(LINES.product_id.in_(ids)))
    return held


ORDER = Kind(
    noun=Noun.ORDER,
    table=SalesOrder,
    permission=Permission.SALES_READ,
    writes=Permission.SALES_WRITE,
    joins=(customer_column(ORDERS), (OWNER, OWNER.id == ORDERS.owner_id)),
    columns=(
        Column("order_no", N_("Order number"), ORDERS.order_no, opens=True, width=120),
        Column("customer", N_("Customer"), CUSTOMER.name, width=0, order=CUSTOMER.name_order),
        Column("ordered_on", N_("Order date"), ORDERS.ordered_on, CellKind.DATE),
        Column("amount", N_("Amount"), ORDERS.amount, CellKind.MONEY, order=ORDERS.base_amount),
        Column("status", N_("Status"), ORDERS.status, CellKind.CHOICE, words="order_status", width=85),
        Column("payment", N_("Payment"), PAYMENT, CellKind.CHOICE, words="payment", width=85),
        Column("delivery", N_("Delivery"), ORDERS.delivery, CellKind.CHOICE, words="delivery", width=100),
        Column("owner", N_("Owner"), OWNER.name, width=80),
        Column("open", N_("Still to be paid"), _OPEN, CellKind.MONEY, shown=False),
        Column("paid", N_("Paid"), ORDERS.paid, CellKind.MONEY, shown=False),
        Column("due_on", N_("Due"), ORDERS.due_on, CellKind.DATE, shown=False),
        Column("delivered_on", N_("Delivered on"), ORDERS.delivered_on, CellKind.DATE, shown=False),
        Column("created_at", N_("Created"), ORDERS.created_at, CellKind.MOMENT, shown=False),
    ),
    facets=(
        Facet("status", N_("Status"), ORDERS.status, words="order_status"),
        Facet("payment", N_("Payment"), PAYMENT, words="payment"),
        Facet("delivery", N_("Delivery"), ORDERS.delivery, words="delivery"),
        Facet("unpaid", N_("To be paid"), holds=lambda _work: and_(_OWING, ORDERS.amount > ORDERS.paid)),
        Facet("overdue", N_("Payment overdue"), holds=_overdue),
        Facet("product", N_("Product"), choices=products, among=_with_product),
        Facet("currency", N_("Currency"), ORDERS.currency),
    ),
    main=ORDERS.ordered_on,
    main_is_moment=False,
    main_label=N_("Order date"),
    name=ORDERS.order_no,
    number=ORDERS.order_no,
    own=ORDERS.owner_id,
    own_label=N_("Owner"),
    amount=ORDERS.base_amount,
    currency=ORDERS.currency,
    numbers=(ORDERS.order_no,),
    order="-ordered_on",
    state="status",
    views={
        "all": (N_("All orders"), {}),
        "mine": (N_("Mine"), {"mine": True}),
        "team": (N_("My team's"), {"team": True}),
        "unpaid": (
            N_("To be paid"),
            {"facets": {"unpaid": "true"}},
        ),
        "overdue": (N_("Payment overdue"), {"facets": {"overdue": "true"}}),
        "month": (N_("This month"), {"within": "this_month"}),
    },
    settable=(Settable("due_on", N_("Due"), CellKind.DATE), Settable("notes", N_("Notes"))),
)
