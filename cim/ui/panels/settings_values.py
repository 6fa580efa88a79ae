"""Settings that are numbers: each with what it means and its bounds, saved together."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import streamlit as st

from cim.i18n import N_, _
from cim.permissions import Permission
from cim.service import settings
from cim.service.settings import SettingView
from cim.ui import feedback, gate
from cim.ui.text import safe
from cim.work import Actor

POOL = "pool."
_GROUPS = {
    "undo": N_("Undo"),
    "known": N_("Do we know this company?"),
    "duplicates": N_("Duplicates"),
    "pool": N_("Public pool"),
    "quality": N_("Data quality"),
    "exports": N_("Export"),
    "birthdays": N_("Birthdays and anniversaries"),
    "files": N_("Files"),
    "tickets": N_("Service desk"),
}


def show(me: Actor, wanted: Callable[[str], bool]) -> None:
    """A form of the settings whose name is wanted."""
    found = [view for view in settings.everything(me) if wanted(view.name)]
    if not found:
        return
    with st.form(f"settings.form.{found[0].name}", border=False):
        for group, views in groupby(found, lambda view: view.name.partition(".")[0]):
            label = _GROUPS.get(group)
            st.markdown(f"**{_(label) if label else safe(group)}**")
            _inputs(list(views))
        keys = tuple((view.name, _key(view)) for view in found)
        st.form_submit_button(_("Save"), type="primary", on_click=_saved, args=(keys,), key="settings.save")


def _key(view: SettingView) -> str:
    """The value is part of the key: what somebody else saved meanwhile is shown, not overwritten unseen."""
    return f"settings.{view.name}.{view.value}"


def _inputs(views: list[SettingView]) -> None:
    columns = st.columns(2)
    for number, view in enumerate(views):
        with columns[number % 2]:
            bounds = _("{least} to {most}, at first {default}", least=view.least, most=view.most, default=view.default)
            st.number_input(
                _(view.label),
                min_value=view.least,
                max_value=view.most,
                value=view.value,
                step=1,
                key=_key(view),
                help=f"{_(view.hint)} ({bounds})",
            )
            feedback.at_field(view.name)


@gate.guarded(Permission.SETTINGS_MANAGE)
def _saved(me: Actor, keys: tuple[tuple[str, str], ...]) -> None:
    typed = {name: int(st.session_state[key]) for name, key in keys if st.session_state.get(key) is not None}
    changed = feedback.attempt(settings.change_all, me, typed)
    if changed is not None:
        feedback.toast(_("{count} settings changed.", count=changed) if changed else _("Nothing was different."))
