"""Settings, regions: choose one, see what hangs on it, and rename, move, remove it or add one below."""

from __future__ import annotations

import streamlit as st

from cim import words
from cim.i18n import _
from cim.models.listing import CustomerFilter
from cim.models.region import RegionDraft, RegionLevel, RegionView
from cim.permissions import Permission
from cim.service import regions
from cim.ui import feedback, gate, links
from cim.ui.text import safe
from cim.work import Actor

_ABOVE = {RegionLevel.CITY: RegionLevel.PROVINCE, RegionLevel.PROVINCE: RegionLevel.AREA}
_PICK = "regions.pick"


def show(me: Actor) -> None:
    """The tab: one region at a time."""
    tree = regions.tree(me)
    paths = {region.code: region.path for region in tree}
    if st.session_state.get(_PICK) not in (None, *paths):
        st.session_state[_PICK] = None  # it was removed a moment ago
    chosen = st.selectbox(
        _("Region"),
        list(paths),
        format_func=lambda code: paths.get(code, code),
        index=None,
        placeholder=_("Choose a region, or add an area below"),
        key=_PICK,
    )
    region = next((r for r in tree if r.code == chosen), None)
    if region is not None:
        _one(me, region, tree)
    if region is None or region.level is not RegionLevel.CITY:
        _add(region)
    lower = [r for r in tree if r.parent_code == chosen]
    if lower:
        st.caption(_("Areas") if region is None else _("Below {name}", name=safe(region.name)))
        st.markdown(" ".join(f":{'blue' if r.own else 'gray'}-badge[{safe(r.name)}]" for r in lower))
        if any(r.own for r in lower):
            st.caption(_("Blue: added by your team."))


def _one(me: Actor, region: RegionView, tree: list[RegionView]) -> None:
    used = feedback.attempt(regions.use, me, region.code)
    if used is None:
        return
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{safe(region.path)}**", width="content")
            st.caption(f"{words.value('level', region.level)} · {safe(region.code)}", width="content")
            label = _("{count} customers, here and below", count=used.all_customers)
            query = links.customers(CustomerFilter(region=region.code))
            st.page_link("pages/search.py", label=label, query_params=query)
        with st.container(horizontal=True):
            with st.popover(_("Rename"), icon=":material/edit:", key=f"regions.renaming.{region.code}"):
                key = f"regions.name.{region.code}"
                st.text_input(_("Name"), region.name, max_chars=60, key=key)
                feedback.at_field("name")
                st.caption(_("The customers stay; the code {code} too.", code=region.code))
                act = {"on_click": _renamed, "args": (region.code, key)}
                st.button(_("Save"), type="primary", key=f"regions.rename.{region.code}", **act)  # type: ignore[arg-type]
            if region.level in _ABOVE:
                _move(region, tree, used.all_customers)
            _remove(region, tree, below=used.below, customers=used.customers)


def _move(region: RegionView, tree: list[RegionView], customers: int) -> None:
    places = {r.code: r.path for r in tree if r.level is _ABOVE[region.level] and r.code != region.parent_code}
    with st.popover(_("Move"), icon=":material/drive_file_move:", key=f"regions.moving.{region.code}"):
        key = f"regions.parent.{region.code}"
        st.selectbox(
            _("Belongs to"),
            list(places),
            format_func=lambda c: places.get(c, c),
            index=None,
            placeholder=_("Choose"),
            key=key,
        )
        st.caption(_("{count} customers will be counted there from now on.", count=customers))
        act = {"on_click": _moved, "args": (region.code, key)}
        st.button(_("Move"), type="primary", key=f"regions.move.{region.code}", **act)  # type: ignore[arg-type]


def _remove(region: RegionView, tree: list[RegionView], *, below: int, customers: int) -> None:
    with st.popover(_("Remove"), icon=":material/delete:", key=f"regions.removing.{region.code}"):
        if below:
            st.caption(_("{count} regions lie below it: move or remove them first.", count=below))
            return
        key = f"regions.successor.{region.code}"
        places = {r.code: r.path for r in tree if r.code != region.code}
        if customers:
            st.caption(_("Its {count} customers go to another region, each with its history.", count=customers))
        label = _("Customers go to") if customers else _("Read the name as (optional)")
        st.selectbox(
            label, list(places), format_func=lambda c: places.get(c, c), index=None, placeholder=_("Choose"), key=key
        )
        st.caption(_("The code is never given again. What names this region later is read as its successor."))
        act = {"on_click": _removed, "args": (region.code, key)}
        st.button(_("Remove"), type="primary", key=f"regions.remove.{region.code}", **act)  # type: ignore[arg-type]


def _add(parent: RegionView | None) -> None:
    code = parent.code if parent else ""
    with (
        st.form(f"regions.add.{code}", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        label = _("New region below {name}", name=safe(parent.name)) if parent else _("New area")
        st.text_input(label, key=f"regions.new.{code}", max_chars=60)
        st.form_submit_button(_("Add"), icon=":material/add:", on_click=_added, args=(code,))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _added(me: Actor, parent_code: str) -> None:
    name = str(st.session_state.get(f"regions.new.{parent_code}") or "")
    if code := feedback.attempt(regions.add, me, RegionDraft(name=name, parent_code=parent_code or None)):
        feedback.toast(_("{name} was added ({code}).", name=name, code=code))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _renamed(me: Actor, code: str, key: str) -> None:
    if feedback.attempt(regions.rename, me, code, str(st.session_state.get(key) or "")):
        feedback.toast(_("Saved."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _moved(me: Actor, code: str, key: str) -> None:
    if (parent := st.session_state.get(key)) and feedback.attempt(regions.move, me, code, parent):
        feedback.toast(_("Saved."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _removed(me: Actor, code: str, key: str) -> None:
    successor = st.session_state.get(key)
    if (count := feedback.attempt(regions.remove, me, code, successor=successor)) is not None:
        st.session_state[_PICK] = successor
        feedback.toast(_("Removed. {count} customers went along.", count=count))
