"""Above the form of a record that belongs to a customer: which one, and the way back to the list."""

from __future__ import annotations

import streamlit as st

from cim.ui import pickers
from cim.work import Actor


def whom(me: Actor, title: str, *, page: str, back: str, key: str) -> int | None:
    """Draw the heading with the link back, and let a customer be chosen (`?customer=` names one to begin with). The id,
    None while none is chosen."""
    if (asked := st.query_params.pop("customer", "")).isdecimal():
        pickers.preset(key, int(asked))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(title, anchor=False, width="content")
        st.page_link(page, label=back, icon=":material/arrow_back:", width="content")
    return pickers.customer(me, key=key)
