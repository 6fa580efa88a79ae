"""Log a follow-up from any page: a button, a dialog with the composer, and back to where one was."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlparse

import streamlit as st

from cim.i18n import _
from cim.models.activity import ActivityType
from cim.permissions import Permission
from cim.ui import gate, pickers
from cim.ui.panels import click_to_call, composer
from cim.ui.text import safe
from cim.work import Actor

KEY = "quick_log"
PAGE = "/customer"


def button(me: Actor) -> None:
    """Draw the button that opens the dialog; on a customer's page that customer is chosen. Draws nothing for who may not
    write follow-ups."""
    if not me.can(Permission.ACTIVITY_WRITE):
        return
    composer.told(KEY)
    label, icon = _("Log a follow-up"), ":material/edit_note:"
    if st.button(label, icon=icon, key=f"{KEY}.open", width="content"):
        open_for(_here())


def open_for(customer_id: int | None, *, kind: ActivityType | None = None, contact: str = "", phone: str = "") -> None:
    """Open the dialog in this run, with what is known in place. The number is shown, not stored: who sees the customer
    masked reads the follow-up in clear."""
    pickers.clear(f"{KEY}.customer")
    composer.preselect(KEY, customer_id, kind=(kind or ActivityType.CALL).value, contact=contact)
    st.dialog(_("Log a follow-up"), width="large", icon=":material/edit_note:")(_draw)(contact, phone)


def call(me: Actor, customer_id: int, phone: str, *, contact: str = "", key: str = "call") -> None:
    """A small button beside a number: put down the call that was made. Draws nothing for a masked number, or for who may
    not write follow-ups."""
    if not click_to_call.can_be_called(phone) or not me.can(Permission.ACTIVITY_WRITE):
        return
    press: dict[str, Any] = {"icon": ":material/add_call:", "type": "tertiary"}
    if st.button(_("Log this call"), key=key, width="content", **press):
        open_for(customer_id, kind=ActivityType.CALL, contact=contact, phone=phone)


@gate.guarded(Permission.ACTIVITY_WRITE)
def _draw(me: Actor, contact: str, phone: str) -> None:
    if phone:
        who = f"**{safe(contact)}** · " if contact else ""
        st.markdown(f":material/call: {who}{click_to_call.link(phone)}")
    composer.render(me, key=KEY)


def _here() -> int | None:
    """The customer whose page this is."""
    path, asked = urlparse(st.context.url or "").path, str(st.query_params.get("id", ""))
    return int(asked) if path.rstrip("/").endswith(PAGE) and asked.isdecimal() else None
