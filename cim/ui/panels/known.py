""" "Do we know this company already?": a question across all scopes, with an answer that says little."""

from __future__ import annotations

import streamlit as st

from cim import service, words
from cim.i18n import _
from cim.models.duplicate_view import KnownView
from cim.permissions import Permission
from cim.ui import feedback
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor, text: str = "") -> None:
    """A small form, filled with `text`. Asked only on a press: every question is recorded and counts."""
    if not me.can(Permission.CUSTOMER_WRITE):
        return
    with st.popover(_("Do we already know this customer?"), icon=":material/travel_explore:", key="known.open"):
        with st.form("known.form", border=False):
            st.caption(_("Looks through everybody's customers. You see who looks after them; questions are recorded."))
            asked = st.text_input(_("Name, or the whole phone number"), value=text, key=f"known.text.{text}")
            pressed = st.form_submit_button(_("Ask"), type="primary", icon=":material/search:")
        if not pressed:
            return
        found = feedback.attempt(service.duplicates.known, me, asked)
        if found is not None and not found:
            st.success(_("Nobody has this customer."), icon=":material/check:")
        for view in found or ():
            _answer(view)


def _answer(view: KnownView) -> None:
    owner = f"{_('Owner')}: {safe(view.owner)}" if view.owner else _("Public pool")
    grade = words.value("grade", view.grade)
    if view.id is not None:
        query = {"id": str(view.id)}
        st.page_link("pages/customer.py", label=f"**{safe(view.name)}**", query_params=query)
        st.caption(f"{owner} · {safe(grade)}")
    else:
        st.markdown(f"**{safe(view.name)}** :material/lock:  \n{owner} · {safe(grade)}")
