"""Phrases: put one into the text of a follow-up by one press; keep one's own, and those that everybody has."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.activity import ActivityType
from cim.models.comment import PhraseDraft, PhraseView
from cim.permissions import Permission
from cim.ui import feedback, gate, pickers, state
from cim.ui.text import safe
from cim.work import Actor

SHOWN = 8
LONGEST = 24
"""Characters of a phrase on its button."""


def buttons(me: Actor, kind: ActivityType, *, into: str) -> None:
    """Inside a form, behind its save button: phrases that go into the text of the key `into`. Each submits the form
    without saving it, so that what was typed comes along; being last, none of them is what Ctrl+Enter presses."""
    with st.popover(_("Phrases"), icon=":material/short_text:"):
        for number, phrase in enumerate(service.phrases.offered(me, kind.value)[:SHOWN]):
            text = phrase.text if len(phrase.text) <= LONGEST else phrase.text[:LONGEST] + "…"
            press: dict[str, Any] = {"type": "tertiary", "help": phrase.text if text != phrase.text else None}
            name = f"{into}.phrase.{number}"
            st.form_submit_button(safe(text), key=name, on_click=_put, args=(into, phrase.text), **press)


def manage(me: Actor, *, key: str) -> None:
    """Outside of forms: add, change and remove phrases. Nothing is read until it is opened."""
    label, icon = _("Edit phrases"), ":material/edit_note:"
    box = st.popover(label, icon=icon, type="tertiary", key=f"{key}.phrases", on_change="rerun")
    if not box.open:
        return
    with box:
        found = [phrase for phrase in service.phrases.offered(me) if phrase.may_edit]
        known = {phrase.id: phrase for phrase in found}
        chosen = st.selectbox(
            _("Phrase"),
            [0, *known],
            format_func=lambda i: known[i].text[:40] if i in known else _("A new one"),
            key=f"{key}.phrase",
        )
        _form(me, known.get(chosen or 0), key)


def _form(me: Actor, phrase: PhraseView | None, key: str) -> None:
    held = f"{key}.phrase.{phrase.id}.{phrase.version}" if phrase else f"{key}.phrase.{state.token(f'{key}.phrase')}"
    kinds = ["", *(kind.value for kind in ActivityType)]
    with st.form(held, border=False):
        text = st.text_area(_("Text"), phrase.text if phrase else "", key=f"{held}.text", max_chars=500, height=80)
        kind = st.selectbox(
            _("For"),
            kinds,
            index=kinds.index(phrase.type) if phrase else 0,
            format_func=lambda code: pickers.type_name(ActivityType(code)) if code else _("Every kind of follow-up"),
            key=f"{held}.type",
        )
        shared = False
        if phrase is None and me.can(Permission.CUSTOMER_ASSIGN):
            shared = st.checkbox(_("For everybody"), key=f"{held}.shared")
        with st.container(horizontal=True):
            save = st.form_submit_button(_("Save"), key=f"{held}.save", type="primary")
            if phrase is not None:
                remove: dict[str, Any] = {"key": f"{held}.remove", "icon": ":material/delete:"}
                st.form_submit_button(_("Remove"), on_click=_remove, args=(phrase.id, phrase.version), **remove)
    if save:
        draft = PhraseDraft(text=text or "", type=kind or "", shared=shared)
        if phrase is None:
            feedback.attempt(service.phrases.add, me, draft, token=state.token(f"{key}.phrase"))
        else:
            feedback.attempt(service.phrases.update, me, phrase.id, draft, version=phrase.version)
        if feedback.succeeded():
            state.spend(f"{key}.phrase")
            st.rerun()


def _put(into: str, text: str) -> None:
    held = str(st.session_state.get(into) or "").rstrip()
    st.session_state[into] = f"{held}\n{text}" if held else text


@gate.guarded(Permission.ACTIVITY_WRITE)
def _remove(me: Actor, phrase_id: int, version: int) -> None:
    feedback.attempt(service.phrases.remove, me, phrase_id, version=version)
