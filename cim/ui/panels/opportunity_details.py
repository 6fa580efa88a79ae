"""What else is known of an opportunity, and through which stages it went."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.config import settings
from cim.i18n import _, format_datetime
from cim.models.custom import Noun
from cim.models.opportunity import StageKind
from cim.models.opportunity_view import OpportunityView
from cim.service import currency
from cim.ui import feedback
from cim.ui.panels import custom_inputs, custom_shown, opportunity_words
from cim.ui.text import safe, safe_lines
from cim.work import Actor


def fields(me: Actor, view: OpportunityView) -> None:
    """The fields that are filled in."""
    st.subheader(_("Details"), anchor=False)
    base = currency.base()
    shown = {
        _("Contact person"): safe(view.contact),
        _("Source"): safe(view.source),
        _("Competitors"): safe(view.competitors),
        _("Weighted"): opportunity_words.money(view.weighted, base) if view.closed_at is None else "",
        _("Amount in base currency"): opportunity_words.money(view.base_amount, base) if view.currency != base else "",
        _("Added by"): safe(view.created_by),
    }
    st.markdown("\n\n".join(f":gray[:small[{label}]]  \n{value}" for label, value in shown.items() if value))
    if view.custom:
        st.markdown(custom_shown.brief(custom_inputs.fields(me, Noun.OPPORTUNITY), view.custom))
    if view.notes:
        st.caption(_("Notes"))
        st.markdown(safe_lines(view.notes))


def history(me: Actor, view: OpportunityView) -> None:
    """The stages it went through, with the days it stayed in each."""
    found = feedback.attempt(service.opportunities.stage_history, me, view.id)
    if not found:
        return
    st.subheader(_("Stages"), anchor=False)
    lines = []
    for change in found:
        color = opportunity_words.COLORS[change.kind]
        told = [format_datetime(change.at, settings().zone), change.actor, change.reason]
        stayed = opportunity_words.days(change.days) if change.kind is StageKind.OPEN else ""
        lines.append(
            f":{color}-badge[{safe(change.stage)}] {safe(stayed)}  \n"
            f":gray[:small[{' · '.join(safe(part) for part in told if part)}]]"
        )
    st.markdown("\n\n".join(lines))
