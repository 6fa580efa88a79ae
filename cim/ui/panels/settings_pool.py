"""The settings of the public pool, with what they would mean today."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.ui import feedback
from cim.ui.panels import settings_values
from cim.work import Actor


def show(me: Actor) -> None:
    """Days by grade, warning and limits, and above them whom the rules in force concern now."""
    outlook = feedback.attempt(service.pool.outlook, me)
    if outlook is not None:
        st.info(
            _(
                "By the rules in force {now} customers are past their limit, and {soon} more reach it within the days of "
                "warning. Nobody loses a customer without the whole time of warning.",
                now=format_number(outlook.now),
                soon=format_number(outlook.soon),
            ),
            icon=":material/hourglass_bottom:",
        )
    settings_values.show(me, lambda name: name.startswith(settings_values.POOL))
