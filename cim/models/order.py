"""Orders with their lines and payments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Index, Numeric
from sqlmodel import Field, SQLModel

from cim.models.base import (
    Draft,
    Model,
    Owned,
    SoftDeleted,
    Timestamped,
    Versioned,
    derived,
    new_uid,
    text_enum,
    where,
)


class OrderStatus(StrEnum):
    """An order counts as business (R, F, M, lifecycle, sales) when it is PAID or COMPLETED."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    PAID = "paid"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class DeliveryStatus(StrEnum):
    OPEN = "open"
    PARTIAL = "partial"
    DELIVERED = "delivered"


class PaymentStatus(StrEnum):
    """Derived from the payments."""

    UNPAID = "unpaid"
    PARTIAL = "partial"
    PAID = "paid"
    REFUNDED = "refunded"


class PaymentKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


class OrderFields(SQLModel):
    """`due_on` (payment) and `delivered_on` are local days."""

    order_no: str = Field(max_length=40)
    amount: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))
    currency: str = Field(default="CNY", max_length=3)
    status: OrderStatus = text_enum(OrderStatus.CONFIRMED)
    delivery: DeliveryStatus = text_enum(DeliveryStatus.OPEN)
    due_on: date | None = None
    delivered_on: date | None = None
    notes: str = Field(default="", max_length=2000)


class OrderLineDraft(Draft):
    """A product or a free text; without `unit_price` the price list says it, without `name` the product's is taken."""

    product_id: int | None = None
    name: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None


class OrderDraft(OrderFields, Draft):
    """As typed. An empty `order_no` is given out, no `ordered_on` is today, an empty `currency` the base one. `amount`
    counts only without lines: else it is their sum. With `lines` set, they replace all lines there are."""

    order_no: str = ""
    ordered_on: date | None = None
    currency: str = ""
    amount: Decimal = Decimal(0)
    notes: str = ""
    contact_id: int | None = None
    opportunity_id: int | None = None
    contract_id: int | None = None
    owner_id: int | None = None
    lines: list[OrderLineDraft] = Field(default_factory=list)
    custom: dict[str, object] = Field(default_factory=dict)


class SalesOrder(OrderFields, Owned, SoftDeleted, Timestamped, Versioned, Model, table=True):
    """`base_amount` and `base_net` (less refunds) are in the base currency, at the rate of the last save; `paid` and
    `refunded` follow from the payments, in the order's own."""

    __tablename__ = "sales_order"
    __table_args__ = (
        Index("uq_sales_order_live_no", "order_no", unique=True, **where("deleted_at IS NULL")),
        Index("ix_sales_order_day", "ordered_on", "owner_id", "base_net", **where("deleted_at IS NULL")),
        Index("ix_sales_order_customer_day", "customer_id", "ordered_on", "base_net"),
        Index("ix_sales_order_owner_day", "owner_id", "ordered_on", **where("deleted_at IS NULL")),
    )
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    customer_id: int = Field(foreign_key="customer.id")
    ordered_on: date
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    opportunity_id: int | None = Field(default=None, foreign_key="opportunity.id", index=True)
    contract_id: int | None = Field(default=None, foreign_key="contract.id", index=True)
    base_amount: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))
    base_net: Decimal = derived(Decimal(0), sa_type=Numeric(18, 2))
    paid: Decimal = derived(Decimal(0), sa_type=Numeric(18, 2))
    refunded: Decimal = derived(Decimal(0), sa_type=Numeric(18, 2))
    created_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)


class OrderLine(Model, table=True):
    """One line of an order. `name` is what the product was called then."""

    __tablename__ = "order_line"
    __table_args__ = (Index("ix_order_line_product_customer", "product_id", "customer_id"),)
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="sales_order.id", index=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    product_id: int | None = Field(default=None, foreign_key="product.id")
    name: str = Field(default="", max_length=120)
    quantity: Decimal = Field(default=Decimal(1), sa_type=Numeric(18, 3))
    unit_price: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 4))
    amount: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))
    position: int = 0


class PaymentFields(SQLModel):
    """`amount` is positive, also of a refund."""

    kind: PaymentKind = text_enum(PaymentKind.PAYMENT)
    amount: Decimal = Field(sa_type=Numeric(18, 2))
    method: str = Field(default="", max_length=40)
    note: str = Field(default="", max_length=200)


class PaymentDraft(PaymentFields, Draft):
    """As typed; no `paid_on` is today."""

    paid_on: date | None = None
    method: str = ""
    note: str = ""


class Payment(PaymentFields, SoftDeleted, Timestamped, Versioned, Model, table=True):
    __tablename__ = "payment"
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="sales_order.id", index=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    paid_on: date
    created_by_id: int | None = Field(default=None, foreign_key="app_user.id")
