"""The pipeline on the dashboard: what is open, what the month should bring, and what is stuck."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, format_month, format_number
from cim.permissions import Permission
from cim.ui import feedback
from cim.ui.panels import opportunity_words
from cim.work import Actor

SHOWN = 3


def show(me: Actor) -> None:
    """Draw the card; nothing for who does not see sales, or where nothing is open."""
    if not me.can(Permission.SALES_READ):
        return
    told = feedback.attempt(service.pipeline.forecast, me, months=2)
    if told is None:
        return
    open_ = [*told.months, told.overdue, told.later, told.undated]
    count = sum(each.count for each in open_)
    if not count:
        return
    money = opportunity_words.money
    with st.container(border=True, gap="small", key="dashboard.pipeline"):
        st.markdown(f"**{_('Pipeline')}** :gray[{_('{count} open', count=format_number(count))}]")
        lines = [
            _(
                "{month}: {weighted} weighted, {won} won",
                month=format_month(each.month),
                weighted=f"**{money(each.weighted, told.currency)}**",
                won=money(each.won, told.currency),
            )
            for each in told.months[:1]
        ]
        lines += [
            _(
                "{month}: {weighted} weighted",
                month=format_month(each.month),
                weighted=money(each.weighted, told.currency),
            )
            for each in told.months[1:]
        ]
        st.markdown("  \n".join(lines))
        _stuck(me)
        st.page_link("pages/opportunities.py", label=_("Open the pipeline"), icon=":material/filter_alt:")


def _stuck(me: Actor) -> None:
    found = service.pipeline.stuck(me, limit=SHOWN + 1)
    lines = [f"{opportunity_words.linked(card)}  \n{opportunity_words.warned(card)}" for card in found[:SHOWN]]
    if lines:
        st.markdown("\n\n".join(lines))
    if len(found) > SHOWN:
        label = _("All that need a look")
        st.page_link("pages/opportunities.py", label=label, icon=":material/warning:", query_params={"warned": "1"})
