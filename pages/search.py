"""Find customers: one box, filters in the URL, a list to open one from."""

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.permissions import Permission
from cim.ui import feedback, filters, shell, tables
from cim.ui.panels import list_actions

me = shell.open_page(_("Find customers"), Permission.CUSTOMER_READ)

chosen, order, page = filters.customers(me)
found = feedback.attempt(service.customers.search, me, chosen, order=order, page=page)
if found is None:
    st.stop()

with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    total = format_number(found.total)
    count = _("At least {total} customers", total=total) if found.more else _("{total} customers", total=total)
    st.markdown(f"**{count}**", width="content")
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        if not chosen.q:
            filters.order(order)
        list_actions.show(me, chosen, found.total)

if not found.rows:
    list_actions.nothing(me, chosen)
    st.stop()

if (opened := tables.customers(found.rows, key="search.list")) is not None:
    st.switch_page("pages/customer.py", query_params={"id": str(opened)})

pages = -(-found.total // found.size) if not found.more else page + 1
if pages > 1:
    turned = st.pagination(pages, default=min(page, pages), key=f"search.page.{page}.{pages}")
    if turned != page:
        filters.turn_to(turned)
        st.rerun()
