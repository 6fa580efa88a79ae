"""The calendar: visits, tasks, birthdays, contracts that end and deals that are expected, by month, week or day."""

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.ticket import DayKind
from cim.permissions import Permission
from cim.ui import feedback, shell
from cim.ui.panels import calendar_days, calendar_grid, calendar_whose, task_form

me = shell.open_page(_("Work calendar"), Permission.CUSTOMER_READ)

shown = calendar_days.read()
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
    calendar_days.bar(shown)
    whose = calendar_whose.choose(me, key="calendar.whose")

entries = feedback.attempt(service.calendar.between, me, shown.first, shown.last, person=whose.person, team=whose.team)
off = {
    day.day: (day.name if day.own else _(day.name), day.kind is DayKind.OFF)
    for day in service.working_days.days(me, shown.first, shown.last)
}
if entries is None:
    st.stop()
if shown.view != calendar_days.DAY:
    calendar_grid.weeks(shown, entries, off, someone=whose.team)
    st.stop()

left, right = st.columns([5, 3], gap="medium")
with left:
    calendar_grid.agenda(shown.on, entries, off, someone=whose.team)
if me.can(Permission.TASK_WRITE):
    with right, st.container(border=True):
        st.subheader(_("Plan a task"), anchor=False)
        task_form.new(f"calendar.new.{shown.on.isoformat()}", shown.on)
