"""The price list on its page: adding, special prices, rates, and who only reads."""

from __future__ import annotations

from decimal import Decimal

from cim import service
from cim.models.product import ProductDraft
from tests.factories import Personas, recorded
from tests.pages.conftest import OpenPage

PAGE = "pages/products.py"


def test_a_product_with_a_special_price(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.mei, PAGE)
    token = app.session_state["_token.product"]
    app.text_input(key=f"product.{token}.name").set_value("磁力泵 CQ-25")
    app.number_input(key=f"product.{token}.price").set_value(1250.0)
    with recorded("products.create", by=people.mei, times=1):
        app.button(key=f"product.save.{token}").click().run()
    [row] = service.products.everything(people.mei)
    app = open_page(people.mei, PAGE, id=str(row.id))
    token = app.session_state[f"_token.price.{row.id}"]
    app.selectbox(key=f"price.grade.{token}").set_value("A")
    app.number_input(key=f"price.price.{token}").set_value(1100.0)
    with recorded("products.set_price", by=people.mei, times=1):
        app.button(key=f"price.save.{token}").click().run()
    assert not app.exception
    assert service.products.get(people.mei, row.id).prices[0].price == Decimal(1100)


def test_rates_and_what_was_sold(people: Personas, open_page: OpenPage) -> None:
    app = open_page(people.mei, PAGE, tab="rates")
    token = app.session_state["_token.currency"]
    app.text_input(key=f"currency.code.{token}").set_value("usd")
    app.number_input(key=f"currency.rate.{token}").set_value(7.2)
    with recorded("currency.set_rate", by=people.mei, times=1):
        app.button(key=f"currency.save.{token}").click().run()
    assert not app.exception
    assert not open_page(people.mei, PAGE, tab="sold").exception


def test_who_reads_only_gets_no_form(people: Personas, open_page: OpenPage) -> None:
    made = service.products.create(people.mei, ProductDraft(name="磁力泵"))
    app = open_page(people.ann, PAGE, id=str(made))
    assert not app.exception
    assert not {button.key for button in app.button} & {"product.retire", "product.remove", "product.save"}
