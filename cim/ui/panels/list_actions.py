"""What can be done with a list of customers: export it, add one; and what an empty list says."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.listing import CustomerFilter
from cim.permissions import EXPORT_CAP, Permission
from cim.ui import feedback
from cim.work import Actor


def show(me: Actor, chosen: CustomerFilter, total: int) -> None:
    """The actions beside the count."""
    if me.can(Permission.EXPORT) and me.role is not None and total:
        with st.popover(_("Export"), icon=":material/download:"):
            _export(me, chosen, total)
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
    else:
        st.info(_("No customers yet. Add the first one, or import your list."))
        if me.can(Permission.IMPORT):
            st.page_link("pages/imports.py", label=_("Import a list"), icon=":material/upload:")


def _export(me: Actor, chosen: CustomerFilter, total: int) -> None:
    assert me.role is not None
    st.caption(
        _(
            "{total} rows; your role may export {cap} at a time. Every export is recorded.",
            total=total,
            cap=EXPORT_CAP[me.role],
        )
    )
    reason = st.text_input(_("Reason"), key="search.export.reason", placeholder=_("What is the list for?"))
    kind = st.segmented_control(_("Format"), ["xlsx", "csv"], default="xlsx", key="search.export.format", required=True)
    if st.button(_("Prepare file"), key="search.export.prepare", type="primary", disabled=not reason.strip()):
        content = feedback.attempt(
            service.exports.customers, me, chosen, reason=reason, format="csv" if kind == "csv" else "xlsx"
        )
        if content is not None:
            st.download_button(
                _("Save file"), content, f"customers.{kind}", on_click="ignore", key="search.export.save"
            )
