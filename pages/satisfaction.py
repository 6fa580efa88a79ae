"""How satisfied customers are: CSAT, NPS and effort with their answers, the trend, and what is asked."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import satisfaction_answers, satisfaction_figures, satisfaction_surveys

me = shell.open_page(_("Satisfaction"), Permission.TICKET_READ)

tabs = {
    "figures": _("Figures"),
    "answers": _("Answers"),
    **({"surveys": _("Surveys")} if me.can(Permission.SETTINGS_MANAGE) else {}),
}
match choose.chosen(tabs, key="satisfaction.tab", label=_("Satisfaction"), draw=st.pills):
    case "answers":
        satisfaction_answers.show(me)
    case "surveys":
        satisfaction_surveys.show(me)
    case _:
        satisfaction_figures.show(me)
