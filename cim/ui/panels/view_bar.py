"""The views above a list: choose one, keep what is shown as one, share it, open the list with it. Of the list of customers,
and of every other noun's."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.custom import Noun
from cim.models.saved_view import SavedViewDraft, SavedViewView, Shelf
from cim.permissions import Permission
from cim.ui import feedback, gate, list_url, record_url
from cim.ui.text import safe
from cim.work import Actor

Asked = list_url.Asked | record_url.Asked


def show(me: Actor, shelf: Shelf, asked: Asked) -> None:
    """The views in a row, the one that is open marked; beside them what can be done with it."""
    held = {view.key: view for view in shelf.views}
    st.session_state[f"{asked.prefix}.view"] = asked.view.key if asked.view else None
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.segmented_control(
            _("View"),
            list(held),
            format_func=lambda key: _name(held[key]),
            key=f"{asked.prefix}.view",
            on_change=_open,
            args=(held, asked),
            label_visibility="collapsed",
            wrap=False,
            width="stretch",
        )
        box = st.popover(
            _("Views"),
            icon=":material/bookmark_add:",
            key=_box(asked),
            on_change="rerun",
            help=_("Keep, share or remove views"),
        )
    if box.open:
        with box:
            _manage(me, asked)


def changed(me: Actor, asked: Asked) -> None:
    """Says that the list is no longer as its view was saved, and the two ways on."""
    view = asked.view
    if view is None or not asked.changed:
        return
    st.markdown(f":orange-badge[{_('View changed')}]", width="content")
    if _may_change(me, view):
        st.button(
            _("Save view"),
            icon=":material/save:",
            key=f"{asked.prefix}.view.update",
            type="tertiary",
            on_click=_update,
            args=(view, _shown(asked, view.name), view.shared),
        )
    back: dict[str, Any] = {"on_click": asked.open_view, "args": (view,), "type": "tertiary"}
    st.button(_("Discard"), icon=":material/undo:", key=f"{asked.prefix}.view.discard", **back)


def _manage(me: Actor, asked: Asked) -> None:
    view = asked.view
    name = st.text_input(_("Save what is shown as a new view"), key=f"{asked.prefix}.view.name", max_chars=60)
    shared = st.checkbox(_("Share with everybody"), key=f"{asked.prefix}.view.shared")
    st.button(
        _("Save as new view"),
        type="primary",
        key=f"{asked.prefix}.view.save",
        disabled=not name.strip(),
        on_click=_save,
        args=(asked, _shown(asked, name), shared),
    )
    if view is None:
        return
    st.divider()
    title = _("“{name}”", name=_name(view))
    st.caption(title if view.mine or not view.owner else f"{title} · {safe(view.owner)}")
    first = {
        "key": f"{asked.prefix}.view.first",
        "on_click": _make_first,
        "args": (asked.noun, None if view.default else view.key),
    }
    label = _("No longer open the list with this view") if view.default else _("Open the list with this view")
    st.button(label, icon=":material/home:", type="tertiary", **first)  # type: ignore[arg-type]
    if not _may_change(me, view):
        return
    told = _("Share no longer") if view.shared else _("Share with everybody")
    share: dict[str, Any] = {
        "key": f"{asked.prefix}.view.share",
        "on_click": _share,
        "args": (view.id, not view.shared),
    }
    st.button(told, icon=":material/group:", type="tertiary", **share)
    gone: dict[str, Any] = {
        "key": f"{asked.prefix}.view.remove",
        "on_click": _remove,
        "args": (asked, view.id, view.version),
    }
    st.button(_("Remove this view"), icon=":material/delete:", type="tertiary", **gone)


def _may_change(me: Actor, view: SavedViewView) -> bool:
    return view.id > 0 and (view.mine or me.can(Permission.SETTINGS_MANAGE))


def _name(view: SavedViewView) -> str:
    if view.id <= 0:
        return _(view.name)
    return safe(view.name) if view.mine else f":material/group: {safe(view.name)}"


def _shown(asked: Asked, name: str) -> dict[str, Any]:
    """What is shown now, as a view keeps it."""
    kept = list(asked.view.columns) if asked.view else []
    return {"name": name, "filter": asked.values(), "order": str(asked.order), "columns": kept}


def _box(asked: Asked) -> str:
    return f"{asked.prefix}.views"


def _open(held: dict[str, SavedViewView], asked: Asked) -> None:
    chosen = held.get(str(st.session_state.get(f"{asked.prefix}.view"))) or asked.view
    if chosen is not None:
        asked.open_view(chosen)


@gate.guarded(Permission.CUSTOMER_READ)
def _save(me: Actor, asked: Asked, shown: dict[str, Any], shared: bool) -> None:
    draft = SavedViewDraft(**shown, shared=shared)
    made = feedback.attempt(service.saved_views.save, me, draft, noun=asked.noun)
    if made is not None:
        asked.point(str(made))
        st.session_state[_box(asked)] = False
        st.session_state[f"{asked.prefix}.view.name"] = ""
        feedback.toast(_("“{name}” has been saved.", name=shown["name"]))


@gate.guarded(Permission.CUSTOMER_READ)
def _update(me: Actor, view: SavedViewView, shown: dict[str, Any], shared: bool) -> None:
    draft = SavedViewDraft(**shown, shared=shared)
    if feedback.attempt(service.saved_views.change, me, view.id, draft, version=view.version) is not None:
        feedback.toast(_("“{name}” has been saved.", name=view.name))


@gate.guarded(Permission.CUSTOMER_READ)
def _make_first(me: Actor, noun: Noun, key: str | None) -> None:
    feedback.attempt(service.saved_views.make_default, me, key, noun=noun)
    if feedback.succeeded():
        everything = _("The list opens with all customers.") if noun is Noun.CUSTOMER else _("The list opens with all.")
        feedback.toast(_("The list opens with this view.") if key else everything)


@gate.guarded(Permission.CUSTOMER_READ)
def _share(me: Actor, view_id: int, on: bool) -> None:
    feedback.attempt(service.saved_views.share, me, view_id, on=on)
    if feedback.succeeded():
        feedback.toast(_("Everybody sees this view now.") if on else _("Only you see this view now."))


@gate.guarded(Permission.CUSTOMER_READ)
def _remove(me: Actor, asked: Asked, view_id: int, version: int) -> None:
    feedback.attempt(service.saved_views.remove, me, view_id, version=version)
    if feedback.succeeded():
        asked.clear()
        st.session_state[_box(asked)] = False
