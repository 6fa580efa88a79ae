"""Tabs of a page of which only the chosen one is drawn; the URL names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


def chosen(tabs: dict[str, str], *, key: str, label: str, draw: Callable[..., Any], **options: Any) -> str:
    """The code of the tab in front (`?tab=`); the first one to begin with. `tabs` are labels by code, `draw` is st.pills
    or st.segmented_control."""
    first = next(iter(tabs))
    if key not in st.session_state and st.query_params.get("tab") in tabs:
        st.session_state[key] = st.query_params["tab"]
    found: str | None = draw(
        label,
        list(tabs),
        format_func=lambda code: tabs[code],
        default=None if key in st.session_state else first,
        required=True,
        key=key,
        label_visibility="collapsed",
        **options,
    )
    st.query_params["tab"] = found or first
    return found or first
