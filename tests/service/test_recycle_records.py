"""Removed opportunities, orders, contracts, tickets and products wait in the recycle bin for those who may bring them back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cim import service
from cim.errors import Conflict, Denied, NotFound
from cim.models.custom import Noun
from cim.models.order import OrderDraft
from tests.factories import Personas, recorded
from tests.service.record_makers import LISTED, MAKERS, READ, firm

REMOVE = {
    Noun.OPPORTUNITY: service.opportunities.remove,
    Noun.ORDER: service.orders.remove,
    Noun.CONTRACT: service.contracts.remove,
    Noun.TICKET: service.tickets.remove,
    Noun.PRODUCT: service.products.remove,
}


@pytest.mark.parametrize("noun", LISTED)
def test_what_was_removed_comes_back_whole(people: Personas, noun: Noun) -> None:
    customer = firm(people.ann)
    number = MAKERS[noun](people.root, customer, "甲")
    before = READ[noun](people.root, number).model_dump(exclude={"version", "updated_at"})
    REMOVE[noun](people.root, number, version=READ[noun](people.root, number).version, reason="录错")
    with pytest.raises(NotFound):
        READ[noun](people.root, number)
    [row] = service.recycle.records(people.root, noun).rows
    assert (row.id, row.removed_by, row.reason) == (number, "管理员", "录错")
    with pytest.raises((Denied, NotFound)):
        service.recycle.restore_record(people.bo, noun, number)
    with recorded("recycle.restore_record", by=people.root):
        assert service.recycle.restore_record(people.root, noun, number)
    assert not service.recycle.restore_record(people.root, noun, number)
    assert READ[noun](people.root, number).model_dump(exclude={"version", "updated_at"}) == before
    assert service.recycle.records(people.root, noun).rows == []


def test_a_number_that_was_given_away_keeps_the_record_in_the_bin(people: Personas) -> None:
    customer = firm(people.ann)
    first = MAKERS[Noun.ORDER](people.ann, customer, "D1")
    service.orders.remove(people.ann, first, version=service.orders.get(people.ann, first).version)
    service.orders.record(people.ann, customer, OrderDraft(order_no="D1", amount=Decimal(1)))
    with pytest.raises(Conflict):
        service.recycle.restore_record(people.ann, Noun.ORDER, first)


def test_the_figures_of_the_customer_follow(people: Personas) -> None:
    customer = firm(people.ann)
    number = MAKERS[Noun.OPPORTUNITY](people.ann, customer, "二期")
    assert service.customers.get(people.ann, customer).open_amount == 100
    version = service.opportunities.get(people.ann, number).version
    service.opportunities.remove(people.ann, number, version=version)
    assert service.customers.get(people.ann, customer).open_amount == 0
    service.recycle.restore_record(people.ann, Noun.OPPORTUNITY, number)
    assert service.customers.get(people.ann, customer).open_amount == 100


def test_each_role_finds_its_kinds(people: Personas) -> None:
    sales = {Noun.OPPORTUNITY, Noun.ORDER, Noun.CONTRACT}
    assert set(service.recycle.kinds(people.ann)) == sales
    assert set(service.recycle.kinds(people.mei)) == set(LISTED)
    assert set(service.recycle.kinds(people.kai)) == {Noun.TICKET}
    assert set(service.recycle.kinds(people.root)) == set(LISTED)
    with pytest.raises(Denied):
        service.recycle.records(people.kai, Noun.ORDER)
