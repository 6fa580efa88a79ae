"""The people at a customer: read, call, add and change them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service, words
from cim.i18n import _
from cim.models.contact import ContactDraft, ContactView
from cim.models.custom import CustomFieldView, Noun
from cim.models.customer_view import CustomerView
from cim.ui import feedback, state
from cim.ui.panels import click_to_call, custom_inputs, custom_shown, quick_log
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor, view: CustomerView) -> None:
    """The people at this customer."""
    people = service.contacts.list(me, view.id)
    own = custom_inputs.fields(me, Noun.CONTACT)
    st.subheader(_("Contacts"), anchor=False)
    if not people:
        st.caption(_("Nobody yet. Add the person you talk to."))
    for person in people:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            facts = [*map(safe, (person.title, person.role)), click_to_call.link(person.phone), safe(person.email)]
            details = " · ".join(fact for fact in facts if fact)
            more = custom_shown.brief(own, person.custom)
            lines = [f"**{safe(person.name)}**", details or "—", *([more] if more else [])]
            st.markdown("  \n".join(lines), width="content")
            quick_log.call(me, view.id, person.phone, contact=person.name, key=f"contact.call.{person.id}")
            if view.may_edit:
                _form(me, view, person, own)
    if view.may_edit:
        _form(me, view, None, own)


def _form(me: Actor, view: CustomerView, person: ContactView | None, own: list[CustomFieldView]) -> None:
    """Behind a button: drawn when it is opened, because forms that nobody looks at are the dearest part of the page."""
    key = f"contact.{person.id}.open" if person else f"contact.new.{view.id}.open"
    if person:
        box = st.popover(_("Change"), icon=":material/edit:", type="tertiary", key=key, on_change="rerun")
    else:
        box = st.popover(_("Add contact"), icon=":material/person_add:", key=key, on_change="rerun")
    if box.open:
        with box:
            _contact(me, view, person, own)


def _contact(me: Actor, view: CustomerView, person: ContactView | None, own: list[CustomFieldView]) -> None:
    key = f"contact.{person.id if person else f'new.{view.id}'}"
    held: dict[str, Any] = person.model_dump() if person else {}
    masked = view.masked and person is not None
    with st.form(f"{key}.form", clear_on_submit=person is None, border=False):
        typed = {
            name: st.text_input(
                words.field(name),
                value="" if masked and name in ("phone", "email") else held.get(name, ""),
                placeholder=held.get(name, "") if masked else "",
                key=f"{key}.{name}",
            )
            for name in ("name", "title", "role", "phone", "email")
        }
        custom_inputs.prime(key, held.get("custom", {}))
        custom = custom_inputs.draw(key, own, masked=held.get("custom") if masked else None)
        if not st.form_submit_button(_("Save"), type="primary"):
            return
    given = {name: value for name, value in typed.items() if value or not (masked and name in ("phone", "email"))}
    draft = ContactDraft.model_validate(given | {"custom": custom})
    if person is None:
        feedback.attempt(service.contacts.add, me, view.id, draft, token=state.token(key))
    else:
        feedback.attempt(service.contacts.update, me, person.id, draft, version=person.version)
    if feedback.succeeded():
        state.spend(key)
        feedback.flash(_("{name} has been saved.", name=draft.name), kind="success")
        st.rerun()
