"""The grid that lines of an order are typed into, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.order import OrderLineDraft
from cim.models.order_view import OrderLineView, OrderPreview
from cim.ui import feedback
from cim.ui.panels import order_words
from cim.ui.text import safe
from cim.work import Actor

EMPTY = {"product": None, "name": None, "quantity": 1.0, "unit_price": None}


def draw(me: Actor, lines: Sequence[OrderLineView] = (), *, key: str) -> list[OrderLineDraft]:
    """Draw the grid, begun with these lines; the lines as they are typed now."""
    offered = {row.id: f"{row.name} · {row.code}" for row in service.products.everything(me)}
    for line in lines:  # one that is sold no more keeps its name
        if line.product_id is not None:
            offered.setdefault(line.product_id, f"{line.name} · {line.code or line.product_id}")
    config: dict[str, Any] = {
        "product": st.column_config.SelectboxColumn(_("Product"), options=list(offered.values()), width="medium"),
        "name": st.column_config.TextColumn(_("Description"), max_chars=120, help=_("Empty: as the product is called")),
        "quantity": st.column_config.NumberColumn(_("Quantity"), min_value=0, default=1, width=90),
        "unit_price": st.column_config.NumberColumn(
            _("Unit price"), help=_("Empty: as the price list says"), width=110
        ),
    }
    edited = st.data_editor(
        [_row(line, offered) for line in lines] or [EMPTY],
        column_config=config,
        num_rows="dynamic",
        hide_index=True,
        key=f"{key}.lines",
        height="content",
        alt=_("Lines"),
        placeholder="—",
    )
    return [draft for row in edited if (draft := _draft(row, offered)) is not None]


def of(lines: Sequence[OrderLineView]) -> list[OrderLineDraft]:
    """Stored lines as the grid says them where nobody touched it."""
    offered = {line.product_id: str(line.product_id) for line in lines if line.product_id is not None}
    drafts = (_draft(_row(line, offered), offered) for line in lines)
    return [draft for draft in drafts if draft is not None]


def total(me: Actor, customer_id: int, drafts: Sequence[OrderLineDraft], code: str) -> OrderPreview | None:
    """Below the grid: the sum, and where prices of the list come from; None where a line is not right yet."""
    if not drafts:
        return None
    found = feedback.attempt(service.orders.preview, me, customer_id, drafts, code=code)
    if found is None:
        return None
    st.markdown(_("Together {amount}", amount=f"**{order_words.money(found.amount, found.currency)}**"))
    told = [
        f"{safe(line.name)}: {order_words.money(line.unit_price, found.currency)} ({safe(_(line.why, **line.params))})"
        for line in found.lines
        if line.why
    ]
    if told:
        st.caption("  \n".join(told))
    return found


def _row(line: OrderLineView, offered: dict[int, str]) -> dict[str, Any]:
    return {
        "product": offered.get(line.product_id or 0),
        "name": line.name,
        "quantity": float(line.quantity),
        "unit_price": float(line.unit_price),
    }


def _draft(row: dict[str, Any], offered: dict[int, str]) -> OrderLineDraft | None:
    """What a row of the grid means; None for an empty one. A cell nobody filled comes as None or as no number."""
    product = next((number for number, name in offered.items() if name == row.get("product")), None)
    name = str(row.get("name") or "").strip()
    if product is None and not name:
        return None
    quantity, price = _number(row.get("quantity")), _number(row.get("unit_price"))
    wanted = Decimal(1) if quantity is None else quantity
    return OrderLineDraft(product_id=product, name=name, quantity=wanted, unit_price=price)


def _number(value: Any) -> Decimal | None:
    return None if value is None or value != value else Decimal(str(value))
