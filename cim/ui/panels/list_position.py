"""Where a record stands in the list it was opened from, and the ways to the one before and after it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.models.listing import CustomerFilter, CustomerList, Order
from cim.permissions import Permission
from cim.ui import feedback, gate, list_url, state
from cim.ui.list_url import Asked
from cim.work import Actor

SEARCH = "pages/search.py"


def remember(asked: Asked, found: CustomerList) -> None:
    """Note the list that a record is being opened from."""
    view = {"view": asked.view.key} if asked.view else {}
    st.session_state[state.OPENED_FROM] = {
        "ids": [row.id for row in found.rows],
        "page": found.page,
        "size": found.size,
        "total": found.total,
        "filter": asked.values(),
        "order": asked.order.value,
        "query": list_url.params(asked.narrowed) | {"order": asked.order.value} | view,
    }


def show(customer_id: int) -> None:
    """‹ 3 / 50 › where the record was opened from a list; nothing otherwise."""
    held: dict[str, Any] | None = st.session_state.get(state.OPENED_FROM)
    if held is None or customer_id not in held["ids"]:
        return
    place = (held["page"] - 1) * held["size"] + held["ids"].index(customer_id) + 1
    total = max(held["total"], place)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        query = held["query"] | ({"page": str(held["page"])} if held["page"] > 1 else {})
        st.page_link(SEARCH, label=_("Back to the list"), icon=":material/arrow_back:", query_params=query)
        _step("previous", "chevron_left", _("Previous customer"), customer_id, -1, place == 1, "Alt+Up")
        st.markdown(f":gray[{format_number(place)} / {format_number(total)}]", width="content")
        _step("next", "chevron_right", _("Next customer"), customer_id, 1, place == total, "Alt+Down")


def _step(name: str, icon: str, told: str, customer_id: int, way: int, end: bool, keys: str) -> None:
    st.button(
        "",
        icon=f":material/{icon}:",
        help=told,
        key=f"customer.{name}",
        type="tertiary",
        disabled=end,
        on_click=_go,
        args=(customer_id, way),
        shortcut=keys,
    )


@gate.guarded(Permission.CUSTOMER_READ)
def _go(me: Actor, customer_id: int, way: int) -> None:
    held: dict[str, Any] = st.session_state.get(state.OPENED_FROM) or {}
    if customer_id not in held.get("ids", ()):
        return
    place = held["ids"].index(customer_id) + way
    if not 0 <= place < len(held["ids"]):
        page = held["page"] + way
        narrowed, order = CustomerFilter.model_validate(held["filter"]), Order(held["order"])
        found = feedback.attempt(service.customers.search, me, narrowed, order=order, page=page, size=held["size"])
        if found is None or not found.rows:
            return
        held |= {"ids": [row.id for row in found.rows], "page": page, "total": found.total}
        st.session_state[state.OPENED_FROM] = held
        place = 0 if way > 0 else len(found.rows) - 1
    st.query_params["id"] = str(held["ids"][place])
