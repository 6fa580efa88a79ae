"""After a merge: what was done, where the record went, and the way back."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import undo_button
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor) -> None:
    """After a merge: what was done, and the way back."""
    done = st.session_state.get(state.MERGED)
    if not done:
        return
    winner, number, count = done
    place = st.empty()
    with place.container(), st.container(border=True, horizontal=True, vertical_alignment="center"):
        told = _("{count} records were merged.", count=format_number(count))
        st.markdown(f":material/check_circle: {told}", width="content")
        if winner:
            query = {"id": str(winner)}
            st.page_link("pages/customer.py", label=_("Open"), icon=":material/open_in_new:", query_params=query)
        undo = st.button(_("Undo"), icon=":material/undo:", key="duplicates.undo")
        st.button(_("Close"), type="tertiary", key="duplicates.undo.close", on_click=_close)
    if undo:
        act = service.customers.unmerge if winner else service.undo.change_set
        with st.spinner(_("Taking it back …")):
            taken = feedback.attempt(act, me, number)
        if taken is not None:
            _close()
            place.empty()
            undo_button.result(taken)


def gone(me: Actor, customer_id: int) -> bool:
    """Whether this customer was merged into another one that the actor sees; says so, and leads there."""
    into = service.customers.successor(me, customer_id)
    if into is None:
        return False
    st.info(_("This record was merged into {name}.", name=safe(into.name)), icon=":material/join_inner:")
    with st.container(horizontal=True, vertical_alignment="center"):
        query = {"id": str(into.id)}
        st.page_link("pages/customer.py", label=_("Open"), icon=":material/open_in_new:", query_params=query)
        if into.may_edit:
            label = _("Take the merge apart")
            st.button(label, icon=":material/undo:", key="customer.unmerge", on_click=_unmerge, args=(customer_id,))
    return True


@gate.guarded(Permission.CUSTOMER_WRITE)
def _unmerge(me: Actor, customer_id: int) -> None:
    taken = feedback.attempt(service.customers.unmerge, me, customer_id)
    if taken is not None:
        feedback.toast(undo_button.sentence(taken))


def _close() -> None:
    st.session_state.pop(state.MERGED, None)
