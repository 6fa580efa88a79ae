"""The products of an opportunity: a grid to type them into, with the sum they come to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.opportunity_view import LineDraft, LineView, OpportunityView
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.panels import opportunity_words
from cim.work import Actor

EMPTY = {"product": None, "name": None, "quantity": 1.0, "unit_price": None}


def show(me: Actor, view: OpportunityView) -> None:
    """Draw the products, as a grid for who may change them."""
    lines = feedback.attempt(service.opportunity_lines.of, me, view.id)
    if lines is None:
        return
    st.subheader(_("Products"), anchor=False)
    if lines:
        total = sum((line.amount for line in lines), Decimal(0))
        summed = opportunity_words.money(total, view.currency)
        told = _("Together {amount}", amount=f"**{summed}**")
        if total != view.amount:
            agreed = opportunity_words.money(view.amount, view.currency)
            told += " · " + _("agreed {amount}", amount=f"**{agreed}**")
        st.markdown(told)
    if view.may_edit:
        _grid(me, view, lines)
    elif lines:
        st.table([_shown(line, view.currency) for line in lines], border="horizontal", hide_index=True)
    else:
        st.caption(_("No products yet."))


def _shown(line: LineView, code: str) -> dict[str, str]:
    money = opportunity_words.money
    return {
        _("Product"): line.name,
        _("Quantity"): f"{line.quantity.normalize():f}",
        _("Unit price"): money(line.unit_price, code),
        _("Amount"): money(line.amount, code),
    }


def _grid(me: Actor, view: OpportunityView, lines: list[LineView]) -> None:
    offered = {product.id: f"{product.name} ({product.code})" for product in service.products.everything(me)}
    for line in lines:  # one that is offered no more keeps its name
        if line.product_id is not None:
            offered.setdefault(line.product_id, line.name)
    if len(set(offered.values())) < len(offered):
        offered = {number: f"{name} · {number}" for number, name in offered.items()}
    key = f"opportunity.lines.{view.id}.{view.version}"
    config: dict[str, Any] = {
        "product": st.column_config.SelectboxColumn(_("Product"), options=list(offered.values())),
        "name": st.column_config.TextColumn(_("Description"), max_chars=120),
        "quantity": st.column_config.NumberColumn(_("Quantity"), min_value=0, default=1),
        "unit_price": st.column_config.NumberColumn(_("Unit price"), help=_("Empty: as the price list says")),
    }
    edited = st.data_editor(
        [_row(line, offered) for line in lines] or [EMPTY],
        column_config=config,
        num_rows="dynamic",
        hide_index=True,
        key=key,
        height="content",
        placeholder="",
        alt=_("Products"),
    )
    drafts = [draft for row in edited if (draft := _draft(row, offered)) is not None]
    held = [_draft(_row(line, offered), offered) for line in lines]
    act = {"on_click": _save, "args": (view.id, view.version, drafts)}
    st.button(_("Save products"), key=f"{key}.save", disabled=drafts == held, icon=":material/check:", **act)  # type: ignore[arg-type]


def _row(line: LineView, offered: dict[int, str]) -> dict[str, Any]:
    return {
        "product": offered.get(line.product_id or 0),
        "name": line.name,
        "quantity": float(line.quantity),
        "unit_price": float(line.unit_price),
    }


def _draft(row: dict[str, Any], offered: dict[int, str]) -> LineDraft | None:
    """What a row of the grid means; None for an empty one. A cell nobody filled may come as None or as no number."""
    product = next((number for number, name in offered.items() if name == row.get("product")), None)
    name = str(row.get("name") or "").strip()
    if product is None and not name:
        return None
    if product is not None and name in offered.values():
        name = ""
    price, quantity = _number(row.get("unit_price")), _number(row.get("quantity"))
    return LineDraft(
        product_id=product, name=name, quantity=Decimal(1) if quantity is None else quantity, unit_price=price
    )


def _number(value: Any) -> Decimal | None:
    return None if value is None or value != value else Decimal(str(value))


@gate.guarded(Permission.SALES_WRITE)
def _save(me: Actor, opportunity_id: int, version: int, drafts: list[LineDraft]) -> None:
    if feedback.attempt(service.opportunity_lines.put, me, opportunity_id, drafts, version=version) is not None:
        feedback.toast(_("Saved."))
