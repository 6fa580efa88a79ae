"""Tasks: what is due, the visits of the day, what was done; planning a new one and changing one."""

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.task import TaskKind
from cim.permissions import Permission
from cim.ui import shell, tabs
from cim.ui.panels import calendar_whose, task_edit, task_form, task_list, task_row, visit_plan

me = shell.open_page(_("Tasks"), Permission.TASK_WRITE)

OPEN, VISITS, DONE = "open", "visits", "done"

with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    names = {OPEN: _("Open tasks"), VISITS: _("Visit plan"), DONE: _("Done tasks")}
    tab = tabs.chosen(names, key="tasks.tab", label=_("Tasks"), draw=st.segmented_control, width="content")
    whose = calendar_whose.choose(me, key="tasks.whose")

if asked := st.query_params.get(task_edit.PARAMETER, ""):
    task_edit.show(me, asked)

left, right = st.columns([5, 3], gap="medium")
with left:
    if tab == OPEN:
        task_list.render(me, key="tasks.list", assignee=whose.person, everybody=whose.team, most=15)
    elif tab == VISITS:
        visit_plan.show(me, whose)
    else:
        done = service.tasks.finished(me, assignee=whose.person, everybody=whose.team)
        if not done:
            st.caption(_("Nothing was done yet."))
        st.markdown("\n\n".join(task_row.described(task, someone=whose.team) for task in done))
with right, st.container(border=True):
    st.subheader(_("Plan a visit") if tab == VISITS else _("Plan a task"), anchor=False)
    task_form.new(
        "tasks.new" if tab != VISITS else "tasks.visit", None, TaskKind.VISIT if tab == VISITS else TaskKind.TODO
    )
