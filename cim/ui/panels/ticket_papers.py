"""Files of a ticket: the list, and a way to keep another one."""

from __future__ import annotations

import streamlit as st

from cim import file_types, service
from cim.i18n import _
from cim.models.ticket_view import TicketView
from cim.permissions import Permission
from cim.service import ticket_files
from cim.ui import feedback, state
from cim.ui.panels import files
from cim.work import Actor


def show(me: Actor, view: TicketView) -> None:
    """Draw the files of a ticket."""
    found = feedback.attempt(ticket_files.list, me, view.id) or []
    st.subheader(f"{_('Files')} :gray[{len(found)}]" if found else _("Files"), anchor=False)
    for file in found:
        files.line(me, file)
    if view.may_edit and me.can(Permission.CUSTOMER_WRITE):
        _adding(me, view.id)
    elif not found:
        st.caption(_("No files."))


def _adding(me: Actor, ticket_id: int) -> None:
    name = f"ticket.files.{ticket_id}"
    token = state.token(name)
    with st.popover(_("Add a file"), icon=":material/attach_file:", key=f"{name}.add"):
        limit = service.files.largest(me)
        label = _("Files: {types}; at most {limit} MB each", types=file_types.ACCEPTED, limit=limit)
        given = st.file_uploader(label, type=file_types.ENDINGS, max_upload_size=limit, key=f"{name}.{token}")
        pressed = st.button(_("Keep files"), type="primary", key=f"{name}.keep.{token}", disabled=given is None)
        if pressed and given is not None:
            kept = feedback.attempt(ticket_files.attach, me, ticket_id, given.name, given.getvalue(), token=token)
            if kept is not None:
                state.spend(name)
                feedback.flash(_("Files kept: {count}.", count=1), kind="success")
                st.rerun()
