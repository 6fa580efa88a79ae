"""The service desk: one list sorted by due time, a new ticket, return visits, repeated problems, satisfaction."""

import streamlit as st

from cim.i18n import _
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import records, ticket_desk, ticket_figures, ticket_form, ticket_visits

me = shell.open_page(_("Tickets"), Permission.TICKET_READ)

tabs = {
    "desk": _("Desk"),
    **({"new": _("New ticket")} if me.can(Permission.TICKET_OPEN) else {}),
    "visits": _("Return visits"),
    "repeated": _("Repeated problems"),
    "satisfaction": _("Satisfaction"),
    "all": _("All tickets"),
}
match choose.chosen(tabs, key="tickets.tab", label=_("Tickets"), draw=st.pills, wrap=True):
    case "new":
        ticket_form.show(me)
    case "visits":
        ticket_visits.show(me)
    case "repeated":
        ticket_figures.repeated(me)
    case "satisfaction":
        ticket_figures.satisfaction(me)
    case "all":
        records.show(me, Noun.TICKET)
    case _:
        ticket_desk.show(me)
