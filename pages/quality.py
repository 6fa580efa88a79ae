"""Data quality: how good the customers' data is, what to repair first, what to confirm."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui.panels import quality_campaign, quality_overview, quality_repair

me = shell.open_page(_("Data quality"), Permission.CUSTOMER_READ)

tabs = {"overview": _("Overview"), "repair": _("Repair"), "confirm": _("Confirm")}
if "quality.tab" not in st.session_state and st.query_params.get("tab") in tabs:
    st.session_state["quality.tab"] = st.query_params["tab"]
chosen = st.segmented_control(
    _("Data quality"),
    list(tabs),
    format_func=lambda name: tabs[name],
    default=None if "quality.tab" in st.session_state else "overview",
    required=True,
    key="quality.tab",
    label_visibility="collapsed",
)
st.query_params["tab"] = chosen or "overview"

match chosen:
    case "repair":
        quality_repair.show(me)
    case "confirm":
        quality_campaign.show(me)
    case _:
        quality_overview.show(me)
