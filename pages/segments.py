"""Segments: customers counted by region, industry, grade, lifecycle, source or owner."""

import streamlit as st

from cim.i18n import _, format_number
from cim.permissions import Permission
from cim.ui import shell
from cim.ui.panels import segment_charts

me = shell.open_page(_("Segments"), Permission.SEGMENT_READ)

by, second, region = segment_charts.choose(me)
segment = segment_charts.counted(me, by, second, region)
if segment is None:
    st.stop()
view, state = segment
segment_charts.breadcrumb(view)

if not view.rows:
    st.info(_("There are no customers to count here yet."))
    st.page_link("pages/customer_entry.py", label=_("Add customer"), icon=":material/person_add:")
    st.stop()

st.markdown(_("**{total}** customers", total=format_number(view.total)))
chosen = st.container()
pressed = segment_charts.chart(view, state)
st.subheader(_("Table"), anchor=False)
row = segment_charts.table(view, state)
with chosen:
    segment_charts.opener(view, pressed or row)
