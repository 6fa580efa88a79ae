"""What the address of a list of records says: filters, order, page and view. It is the only place they are kept, so a
colleague can open the same list. Other parameters of the page are left alone."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import ValidationError

from cim import service
from cim.models.custom import Noun
from cim.models.record_list import RecordFilter
from cim.models.saved_view import SavedViewView, Shelf
from cim.service.custom_values import PREFIX as OWN
from cim.ui import custom_filters, list_url
from cim.work import Actor

_PLAIN = frozenset(RecordFilter.model_fields) - {"custom", "facets"}
_PLACE = ("order", "page", "view")
PAGES = {
    Noun.OPPORTUNITY: "pages/opportunity.py",
    Noun.ORDER: "pages/order.py",
    Noun.CONTRACT: "pages/contract.py",
    Noun.PRODUCT: "pages/products.py",
    Noun.TICKET: "pages/ticket.py",
}
"""Where one record of a noun is opened, by `?id=`."""
LISTS = {
    Noun.OPPORTUNITY: "pages/opportunities.py",
    Noun.ORDER: "pages/orders.py",
    Noun.CONTRACT: "pages/contracts.py",
    Noun.PRODUCT: "pages/products.py",
    Noun.TICKET: "pages/tickets.py",
}
"""Where the list of a noun stands."""
TABS = {Noun.OPPORTUNITY: {"tab": "list"}, Noun.TICKET: {"tab": "all"}}
"""What the address of that page says besides, to show the list."""
ICONS = {
    Noun.OPPORTUNITY: "handshake",
    Noun.ORDER: "receipt_long",
    Noun.CONTRACT: "contract",
    Noun.PRODUCT: "inventory_2",
    Noun.TICKET: "support_agent",
}


@dataclass(frozen=True)
class Asked:
    """What is asked for. `view` is the one that was opened, None for a link that names none; `changed` when filters or
    order are no longer the view's. `facets` names the facets of the noun."""

    noun: Noun
    narrowed: RecordFilter
    order: str
    page: int
    view: SavedViewView | None
    changed: bool
    facets: dict[str, str]

    @property
    def prefix(self) -> str:
        """Begins the keys of the list's widgets."""
        return prefix(self.noun)

    def values(self) -> dict[str, Any]:
        """The filter as a saved view keeps it."""
        return self.narrowed.model_dump(mode="json", exclude_defaults=True)

    def mark(self) -> str:
        """Names this list: the same for every page of it."""
        return f"{self.noun.value}.{zlib.crc32(repr(sorted(params(self.narrowed).items())).encode()):08x}"

    def names(self) -> list[str]:
        """The filters that the address holds, in its order, without the words of the search box."""
        known = (_PLAIN - {"q"}) | self.facets.keys()
        return [name for name in st.query_params if name in known or name.startswith(OWN)]

    def open_view(self, view: SavedViewView) -> None:
        """Go to a view, as it was saved."""
        self._forget()
        st.query_params.update(_address(view))

    def clear(self) -> None:
        """All records, in their usual order."""
        self._forget()
        st.query_params["view"] = "all"

    def point(self, key: str) -> None:
        """Let the address name another view of what is shown."""
        st.query_params["view"] = key

    def drop(self, name: str) -> None:
        """Take one filter away. A list without filters is the list of all, whatever view opens first."""
        for gone in (name, "page"):
            st.query_params.pop(gone, None)
        if not self.names() and "q" not in st.query_params:
            st.query_params["view"] = "all"

    def put(self, name: str, value: Any) -> None:
        """Set one filter (None or "" takes it away), and begin at the first page."""
        st.query_params.pop("page", None)
        if value in (None, ""):
            self.drop(name)
        else:
            st.query_params[name] = str(value)

    def _forget(self) -> None:
        for name in [*self.names(), "q", *_PLACE]:
            st.query_params.pop(name, None)


def prefix(noun: Noun) -> str:
    """Begins the keys of the widgets of a noun's list."""
    return f"records.{noun.value}"


def read(me: Actor, noun: Noun, shelf: Shelf) -> Asked:
    """What the address says now. Without any filter the view it names is opened, else the actor's first view."""
    facets = service.records.facets(me, noun)
    given = _given(me, noun, facets)
    key = st.query_params.get("view")
    if key is None and not given and "order" not in st.query_params:
        view = next((view for view in shelf.views if view.default), None) or list_url.view_of(shelf, "all")
    else:
        view = list_url.view_of(shelf, key)
    if view is not None and not given and view.filter:
        st.query_params.update(_address(view))
        given = _given(me, noun, facets)
    narrowed = list_url.narrowed_to(RecordFilter, given)
    order = st.query_params.get("order", "") or (view.order if view else "")
    said = narrowed.model_dump(mode="json", exclude_defaults=True)
    changed = view is not None and (said != view.filter or order != view.order)
    return Asked(noun, narrowed, order, list_url.page_number(), view, changed, facets)


def params(narrowed: RecordFilter) -> dict[str, str]:
    """The query parameters of a filter: facets by their names."""
    given = narrowed.model_dump(mode="json", exclude_defaults=True)
    own, facets = given.pop("custom", {}), given.pop("facets", {})
    plain = {name: _plain(value) for name, value in given.items() if value is not None}
    return {**plain, **facets, **custom_filters.parameters(own)}


def _given(me: Actor, noun: Noun, facets: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {name: st.query_params[name] for name in st.query_params if name in _PLAIN}
    asked = {name: st.query_params[name] for name in st.query_params if name in facets}
    own = custom_filters.read(me, noun)
    return given | ({"facets": asked} if asked else {}) | ({"custom": own} if own else {})


def _address(view: SavedViewView) -> dict[str, str]:
    """Filters, order and key of a view. One whose filter means nothing any more opens all records."""
    try:
        given = params(RecordFilter.model_validate(view.filter))
    except ValidationError:
        given = {}
    return given | ({"order": view.order} if view.order else {}) | {"view": view.key}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
