"""Editing one customer in place, and settling a conflict with somebody who saved first."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service, words
from cim.errors import Conflict
from cim.i18n import _, language
from cim.models.customer import CustomerDraft
from cim.models.customer_view import CustomerView
from cim.ui import feedback, state
from cim.ui.panels import custom_inputs, customer_form
from cim.ui.text import safe
from cim.work import Actor

PREFIX = "customer"


def editing(view: CustomerView) -> bool:
    """Whether this record is open for editing in this tab."""
    held = st.session_state.get(state.EDITING)
    return bool(view.may_edit and held and held[0] == view.id)


def show(me: Actor, view: CustomerView) -> None:
    """The form, filled once from the record as it was when editing began; only what was changed here is saved."""
    version = int(st.session_state[state.EDITING][1])
    if not st.session_state.get(state.EDIT_FILLED):
        values = customer_form.values_of(view)
        customer_form.fill(PREFIX, values)
        st.session_state[state.EDIT_FILLED] = _flat(values)
    typed = customer_form.draw(me, PREFIX, masked=view)
    preview = service.customers.preview(me, typed, but=view.id)
    customer_form.hints(PREFIX, typed, preview)
    draft = _changed(typed, st.session_state[state.EDIT_FILLED])
    with st.container(horizontal=True):
        save = st.button(_("Save"), type="primary", icon=":material/check:", key="customer.save", shortcut="Ctrl+Enter")
        if st.button(_("Cancel"), key="customer.cancel"):
            _close()
    if save:
        _save(me, view, draft, version)
    if st.session_state.get(state.CONFLICT) == view.id:
        _settle(me, view, draft)


def _changed(typed: CustomerDraft, original: dict[str, str]) -> CustomerDraft:
    """The draft reduced to what differs from the record as it was when editing began: what somebody else changes
    meanwhile in other fields stays."""
    draft = typed.model_copy()
    same = {name for name in typed.model_fields_set if _plain(getattr(typed, name)) == original.get(name, "")}
    own = {key: v for key, v in typed.custom.items() if custom_inputs.plain(v) != original.get(f"custom.{key}", "")}
    draft.custom = own
    same |= set() if own else {"custom"}
    draft.model_fields_set.difference_update(same)
    return draft


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
    """Each field you changed: as it was, as you want it, as it is stored now; and the two ways on."""
    original = st.session_state[state.EDIT_FILLED]
    stored, labels = _flat(customer_form.values_of(view)), {f"custom.{f.key}": f for f in custom_inputs.fields(me)}
    mine = _flat({name: getattr(draft, name) for name in draft.model_fields_set})
    heads = (_("Field"), _("Before you began"), _("Your value"), _("Stored now"))
    rows = [
        (
            labels[name].named(language()) if name in labels else words.field(name),
            original.get(name, ""),
            value,
            stored.get(name, ""),
        )
        for name, value in sorted(mine.items())
    ]
    with st.container(border=True):
        st.markdown(_("**Somebody saved this customer while you were editing it.** Your changes:"))
        lines = ["| " + " | ".join(safe(cell) for cell in row) + " |" for row in rows]
        st.markdown(f"| {' | '.join(heads)} |\n|:--|:--|:--|:--|\n" + "\n".join(lines))
        with st.container(horizontal=True):
            if st.button(_("Save my values"), type="primary", key="customer.mine"):
                _save(me, view, draft, view.version)
            if st.button(_("Keep what is stored"), key="customer.theirs"):
                _close()


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return str(getattr(value, "value", value) or "")


def _flat(values: dict[str, Any]) -> dict[str, str]:
    """Values as text by field, those of custom fields by `custom.KEY`."""
    own = {f"custom.{key}": custom_inputs.plain(value) for key, value in values.get("custom", {}).items()}
    return {name: _plain(value) for name, value in values.items() if name != "custom"} | own


def _raise(error: Exception) -> None:
    raise error


def _close() -> None:
    for key in (state.EDITING, state.EDIT_FILLED, state.CONFLICT):
        st.session_state.pop(key, None)
    st.rerun()
