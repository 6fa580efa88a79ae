"""Files of an order or of a contract: they lie with the customer's files, and are shown here too."""

from __future__ import annotations

import streamlit as st

from cim import file_types, service
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import feedback, state
from cim.ui.panels import files
from cim.work import Actor


def show(me: Actor, *, order_id: int | None = None, contract_id: int | None = None, may_edit: bool = False) -> None:
    """The files, and adding one for who may."""
    found = feedback.attempt(service.attachments.of, me, order_id=order_id, contract_id=contract_id) or []
    st.subheader(_("Files"), anchor=False)
    if not found:
        st.caption(_("No files yet."))
    for file in found:
        files.line(me, file)
    if not (may_edit and me.can(Permission.CUSTOMER_WRITE)):
        return
    name = f"attachment.{'order' if order_id else 'contract'}.{order_id or contract_id}"
    token = state.token(name)
    with st.popover(_("Add a file"), icon=":material/attach_file:", type="tertiary"):
        limit = service.files.largest(me)
        given = st.file_uploader(
            _("Files: {types}; at most {limit} MB each", types=file_types.ACCEPTED, limit=limit),
            type=file_types.ENDINGS,
            max_upload_size=limit,
            key=f"{name}.upload.{token}",
        )
        if not st.button(_("Keep the file"), type="primary", key=f"{name}.keep.{token}", disabled=given is None):
            return
    if given is None:
        return
    kept = feedback.attempt(
        service.attachments.add,
        me,
        given.name,
        given.getvalue(),
        order_id=order_id,
        contract_id=contract_id,
        token=token,
    )
    if kept is not None:
        state.spend(name)
        st.rerun()
