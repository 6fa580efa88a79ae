"""The inputs of an opportunity: all of them for adding and editing, or only what a stage asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.custom import Noun
from cim.models.opportunity import OpportunityDraft, StageKind
from cim.models.opportunity_view import OpportunityView
from cim.permissions import Permission, Scope
from cim.service import currency
from cim.ui import feedback, gate, state
from cim.ui.panels import custom_inputs, opportunity_dialog
from cim.work import Actor

FIELDS = (
    "name", "amount", "currency", "expected_close", "probability", "contact_id", "source", "competitors", "notes"
)  # fmt: skip
NOWHERE: dict[str, Any] = {}


def add(me: Actor, customer_id: int, *, key: str = "opportunity.add") -> int | None:
    """Draw the form for another opportunity of a customer; its id right after it was added."""
    token = state.token(f"{key}.{customer_id}")
    held = f"{key}.{token}"
    with st.form(f"{held}.form", border=False):
        typed = inputs(me, held, NOWHERE, customer_id=customer_id, only=("name", "amount", "expected_close"))
        with st.expander(_("More: chance, contact person, competitors")):
            typed |= _start(me, held)
            more = ("currency", "probability", "contact_id", "source", "competitors", "notes")
            typed |= inputs(me, held, NOWHERE, customer_id=customer_id, only=more)
            typed["custom"] = _own(me, held, NOWHERE)
        label, icon = _("Add opportunity"), ":material/add:"
        if not st.form_submit_button(label, type="primary", icon=icon, key=f"{key}.save.{token}"):
            return None
    draft = OpportunityDraft.model_validate(typed)
    made = feedback.attempt(service.opportunities.create, me, customer_id, draft, token=token)
    if made is not None:
        state.spend(f"{key}.{customer_id}")
        feedback.toast(_("{name} was added.", name=draft.name))
    return made


@gate.guarded(Permission.SALES_WRITE)
def edit(me: Actor, opportunity_id: int, version: int) -> None:
    """The form for changing one, for inside a dialog: only what was changed here is saved."""
    view = feedback.attempt(service.opportunities.get, me, opportunity_id)
    if view is None:
        return
    key = f"opportunity.edit.{opportunity_id}.{version}"
    before = {name: getattr(view, name) for name in FIELDS}
    with st.form(f"{key}.form", border=False):
        typed = inputs(me, key, before, customer_id=view.customer_id)
        own = _own(me, key, view.custom)
        pressed = st.form_submit_button(_("Save"), type="primary", key=f"{key}.save")
    if not pressed:
        return
    given = {name: value for name, value in typed.items() if name == "name" or value != before[name]}
    own = {name: v for name, v in own.items() if custom_inputs.plain(v) != custom_inputs.plain(view.custom.get(name))}
    draft = OpportunityDraft.model_validate(given | ({"custom": own} if own else {}))
    changed = feedback.attempt(service.opportunities.update, me, opportunity_id, draft, version=version)
    if changed is not None:
        opportunity_dialog.saved(_("Saved.") if changed else _("No changes."))


def editing(view: OpportunityView) -> None:
    """Draw the form in a dialog while it is open."""
    asked = opportunity_dialog.asked(view.id)
    if asked is not None and asked[0] == opportunity_dialog.EDIT:
        opportunity_dialog.show(_("Edit opportunity"), edit, view.id, asked[2], width="medium")


def inputs(
    me: Actor, key: str, held: Mapping[str, Any], *, customer_id: int, only: Collection[str] = FIELDS
) -> dict[str, Any]:
    """Draw the inputs of these fields, begun with the values held; what was typed, by field."""
    typed: dict[str, Any] = {}
    for name in FIELDS:
        if name in only:
            typed[name] = _DRAWN[name](me, f"{key}.{name}", held, customer_id)
            feedback.at_field(name)
    return typed


def _own(me: Actor, key: str, held: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of the fields that an administrator added."""
    custom_inputs.prime(key, held)
    return custom_inputs.draw(key, custom_inputs.fields(me, Noun.OPPORTUNITY))


