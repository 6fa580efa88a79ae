"""Which columns a list of records shows, in which order, how it is ordered, and how many rows a page has."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.custom import Noun
from cim.models.record_list import RecordColumn
from cim.models.saved_view import SavedViewDraft, SavedViewView, Shelf
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.record_url import Asked
from cim.work import Actor

SIZES = (20, 50, 100)


def chosen(asked: Asked, shelf: Shelf, offered: list[RecordColumn]) -> list[str]:
    """The columns of the view that is open, else those that the actor prefers, else the usual ones; the one that opens a
    record is always among them."""
    known = {column.name for column in offered}
    wanted = (asked.view.columns if asked.view else []) or shelf.columns
    found = [name for name in wanted if name in known] or [column.name for column in offered if column.shown]
    first = next(column.name for column in offered if column.opens)
    return found if first in found else [first, *found]


def order(asked: Asked, offered: list[RecordColumn]) -> None:
    """The choice of order."""
    key = f"{asked.prefix}.order"
    named = {"": _("Usual order")}
    for column in offered:
        if column.sortable:
            named |= {column.name: f"{column.label} ↑", f"-{column.name}": f"{column.label} ↓"}
    st.session_state[key] = asked.order if asked.order in named else ""
    st.selectbox(
        _("Order"),
        list(named),
        format_func=named.__getitem__,
        key=key,
        on_change=_turn,
        args=(asked, key),
        label_visibility="collapsed",
        width=180,
    )


def choose(me: Actor, shelf: Shelf, asked: Asked, offered: list[RecordColumn], names: list[str]) -> None:
    """The button that opens the choice."""
    prefix = asked.prefix
    box = st.popover(
        _("Columns"),
        icon=":material/view_column:",
        key=f"{prefix}.columns.box",
        on_change="rerun",
        help=_("Choose columns"),
    )
    if not box.open:
        return
    with box:
        known = {column.name: column.label for column in offered}
        st.session_state[f"{prefix}.columns"] = names
        view = asked.view if asked.view and asked.view.id > 0 and asked.view.mine else None
        args = (asked.noun, view, prefix)
        st.multiselect(
            _("Columns, in this order"),
            list(known),
            format_func=lambda name: known.get(name, name),
            key=f"{prefix}.columns",
            on_change=_keep,
            args=args,
        )
        st.caption(_("Kept with this view.") if view else _("Kept for you, in every view without columns of its own."))
        st.session_state[f"{prefix}.size"] = shelf.size
        size = f"{prefix}.size"
        st.segmented_control(
            _("Rows per page"),
            SIZES,
            key=size,
            required=True,
            on_change=_resize,
            args=(asked.noun, size),
            format_func=str,
        )
        usual = f"{prefix}.columns.usual"
        st.button(_("Usual columns"), key=usual, type="tertiary", on_click=_usual, args=args)


def _turn(asked: Asked, key: str) -> None:
    """The order into the address."""
    st.query_params.pop("page", None)
    if said := st.session_state.get(key):
        st.query_params["order"] = said
    else:
        st.query_params.pop("order", None)


@gate.guarded(Permission.CUSTOMER_READ)
def _keep(me: Actor, noun: Noun, view: SavedViewView | None, prefix: str) -> None:
    _store(me, noun, view, list(st.session_state.get(f"{prefix}.columns") or []))


@gate.guarded(Permission.CUSTOMER_READ)
def _usual(me: Actor, noun: Noun, view: SavedViewView | None, prefix: str) -> None:
    st.session_state.pop(f"{prefix}.columns", None)
    _store(me, noun, view, [])


def _store(me: Actor, noun: Noun, view: SavedViewView | None, names: list[str]) -> None:
    if view is None:
        feedback.attempt(service.saved_views.prefer, me, columns=names, noun=noun)
        return
    kept = view.model_dump(include={"name", "filter", "order", "shared"})
    draft = SavedViewDraft(**kept, columns=names)
    feedback.attempt(service.saved_views.change, me, view.id, draft, version=view.version)


@gate.guarded(Permission.CUSTOMER_READ)
def _resize(me: Actor, noun: Noun, key: str) -> None:
    feedback.attempt(service.saved_views.prefer, me, size=int(st.session_state[key]), noun=noun)
    st.query_params.pop("page", None)
