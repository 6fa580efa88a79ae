"""The region of a customer in a form. Who keeps the regions can add one from here: what was typed elsewhere stays."""

from __future__ import annotations

import streamlit as st

from cim import words
from cim.i18n import _
from cim.models.region import RegionDraft, RegionLevel, RegionView
from cim.permissions import Permission
from cim.service import regions
from cim.ui import feedback, gate
from cim.work import Actor


def draw(me: Actor, *, key: str) -> None:
    """Choose a region by its path. What is typed instead is read as in an import: 昆山 is 江苏省苏州市."""
    tree = regions.tree(me)
    paths = {region.code: region.path for region in tree}
    st.selectbox(
        words.field("region"),
        list(paths),
        format_func=lambda code: paths.get(code, code),
        index=None,
        placeholder=_("Not filled in"),
        key=key,
        accept_new_options=True,
    )
    if me.can(Permission.SETTINGS_MANAGE):
        _offer(tree, key)


def _offer(tree: list[RegionView], key: str) -> None:
    box = st.popover(
        _("Add a region"), icon=":material/add_location:", type="tertiary", key=f"{key}.add", on_change="rerun"
    )
    if not box.open:
        return
    paths = {region.code: region.path for region in tree if region.level is not RegionLevel.CITY}
    with box:
        st.text_input(_("Name"), key=f"{key}.add.name", max_chars=60)
        st.selectbox(
            _("Belongs to"),
            list(paths),
            format_func=lambda c: paths.get(c, c),
            index=None,
            placeholder=_("Choose"),
            key=f"{key}.add.parent",
        )
        st.button(_("Add"), type="primary", key=f"{key}.add.save", on_click=_added, args=(key,))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _added(me: Actor, key: str) -> None:
    name, parent = str(st.session_state.get(f"{key}.add.name") or ""), st.session_state.get(f"{key}.add.parent")
    if code := feedback.attempt(regions.add, me, RegionDraft(name=name, parent_code=parent)):
        st.session_state[key] = code
        feedback.toast(_("{name} was added ({code}).", name=name, code=code))
