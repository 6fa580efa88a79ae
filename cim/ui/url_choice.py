"""A choice that the address keeps as its code, so that a link means the same in every language."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import streamlit as st


def bound(key: str, name: str, codes: Container[str], first: str | None = None) -> dict[str, Any]:
    """The options of a widget with this key for `?name=CODE`: it begins with the code of the address, or with `first`,
    which the address leaves out; a choice goes to the first page."""
    if key not in st.session_state:
        asked = st.query_params.get(name, "")
        st.session_state[key] = asked if asked in codes else first
    return {"key": key, "on_change": _keep, "args": (key, name, first)}


def _keep(key: str, name: str, first: str | None) -> None:
    chosen = st.session_state.get(key)
    st.query_params.pop("page", None)
    if chosen in (None, first):
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = str(chosen)
