"""Opportunities: the pipeline as a board, as a list, and what it is expected to bring."""

import streamlit as st

from cim.i18n import _
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import pipeline_board, pipeline_filters, pipeline_forecast, records

me = shell.open_page(_("Opportunities"), Permission.SALES_READ)

tabs = {"board": _("Board"), "list": _("As a list"), "forecast": _("Forecast")}
match choose.chosen(tabs, key="opportunities.tab", label=_("Opportunities"), draw=st.segmented_control):
    case "list":
        records.show(me, Noun.OPPORTUNITY)
    case "forecast":
        pipeline_forecast.show(me, pipeline_filters.draw(me, whose=True))
    case _:
        pipeline_board.show(me, pipeline_filters.draw(me))
