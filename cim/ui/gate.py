"""Who is here and may he: the cookie of the browser against the database, at every run, callback and fragment."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Concatenate, ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cim import i18n
from cim.errors import CimError, Denied, SessionEnded
from cim.i18n import _
from cim.permissions import Permission
from cim.service import sessions
from cim.ui import client as browser
from cim.ui import feedback, state
from cim.ui.text import safe
from cim.work import Actor

P = ParamSpec("P")
R = TypeVar("R")


_here: ContextVar[Actor | None] = ContextVar("cim_here", default=None)


@contextmanager
def found(me: Actor) -> Iterator[None]:
    """While Home.py runs the page of a run: the user it has just read from the database need not be read again for every
    part of the page. Callbacks, and fragments that run by themselves, are outside of it and look again."""
    token = _here.set(me)
    try:
        yield
    finally:
        _here.reset(token)


def current(touch: bool = True) -> Actor | None:
    """The signed-in user, read from the database in this run, or None. Also sets the language of the run."""
    if (known := _here.get()) is not None:
        return known
    here = browser.client()
    me = sessions.resolve(here.token, touch)
    speak(me)
    return replace(me, ip=here.ip or me.ip) if me else None


def speak(me: Actor | None) -> None:
    """Choose the language: the user's choice, then this tab's, then the browser's."""
    chosen = (me.language if me else "") or st.session_state.get(state.LANGUAGE, "")
    i18n.use(chosen, browser.client().locale)
    st.session_state[state.LANGUAGE] = i18n.language() if chosen else ""


def _preferred() -> str | None:
    """The language for what runs without the gate: fragments, and callbacks before the page."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    return str(st.session_state.get(state.LANGUAGE) or browser.client().locale) or None


i18n.ask(_preferred)


def require(permission: Permission) -> Actor:
    """The signed-in user if his role has the permission. Raises SessionEnded or Denied."""
    me = current()
    if me is None:
        raise SessionEnded("Your session has ended. Please sign in again.")
    if not me.can(permission):
        raise Denied("Your role does not permit this.")
    return me


def page(permission: Permission, name: str) -> Actor:
    """Open a page for the signed-in user; else to the sign-in page, or a recorded refusal and nothing of the page."""
    me = current()
    if me is None:
        feedback.to_sign_in(_("Your session has ended. Please sign in again."))
    if not me.can(permission):
        _refuse(me, permission, name)
    st.session_state.pop(state.REFUSED, None)
    return me


def guarded(permission: Permission) -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[P, R | None]]:
    """For callbacks, dialogs and fragments: they run before or without the page's first line. The function gets the
    fresh Actor first; when he may not, it is not run and a message says why."""

    def decorate(function: Callable[Concatenate[Actor, P], R]) -> Callable[P, R | None]:
        @functools.wraps(function)
        def checked(*args: Any, **options: Any) -> R | None:
            try:
                me = require(permission)
            except CimError as error:
                feedback.flash(feedback.translated(error))
                return None
            return function(me, *args, **options)

        return checked

    return decorate


@st.fragment(run_every="5s")
def heartbeat() -> None:
    """Ends an idle tab without a click. Not counted as use, or no tab would ever be idle."""
    if current(touch=False) is None:
        st.rerun(scope="app")


def _refuse(me: Actor, permission: Permission, name: str) -> None:
    if st.session_state.get(state.REFUSED) != name:
        sessions.note_refusal(me, name, permission)
        st.session_state[state.REFUSED] = name
    st.error(
        _("Your role has no access to “{page}”. The attempt was recorded.", page=safe(name)),
        title="403",
        icon=":material/block:",
    )
    st.stop()
