"""Products: what we sell, and at which prices."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, Numeric
from sqlmodel import Field, SQLModel

from cim.models.base import Draft, Model, SoftDeleted, Timestamped, Versioned, View, derived, new_uid, text_enum, where
from cim.models.customer import Grade


class ProductFields(SQLModel):
    """`price` is the list price of one unit; `margin` in percent of it, where known."""

    code: str = Field(max_length=40)
    name: str = Field(max_length=120)
    category: str = Field(default="", max_length=60)
    unit: str = Field(default="", max_length=20)
    price: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 4))
    currency: str = Field(default="CNY", max_length=3)
    margin: Decimal | None = Field(default=None, sa_type=Numeric(6, 2))
    description: str = Field(default="", max_length=2000)


class ProductDraft(ProductFields, Draft):
    """As typed; an empty `code` is given out. `retired` products stay in old orders and are offered no more."""

    code: str = ""
    name: str
    category: str = ""
    unit: str = ""
    description: str = ""
    retired: bool = False
    custom: dict[str, object] = Field(default_factory=dict)


class Product(ProductFields, SoftDeleted, Timestamped, Versioned, Model, table=True):
    __tablename__ = "product"
    __table_args__ = (Index("uq_product_live_code", "code", unique=True, **where("deleted_at IS NULL")),)
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    retired: bool = False
    batch_id: int | None = Field(default=None, foreign_key="import_batch.id", index=True)
    name_folded: str = derived("", max_length=240, index=True)


class ProductPrice(Versioned, Model, table=True):
    """A price of its own for a grade of customers (none: for all), from a quantity on. The lowest that fits is taken."""

    __tablename__ = "product_price"
    id: int | None = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="product.id", index=True)
    grade: Grade = text_enum(Grade.NONE)
    min_quantity: Decimal = Field(default=Decimal(1), sa_type=Numeric(18, 3))
    price: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 4))


class CurrencyRate(Versioned, Model, table=True):
    """How much one unit of a currency is worth in the base currency."""

    __tablename__ = "currency_rate"
    code: str = Field(primary_key=True, max_length=3)
    rate: Decimal = Field(default=Decimal(1), sa_type=Numeric(18, 8))


class ProductPriceDraft(Draft):
    """A special price as typed."""

    grade: Grade = Grade.NONE
    min_quantity: Decimal = Decimal(1)
    price: Decimal = Decimal(0)


class ProductPriceView(View):
    id: int
    grade: Grade
    min_quantity: Decimal
    price: Decimal
    version: int


class ProductRow(View):
    """One line of the price list."""

    id: int
    code: str
    name: str
    category: str
    unit: str
    price: Decimal
    currency: str
    margin: Decimal | None
    retired: bool
    special_prices: int
    version: int


class ProductView(ProductRow):
    """The whole product with its special prices."""

    description: str
    prices: list[ProductPriceView]
    created_at: datetime
    updated_at: datetime
    may_edit: bool
    custom: dict[str, Any] = Field(default_factory=dict)


class ProductList(View):
    """One page of the price list, and the categories there are."""

    rows: list[ProductRow]
    total: int
    page: int
    size: int
    categories: list[str]


class Price(View):
    """What one unit costs a customer. `reason` is a message id that says where the price comes from, with its `params`."""

    price: Decimal
    currency: str
    reason: str
    params: dict[str, Any] = Field(default_factory=dict)


class CurrencyRateView(View):
    """A currency and what one unit of it is worth in the base currency; `name` in the language of whoever asked."""

    code: str
    name: str
    rate: Decimal
    base: bool
    version: int
