"""Orders whose surroundings change: who left, what was cancelled, and what undoing must not do to their money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from cim import db, service
from cim.errors import Conflict, Invalid
from cim.models import ChangeSet
from cim.models.contact import ContactDraft
from cim.models.customer import CustomerDraft
from cim.models.order import OrderStatus
from tests.factories import Personas
from tests.service.test_orders import money, order

orders = service.orders
D, S = Decimal, OrderStatus


@pytest.fixture
def firm(people: Personas) -> int:
    return service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))


def test_a_contact_and_a_seller_who_left_are_kept(people: Personas, firm: int) -> None:
    contact = service.contacts.add(people.ann, firm, ContactDraft(name="王芳"))
    made = orders.record(people.ann, firm, order(amount="5", contact_id=contact))
    service.contacts.remove(people.ann, contact)
    orders.pay(people.ann, made, money("5"))
    service.customers.assign(people.mei, firm, people.bo.user_id)
    held = orders.get(people.bo, made)
    assert held.owner_id == people.ann.user_id  # what is paid keeps who sold it
    draft = order(notes="送货上门", contact_id=contact, owner_id=people.ann.user_id)
    assert orders.update(people.bo, made, draft, version=held.version)
    with pytest.raises(Invalid):  # but nobody puts it there anew
        orders.record(people.bo, firm, order(amount="5", contact_id=contact))


def test_the_refund_of_a_cancelled_order_stays(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, order(amount="100"))
    orders.pay(people.ann, made, money("100"))
    refund = orders.refund(people.ann, made, money("100"))
    orders.cancel(people.ann, made)
    with pytest.raises(Invalid):
        orders.remove_payment(people.ann, refund)
    assert service.undo.change_set(people.ann, _changed("orders.refund")).undone == 0
    assert orders.confirm(people.ann, made)
    orders.remove_payment(people.ann, refund)


def test_undoing_leaves_no_order_with_more_than_its_price(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, order(amount="100"))
    orders.update(people.ann, made, order(amount="200"), version=orders.get(people.ann, made).version)
    grown = _changed("orders.update")
    paid = orders.pay(people.ann, made, money("150"))
    with pytest.raises(Conflict):
        service.undo.change_set(people.ann, grown)
    orders.remove_payment(people.ann, paid)
    gone = _changed("orders.remove_payment")
    orders.pay(people.ann, made, money("200"))
    assert service.undo.change_set(people.ann, gone).failed == 1
    view = orders.get(people.ann, made)
    assert (view.amount, view.paid, view.status) == (D(200), D(200), S.PAID)


def test_undoing_takes_no_payment_that_was_given_back(people: Personas, firm: int) -> None:
    made = orders.record(people.ann, firm, order(amount="100"))
    orders.pay(people.ann, made, money("50"))
    paid = _changed("orders.pay")
    refund = orders.refund(people.ann, made, money("20"))
    assert service.undo.change_set(people.ann, paid).kept == 1
    orders.remove_payment(people.ann, refund)
    assert service.undo.change_set(people.ann, paid).undone == 1
    view = orders.get(people.ann, made)
    assert (view.paid, view.refunded, view.open) == (D(0), D(0), D(100))


def _changed(action: str) -> int:
    sets: Any = ChangeSet
    wanted = select(sets.id).where(sets.action == action).order_by(sets.id.desc()).limit(1)
    with db.session(writing=False) as session:
        return int(session.execute(wanted).scalar_one())
