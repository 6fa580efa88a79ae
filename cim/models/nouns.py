"""Which table keeps which kind of record: what can be extended by custom fields, ruled and listed."""

from __future__ import annotations

from typing import Any

from cim.models.contact import Contact
from cim.models.contract import Contract
from cim.models.custom import Noun
from cim.models.customer import Customer
from cim.models.opportunity import Opportunity
from cim.models.order import SalesOrder
from cim.models.product import Product
from cim.models.ticket import Ticket

TABLES: dict[Noun, type[Any]] = {
    Noun.CUSTOMER: Customer,
    Noun.CONTACT: Contact,
    Noun.OPPORTUNITY: Opportunity,
    Noun.ORDER: SalesOrder,
    Noun.PRODUCT: Product,
    Noun.CONTRACT: Contract,
    Noun.TICKET: Ticket,
}
_OF_TABLE = {str(table.__tablename__): noun for noun, table in TABLES.items()}


def of_table(name: str) -> Noun | None:
    """The kind of record that a table keeps; None when it can be neither extended nor listed."""
    return _OF_TABLE.get(name)


def of(row: Any) -> Noun | None:
    """The kind of record that a row is."""
    return _OF_TABLE.get(str(row.__tablename__))
