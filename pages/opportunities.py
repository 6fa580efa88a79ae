"""Opportunities: the pipeline as a board, as a list, and what it is expected to bring."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import pipeline_board, pipeline_filters, pipeline_forecast

me = shell.open_page(_("Opportunities"), Permission.SALES_READ)

tabs = {"board": _("Board"), "forecast": _("Forecast")}
tab = choose.chosen(tabs, key="opportunities.tab", label=_("Opportunities"), draw=st.segmented_control)
asked = pipeline_filters.draw(me, whose=tab == "forecast")
match tab:
    case "forecast":
        pipeline_forecast.show(me, asked)
    case _:
        pipeline_board.show(me, asked)
