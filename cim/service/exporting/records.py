"""The rows of exported opportunities, orders, contracts, products and tickets, in the columns that an import reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import func, null, select

from cim import i18n
from cim.models import Contract, Customer, Opportunity, OrderLine, Product, SalesOrder, Stage, Ticket, User
from cim.models.base import columns
from cim.models.custom import Noun
from cim.models.opportunity import StageKind
from cim.models.record_list import RecordFilter
from cim.service import stages
from cim.service.importing import own_fields
from cim.service.importing.columns import CUSTOMER, CUSTOMER_NAME, Column
from cim.service.listing import engine
from cim.service.listing.kinds import CUSTOMER as OF_CUSTOMER
from cim.service.listing.kinds import Kind
from cim.work import LARGEST_ID, Work

CUSTOMERS = columns(Customer)
USERS = columns(User)
OPPORTUNITIES = columns(Opportunity)
STAGES = columns(Stage)
ORDERS = columns(SalesOrder)
LINES = columns(OrderLine)
PRODUCTS = columns(Product)
CONTRACTS = columns(Contract)
TICKETS = columns(Ticket)
CHUNK = 1000

_CONTRACT = (
    Column("number", "合同编号"),
    CUSTOMER,
    CUSTOMER_NAME,
    Column("title", "合同名称"),
    Column("amount", "金额"),
    Column("currency", "币种"),
    Column("status", "状态"),
    Column("signed_on", "签订日期"),
    Column("starts_on", "开始日期"),
    Column("ends_on", "结束日期"),
    Column("remind_days", "提前提醒天数"),
    Column("owner", "负责人"),
    Column("notes", "备注"),
)
COLUMNS: dict[Noun, tuple[Column, ...]] = {
    noun: own_fields.built_in(noun) for noun in (Noun.OPPORTUNITY, Noun.ORDER, Noun.PRODUCT, Noun.TICKET)
} | {Noun.CONTRACT: _CONTRACT}
"""What a file of each noun holds, besides its custom fields."""


def found(
    work: Work, kind: Kind, narrowed: RecordFilter, ids: Sequence[int] | None
) -> list[tuple[int, int | None, int | None]]:
    """(record, its customer, the customer's owner) of what is wanted and in the actor's reach, oldest first."""
    of_customer = "customer_id" in kind.table.model_fields
    told = (kind.table.customer_id, OF_CUSTOMER.owner_id) if of_customer else (null(), null())
    wanted = engine.base(kind, kind.table.id, *told).order_by(kind.table.id)
    if ids is None:
        where = engine.conditions(work, kind, narrowed)
        return [tuple(row) for row in work.session.execute(wanted.where(*where))]
    good = sorted({number for number in ids if 0 < number <= LARGEST_ID})
    rows: list[tuple[int, int | None, int | None]] = []
    for start in range(0, len(good), CHUNK):
        part = wanted.where(kind.table.id.in_(good[start : start + CHUNK]), work.visible(kind.table, few=True))
        rows += [tuple(row) for row in work.session.execute(part)]
    return rows


def _opportunities(work: Work, ids: list[int], asked: list[str]) -> Iterator[dict[str, Any]]:
    asked_of = select(Opportunity, Stage, CUSTOMERS.code, CUSTOMERS.name, CUSTOMERS.owner_id, USERS.name)
    asked_of = asked_of.join(Customer, CUSTOMERS.id == OPPORTUNITIES.customer_id)
    asked_of = asked_of.join(Stage, STAGES.id == OPPORTUNITIES.stage_id)
    asked_of = asked_of.outerjoin(User, USERS.id == OPPORTUNITIES.owner_id)
    rows = work.session.execute(asked_of.where(OPPORTUNITIES.id.in_(ids)).order_by(OPPORTUNITIES.id)).all()
    own = _own(work, Noun.OPPORTUNITY, {row[0].id: row[4] for row in rows}, asked)
    with i18n.use("zh"):  # as the headers
        named = {row[1].id: stages.named(row[1]) for row in rows}
    names = (
        "name",
        "amount",
        "currency",
        "probability",
        "expected_close",
        "created_at",
        "closed_at",
        "reason",
        "notes",
    )
    for row, stage, code, customer, _owner_id, owner in rows:
        yield {
            **{name: getattr(row, name) for name in names},
            "customer": code,
            "customer_name": customer,
            "stage": named[stage.id],
            "owner": owner,
            "result": stage.kind if stage.kind is not StageKind.OPEN else None,
            **own.get(row.id, {}),
        }


def _orders(work: Work, ids: list[int], asked: list[str]) -> Iterator[dict[str, Any]]:
    """A row for each line; what holds for the whole order stands in each of them."""
    asked_of = select(SalesOrder, OrderLine, CUSTOMERS.code, CUSTOMERS.name, CUSTOMERS.owner_id, USERS.name)
    asked_of = asked_of.add_columns(PRODUCTS.code, PRODUCTS.name)
    asked_of = asked_of.join(Customer, CUSTOMERS.id == ORDERS.customer_id)
    asked_of = asked_of.outerjoin(OrderLine, LINES.order_id == ORDERS.id)
    asked_of = asked_of.outerjoin(Product, PRODUCTS.id == LINES.product_id)
    asked_of = asked_of.outerjoin(User, USERS.id == ORDERS.owner_id).where(ORDERS.id.in_(ids))
    rows = work.session.execute(asked_of.order_by(ORDERS.id, LINES.position, LINES.id)).all()
    own = _own(work, Noun.ORDER, {row[0].id: row[4] for row in rows}, asked)
    alone = _unlike(work)
    for row, line, code, customer, _owner_id, owner, product_code, product in rows:
        clear = line is not None and line.name == product and product in alone
        yield {
            "order_no": row.order_no,
            "customer": code,
            "customer_name": customer,
            "date": row.ordered_on,
            # the code where the name would not lead back to the product
            "product": None if line is None else line.name if clear or not product_code else product_code,
            "quantity": line.quantity if line is not None else None,
            "unit_price": line.unit_price if line is not None else None,
            "amount": line.amount if line is not None else row.amount,
            "currency": row.currency,
            "status": row.status,
            "owner": owner,
            "notes": row.notes,
            **own.get(row.id, {}),
        }


def _products(work: Work, ids: list[int], asked: list[str]) -> Iterator[dict[str, Any]]:
    rows = work.session.execute(select(Product).where(PRODUCTS.id.in_(ids)).order_by(PRODUCTS.id)).scalars().all()
    own = _own(work, Noun.PRODUCT, {row.id or 0: None for row in rows}, asked)
    names = ("code", "name", "category", "unit", "price", "currency", "margin", "description")
    for row in rows:
        yield {**{name: getattr(row, name) for name in names}, **own.get(row.id or 0, {})}


def _contracts(work: Work, ids: list[int], asked: list[str]) -> Iterator[dict[str, Any]]:
    asked_of = select(Contract, CUSTOMERS.code, CUSTOMERS.name, CUSTOMERS.owner_id, USERS.name)
    asked_of = asked_of.join(Customer, CUSTOMERS.id == CONTRACTS.customer_id)
    asked_of = asked_of.outerjoin(User, USERS.id == CONTRACTS.owner_id)
    rows = work.session.execute(asked_of.where(CONTRACTS.id.in_(ids)).order_by(CONTRACTS.id)).all()
    own = _own(work, Noun.CONTRACT, {row[0].id: row[3] for row in rows}, asked)
    names = [column.name for column in _CONTRACT if column.name in Contract.model_fields]
    for row, code, customer, _owner_id, owner in rows:
        yield {
            **{name: getattr(row, name) for name in names},
            "customer": code,
            "customer_name": customer,
            "owner": owner,
            **own.get(row.id, {}),
        }


def _tickets(work: Work, ids: list[int], asked: list[str]) -> Iterator[dict[str, Any]]:
    asked_of = select(Ticket, CUSTOMERS.code, CUSTOMERS.name, CUSTOMERS.owner_id, USERS.name)
    asked_of = asked_of.join(Customer, CUSTOMERS.id == TICKETS.customer_id)
    asked_of = asked_of.outerjoin(User, USERS.id == TICKETS.handler_id)
    rows = work.session.execute(asked_of.where(TICKETS.id.in_(ids)).order_by(TICKETS.id)).all()
    own = _own(work, Noun.TICKET, {row[0].id: row[3] for row in rows}, asked)
    names = [column.name for column in COLUMNS[Noun.TICKET] if column.name in Ticket.model_fields]
    for row, code, customer, _owner_id, handler in rows:
        yield {
            **{name: getattr(row, name) for name in names},
            "customer": code,
            "customer_name": customer,
            "handler": handler or row.handler,
            **own.get(row.id, {}),
        }


ROWS: dict[Noun, Callable[[Work, list[int], list[str]], Iterator[dict[str, Any]]]] = {
    Noun.OPPORTUNITY: _opportunities,
    Noun.ORDER: _orders,
    Noun.PRODUCT: _products,
    Noun.CONTRACT: _contracts,
    Noun.TICKET: _tickets,
}


def _own(work: Work, noun: Noun, owners: dict[int, int | None], asked: list[str]) -> dict[int, dict[str, str]]:
    """The custom fields that are asked for, as whoever exports may see them; `owners` of the customers behind."""
    seen = {number: noun is Noun.PRODUCT or work.may_see_clear(owner) for number, owner in owners.items()}
    return own_fields.cells(work, noun, seen, asked)


def _unlike(work: Work) -> set[str]:
    """Names that only one product has."""
    counted = select(PRODUCTS.name).where(work.visible(Product)).group_by(PRODUCTS.name).having(func.count() == 1)
    return set(work.session.execute(counted).scalars())
