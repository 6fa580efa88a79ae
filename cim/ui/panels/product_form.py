"""The form of a product: adding one to the price list, and changing one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.custom import Noun
from cim.models.product import ProductDraft, ProductView
from cim.service import currency
from cim.ui import feedback, state
from cim.ui.panels import custom_inputs
from cim.work import Actor


def add(me: Actor) -> int | None:
    """Draw the form for another product; its id right after it was saved."""
    token = state.token("product")
    with st.form(f"product.{token}.form", border=False):
        typed = _inputs(me, f"product.{token}", None)
        label = _("Add product")
        if not st.form_submit_button(label, type="primary", icon=":material/add:", key=f"product.save.{token}"):
            return None
    made = feedback.attempt(service.products.create, me, ProductDraft.model_validate(typed), token=token)
    if made is not None:
        state.spend("product")
        feedback.toast(_("{name} was added.", name=typed["name"]))
    return made


def edit(me: Actor, view: ProductView) -> None:
    """Draw the form for changing a product: only what was changed here is saved."""
    key = f"product.edit.{view.id}.{view.version}"
    with st.form(f"{key}.form", border=False):
        typed = _inputs(me, key, view)
        pressed = st.form_submit_button(_("Save"), type="primary", icon=":material/check:", key="product.save")
    if not pressed:
        return
    given = {name: value for name, value in typed.items() if name == "name" or value != getattr(view, name)}
    draft = ProductDraft.model_validate(given)
    changed = feedback.attempt(service.products.update, me, view.id, draft, version=view.version)
    if changed is not None:
        feedback.flash(_("Saved.") if changed else _("No changes."), kind="success")
        st.rerun()


def _inputs(me: Actor, key: str, view: ProductView | None) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    name, code = st.columns([2, 1])
    typed["name"] = name.text_input(_("Name"), view.name if view else "", key=f"{key}.name", max_chars=120)
    held, hint = view.code if view else "", _("Given out when empty")
    typed["code"] = code.text_input(_("Code"), held, key=f"{key}.code", max_chars=40, placeholder=hint)
    category, unit = st.columns([2, 1])
    typed["category"] = category.text_input(
        _("Category"), view.category if view else "", key=f"{key}.category", max_chars=60
    )
    typed["unit"] = unit.text_input(_("Unit"), view.unit if view else "", key=f"{key}.unit", max_chars=20)
    price, money, margin = st.columns(3)
    value = price.number_input(
        _("List price"), min_value=0.0, value=float(view.price) if view else 0.0, format="%.2f", key=f"{key}.price"
    )
    typed["price"] = Decimal(str(round(value or 0, 4)))
    now = view.currency if view else currency.base()
    codes = list(dict.fromkeys([now, *service.currency.codes(me)]))
    typed["currency"] = money.selectbox(_("Currency"), codes, key=f"{key}.currency") or now
    share = margin.number_input(
        _("Margin (percent)"),
        max_value=100.0,
        value=float(view.margin) if view and view.margin is not None else None,
        key=f"{key}.margin",
    )
    typed["margin"] = None if share is None else Decimal(str(round(share, 2)))
    described = view.description if view else ""
    typed["description"] = st.text_area(
        _("Description"), described, key=f"{key}.description", max_chars=2000, height=80
    )
    own = custom_inputs.fields(me, Noun.PRODUCT)
    if own:
        custom_inputs.prime(key, view.custom if view else {})
        typed["custom"] = custom_inputs.draw(key, own)
    for field in ("name", "code", "price", "currency", "margin"):
        feedback.at_field(field)
    return typed
