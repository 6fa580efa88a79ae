"""What customers are asked: the surveys, for who manages the settings."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.survey import SurveyDraft, SurveyKind, SurveyView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import satisfaction_words as words
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor) -> None:
    """Every survey with its number of answers, to be changed in place; a form for another one."""
    found = feedback.attempt(service.surveys.everything, me)
    if found is None:
        return
    if not found:
        st.info(_("No surveys yet. Take ours to begin with, or write your own."), icon=":material/poll:")
    with st.container(horizontal=True):
        if st.button(_("Take shipped surveys"), key="survey.shipped", icon=":material/download:"):
            added = feedback.attempt(service.surveys.take_shipped, me)
            if feedback.succeeded():
                feedback.flash(_("{count} added.", count=added or 0), kind="success")
                st.rerun()
    for survey in found:
        used = "" if survey.active else " · " + _("out of use")
        told = _("{count} answers", count=survey.answers)
        with st.expander(f"{safe(survey.name)} · {_(words.KINDS[survey.kind])} · {told}{used}"):
            _form(survey)
    st.subheader(_("Another survey"), anchor=False)
    _form(None)


@st.fragment
@gate.guarded(Permission.SETTINGS_MANAGE)
def _form(me: Actor, survey: SurveyView | None) -> None:
    key = f"survey.{survey.id if survey else 'new'}"
    token = state.token(key)
    with st.form(f"{key}.form.{token}", border=False):
        name = st.text_input(_("Name"), survey.name if survey else "", max_chars=60, key=f"{key}.{token}.name")
        feedback.at_field("name")
        kinds = list(SurveyKind)
        kind = st.selectbox(
            _("Kind"),
            kinds,
            index=kinds.index(survey.kind) if survey else 0,
            format_func=lambda code: _(words.KINDS[SurveyKind(code)]),
            disabled=bool(survey and survey.answers),
            key=f"{key}.{token}.kind",
        )
        feedback.at_field("kind")
        question = st.text_input(
            _("Question"), survey.question if survey else "", max_chars=300, key=f"{key}.{token}.question"
        )
        feedback.at_field("question")
        thanks = st.text_input(_("Thanks"), survey.thanks if survey else "", max_chars=300, key=f"{key}.{token}.thanks")
        active = st.checkbox(_("In use"), survey.active if survey else True, key=f"{key}.{token}.active")
        pressed = st.form_submit_button(_("Save"), type="primary", key=f"{key}.save.{token}")
    if not pressed:
        return
    draft = SurveyDraft(name=name or "", kind=kind, question=question or "", thanks=thanks or "", active=active)
    if survey:
        feedback.attempt(service.surveys.change, me, survey.id, draft, version=survey.version)
    else:
        feedback.attempt(service.surveys.add, me, draft)
    if feedback.succeeded():
        state.spend(key)
        feedback.flash(_("Saved."), kind="success")
        st.rerun(scope="app")
