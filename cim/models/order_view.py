"""Orders, contracts and what is known of purchases, as they leave the service."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Field

from cim.models.base import View
from cim.models.contract import ContractStatus
from cim.models.order import DeliveryStatus, OrderStatus, PaymentKind, PaymentStatus


class OrderRow(View):
    """One line of a list. `open` is what is still to be paid, in the order's currency; `overdue` when that is due."""

    id: int
    order_no: str
    customer_id: int
    customer: str
    ordered_on: date
    amount: Decimal
    currency: str
    base_amount: Decimal
    base_net: Decimal
    status: OrderStatus
    delivery: DeliveryStatus
    payment: PaymentStatus
    paid: Decimal
    refunded: Decimal
    open: Decimal
    due_on: date | None
    overdue: bool
    owner_id: int | None
    owner: str
    version: int


class OrderLineView(View):
    """One line; a free text has no product, code or unit."""

    id: int
    product_id: int | None
    code: str
    name: str
    unit: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


class PricedLine(View):
    """A line as it would be stored. `why` is a message id with `params` that says where a price from the list comes from."""

    name: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    why: str
    params: dict[str, Any]


class OrderPreview(View):
    """What lines come to, in a currency and in the base currency; `over_limit` where the credit limit would ask why."""

    lines: list[PricedLine]
    amount: Decimal
    currency: str
    base_amount: Decimal
    over_limit: bool


class PaymentView(View):
    """Money that came in or went back."""

    id: int
    kind: PaymentKind
    amount: Decimal
    paid_on: date
    method: str
    note: str
    created_by: str
    created_at: datetime
    version: int


class OrderView(OrderRow):
    """The whole order, with its lines in order and its payments, oldest first."""

    lines: list[OrderLineView]
    payments: list[PaymentView]
    contact_id: int | None
    contact: str
    opportunity_id: int | None
    opportunity: str
    contract_id: int | None
    contract: str
    delivered_on: date | None
    notes: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    may_edit: bool
    custom: dict[str, Any] = Field(default_factory=dict)


class ContractRow(View):
    """One line of a list. `days_left` until it ends, negative when it is over; None without an end."""

    id: int
    number: str
    title: str
    customer_id: int
    customer: str
    amount: Decimal
    currency: str
    base_amount: Decimal
    status: ContractStatus
    signed_on: date | None
    starts_on: date | None
    ends_on: date | None
    remind_days: int
    days_left: int | None
    ends_soon: bool
    owner_id: int | None
    owner: str
    version: int


class ContractView(ContractRow):
    """The whole contract, with the orders under it."""

    contact_id: int | None
    contact: str
    opportunity_id: int | None
    opportunity: str
    notes: str
    orders: list[OrderRow]
    created_by: str
    created_at: datetime
    updated_at: datetime
    may_edit: bool
    custom: dict[str, Any] = Field(default_factory=dict)


class Bought(View):
    """What one customer bought of one product in orders that count. Amounts are in the base currency, before refunds;
    `price` is the mean price of one."""

    product_id: int | None
    code: str
    name: str
    category: str
    unit: str
    quantity: Decimal
    amount: Decimal
    orders: int
    first_on: date
    last_on: date
    price: Decimal | None


class BoughtMonth(View):
    """Orders that count of one month, less refunds, in the base currency."""

    month: date
    orders: int
    amount: Decimal


class Purchases(View):
    """What a customer bought: by product, the dearest first, and by month, the oldest first without gaps.
    `usual_gap` is the mean number of days between two days with orders; None below three."""

    products: list[Bought]
    months: list[BoughtMonth]
    orders: int
    amount: Decimal
    first_on: date | None
    last_on: date | None
    usual_gap: int | None


class ProductSold(View):
    """What was sold of one product in a period, as `Bought`, to how many customers."""

    product_id: int | None
    code: str
    name: str
    category: str
    unit: str
    quantity: Decimal
    amount: Decimal
    orders: int
    customers: int
    last_on: date
