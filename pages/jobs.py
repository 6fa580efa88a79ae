"""Scheduled work and messages: what the server does by itself, and what did not arrive."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import job_deliveries, job_list

me = shell.open_page(_("Scheduled work"), Permission.SETTINGS_MANAGE)

tabs = {"work": _("What the server does"), "messages": _("Messages")}
match choose.chosen(tabs, key="jobs.tab", label=_("Scheduled work"), draw=st.segmented_control):
    case "messages":
        job_deliveries.show(me)
    case _:
        job_list.show(me)
