"""What is around every page: page settings, sign-in gate, navigation, the user's corner of the sidebar."""

from __future__ import annotations

import time
from copy import copy
from functools import cache

import streamlit as st

from cim.config import settings
from cim.i18n import _, language
from cim.permissions import MATRIX, Permission, Role
from cim.service import sessions
from cim.ui import brand, feedback, gate, menu, state
from cim.ui import client as browser
from cim.ui.bridge import post
from cim.ui.panels import notice_bell, quick_log
from cim.ui.text import safe
from cim.work import Actor

ROLE_COLORS = {
    Role.ADMIN: "red",
    Role.AUDITOR: "violet",
    Role.MANAGER: "blue",
    Role.SERVICE: "orange",
    Role.REP: "green",
}


def open_page(title: str, permission: Permission, *, tools: bool = True) -> Actor:
    """First statement of every page: the signed-in user, checked now. Shows the title, beside it what is at hand on every
    page (notices, logging a follow-up; not without `tools`), and waiting messages; does not return for a visitor without
    session (sign-in page) or without the permission (403, recorded)."""
    me = gate.page(permission, title)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="page.top"):
        if title:
            st.title(safe(title), anchor=False, width="stretch")
        else:
            st.space("stretch")
        if tools:
            notice_bell.show(me)
            quick_log.button(me)
    feedback.show_flashes()
    return me


def main() -> None:
    """One run of Home.py in a visitor's session: sign-in page or the page that was asked for."""
    me = gate.current()
    here = st.navigation(_pages(me), position="sidebar" if me else "hidden", expanded=True)
    product = _("CIM Customer Information")
    st.set_page_config(
        page_title=f"{here.title.split(': ')[-1]} · CIM" if me else product,
        page_icon=brand.icon(),
        layout="wide" if me else "centered",
        initial_sidebar_state="auto",
    )
    if st.session_state.get(state.LEAVING):
        _leave()
    if me is None:
        from cim.ui import sign_in  # only visitors pay for the form's library

        if st.session_state.pop(state.WHO, None):
            state.forget_all()
        # page.run() is not called: the address asked for survives the sign-in
        sign_in.show()
        return
    if st.session_state.get(state.WHO) != (me.user_id, me.session_id):
        state.forget_all()
        st.session_state[state.WHO] = (me.user_id, me.session_id)
    st.logo(brand.logo(), size="large")
    with st.sidebar:
        _corner(me)
    with gate.found(me):
        gate.heartbeat()
        here.run()


def role_label(role: Role | None) -> str:
    """The name of a role in the language of the visitor."""
    labels = {
        Role.REP: _("Sales"),
        Role.MANAGER: _("Manager"),
        Role.SERVICE: _("Service desk"),
        Role.AUDITOR: _("Auditor"),
        Role.ADMIN: _("Administrator"),
    }
    return labels[role] if role else ""


def browser_name(user_agent: str) -> str:
    """Browser and system of a User-Agent header, roughly: enough to recognise one's own devices."""
    browsers = ("Edg", "Firefox", "Chrome", "Safari")
    systems = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")
    found = [next((word for word in words if word in user_agent), "") for words in (browsers, systems)]
    return " · ".join(word.replace("Edg", "Edge") for word in found if word) or _("Unknown browser")


def _pages(me: Actor | None) -> dict[str, list[st.Page]]:
    """The same registry for everybody, so that addresses stay what they are; only visibility and titles differ. Made once
    for each role and language; a run gets copies, because st.navigation marks the page that it opens."""
    role = me.role if me else None
    return {name: list(map(copy, made)) for name, made in _menu(role, language()).items()}


@cache
def _menu(role: Role | None, _language: str) -> dict[str, list[st.Page]]:
    sections: dict[str, list[st.Page]] = {}
    for entry in menu.existing():
        shown = role is not None and entry.permission in MATRIX[role] and bool(entry.section)
        # an icon inside the title is drawn by our own font; icon= would fetch a favicon from another host
        title = f":material/{entry.icon}: {_(entry.title)}" if role else "CIM"
        made = st.Page(
            entry.path,
            title=title,
            url_path=entry.url_path,
            default=not entry.url_path,
            visibility="visible" if shown else "hidden",
        )
        sections.setdefault(_(entry.section or menu.WORK) if role else "", []).append(made)
    return sections


def _corner(me: Actor) -> None:
    if settings().demo:
        st.warning(_("Demo data: do not enter real people."), icon=":material/science:")
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{safe(me.name)}**", width="content")
            st.badge(role_label(me.role), color=ROLE_COLORS.get(me.role, "gray"))  # type: ignore[arg-type]
        st.page_link("pages/account.py", label=_("My account"), icon=":material/account_circle:")
        chosen = brand.language_choice("sidebar")
        if chosen != language():
            feedback.attempt(sessions.choose_language, me, chosen)
            st.session_state[state.LANGUAGE] = chosen
            st.rerun()
        if st.button(_("Sign out"), icon=":material/logout:", width="stretch", key="sign-out"):
            # the server first: the session is over even if the browser never answers
            sessions.end(sessions.VISITOR, browser.client().token or "")
            state.forget_all()
            st.session_state[state.LEAVING] = str(time.time_ns())
            st.rerun()


def _leave() -> None:
    post("/session/end", nonce=f"out-{st.session_state[state.LEAVING]}")
    st.caption(_("Signing out…"))
    st.stop()
