"""The dialog of an opportunity that is open: one at a time, until it is saved or dismissed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from cim.ui import feedback, state

EDIT, ORDER = "edit", "order"


def ask(what: str | int, opportunity_id: int, version: int) -> None:
    """Have a dialog opened in the next run: EDIT, ORDER, or the number of the stage to move to. For callbacks."""
    st.session_state[state.OPPORTUNITY_DIALOG] = (what, opportunity_id, version)


def asked(opportunity_id: int | None = None) -> tuple[str | int, int, int] | None:
    """(what, opportunity, version) of the dialog that is to be open; one of another opportunity than this is dropped."""
    found: tuple[str | int, int, int] | None = st.session_state.get(state.OPPORTUNITY_DIALOG)
    if found is not None and opportunity_id not in (None, found[1]):
        close()
        return None
    return found


def close() -> None:
    """Let go of the dialog."""
    st.session_state.pop(state.OPPORTUNITY_DIALOG, None)


def show(title: str, draw: Callable[..., Any], *args: Any, width: Literal["small", "medium"] = "small") -> None:
    """Draw the open dialog."""
    st.dialog(title, width=width, on_dismiss=close)(draw)(*args)


def saved(text: str) -> None:
    """After a save in a dialog: close it and say so, unless it was refused."""
    if feedback.succeeded():
        close()
        feedback.flash(text, kind="success")
        st.rerun()
