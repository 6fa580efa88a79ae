"""The sign-in page: password, then whatever else is asked, then the ticket that the browser swaps for its cookie."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st
from pydantic import ValidationError

from cim.config import settings
from cim.i18n import _, language
from cim.models.user import UserDraft
from cim.permissions import Role
from cim.service import sessions, users
from cim.ui import brand, feedback, state
from cim.ui import client as browser
from cim.ui.bridge import post
from cim.ui.text import safe
from cim.work import Actor

STEP_SECONDS = sessions.PROOF_SECONDS


def show() -> None:
    """The step that the visitor has reached. session_state holds the step; the service proves each one again."""
    with st.container(horizontal_alignment="center"), st.container(width=440):
        st.space("large")
        _head()
        feedback.show_flashes()
        reached = _reached()
        if reached is None and users.nobody_yet(sessions.VISITOR):
            _first_administrator()
            return
        # a second factor goes between "password" and "change"
        steps: dict[str, Callable[[dict[str, Any]], None]] = {"change": _change, "ticket": _ticket}
        steps.get(reached["step"] if reached else "", _password)(reached or {})


def _reached() -> dict[str, Any] | None:
    reached = st.session_state.get(state.SIGN_IN)
    if reached and time.monotonic() - reached["at"] > STEP_SECONDS:
        _restart(_("Signing in took too long. Please start again."))
        return None
    return reached or None


def _head() -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.image(brand.logo(), width=150)
        chosen = brand.language_choice("sign-in")
    if chosen != language():
        st.session_state[state.LANGUAGE] = chosen
        st.rerun()
    st.markdown(f"### {safe(_('CIM Customer Information'))}")
    st.caption(_("Customers, follow-ups and figures of your team in one place."))
    if settings().demo:
        st.info(_("Demo data: do not enter real people."), icon=":material/science:")


def _password(_reached: dict[str, Any]) -> None:
    from cim.ui.authenticator import password_form

    outcome = password_form()
    if outcome is None:
        st.caption(_("No account, or forgotten password? Ask your administrator."))
    elif outcome.ok:
        _go("change" if outcome.must_change_password else "ticket", outcome.proof)
    elif outcome.retry_after:
        message = _("Too many attempts. Try again in {seconds} seconds.", seconds=outcome.retry_after)
        st.error(message, icon=":material/timer:")
    else:
        st.error(_("User name or password is wrong, or the account is not active."), icon=":material/error:")


def _change(reached: dict[str, Any]) -> None:
    with st.form("forced-change"):
        st.subheader(_("Choose a new password"), anchor=False)
        _password_rule()
        new = _secret(_("New password"), "forced-new")
        again = _secret(_("Repeat the new password"), "forced-again")
        if not st.form_submit_button(_("Save and sign in"), type="primary", width="stretch"):
            return
    if new != again:
        st.error(_("The two entries differ."), icon=":material/error:")
        return
    feedback.attempt(sessions.replace_password, _visitor(), reached["proof"], new=new)
    if feedback.succeeded():
        _go("ticket", reached["proof"])


def _ticket(reached: dict[str, Any]) -> None:
    if "ticket" not in reached:
        here = browser.client()
        reached["ticket"] = feedback.attempt(
            sessions.open_ticket,
            _visitor(),
            reached["proof"],
            binder=here.binder,
            user_agent=here.user_agent,
            language=st.session_state.get(state.LANGUAGE, ""),
        )
        if not reached["ticket"]:
            _restart(_("Sign-in could not be completed. Does the browser refuse cookies?"))
    failed = post("/session/start", nonce=reached["ticket"], ticket=reached["ticket"])
    st.caption(_("Signing in…"))
    if failed:
        _restart(_("Sign-in could not be completed. Does the browser refuse cookies?"))


def _first_administrator() -> None:
    with st.form("first-administrator"):
        st.subheader(_("Create the first administrator"), anchor=False)
        st.caption(_("The command “python -m cim init” shows the setup code; it is good for 30 minutes."))
        code = st.text_input(_("Setup code"), key="setup-code", autocomplete="off")
        username = st.text_input(_("User name"), key="setup-username", autocomplete="username")
        name = st.text_input(_("Full name"), key="setup-name")
        password = _secret(_("New password"), "setup-password")
        again = _secret(_("Repeat the new password"), "setup-again")
        _password_rule()
        if not st.form_submit_button(_("Create account"), type="primary", width="stretch"):
            return
    if password != again:
        st.error(_("The two entries differ."), icon=":material/error:")
        return
    try:
        draft = UserDraft(username=username, name=name, role=Role.ADMIN)
    except ValidationError:
        st.error(_("Enter a user name of 2 to 40 letters or digits, and the full name."), icon=":material/error:")
        return
    feedback.attempt(users.found, _visitor(), code, draft, password=password)
    if feedback.succeeded():
        feedback.flash(_("The account was created. Sign in with it."), kind="success")
        st.rerun()


def _password_rule() -> None:
    count = sessions.SHORTEST_PASSWORD
    st.caption(_("At least {count} characters, not a common password, not your user name.", count=count))


def _secret(label: str, key: str) -> str:
    return st.text_input(label, type="password", autocomplete="new-password", key=key)


def _visitor() -> Actor:
    return replace(sessions.VISITOR, ip=browser.client().ip)


def _go(step: str, proof: str) -> None:
    st.session_state[state.SIGN_IN] = {"step": step, "proof": proof, "at": time.monotonic()}
    st.rerun()


def _restart(message: str) -> None:
    st.session_state.pop(state.SIGN_IN, None)
    feedback.flash(message)
    st.rerun()
