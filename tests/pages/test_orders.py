"""Orders and contracts on their pages: recording, the question of the credit limit, payments, and what others may see."""

from __future__ import annotations

from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from cim import service
from cim.models.contract import ContractDraft
from cim.models.customer import CustomerDraft
from cim.models.order import OrderDraft, OrderStatus
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

D = Decimal


@pytest.fixture
def firm(people: Personas) -> int:
    """A customer of ann's."""
    return service.customers.create(people.ann, CustomerDraft(name="南京[信诺]*环保*科技有限公司"))


def shown(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.warning, *app.error))


def test_an_order_above_the_limit_goes_through_with_a_reason(people: Personas, firm: int, open_page: OpenPage) -> None:
    service.credit.set_limit(people.mei, firm, D(100))
    app = open_page(people.ann, "pages/orders.py", new="1", customer=str(firm))
    token = app.session_state[f"_token.order.{firm}"]
    app.number_input(key=f"order.{token}.amount").set_value(250.0).run()
    app.button(key=f"order.save.{token}").click().run()
    assert "250" in shown(app)
    assert service.orders.of_customer(people.ann, firm) == []
    app.text_input(key=f"order.{token}.reason").set_value("老客户，月底付款").run()
    with recorded("orders.record", by=people.ann):
        app.button(key=f"order.save.{token}").click().run()
    assert not app.exception
    [made] = service.orders.of_customer(people.ann, firm)
    assert (made.amount, made.status) == (D(250), OrderStatus.CONFIRMED)


def test_payment_and_delivery_complete_an_order(people: Personas, firm: int, open_page: OpenPage) -> None:
    lines = [{"name": "滤芯 `A`", "quantity": 2, "unit_price": 50}]
    made = service.orders.record(people.ann, firm, OrderDraft.model_validate({"lines": lines}))
    app = open_page(people.ann, "pages/order.py", id=str(made))
    token = app.session_state[f"_token.payment.payment.{made}"]
    app.number_input(key=f"payment.payment.{token}.amount").set_value(500.0)
    app.button(key=f"payment.payment.{token}.save").click().run()
    assert len(app.error) > 0
    app.number_input(key=f"payment.payment.{token}.amount").set_value(100.0)
    with recorded("orders.pay", by=people.ann):
        app.button(key=f"payment.payment.{token}.save").click().run()
    with recorded("orders.deliver", by=people.ann):
        app.button(key="order.deliver").click().run()
    assert not app.exception
    assert service.orders.get(people.ann, made).status is OrderStatus.COMPLETED
    app.button(key="order.edit").click().run()
    version = service.orders.get(people.ann, made).version
    app.text_area(key=f"order.edit.{made}.{version}.notes").set_value("验收单已回")
    with recorded("orders.update", by=people.ann, times=1):
        app.button(key="order.save").click().run()
    assert not app.exception
    assert service.orders.get(people.ann, made).notes == "验收单已回"


def test_who_reads_only_gets_no_buttons(people: Personas, firm: int, open_page: OpenPage) -> None:
    made = service.orders.record(people.ann, firm, OrderDraft(amount=D(100)))
    app = open_page(people.audrey, "pages/order.py", id=str(made))
    assert not app.exception
    keys = {button.key for button in app.button}
    assert not keys & {"order.edit", "order.complete", "order.deliver", "order.remove"}
    app = open_page(people.bo, "pages/order.py", id=str(made))
    assert "信诺" not in shown(app)


def test_a_contract_from_the_page(people: Personas, firm: int, open_page: OpenPage) -> None:
    app = open_page(people.ann, "pages/contracts.py", new="1", customer=str(firm))
    token = app.session_state[f"_token.contract.{firm}"]
    app.text_input(key=f"contract.{token}.title").set_value("年度供货合同")
    with recorded("contracts.create", by=people.ann, times=1):
        app.button(key=f"contract.save.{token}").click().run()
    [row] = service.contracts.of_customer(people.ann, firm)
    service.contracts.update(people.ann, row.id, ContractDraft(title=row.title, amount=D(5)), version=1)
    app = open_page(people.ann, "pages/contract.py", id=str(row.id))
    with recorded("contracts.end", by=people.ann, times=1):
        app.button(key="contract.end").click().run()
    assert not app.exception
