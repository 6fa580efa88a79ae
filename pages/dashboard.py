"""The landing page: the numbers of today, what is due, and how each person stands."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission, Scope
from cim.ui import kpi_cards, shell
from cim.ui.panels import (
    first_steps,
    hand_over,
    pipeline_card,
    pool_info,
    quality_overview,
    task_list,
    team_table,
    worklist_card,
)

me = shell.open_page(_("Dashboard"), Permission.DASHBOARD_READ)

with st.container(horizontal=True, gap="small", key="dashboard.actions"):
    if me.can(Permission.ACTIVITY_WRITE):
        st.page_link("pages/timeline.py", label=_("Log a call"), icon=":material/call:", query_params={"type": "call"})
    if me.can(Permission.CUSTOMER_WRITE):
        st.page_link("pages/customer_entry.py", label=_("Add customer"), icon=":material/person_add:")
    st.page_link("pages/search.py", label=_("Find customers"), icon=":material/search:")

first_steps.render(me)
kpi_cards.render()

if not me.can(Permission.TASK_WRITE):
    team_table.render(me)
    quality_overview.card(me)
    st.stop()
due, team = st.columns([5, 4], gap="medium")
with due:
    st.subheader(_("My day"), anchor=False)
    worklist_card.render(me)
    task_list.render(me, key="dashboard.tasks")
    pool_info.due_list(me)
with team:
    pipeline_card.show(me)
    team_table.render(me)
    hand_over.popover(me)
    if me.scope(Permission.DASHBOARD_READ) is not Scope.OWN:
        quality_overview.card(me)
