"""A customer's story on one clean page, to be printed by the browser or saved as text. Every call is recorded."""

import streamlit as st

from cim import service
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import feedback, shell
from cim.ui.panels import timeline_filters, timeline_list, timeline_text
from cim.ui.text import safe

me = shell.open_page("", Permission.CUSTOMER_READ, tools=False)
st.set_page_config(initial_sidebar_state="collapsed")  # what is printed is what is on the screen

asked = st.query_params.get("id", "")
view = feedback.attempt(service.customers.get, me, int(asked) if asked.isdecimal() else 0)
found = feedback.attempt(service.timeline.story, me, view.id, **timeline_filters.asked()) if view else None
if view is None or found is None:
    st.page_link("pages/search.py", label=_("Find customers"), icon=":material/search:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="center", key="print.bar"):
    back = {"id": str(view.id)}
    st.page_link("pages/customer.py", label=_("Back to the customer"), icon=":material/arrow_back:", query_params=back)
    st.caption(_("Press Ctrl+P to print this page."), width="content")
    st.download_button(
        _("Save as text"),
        timeline_text.plain(view, found),
        file_name=f"{view.code}.txt",
        mime="text/plain",
        icon=":material/download:",
        on_click="ignore",
        key="print.save",
    )
st.header(safe(view.name), anchor=False)
facts = [view.code, view.phone, view.owner or _("Public pool")]
st.caption(" · ".join(safe(fact) for fact in facts if fact))
st.caption(safe(timeline_text.seen(me)))
if found.more:
    st.warning(_("Only the newest {count} entries are shown: narrow the filter.", count=len(found.entries)))
for month in timeline_list.months(found.entries, named=False):
    st.markdown(month)
if not found.entries:
    st.info(_("No matches. Remove a filter."))
