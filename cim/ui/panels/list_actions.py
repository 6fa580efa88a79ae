"""What can be done with a list of customers: export it, add one; and what an empty list says."""

from __future__ import annotations

import streamlit as st

from cim.i18n import _
from cim.models.listing import CustomerFilter
from cim.permissions import Permission
from cim.ui.panels import export_panel, known
from cim.work import Actor


def show(me: Actor, chosen: CustomerFilter, total: int) -> None:
    """The actions beside the count."""
    if me.can(Permission.EXPORT) and me.role is not None and total:
        box = st.popover(_("Export"), icon=":material/download:", key="search.export.box", on_change="rerun")
        if box.open:
            with box:
                export_panel.show(me, chosen, total)
    if me.can(Permission.CUSTOMER_WRITE):
        st.page_link("pages/customer_entry.py", label=_("Add customer"), icon=":material/person_add:")


def nothing(me: Actor, chosen: CustomerFilter) -> None:
    """An empty list teaches the next step."""
    if chosen.model_dump(exclude_defaults=True):
        st.info(_("No matches. Remove a filter, or type less: two characters or the last 4 digits are enough."))
        if me.can(Permission.CUSTOMER_WRITE) and chosen.q:
            st.page_link(
                "pages/customer_entry.py",
                label=_("Add this customer"),
                icon=":material/person_add:",
                query_params={"name": chosen.q},
            )
        if chosen.q:
            known.show(me, chosen.q)
    else:
        st.info(_("No customers yet. Add the first one, or import your list."))
        if me.can(Permission.IMPORT):
            st.page_link("pages/imports.py", label=_("Import a list"), icon=":material/upload:")
