"""A customer's answers to surveys, asking again by link, and writing down what was said."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.customer_view import CustomerView
from cim.models.survey import SurveyView
from cim.permissions import Permission
from cim.service.surveys import SCALES
from cim.ui import feedback, gate, state
from cim.ui.panels import public_link, satisfaction_answers
from cim.work import Actor

NEWEST = 5


def show(me: Actor, view: CustomerView) -> None:
    """The newest answers; asking and writing down for who may."""
    if me.can(Permission.TICKET_READ):
        _box(view.id)


@st.fragment
@gate.guarded(Permission.TICKET_READ)
def _box(me: Actor, customer_id: int) -> None:
    found = feedback.attempt(service.surveys.answers, me, customer_id=customer_id, limit=NEWEST) or []
    st.subheader(_("Satisfaction"), anchor=False)
    if found:
        st.markdown("\n".join(satisfaction_answers.line(answer, named=False) for answer in found))
    else:
        st.caption(_("Nobody was asked yet."))
    if not me.can(Permission.SURVEY_SEND):
        return
    with st.expander(_("Ask, or write down what was said"), key="survey.ask", on_change="rerun") as box:
        if box.open:
            _ask(me, customer_id)


def _ask(me: Actor, customer_id: int) -> None:
    surveys = feedback.attempt(service.surveys.everything, me, active=True) or []
    if not surveys:
        st.caption(_("There is no survey in use. An administrator adds one under Satisfaction."))
        return
    survey: SurveyView = st.selectbox(_("Survey"), surveys, format_func=lambda one: one.name, key="survey.which")
    st.caption(survey.question)
    public_link.maker("survey.link", lambda who: service.public_links.for_survey(who, customer_id, survey.id), me)
    links = feedback.attempt(service.public_links.of_customer, me, customer_id) or []
    for link in links[:NEWEST]:
        public_link.told(me, link, key="survey.link")
    token = state.token("survey.record")
    with st.form(f"survey.form.{token}", border=False):
        score = st.segmented_control(_("Score"), list(SCALES[survey.kind]), key=f"survey.score.{token}.{survey.kind}")
        comment = st.text_area(_("What was said"), max_chars=2000, height=80, key=f"survey.comment.{token}")
        pressed = st.form_submit_button(_("Save answer"), key=f"survey.save.{token}")
    if not pressed:
        return
    if score is None:
        st.error(_("Choose a number."))
        return
    feedback.attempt(service.surveys.record, me, customer_id, survey.id, score, comment=comment or "", token=token)
    if feedback.succeeded():
        state.spend("survey.record")
        st.rerun(scope="fragment")
