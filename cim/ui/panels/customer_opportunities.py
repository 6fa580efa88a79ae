"""The opportunities of a customer on its page: what is open, what came of the others, and adding one."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.models.customer_view import CustomerView
from cim.models.opportunity import StageKind
from cim.models.opportunity_view import OpportunityCard
from cim.permissions import Permission
from cim.ui import feedback
from cim.ui.panels import opportunity_form, opportunity_words
from cim.work import Actor

CLOSED = 3
"""Closed ones that are named before somebody asks for all."""


def show(me: Actor, view: CustomerView) -> None:
    """Draw the panel; nothing for who does not see sales."""
    if not me.can(Permission.SALES_READ):
        return
    found = feedback.attempt(service.opportunities.of_customer, me, view.id)
    if found is None:
        return
    open_ = [card for card in found if card.kind is StageKind.OPEN]
    closed = [card for card in found if card.kind is not StageKind.OPEN]
    count = f" :gray[{format_number(len(open_))}]" if open_ else ""
    st.subheader(_("Opportunities") + count, anchor=False)
    if not found:
        st.caption(_("None yet. What could this customer need next?"))
    if open_:
        st.markdown("\n\n".join(_line(card) for card in open_))
    if closed:
        st.markdown("\n\n".join(_line(card) for card in closed[:CLOSED]))
    if len(closed) > CLOSED:
        with st.expander(_("{count} more closed", count=len(closed) - CLOSED)):
            st.markdown("\n\n".join(_line(card) for card in closed[CLOSED:]))
    if me.can(Permission.SALES_WRITE):
        key = f"customer.opportunity.{view.id}"
        box = st.popover(_("Add opportunity"), icon=":material/add:", type="tertiary", key=key, on_change="rerun")
        if box.open:
            with box:
                made = opportunity_form.add(me, view.id, key=key + ".form")
            if made is not None:
                st.switch_page("pages/opportunity.py", query_params={"id": str(made)})


def _line(card: OpportunityCard) -> str:
    parts = [f"{opportunity_words.linked(card)} {opportunity_words.badge(card)}", opportunity_words.facts(card)]
    return "  \n".join(part for part in (*parts, opportunity_words.warned(card)) if part)
