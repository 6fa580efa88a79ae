"""Settings, option lists: the words of a list in their order, each with what can be done to it."""

from __future__ import annotations

import streamlit as st

from cim import words
from cim.i18n import _
from cim.models.listing import CustomerFilter
from cim.models.option import OptionDraft, OptionView
from cim.permissions import Permission
from cim.service import options
from cim.ui import arranging, feedback, gate, links
from cim.ui.text import safe
from cim.work import Actor

SHOWN = 20
"""Words outside of the list that are named; the others are counted."""


def show(me: Actor) -> None:
    """The tab: choose a list, see and change its words."""
    chosen = st.segmented_control(
        _("List"),
        list(options.LISTS),
        format_func=lambda name: words.value("list", name),
        default="industry",
        required=True,
        key="options.list",
        label_visibility="collapsed",
    )
    name = chosen or "industry"
    listed = options.of(me, name, retired=True, counted=True)
    others = options.unlisted(me, name)
    _add(name)
    if not listed:
        st.info(_("This list is empty: people type what they like. Begin with the words in use, or with ours."))
    with st.container(key="options.words", gap=None):
        for place, option in enumerate(listed):
            _row(name, option, [other.id for other in listed], place)
    _take(name, others, [o.id for o in sorted(listed, key=lambda o: -o.used)])
    if listed and len(listed) + len(others) > 1:
        _merge(name, listed, others)


def badge(value: str, color: str) -> str:
    """A word in its colour, as Markdown."""
    return f":{color or 'gray'}-badge[{safe(value)}]"


def _add(name: str) -> None:
    with (
        st.form(f"options.add.{name}", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(_("New word"), key=f"options.new.{name}", max_chars=options.LISTS[name])
        st.form_submit_button(_("Add"), icon=":material/add:", on_click=_added, args=(name,))


def _row(name: str, option: OptionView, ids: list[int], place: int) -> None:
    key = f"options.{option.id}.{option.version}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.markdown(badge(option.value, option.color), width="content")
            if option.retired:
                st.caption(_("Retired"), width="content")
            if option.used:
                narrowed = CustomerFilter.model_validate({name.removesuffix("s"): option.value})
                label = _("{count} customers", count=option.used)
                st.page_link("pages/search.py", label=label, query_params=links.customers(narrowed))
        with st.container(horizontal=True, gap="small", width="content", vertical_alignment="center"):
            arranging.arrows(ids, place, key=key, arranged=_arranged, of=name)
            box = st.popover(_("Change"), icon=":material/edit:", type="tertiary", key=key, on_change="rerun")
            if box.open:
                with box:
                    _editor(option, key)


def _editor(option: OptionView, key: str) -> None:
    with st.form(f"{key}.form", border=False):
        st.text_input(_("Word"), option.value, key=f"{key}.value", max_chars=60)
        if option.used:
            st.caption(_("A new name changes {count} customers, each with its history.", count=option.used))
        st.pills(
            _("Colour"),
            options.COLORS[1:],
            default=option.color or None,
            format_func=lambda color: badge(words.value("color", color), color),
            key=f"{key}.color",
            wrap=True,
        )
        st.form_submit_button(_("Save"), type="primary", on_click=_changed, args=(option.id, option.version, key))
    with st.container(horizontal=True):
        label = _("Offer again") if option.retired else _("Retire")
        st.button(label, key=f"{key}.retire", on_click=_retired, args=(option.id, option.version, not option.retired))
        if not option.used:
            act = {"on_click": _removed, "args": (option.id, option.version)}
            st.button(_("Delete"), icon=":material/delete:", key=f"{key}.delete", **act)  # type: ignore[arg-type]
    if option.used and not option.retired:
        st.caption(_("A retired word stays on its {count} customers and is offered no more.", count=option.used))


def _take(name: str, others: dict[str, int], by_use: list[int]) -> None:
    if others:
        told = " · ".join(f"{safe(value)} ({used})" for value, used in list(others.items())[:SHOWN])
        more = f" … +{len(others) - SHOWN}" if len(others) > SHOWN else ""
        st.caption(_("In use and not in the list:") + f" {told}{more}")
    with st.container(horizontal=True):
        if others:
            label = _("Take in the {count} words in use", count=len(others))
            st.button(
                label, key=f"options.adopt.{name}", icon=":material/playlist_add:", on_click=_taken, args=(name, False)
            )
        label = _("Add the usual words")
        st.button(
            label, key=f"options.shipped.{name}", icon=":material/library_add:", on_click=_taken, args=(name, True)
        )
        if len(by_use) > 1:
            act = {"on_click": _arranged, "args": (name, by_use)}
            st.button(_("Most used first"), key=f"options.sort.{name}", icon=":material/sort:", **act)  # type: ignore[arg-type]


def _merge(name: str, listed: list[OptionView], others: dict[str, int]) -> None:
    used = {option.value: option.used for option in listed} | others
    with st.expander(_("Merge two words"), icon=":material/merge:", key=f"options.merging.{name}"):
        left, right = st.columns(2)
        gone = left.selectbox(
            _("This word goes"), list(used), index=None, placeholder=_("Choose"), key=f"options.from.{name}"
        )
        into = [option.value for option in listed if option.value != gone and not option.retired]
        kept = right.selectbox(
            _("This word stays"), into, index=None, placeholder=_("Choose"), key=f"options.into.{name}"
        )
        if gone and kept:
            st.caption(
                _("{count} customers change from {gone} to {kept}.", count=used[gone], gone=safe(gone), kept=safe(kept))
            )
        act = {"on_click": _merged, "args": (name, gone, kept), "disabled": not (gone and kept)}
        st.button(_("Merge"), type="primary", key=f"options.merge.{name}", **act)  # type: ignore[arg-type]


@gate.guarded(Permission.SETTINGS_MANAGE)
def _added(me: Actor, name: str) -> None:
    value = str(st.session_state.get(f"options.new.{name}") or "")
    if feedback.attempt(options.add, me, OptionDraft(list=name, value=value)):
        feedback.toast(_("{value} was added.", value=value))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _changed(me: Actor, option_id: int, version: int, key: str) -> None:
    value, color = str(st.session_state[f"{key}.value"] or ""), st.session_state.get(f"{key}.color") or ""
    followed = feedback.attempt(options.change, me, option_id, version=version, value=value, color=color)
    if followed is not None:
        feedback.toast(_("Saved. {count} customers followed.", count=followed) if followed else _("Saved."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _retired(me: Actor, option_id: int, version: int, retired: bool) -> None:
    if feedback.attempt(options.change, me, option_id, version=version, retired=retired) is not None:
        feedback.toast(_("Retired.") if retired else _("Offered again."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _removed(me: Actor, option_id: int, version: int) -> None:
    feedback.attempt(options.remove, me, option_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("Deleted."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _arranged(me: Actor, name: str, ids: list[int]) -> None:
    feedback.attempt(options.arrange, me, name, ids)


@gate.guarded(Permission.SETTINGS_MANAGE)
def _taken(me: Actor, name: str, shipped: bool) -> None:
    if (count := feedback.attempt(options.take_shipped if shipped else options.adopt, me, name)) is not None:
        feedback.toast(_("{count} words were added.", count=count))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _merged(me: Actor, name: str, gone: str, kept: str) -> None:
    if (count := feedback.attempt(options.merge, me, name, gone, kept)) is not None:
        feedback.toast(_("Merged. {count} customers followed.", count=count))
