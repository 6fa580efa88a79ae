"""Making a public link and showing it once, to be copied; and the links that were made."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import streamlit as st

from cim import service
from cim.config import settings
from cim.i18n import _, format_datetime
from cim.models.survey import LinkView
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.panels import satisfaction_words as words
from cim.ui.text import safe
from cim.work import Actor

PLACE = "/answer/"


def address(token: str) -> str:
    """The whole address of a link: of the server's public name where it has one, else of this page."""
    base = settings().base_url
    if not base:
        here = urlsplit(str(st.context.url or ""))
        base = f"{here.scheme}://{here.netloc}"
    return base.rstrip("/") + PLACE + token


def rating(me: Actor, ticket_id: int, customer_id: int) -> None:
    """On a resolved ticket: the link by which the customer rates it, and those that were made."""
    if me.can(Permission.TICKET_READ):
        _links(customer_id, ticket_id, key=f"link.ticket.{ticket_id}")


@st.fragment
@gate.guarded(Permission.TICKET_READ)
def _links(me: Actor, customer_id: int, ticket_id: int, *, key: str) -> None:
    if me.can(Permission.SURVEY_SEND):
        maker(key, lambda who: service.public_links.for_ticket(who, ticket_id), me)
    for link in feedback.attempt(service.public_links.of_customer, me, customer_id, ticket_id=ticket_id) or []:
        told(me, link, key=key)


def maker(key: str, make: Callable[[Actor], str], me: Actor) -> None:
    """A button that makes a link and shows it."""
    if st.button(_("Make a link"), key=f"{key}.make", icon=":material/link:"):
        token = feedback.attempt(make, me)
        if token:
            st.caption(_("Copy this link now and send it: it is shown once, good once, and for 14 days."))
            st.code(address(token), language=None, wrap_lines=True)


def told(me: Actor, link: LinkView, *, key: str) -> None:
    """One link that was made, with a button that withdraws it while it is open."""
    about = link.survey or link.ticket
    text = f"{safe(about)} · {_(words.STATES[link.state])} · {safe(format_datetime(link.created_at, settings().zone))}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":gray[{text}]", width="content")
        if link.state == "open" and me.can(Permission.SURVEY_SEND):
            pressed = st.button(_("Withdraw"), key=f"{key}.revoke.{link.id}", type="tertiary")
            if pressed and feedback.attempt(service.public_links.revoke, me, link.id):
                st.rerun(scope="fragment")
