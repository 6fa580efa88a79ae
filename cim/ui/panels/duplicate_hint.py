"""The warning that a customer may already be there: who it is, why we think so, and the ways on."""

from __future__ import annotations

import streamlit as st

from cim.i18n import _
from cim.models.search import DuplicateView
from cim.ui.text import safe


def show(matches: list[DuplicateView], *, key: str) -> str:
    """Draw the matches and the field for the reason to save anyway; returns the reason."""
    if not matches:
        return ""
    with st.container(border=True):
        st.markdown(f":orange[:material/content_copy: **{_('Possible duplicate')}**]")
        for match in matches:
            _match(match, _("almost surely the same") if match.sure else _("possibly the same"))
        return st.text_input(
            _("It is a different customer, because"),
            key=f"{key}.duplicate_reason",
            placeholder=_("For example: another branch of the same company"),
            max_chars=300,
        ).strip()


def sharing(others: list[DuplicateView]) -> None:
    """Say who else has the phone or e-mail that was typed. For information: nothing is asked."""
    if others:
        with st.container(border=True):
            st.markdown(f":material/info: **{_('Another customer has this phone or e-mail')}**")
            for other in others:
                _match(other, "")


def _match(match: DuplicateView, verdict: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        owner = f"{_('Owner')}: {safe(match.owner)}" if match.owner else _("Public pool")
        facts = [f"**{safe(match.name)}**", safe(match.phone or "—"), owner, *([verdict] if verdict else [])]
        st.markdown(" · ".join(facts), help=_reasons(match) or None)
        if match.code and match.id is not None:
            st.page_link(
                "pages/customer.py",
                label=_("Open"),
                icon=":material/open_in_new:",
                query_params={"id": str(match.id)},
            )


def _reasons(match: DuplicateView) -> str:
    return "\n".join(f"- {safe(_(msgid, **params))}: {points:+d}" for msgid, params, points in match.reasons)
