"""One customer's card: header with what can be done, key fields, contacts."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock, service, words
from cim.i18n import _, format_date
from cim.models.customer_view import CustomerView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import (
    click_to_call,
    custom_shown,
    customer_remove,
    pool_info,
    quality_badge,
    quick_log,
)
from cim.ui.text import safe, safe_lines
from cim.work import Actor

_GRADES = {"A": "red", "B": "orange", "C": "blue", "D": "gray"}
_STAGES = {"prospect": "gray", "new": "green", "established": "blue", "at_risk": "orange", "lost": "red"}


def header(me: Actor, view: CustomerView, *, actions: bool = True) -> None:
    """Name, where the customer stands, and the actions this actor has; without them while the form is open, where a
    second press of Edit would drop what was typed."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.header(safe(view.name), anchor=False, width="content")
            star: dict[str, Any] = {"key": "customer.star", "on_click": _star, "args": (view.id, not view.starred)}
            told = _("No longer follow") if view.starred else _("Follow this customer")
            st.button("★" if view.starred else "☆", type="tertiary", help=told, **star)
            if view.grade:
                st.badge(_("Grade {grade}", grade=view.grade), color=_GRADES[view.grade])  # type: ignore[arg-type]
            st.badge(words.value("lifecycle", view.lifecycle), color=_STAGES[view.lifecycle])  # type: ignore[arg-type]
            st.badge(words.value("party", view.party), color="gray")
        if actions:
            with st.container(horizontal=True, width="content"):
                _actions(me, view)
    owner = safe(view.owner) if view.owner else f":orange[{_('Public pool')}]"
    number = [f"**{click_to_call.link(view.phone)}**"] if view.phone else []
    facts = [*number, safe(view.code), f"{_('Owner')}: {owner}"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(" · ".join(facts), width="content")
        quick_log.call(me, view.id, view.phone, contact=view.contact, key="customer.call")
        quality_badge.show(me, view)
        pool_info.badge(me, view)
        if view.duplicates:
            label = _("Possible duplicates: {count}", count=view.duplicates)
            if me.can(Permission.CUSTOMER_WRITE):
                page, query = "pages/duplicates.py", {"of": str(view.id)}
            else:
                page, query = "pages/search.py", {"duplicates_of": str(view.id)}
            st.page_link(page, label=label, icon=":material/content_copy:", query_params=query)


def fields(me: Actor, view: CustomerView) -> None:
    """The key fields that are filled in, and a way to see masked ones."""
    st.subheader(_("Details"), anchor=False)
    shown: dict[str, str] = {
        name: str(getattr(view, name) or "")
        for name in (
            "contact",
            "phone",
            "phone2",
            "email",
            "wechat",
            "region",
            "address",
            "industry",
            "source",
            "uscc",
            "id_number",
        )
    }
    shown["birthday"] = format_date(view.birthday) if view.birthday else ""
    shown["gender"] = words.value("gender", view.gender) if view.gender else ""
    shown |= {"preference": view.preference, "imported_owner": view.imported_owner}
    shown["created_at"] = format_date(clock.local(view.created_at).date())
    marked = {name: safe(value) for name, value in shown.items()} | _colored(me, view)
    marked |= {name: click_to_call.link(shown[name]) for name in ("phone", "phone2")}
    lines = [f":gray[:small[{safe(words.field(name))}]]  \n{value}" for name, value in marked.items() if value]
    st.markdown("\n\n".join(lines))
    custom_shown.card(me, view)
    if view.notes:
        st.caption(words.field("notes"))
        st.markdown(safe_lines(view.notes))
    if view.masked and view.may_reveal:
        with st.popover(_("Show personal data"), icon=":material/visibility:"):
            _reveal(me, view)
    elif view.masked:
        st.caption(
            _("Personal data is masked: {owner} looks after this customer.", owner=safe(view.owner or _("nobody")))
        )


def _colored(me: Actor, view: CustomerView) -> dict[str, str]:
    """Words of option lists in their colours, as Markdown; a tag without one is grey."""
    colors = service.options.colors(me)
    found = {name: colors[name].get(getattr(view, name)) for name in ("industry", "source")}
    marked = {name: f":{color}-badge[{safe(getattr(view, name))}]" for name, color in found.items() if color}
    return marked | {"tags": " ".join(f":{colors['tags'].get(tag, 'gray')}-badge[{safe(tag)}]" for tag in view.tags)}


def _actions(me: Actor, view: CustomerView) -> None:
    if view.may_edit and st.button(_("Edit"), icon=":material/edit:", key="customer.edit"):
        st.session_state[state.EDITING] = (view.id, view.version)
        st.session_state.pop(state.EDIT_FILLED, None)
        st.rerun()
    if me.can(Permission.CUSTOMER_ASSIGN):
        with st.popover(_("Assign"), icon=":material/person_raised_hand:"):
            _assign(me, view)
    pool_info.actions(me, view)
    if view.may_edit:
        customer_remove.ask(me, view)


@gate.guarded(Permission.CUSTOMER_READ)
def _star(me: Actor, customer_id: int, on: bool) -> None:
    feedback.attempt(service.customers.star, me, customer_id, on=on)


def _assign(me: Actor, view: CustomerView) -> None:
    people = {person.id: person.name for person in service.users.colleagues(me, assignable=True)}
    options = [i for i in (*people, 0) if i != (view.owner_id or 0)]
    chosen = st.selectbox(
        _("New owner"), options, format_func=lambda i: people.get(i, _("Public pool")), key="customer.owner"
    )
    reason = st.text_input(_("Reason"), key="customer.assign_reason", max_chars=300)
    asked = st.button(_("Hand over"), type="primary", key="customer.assign", disabled=chosen is None)
    if asked and feedback.attempt(service.customers.assign, me, view.id, chosen or None, reason=reason):
        feedback.flash(_("{name} has a new owner.", name=view.name), kind="success")
        st.rerun()


def _reveal(me: Actor, view: CustomerView) -> None:
    reason = st.text_input(
        _("Reason"), key="customer.reveal_reason", max_chars=300, placeholder=_("For example: calling back")
    )
    st.caption(_("Every look is recorded in the audit log."))
    if st.button(_("Show"), key="customer.reveal", type="primary", disabled=not reason.strip()):
        seen = feedback.attempt(service.customers.reveal, me, view.id, reason=reason)
        for name in ("phone", "phone2", "email", "wechat", "id_number", "address"):
            if seen is not None and (value := getattr(seen, name)):
                st.markdown(f"{words.field(name)}: **{safe(value)}**")
        if seen is not None:
            custom_shown.revealed(me, view, seen)
