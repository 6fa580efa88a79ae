"""Calendar links on one's account: make one, which is shown once; withdraw it."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.config import settings
from cim.i18n import _, format_datetime
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.work import Actor

MADE = "calendar_links.made"


def show(me: Actor) -> None:
    """What links there are, and what a link means."""
    st.subheader(_("Calendar in other programs"), anchor=False)
    st.caption(
        _("By a link your calendar program reads your tasks, visits and birthdays. Whoever has the link can read them.")
    )
    if token := st.session_state.pop(MADE, ""):
        st.success(_("Copy this link now: it is not shown again."), icon=":material/link:")
        st.code(_address(token), language=None, wrap_lines=True)
    for feed in service.feeds.mine(me):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            made = format_datetime(feed.created_at, settings().zone)
            st.markdown(f":material/event: {_('Link made on {time}', time=made)}", width="content")
            press = {"key": f"feeds.revoke.{feed.id}", "type": "tertiary", "icon": ":material/link_off:"}
            st.button(_("Withdraw"), on_click=_revoke, args=(feed.id,), **press)  # type: ignore[arg-type]
    st.button(_("Make a calendar link"), icon=":material/add_link:", key="feeds.create", on_click=_create)


def _address(token: str) -> str:
    """Where the browser reached us is where a calendar program of the same network does."""
    here = str(st.context.url or "").split("/", 3)
    start = "/".join(here[:3]) if len(here) >= 3 else f"http://{settings().host}:{settings().port}"
    return f"{start}/calendar/{token}.ics"


@gate.guarded(Permission.ACCOUNT)
def _create(me: Actor) -> None:
    token = feedback.attempt(service.feeds.create, me)
    if token:
        st.session_state[MADE] = token


@gate.guarded(Permission.ACCOUNT)
def _revoke(me: Actor, feed_id: int) -> None:
    feedback.attempt(service.feeds.revoke, me, feed_id)
    st.session_state.pop(MADE, None)
