"""How the interface answers: errors at their field, messages that survive a page switch, incidents with a number."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException, StopException

from cim.clock import now
from cim.errors import CimError, Denied, Invalid, PossibleDuplicate, SessionEnded
from cim.i18n import _
from cim.ui import state
from cim.ui.text import safe

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger("cim.ui")


def attempt(function: Callable[P, R], *args: P.args, **options: P.kwargs) -> R | None:
    """Call a service function; show what it refuses and return None then. `field_errors()` names the inputs to change.

    PossibleDuplicate is passed on: the page shows the matches. Anything that is not a CimError is a bug: it is logged,
    and the user is shown its number. A function that returns None on success is told apart by `succeeded()`."""
    st.session_state[state.FIELD_ERRORS] = {}
    try:
        return function(*args, **options)
    except (RerunException, StopException, PossibleDuplicate):
        raise
    except CimError as error:
        show(error)
    except Exception as error:
        st.error(incident(error), icon=":material/report:")
        st.session_state[state.FIELD_ERRORS] = {"": ""}
    return None


def succeeded() -> bool:
    """Whether the last `attempt` in this run was not refused."""
    return not st.session_state.get(state.FIELD_ERRORS)


def field_errors() -> dict[str, str]:
    """Message by input of the last `attempt`; under "" one that belongs to no input."""
    return dict(st.session_state.get(state.FIELD_ERRORS, {}))


def show(error: CimError) -> None:
    """Show a refusal in the language of the visitor. An ended session leads to the sign-in page."""
    if isinstance(error, SessionEnded):
        to_sign_in(translated(error))
    field = error.field if isinstance(error, Invalid) else ""
    st.session_state[state.FIELD_ERRORS] = {field: translated(error)}
    st.error(safe(translated(error)), icon=":material/block:" if isinstance(error, Denied) else ":material/error:")


def to_sign_in(message: str) -> NoReturn:
    """Leave the page for the sign-in form, which shows the message."""
    flash(message)
    if state.WHO in st.session_state:
        st.rerun()  # Home.py runs, finds nobody, and forgets who was here
    try:
        # a page that was opened without Home.py: there a rerun would begin the same page again
        st.switch_page("Home.py")
    except StreamlitAPIException:
        show_flashes()
    st.stop()


def at_field(name: str) -> None:
    """Under an input: what the last `attempt` said about it, if anything."""
    if message := field_errors().get(name):
        st.caption(f":red[{safe(message)}]")


def translated(error: CimError) -> str:
    """The sentence of an error in the language of the visitor."""
    return _(error.msgid, **error.params)


def incident(error: BaseException) -> str:
    """Log an unexpected error and return the sentence that tells its number; no detail reaches the browser."""
    number = _incident_number()
    log.error("incident %s: %s", number, type(error).__name__, exc_info=error)
    return _("Something went wrong and nothing was saved. Tell your administrator this number: {number}", number=number)


def toast(text: str) -> None:
    """A short word of success in the corner. Escaped here."""
    st.toast(safe(text), icon=":material/check_circle:")


def flash(text: str, *, kind: str = "warning") -> None:
    """A message for after the next rerun or page switch; kind is "success", "info", "warning" or "error"."""
    st.session_state.setdefault(state.FLASH, []).append((kind, text))


def show_flashes() -> None:
    """Show the waiting messages once (the shell does that on every page)."""
    shown: dict[str, Callable[..., Any]] = {"success": st.success, "info": st.info, "warning": st.warning}
    for kind, text in st.session_state.pop(state.FLASH, []):
        shown.get(kind, st.error)(safe(text))


@contextmanager
def progress(text: str) -> Iterator[Callable[[int, int], None]]:
    """A bar while something long runs, and the function that moves it (done, in all)."""
    bar = st.progress(0.0, text)

    def told(done: int, every: int) -> None:
        bar.progress(done / max(every, 1), text)

    yield told
    bar.empty()


def _incident_number() -> str:
    # time first, so that numbers sort with the log; the rest keeps two of the same second apart
    import secrets

    return f"{now():%y%m%d-%H%M%S}-{secrets.token_hex(2)}"
