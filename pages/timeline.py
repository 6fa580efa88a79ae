"""Follow-ups: log a call or visit for any customer, what is due, and what the team did."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import pickers, shell
from cim.ui.panels import composer, task_list, timeline_list

me = shell.open_page(_("Follow-ups"), Permission.CUSTOMER_READ)

# a link may name the customer and the type: /timeline?customer=12&type=visit; taken once, so that it can be changed
asked = st.query_params.pop("customer", "") if "customer" in st.query_params else ""
kind = st.query_params.pop("type", "") if "type" in st.query_params else ""
composer.preselect("timeline.composer", int(asked) if asked.isdecimal() else None)

if me.can(Permission.ACTIVITY_WRITE):
    writing, due = st.columns([5, 3], gap="medium")
    with writing:
        composer.render(me, key="timeline.composer", kind=kind)
    with due:
        st.subheader(_("My tasks"), anchor=False)
        task_list.render(me, key="timeline.tasks")

st.subheader(_("Timeline"), anchor=False)
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    with st.container(width=220):
        author = pickers.person(me, key="timeline.person", url="person")
    types = pickers.types(key="timeline.types", url="types")
    first, last = pickers.span(key="timeline.span")
    since = pickers.period(key="timeline.period", url="period") if first is None else first
timeline_list.team(me, author_id=author, types=types, since=since, until=last, key="timeline.list")
