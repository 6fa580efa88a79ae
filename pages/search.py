"""Find customers: views, one search box, filters in the URL, a list to open one from and to change many in."""

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.permissions import Permission
from cim.ui import columns, feedback, filters, list_url, shell, tables
from cim.ui.panels import (
    bulk_bar,
    bulk_result,
    files,
    grid_edit,
    list_actions,
    list_columns,
    list_position,
    record_matches,
    view_bar,
)

me = shell.open_page(_("Find customers"), Permission.CUSTOMER_READ)

shelf = feedback.attempt(service.saved_views.everything, me)
if shelf is None:
    st.stop()
asked = list_url.read(me, shelf)
view_bar.show(me, shelf, asked)
filters.draw(me)
if list_url.names() or asked.changed:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        filters.active(me, asked)
        view_bar.changed(me, asked)
bulk_result.show(me)
names = list_columns.own(asked, shelf)
grid = bool(st.session_state.get("search.grid"))
found = feedback.attempt(
    service.customers.search,
    me,
    asked.narrowed,
    order=asked.order,
    page=asked.page,
    size=shelf.size,
    also=columns.ASKED if grid else columns.ASKED.intersection(names),
    custom=[name.removeprefix(columns.OWN) for name in names if name.startswith(columns.OWN)],
)
if found is None:
    st.stop()

ticked = [] if grid else tables.picked(found.rows, key="search.list")
if ticked:
    bulk_bar.show(me, asked, found, ticked)
else:
    bulk_bar.dropped()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        total = format_number(found.total)
        count = _("At least {total} customers", total=total) if found.more else _("{total} customers", total=total)
        st.markdown(f"**{count}**", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            grid_edit.switch(me)
            if not asked.narrowed.q:
                filters.order(asked.order)
            list_columns.choose(me, shelf, asked, names)
            list_actions.show(me, asked.narrowed, found.total)

if not found.rows:
    record_matches.matches(me, asked.narrowed.q)
    files.matches(me, asked.narrowed.q)
    list_actions.nothing(me, asked.narrowed)
    st.stop()

if grid:
    grid_edit.show(me, found.rows)
else:
    labels, boxes = list_columns.labels(me, names), me.can(Permission.CUSTOMER_WRITE) or me.can(Permission.EXPORT)
    opened = tables.customers(found.rows, names, key="search.list", labels=labels, ticked=boxes)
    if opened is not None:
        list_position.remember(asked, found)
        st.switch_page("pages/customer.py", query_params={"id": str(opened)})

pages = -(-found.total // found.size) if not found.more else asked.page + 1
if pages > 1:
    turned = st.pagination(pages, default=min(asked.page, pages), key=f"search.page.{asked.page}.{pages}")
    if turned != asked.page:
        list_url.turn_to(turned)
        st.rerun()
record_matches.matches(me, asked.narrowed.q)
files.matches(me, asked.narrowed.q)
