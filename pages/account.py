"""One's own account: password, language, signed-in browsers."""

import streamlit as st

from cim.clock import now
from cim.i18n import LANGUAGES, _, format_datetime, format_relative
from cim.permissions import Permission
from cim.service import sessions
from cim.ui import feedback, shell
from cim.ui.panels import calendar_links
from cim.ui.text import safe

me = shell.open_page(_("My account"), Permission.ACCOUNT)

st.caption(f"{safe(me.username)} · {shell.role_label(me.role)}")
left, right = st.columns(2, gap="large")

with left, st.form("change-password"):
    st.subheader(_("Change password"), anchor=False)
    current = st.text_input(_("Current password"), type="password", autocomplete="current-password", key="pw-current")
    new = st.text_input(_("New password"), type="password", autocomplete="new-password", key="pw-new")
    again = st.text_input(_("Repeat the new password"), type="password", autocomplete="new-password", key="pw-again")
    st.caption(
        _("At least {count} characters, not a common password, not your user name.", count=sessions.SHORTEST_PASSWORD)
    )
    if st.form_submit_button(_("Change password"), type="primary", key="pw-save"):
        if new != again:
            st.error(_("The two entries differ."), icon=":material/error:")
        elif (refused := feedback.attempt(sessions.change_password, me, current=current, new=new)) is not None:
            feedback.show(refused)
        elif feedback.succeeded():
            feedback.flash(_("Your password was changed. Other browsers were signed out."), kind="success")
            st.rerun()

with right:
    st.subheader(_("Language"), anchor=False)
    choices = {"": _("As the browser"), **LANGUAGES}
    language = st.radio(
        _("Language"),
        list(choices),
        index=list(choices).index(me.language),
        format_func=choices.__getitem__,
        label_visibility="collapsed",
        key=f"account-language-{me.language}",
    )
    if language != me.language:
        feedback.attempt(sessions.choose_language, me, language)
        if feedback.succeeded():
            st.rerun()

    st.subheader(_("Signed-in browsers"), anchor=False)
    signed_in = sessions.own(me)
    for row in signed_in:
        with st.container(border=True, gap="small"):
            st.markdown(f"**{_('This browser') if row.current else safe(shell.browser_name(row.user_agent))}**")
            seen, since = format_relative(row.last_seen_at, now()), format_datetime(row.created_at)
            st.caption(_("Used {seen}, signed in {since}, from {ip}", seen=seen, since=since, ip=row.ip or "127.0.0.1"))
    with st.container(horizontal=True):
        if st.button(_("Sign out the others"), disabled=len(signed_in) < 2, key="end-others"):
            feedback.attempt(sessions.end_all, me, keep_current=True)
            feedback.flash(_("The other browsers were signed out."), kind="success")
            st.rerun()
        if st.button(_("Sign out everywhere"), key="end-all"):
            feedback.attempt(sessions.end_all, me)
            st.rerun()

with left:
    calendar_links.show(me)
