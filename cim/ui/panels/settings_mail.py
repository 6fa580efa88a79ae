"""Settings, mail and chat: the mail server with a test, and the channels of the team."""

from __future__ import annotations

import streamlit as st

from cim.i18n import N_, _
from cim.models.notice import Security
from cim.models.notice_view import MailServerDraft
from cim.permissions import Permission
from cim.service import channels, mail_server
from cim.ui import feedback, gate
from cim.ui.panels import notice_channels
from cim.work import Actor

SECURITY = {
    Security.STARTTLS: N_("STARTTLS (port 587)"),
    Security.TLS: N_("TLS (port 465)"),
    Security.NONE: N_("Unprotected (port 25, inside the house only)"),
}
FIELDS = ("host", "port", "security", "username", "sender")
KEY = "mail"


def show(me: Actor) -> None:
    """The tab: mail server, test mail, channels of the team."""
    st.subheader(_("Mail server"), anchor=False)
    st.caption(_("Notices and daily messages leave through it. Its password is sealed and never shown again."))
    version = _form(me)
    if version:
        _trial()
    st.subheader(_("Channels of the team"), anchor=False)
    notice_channels.show(channels.team(me), team=True)


def _form(me: Actor) -> int:
    """The form; returns the version of the server in force, 0 without one."""
    held = mail_server.get(me)
    version = held.version if held else 0
    draft = MailServerDraft(**held.model_dump(include=set(FIELDS))) if held else MailServerDraft(port=587)
    security = draft.security if held else Security.STARTTLS
    key = f"{KEY}.{version}"
    with st.form(f"{KEY}.form", border=False):
        left, right = st.columns([3, 1])
        left.text_input(_("Host"), draft.host, key=f"{key}.host", placeholder="smtp.example.cn", max_chars=200)
        right.number_input(_("Port"), 1, 65535, draft.port, key=f"{key}.port")
        feedback.at_field("host")
        st.segmented_control(
            _("Protection"),
            list(SECURITY),
            format_func=lambda code: _(SECURITY[code]),
            default=security,
            required=True,
            key=f"{key}.security",
            wrap=True,
        )
        feedback.at_field("security")
        left, right = st.columns(2)
        left.text_input(_("User name"), draft.username, key=f"{key}.username", max_chars=200, autocomplete="off")
        right.text_input(
            _("Password"),
            key=f"{key}.password",
            type="password",
            autocomplete="new-password",
            placeholder=_("unchanged") if held and held.has_password else "",
        )
        st.text_input(_("Sender address"), draft.sender, key=f"{key}.sender", placeholder="cim@example.cn")
        feedback.at_field("sender")
        if held and held.has_password:
            st.checkbox(_("Forget the password"), key=f"{key}.forget")
        st.form_submit_button(_("Save"), type="primary", key=f"{KEY}.save", on_click=_saved, args=(key, version))
    return version


def _trial() -> None:
    with (
        st.form(f"{KEY}.trial", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(_("Send a test mail to"), key=f"{KEY}.to", placeholder="name@example.com")
        st.form_submit_button(_("Send"), icon=":material/send:", key=f"{KEY}.send", on_click=_tried)
    feedback.at_field("to")


@gate.guarded(Permission.SETTINGS_MANAGE)
def _saved(me: Actor, key: str, version: int) -> None:
    typed = {name: st.session_state.get(f"{key}.{name}") for name in FIELDS}
    password = "" if st.session_state.get(f"{key}.forget") else st.session_state.get(f"{key}.password") or None
    draft = MailServerDraft.model_validate({**typed, "password": password})
    changed = feedback.attempt(mail_server.save, me, draft, version=version)
    if changed is not None:
        feedback.toast(_("Saved. Send a test mail.") if changed else _("Nothing was different."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _tried(me: Actor) -> None:
    feedback.attempt(mail_server.test, me, str(st.session_state.get(f"{KEY}.to") or ""))
    if feedback.succeeded():
        feedback.toast(_("The test was sent."))