def _start(me: Actor, key: str) -> dict[str, Any]:
    """Stage and, for those who sell with others, owner of another opportunity."""
    stages = {s.id: s.name for s in service.stages.everything(me) if s.kind is StageKind.OPEN}
    chosen: dict[str, Any] = {
        "stage_id": st.selectbox(_("Stage"), list(stages), format_func=stages.__getitem__, key=f"{key}.stage_id")
    }
    feedback.at_field("stage_id")
    if me.scope(Permission.SALES_WRITE) is not Scope.OWN:
        people = {who.id: who.name for who in service.users.colleagues(me, assignable=True)}
        chosen["owner_id"] = st.selectbox(
            _("Owner"),
            list(people),
            format_func=people.__getitem__,
            index=None,
            placeholder=_("Whoever looks after the customer"),
            key=f"{key}.owner_id",
        )
        feedback.at_field("owner_id")
    return chosen


def _name(_me: Actor, key: str, held: Mapping[str, Any], _customer_id: int) -> Any:
    return st.text_input(_("What it is about"), held.get("name", ""), key=key, max_chars=120)


def _amount(_me: Actor, key: str, held: Mapping[str, Any], _customer_id: int) -> Any:
    value = st.number_input(
        _("Amount"), min_value=0.0, value=float(held.get("amount", 0)), step=1000.0, format="%.2f", key=key
    )
    return Decimal(str(round(value or 0, 2)))


def _currency(me: Actor, key: str, held: Mapping[str, Any], _customer_id: int) -> Any:
    now = held.get("currency") or currency.base()
    codes = list(dict.fromkeys([now, *currency.codes(me)]))
    return st.selectbox(_("Currency"), codes, key=key) or now


def _day(_me: Actor, key: str, held: Mapping[str, Any], _customer_id: int) -> Any:
    return st.date_input(_("Expected close"), held.get("expected_close"), key=key)


def _probability(_me: Actor, key: str, held: Mapping[str, Any], _customer_id: int) -> Any:
    hint = _("Empty: as the stage says")
    chance = st.number_input(_("Chance in percent"), 0, 100, held.get("probability"), step=5, key=key, placeholder=hint)
    return None if chance is None else int(chance)


def _contact(me: Actor, key: str, held: Mapping[str, Any], customer_id: int) -> Any:
    people = {person.id: person.name for person in service.contacts.list(me, customer_id)}
    ids, now = list(people), held.get("contact_id")
    if now is not None and now not in people:
        people[now] = held.get("contact") or str(now)
        ids.append(now)
    index = ids.index(now) if now is not None else None
    return st.selectbox(_("Contact person"), ids, index=index, format_func=people.__getitem__, key=key)


def _source(me: Actor, key: str, held: Mapping[str, Any], _customer_id: int) -> Any:
    now = held.get("source", "")
    offered = list(dict.fromkeys([*([now] if now else []), *service.customers.choices(me)["source"]]))
    index = offered.index(now) if now else None
    return st.selectbox(_("Source"), offered, index=index, accept_new_options=True, key=key) or ""


def _competitors(_me: Actor, key: str, held: Mapping[str, Any], _customer_id: int) -> Any:
    return st.text_input(_("Competitors"), held.get("competitors", ""), key=key, max_chars=500)


def _notes(_me: Actor, key: str, held: Mapping[str, Any], _customer_id: int) -> Any:
    return st.text_area(_("Notes"), held.get("notes", ""), key=key, max_chars=5000)


_DRAWN = {
    "name": _name,
    "amount": _amount,
    "currency": _currency,
    "expected_close": _day,
    "probability": _probability,
    "contact_id": _contact,
    "source": _source,
    "competitors": _competitors,
    "notes": _notes,
}
