"""The checklist of a fresh installation, gone as soon as it is done."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _
from cim.permissions import Permission
from cim.service import backups
from cim.ui import feedback
from cim.work import Actor


def render(me: Actor) -> None:
    """Draw what is still missing of a working installation, as far as this person can do something about it."""
    steps = feedback.attempt(service.kpis.first_steps, me)
    if steps is None:
        return
    if me.can(Permission.BACKUP_MANAGE):
        kept = feedback.attempt(backups.available, me)
        steps = {**steps, "backup": bool(kept)}
    wanted = [
        ("colleague", Permission.USER_MANAGE, "pages/users.py", _("Add a colleague")),
        ("lists", Permission.SETTINGS_MANAGE, "pages/settings.py", _("Set up option lists")),
        ("customer", Permission.IMPORT, "pages/imports.py", _("Import your customers")),
        ("customer", Permission.CUSTOMER_WRITE, "pages/customer_entry.py", _("Add the first customer")),
        ("follow_up", Permission.ACTIVITY_WRITE, "pages/timeline.py", _("Log a visit or call")),
        ("backup", Permission.BACKUP_MANAGE, "pages/backup.py", _("Take a backup")),
    ]
    mine = [(steps[step], page, label) for step, permission, page, label in wanted if me.can(permission)]
    if all(done for done, _page, _label in mine):
        return
    with st.container(border=True, key="dashboard.first_steps"):
        st.markdown(f"**{_('First steps')}**")
        for done, page, label in mine:
            if done:
                st.markdown(f":green[:material/check_circle: ~~{label}~~]")
            elif _exists(page):
                st.page_link(page, label=label, icon=":material/radio_button_unchecked:")
            else:
                st.markdown(f":material/radio_button_unchecked: {label}: `python -m cim backup create`")


def _exists(page: str) -> bool:
    from cim.ui import menu

    return page in {entry.path for entry in menu.existing()}
