"""Answers of customers, newest first: exactly those that the figures count."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from cim import clock, service
from cim.config import settings
from cim.i18n import _, format_datetime
from cim.models.survey import AnswerView
from cim.ui import feedback
from cim.ui.panels import satisfaction_figures
from cim.ui.panels import satisfaction_words as words
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor) -> None:
    """The answers of a time; one Markdown text for all of them."""
    first = clock.today() - timedelta(days=satisfaction_figures.days(365) - 1)
    found = feedback.attempt(service.surveys.answers, me, first=first)
    if found is None:
        return
    if not found:
        st.info(_("No answers in this time."), icon=":material/sentiment_neutral:")
        return
    st.caption(_("{count} answers", count=len(found)))
    st.markdown("\n".join(line(answer) for answer in found))


def line(answer: AnswerView, *, named: bool = True) -> str:
    """One answer as a line of Markdown."""
    facts = [f"**{words.score(answer)}**"]
    if named:
        facts.append(f"[{safe(answer.customer)}](/customer?id={answer.customer_id})")
    if answer.ticket:
        facts.append(f"[{safe(answer.ticket)}](/ticket?id={answer.ticket_id})")
    facts += [safe(part) for part in (answer.survey, answer.contact) if part]
    by = _("recorded by {name}", name=answer.recorded_by) if answer.recorded_by else _("by link")
    facts.append(f":gray[{safe(format_datetime(answer.at, settings().zone))} · {safe(by)}]")
    comment = f"  \n  {safe(answer.comment)}" if answer.comment else ""
    return "- " + " · ".join(facts) + comment
