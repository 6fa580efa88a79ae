"""One record of each noun that has a list, made through its own service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from cim import service
from cim.access import Actor
from cim.models.contract import ContractDraft
from cim.models.custom import Noun
from cim.models.customer import CustomerDraft
from cim.models.opportunity import OpportunityDraft
from cim.models.order import OrderDraft
from cim.models.product import ProductDraft
from cim.models.ticket import TicketDraft

LISTED = (Noun.OPPORTUNITY, Noun.ORDER, Noun.CONTRACT, Noun.PRODUCT, Noun.TICKET)
OWNED = tuple(noun for noun in LISTED if noun is not Noun.PRODUCT)
"""Nouns whose records belong to a customer."""


def firm(me: Actor, name: str = "南京信诺环保科技有限公司") -> int:
    return service.customers.create(me, CustomerDraft(name=name), duplicate_reason="另一家")


def _order(me: Actor, customer: int, name: str, **values: Any) -> int:
    given = {"order_no": name, "amount": Decimal(100), "ordered_on": date(2026, 5, 4)} | values
    return service.orders.record(me, customer, OrderDraft(**given))


MAKERS: dict[Noun, Callable[..., int]] = {
    Noun.OPPORTUNITY: lambda me, customer, name, **values: service.opportunities.create(
        me, customer, OpportunityDraft(**{"name": name, "amount": Decimal(100)} | values)
    ),
    Noun.ORDER: _order,
    Noun.CONTRACT: lambda me, customer, name, **values: service.contracts.create(
        me, customer, ContractDraft(**{"title": name, "amount": Decimal(100)} | values)
    ),
    Noun.PRODUCT: lambda me, _customer, name, **values: service.products.create(
        me, ProductDraft(**{"name": name} | values)
    ),
    Noun.TICKET: lambda me, customer, name, **values: service.tickets.open(
        me, customer, TicketDraft(**{"subject": name} | values)
    ),
}
READ: dict[Noun, Callable[..., Any]] = {
    Noun.OPPORTUNITY: service.opportunities.get,
    Noun.ORDER: service.orders.get,
    Noun.CONTRACT: service.contracts.get,
    Noun.PRODUCT: service.products.get,
    Noun.TICKET: service.tickets.get,
}
CHANGE: dict[Noun, Callable[..., bool]] = {
    Noun.OPPORTUNITY: service.opportunities.update,
    Noun.ORDER: service.orders.update,
    Noun.CONTRACT: service.contracts.update,
    Noun.PRODUCT: service.products.update,
    Noun.TICKET: service.tickets.update,
}


def make(noun: Noun, me: Actor, customer: int, name: str, **values: Any) -> int:
    """A record of a noun; what makes it is the noun's own verb."""
    return MAKERS[noun](me, customer, name, **values)
