"""Data quality: how good the customers' data is, what to repair first, what to confirm."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import quality_campaign, quality_overview, quality_repair

me = shell.open_page(_("Data quality"), Permission.CUSTOMER_READ)

tabs = {"overview": _("Overview"), "repair": _("Repair"), "confirm": _("Confirm")}
match choose.chosen(tabs, key="quality.tab", label=_("Data quality"), draw=st.segmented_control):
    case "repair":
        quality_repair.show(me)
    case "confirm":
        quality_campaign.show(me)
    case _:
        quality_overview.show(me)
