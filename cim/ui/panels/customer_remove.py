"""Deleting the customer on its page: asked once more, then it waits in the recycle bin and can be brought back at once."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.customer_view import CustomerView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.text import safe
from cim.work import Actor


def ask(me: Actor, view: CustomerView) -> None:
    """The button of the header."""
    with st.popover(_("Delete"), icon=":material/delete:", type="tertiary", key="customer.remove.ask"):
        st.markdown(_("Delete 1 customer, **{name}**?", name=safe(view.name)))
        st.caption(_("It goes to the recycle bin with everything below it and can be restored from there."))
        reason = st.text_input(_("Reason"), key="customer.remove.reason", max_chars=300)
        if st.button(_("Delete 1 customer"), type="primary", key="customer.remove"):
            feedback.attempt(service.customers.remove, me, view.id, version=view.version, reason=reason or "")
            if feedback.succeeded():
                st.session_state[state.REMOVED] = view.id
                st.rerun()


def gone(me: Actor, customer_id: int) -> bool:
    """Whether this customer was removed here a moment ago and is still in the recycle bin; says so, with a way back."""
    if st.session_state.get(state.REMOVED) != customer_id or not service.recycle.holds(me, customer_id):
        return False
    st.success(_("The customer is in the recycle bin."), icon=":material/delete:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("Undo"), icon=":material/undo:", key="customer.remove.undo", on_click=_back, args=(customer_id,))
        st.page_link("pages/recycle.py", label=_("Recycle bin"), icon=":material/delete:")
        st.page_link("pages/search.py", label=_("Find customers"), icon=":material/search:")
    return True


@gate.guarded(Permission.CUSTOMER_WRITE)
def _back(me: Actor, customer_id: int) -> None:
    feedback.attempt(service.recycle.restore, me, customer_id)
    if feedback.succeeded():
        st.session_state.pop(state.REMOVED, None)
        feedback.toast(_("The customer is back."))
