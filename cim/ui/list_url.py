"""What the address of the customer list says: filters, order, page and view. It is the only place they are kept, so a
colleague can open the same list."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st
from pydantic import ValidationError

from cim.i18n import _
from cim.models.base import Draft
from cim.models.custom import Noun
from cim.models.listing import CustomerFilter, Order
from cim.models.saved_view import SavedViewView, Shelf
from cim.service.custom_values import PREFIX as OWN
from cim.ui import custom_filters
from cim.work import Actor

F = TypeVar("F", bound=Draft)
EMPTY = "-"
"""How the address says "not filled in" for industry, source and grade."""
_OPTIONAL = ("industry", "source", "grade")
_NAMES = frozenset(CustomerFilter.model_fields) - {"custom"}


@dataclass(frozen=True)
class Asked:
    """What is asked for. `view` is the one that was opened, None for a link that names none; `changed` when filters or
    order are no longer the view's."""

    narrowed: CustomerFilter
    order: Order
    page: int
    view: SavedViewView | None
    changed: bool
    noun: Noun = Noun.CUSTOMER
    prefix: str = "search"

    def open_view(self, view: SavedViewView) -> None:
        """Go to a view, as it was saved."""
        open_view(view)

    def clear(self) -> None:
        """Go to all records."""
        clear()

    def point(self, key: str) -> None:
        """Let the address name another view of what is shown."""
        st.query_params["view"] = key

    def values(self) -> dict[str, Any]:
        """The filter as a saved view keeps it."""
        return self.narrowed.model_dump(mode="json", exclude_defaults=True)

    def mark(self) -> str:
        """Names this list: the same for every page of it."""
        said = sorted(params(self.narrowed).items())
        return f"{zlib.crc32(repr(said).encode()):08x}"


def read(me: Actor, shelf: Shelf) -> Asked:
    """What the address says now. Without any filter the view it names is opened, else the actor's first view."""
    given = _given(me)
    key = st.query_params.get("view")
    if key is None and not given and "order" not in st.query_params:
        view = next((view for view in shelf.views if view.default), None) or view_of(shelf, "all")
    else:
        view = view_of(shelf, key)
    if view is not None and not given and view.filter:
        st.query_params.update(_address(view))
        given = _given(me)
    narrowed = narrowed_to(CustomerFilter, given)
    asked = st.query_params.get("order", "")
    order = Order(asked) if asked in set(Order) else Order(view.order) if view and view.order else Order.NEWEST
    said = narrowed.model_dump(mode="json", exclude_defaults=True)
    changed = view is not None and (said != view.filter or order != (view.order or Order.NEWEST))
    return Asked(narrowed, order, page_number(), view, changed)


def names() -> list[str]:
    """The filters that the address holds, in its order, without the words of the search box."""
    return [name for name in st.query_params if (name in _NAMES and name != "q") or name.startswith(OWN)]


def open_view(view: SavedViewView) -> None:
    """Go to a view, as it was saved."""
    st.query_params.from_dict(_address(view))


def put(name: str, value: Any) -> None:
    """Set one filter (None or "" takes it away), and begin at the first page."""
    st.query_params.pop("page", None)
    if value in (None, ""):
        drop(name)
    else:
        st.query_params[name] = str(value)


def drop(name: str) -> None:
    """Take one filter away. A list without filters is the list of all, whatever view opens first."""
    for gone in (name, "page"):
        st.query_params.pop(gone, None)
    if not names() and "q" not in st.query_params:
        st.query_params["view"] = "all"


def clear() -> None:
    """All customers, in their usual order."""
    st.query_params.from_dict({"view": "all"})


def turn_to(page: int) -> None:
    """Put a page number into the address."""
    st.query_params["page"] = str(page)


def params(narrowed: CustomerFilter) -> dict[str, str]:
    """The query parameters of a filter. What is "not filled in" is written as EMPTY."""
    given = narrowed.model_dump(mode="json", exclude_defaults=True)
    own = given.pop("custom", {})
    plain = {name: _plain(value) for name, value in given.items() if value is not None}
    return plain | custom_filters.parameters(own)


def code(shown: str) -> str:
    """A value of the address as it is stored."""
    return "" if shown == EMPTY else shown


def _given(me: Actor) -> dict[str, Any]:
    given: dict[str, Any] = {name: st.query_params[name] for name in st.query_params if name in _NAMES}
    given |= {name: code(given[name]) for name in _OPTIONAL if name in given}
    own = custom_filters.read(me)
    return given | ({"custom": own} if own else {})


def narrowed_to(kind: type[F], given: dict[str, Any]) -> F:
    """The filter of this kind that an address means; what means nothing is left out, and the visitor is told."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        st.warning(_("The link holds filters that mean nothing here: {names}", names=", ".join(sorted(wrong))))
        return kind.model_validate({k: v for k, v in given.items() if k not in wrong})


def page_number() -> int:
    """The page number in the address; 1 where it is none."""
    page = st.query_params.get("page", "1")
    return min(int(page), 10**6) if page.isdecimal() else 1


def view_of(shelf: Shelf, key: str | None) -> SavedViewView | None:
    """The view of a shelf that goes by this key."""
    return next((view for view in shelf.views if view.key == key), None)


def _address(view: SavedViewView) -> dict[str, str]:
    """Filters, order and key of a view. One whose filter means nothing any more opens all customers."""
    try:
        given = params(CustomerFilter.model_validate(view.filter))
    except ValidationError:
        given = {}
    return given | ({"order": view.order} if view.order else {}) | {"view": view.key}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else EMPTY if value == "" else str(value)
