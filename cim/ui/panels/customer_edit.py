"""Editing one customer in place, and settling a conflict with somebody who saved first."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service, words
from cim.errors import Conflict
from cim.i18n import _
from cim.models.customer import CustomerDraft, CustomerView
from cim.ui import feedback, state
from cim.ui.panels import customer_form
from cim.ui.text import safe
from cim.work import Actor

PREFIX = "customer"


def editing(view: CustomerView) -> bool:
    """Whether this record is open for editing in this tab."""
    held = st.session_state.get(state.EDITING)
    return bool(view.may_edit and held and held[0] == view.id)


def show(me: Actor, view: CustomerView) -> None:
    """The form, filled once from the record as it was when editing began."""
    version = int(st.session_state[state.EDITING][1])
    if not st.session_state.get(state.EDIT_FILLED):
        customer_form.fill(PREFIX, customer_form.values_of(view))
        st.session_state[state.EDIT_FILLED] = True
    draft = customer_form.draw(me, PREFIX, masked=view)
    preview = service.customers.preview(me, draft, but=view.id)
    customer_form.hints(PREFIX, draft, preview)
    with st.container(horizontal=True):
        save = st.button(_("Save"), type="primary", icon=":material/check:", key="customer.save", shortcut="Ctrl+Enter")
        if st.button(_("Cancel"), key="customer.cancel"):
            _close()
    if save:
        _save(me, view, draft, version)
    if st.session_state.get(state.CONFLICT) == view.id:
        _settle(me, view, draft)


def _save(me: Actor, view: CustomerView, draft: CustomerDraft, version: int) -> None:
    try:
        changed = service.customers.update(me, view.id, draft, version=version)
    except Conflict as conflict:
        st.session_state[state.CONFLICT] = view.id
        feedback.show(conflict)
        return
    except Exception as error:  # shown at the field, or as an incident; what was typed stays
        feedback.attempt(_raise, error)
        return
    feedback.flash(_("Saved.") if changed else _("No changes."), kind="success")
    _close()


def _settle(me: Actor, view: CustomerView, draft: CustomerDraft) -> None:
    """Your value beside the one now stored, and the two ways on."""
    stored = customer_form.values_of(view)
    mine = draft.model_dump(exclude_unset=True)
    differing = [name for name in mine if name in stored and _plain(mine[name]) != _plain(stored[name])]
    with st.container(border=True):
        st.markdown(_("**Somebody saved this customer while you were editing it.** What differs:"))
        rows = [f"| {safe(words.field(n))} | {safe(_plain(mine[n]))} | {safe(_plain(stored[n]))} |" for n in differing]
        st.markdown(f"| {_('Field')} | {_('Your value')} | {_('Stored now')} |\n|:--|:--|:--|\n" + "\n".join(rows))
        with st.container(horizontal=True):
            if st.button(_("Save my values"), type="primary", key="customer.mine"):
                _save(me, view, draft, view.version)
            if st.button(_("Keep what is stored"), key="customer.theirs"):
                _close()


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return str(getattr(value, "value", value) or "")


def _raise(error: Exception) -> None:
    raise error


def _close() -> None:
    for key in (state.EDITING, state.EDIT_FILLED, state.CONFLICT):
        st.session_state.pop(key, None)
    st.rerun()
