"""One product of the price list: what it is, its special prices, and changing it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.custom import Noun
from cim.models.customer import Grade
from cim.models.product import ProductPriceDraft, ProductPriceView, ProductView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import custom_inputs, custom_shown, order_words, product_form
from cim.ui.text import safe, safe_lines
from cim.work import Actor


def show(me: Actor, view: ProductView) -> None:
    """The product, its prices beside it, and the form for who keeps the list."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(safe(view.name), anchor=False, width="content")
        if view.retired:
            st.badge(_("Not sold any more"), color="gray")
    facts = [view.code, view.category, view.unit]
    st.caption(" · ".join(safe(fact) for fact in facts if fact))
    main, side = st.columns([5, 3], gap="large")
    with main:
        st.metric(_("List price"), order_words.money(view.price, view.currency), width="content", border=True)
        if view.margin is not None:
            st.caption(_("Margin {percent} %", percent=f"{view.margin.normalize():f}"))
        if view.description:
            st.markdown(safe_lines(view.description))
        if view.custom:
            st.markdown(custom_shown.brief(custom_inputs.fields(me, Noun.PRODUCT), view.custom))
        if view.may_edit:
            with st.expander(_("Change this product"), icon=":material/edit:"):
                product_form.edit(me, view)
            _actions(view)
    with side:
        _prices(me, view)


def _actions(view: ProductView) -> None:
    with st.container(horizontal=True, gap="small"):
        label = _("Sell it again") if view.retired else _("Sell it no more")
        turn: dict[str, Any] = {"on_click": _retire, "args": (view.id, not view.retired, view.version)}
        st.button(label, icon=":material/archive:", key="product.retire", **turn)
        gone: dict[str, Any] = {"on_click": _remove, "args": (view.id, view.version), "type": "tertiary"}
        st.button(_("Delete"), icon=":material/delete:", key="product.remove", **gone)


def _prices(me: Actor, view: ProductView) -> None:
    st.subheader(_("Special prices"), anchor=False)
    st.caption(_("The lowest that fits grade and quantity is taken."))
    for price in view.prices:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            st.markdown(_described(view, price), width="stretch")
            if view.may_edit:
                gone: dict[str, Any] = {"on_click": _drop, "args": (price.id,), "type": "tertiary"}
                st.button(_("Remove"), icon=":material/delete:", key=f"product.price.{price.id}", **gone)
    if view.may_edit:
        _add(me, view)


def _described(view: ProductView, price: ProductPriceView) -> str:
    whom = _("Grade {grade}", grade=price.grade.value) if price.grade else _("All customers")
    least = _("from {quantity} {unit}", quantity=order_words.quantity(price.min_quantity), unit=view.unit)
    return f"{safe(whom)} · {safe(least)} · **{order_words.money(price.price, view.currency)}**"


def _add(me: Actor, view: ProductView) -> None:
    token = state.token(f"price.{view.id}")
    with st.popover(_("Add a special price"), icon=":material/sell:"), st.form(f"price.{token}.form", border=False):
        grade = st.selectbox(
            _("For"),
            [grade.value for grade in (Grade.NONE, Grade.A, Grade.B, Grade.C, Grade.D)],
            format_func=lambda code: _("Grade {grade}", grade=code) if code else _("All customers"),
            key=f"price.grade.{token}",
        )
        least = st.number_input(_("From a quantity of"), min_value=0.001, value=1.0, key=f"price.quantity.{token}")
        feedback.at_field("min_quantity")
        price = st.number_input(_("Price"), min_value=0.0, format="%.2f", key=f"price.price.{token}")
        feedback.at_field("price")
        if not st.form_submit_button(_("Save"), type="primary", key=f"price.save.{token}"):
            return
    exact = {"grade": grade or "", "min_quantity": Decimal(str(least)), "price": Decimal(str(price))}
    draft = ProductPriceDraft.model_validate(exact)
    if feedback.attempt(service.products.set_price, me, view.id, draft) is not None:
        state.spend(f"price.{view.id}")
        st.rerun()


@gate.guarded(Permission.PRODUCT_MANAGE)
def _retire(me: Actor, product_id: int, on: bool, version: int) -> None:
    feedback.attempt(service.products.retire, me, product_id, on=on, version=version)


@gate.guarded(Permission.PRODUCT_MANAGE)
def _remove(me: Actor, product_id: int, version: int) -> None:
    feedback.attempt(service.products.remove, me, product_id, version=version)
    if feedback.succeeded():
        feedback.flash(_("The product was removed."), kind="success")
        st.query_params.clear()


@gate.guarded(Permission.PRODUCT_MANAGE)
def _drop(me: Actor, price_id: int) -> None:
    feedback.attempt(service.products.remove_price, me, price_id)
