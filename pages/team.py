"""A team for who leads it: what was done, how each person's customers stand, what is to be expected, plan against done."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import team_done, team_growth, team_list, team_state, team_targets

me = shell.open_page(_("Team"), Permission.TEAM_READ)

tabs = {
    "done": _("What was done"),
    "state": _("Customers"),
    "outlook": _("Outlook and growth"),
    "targets": _("Plan and done"),
}
chosen = choose.chosen(tabs, key="team.tab", label=_("Team"), draw=st.segmented_control)
match chosen:
    case "state":
        team_state.show(me)
    case "outlook":
        team_growth.show(me)
    case "targets":
        team_targets.show(me)
    case _:
        team_done.show(me)
team_list.show(me)
