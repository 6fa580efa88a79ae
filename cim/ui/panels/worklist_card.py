"""The top of the worklist, for the dashboard and other pages."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.models.worklist import WorklistState
from cim.permissions import Permission
from cim.ui import feedback
from cim.ui.panels import worklist_list
from cim.work import Actor

TOP = 5


def render(me: Actor, *, key: str = "worklist_card") -> None:
    """Draw the five most urgent of the actor's own customers, each with why, and the way to the list. Draws nothing for
    who looks after nobody's."""
    if not me.can(Permission.ACTIVITY_WRITE):
        return
    found = feedback.attempt(service.worklist.mine, me, size=TOP)
    if found is None:
        return
    with st.container(key=f"{key}.box"):
        st.subheader(_("Whom to contact today"), anchor=False)
        if not found.entries:
            st.caption(worklist_list.nothing(WorklistState.OPEN))
            return
        st.markdown("\n\n".join(worklist_list.line(entry) for entry in found.entries))
        label = _("All {count}", count=format_number(found.total))
        st.page_link("pages/worklist.py", label=label, icon=":material/arrow_forward:")
