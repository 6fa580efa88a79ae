"""Which columns the customer list shows, in which order, and how many rows a page has."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, language
from cim.models.custom import Noun
from cim.models.saved_view import SavedViewDraft, SavedViewView, Shelf
from cim.permissions import Permission
from cim.ui import columns, feedback, gate
from cim.ui.list_url import Asked
from cim.work import Actor

SIZES = (20, 50, 100)


def own(asked: Asked, shelf: Shelf) -> list[str]:
    """The columns of the view that is open, else those that the actor prefers, else the usual ones."""
    return columns.chosen((asked.view.columns if asked.view else []) or shelf.columns)


def labels(me: Actor, names: list[str]) -> dict[str, str]:
    """What the custom fields among these columns are called; asked for only where there are some."""
    if not any(name.startswith(columns.OWN) for name in names):
        return {}
    return {columns.OWN + f.key: f.named(language()) for f in service.custom.fields(me, Noun.CUSTOMER, retired=True)}


def choose(me: Actor, shelf: Shelf, asked: Asked, names: list[str]) -> None:
    """The button that opens the choice."""
    box = st.popover(
        _("Columns"),
        icon=":material/view_column:",
        key="search.columns.box",
        on_change="rerun",
        help=_("Choose columns"),
    )
    if not box.open:
        return
    with box:
        fields = {columns.OWN + f.key: f.named(language()) for f in service.custom.fields(me, Noun.CUSTOMER)}
        known = {name: column.name() for name, column in columns.COLUMNS.items()} | fields
        st.session_state["search.columns"] = [name for name in names if name in known]
        view = asked.view if asked.view and asked.view.id > 0 and asked.view.mine else None
        st.multiselect(
            _("Columns, in this order"),
            list(known),
            format_func=lambda name: known.get(name, name),
            key="search.columns",
            on_change=_keep,
            args=(view,),
        )
        st.caption(_("Kept with this view.") if view else _("Kept for you, in every view without columns of its own."))
        st.session_state["search.size"] = shelf.size
        st.segmented_control(
            _("Rows per page"), SIZES, key="search.size", required=True, on_change=_resize, format_func=str
        )
        st.button(_("Usual columns"), key="search.columns.usual", type="tertiary", on_click=_usual, args=(view,))


@gate.guarded(Permission.CUSTOMER_READ)
def _keep(me: Actor, view: SavedViewView | None) -> None:
    _store(me, view, list(st.session_state.get("search.columns") or []))


@gate.guarded(Permission.CUSTOMER_READ)
def _usual(me: Actor, view: SavedViewView | None) -> None:
    _store(me, view, [])


def _store(me: Actor, view: SavedViewView | None, names: list[str]) -> None:
    if view is None:
        feedback.attempt(service.saved_views.prefer, me, columns=names)
        return
    kept = view.model_dump(include={"name", "filter", "order", "shared"})
    draft = SavedViewDraft(**kept, columns=names)
    feedback.attempt(service.saved_views.change, me, view.id, draft, version=view.version)


@gate.guarded(Permission.CUSTOMER_READ)
def _resize(me: Actor) -> None:
    feedback.attempt(service.saved_views.prefer, me, size=int(st.session_state["search.size"]))
    st.query_params.pop("page", None)
