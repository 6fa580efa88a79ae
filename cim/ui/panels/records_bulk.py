"""What can be done with the ticked records: assign, set a field, export, remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.models.custom import Noun
from cim.models.listing import BulkResult
from cim.models.record_list import CellKind, RecordList, RecordSelection, SettableField
from cim.permissions import Permission
from cim.service.custom_values import PREFIX as OWN
from cim.service.record_edit import MOST
from cim.ui import feedback, state
from cim.ui.panels import bulk_result, custom_inputs, records_export
from cim.ui.record_url import Asked
from cim.work import Actor


def possible(me: Actor, noun: Noun) -> bool:
    """Whether ticking a row leads anywhere for this actor."""
    return me.can(Permission.EXPORT) or bool(feedback.attempt(service.record_edit.possible, me, noun))


def show(me: Actor, asked: Asked, found: RecordList, ids: list[int]) -> None:
    """The bar: how many are meant, and the actions this actor has. `ids` are ticked on this page."""
    whole = st.session_state.get(state.LIST_ALL) == asked.mark()
    count = found.total if whole else len(ids)
    chosen = RecordSelection(narrowed=asked.narrowed) if whole else RecordSelection(ids=ids)
    may = feedback.attempt(service.record_edit.possible, me, asked.noun) or set()
    prefix = f"{asked.prefix}.bulk"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=prefix):
        st.markdown(f"**{_('{count} selected', count=format_number(count))}**", width="content")
        if not whole and len(ids) < found.total <= MOST:
            every = _("Select all {total}", total=format_number(found.total))
            mark: dict[str, Any] = {"on_click": _take_all, "args": (asked.mark(),)}
            st.button(every, key=f"{prefix}.all", type="tertiary", icon=":material/select_all:", **mark)
        if "assign" in may:
            _box(prefix, "assign", _("Assign"), "person_raised_hand", lambda: _assign(me, asked, chosen, count))
        if "field" in may:
            _box(prefix, "field", _("Set a field"), "edit", lambda: _field(me, asked, chosen, count))
        if me.can(Permission.EXPORT):
            wanted = None if whole else ids
            _box(prefix, "export", _("Export"), "download", lambda: records_export.show(me, asked, count, wanted))
        if "remove" in may:
            _box(prefix, "remove", _("Delete"), "delete", lambda: _remove(me, asked, chosen, count))
        none: dict[str, Any] = {"on_click": _none}
        st.button(_("Untick"), key=f"{prefix}.none", type="tertiary", icon=":material/close:", **none)


def dropped() -> None:
    """Nothing is ticked: nor is "all" meant any longer."""
    st.session_state.pop(state.LIST_ALL, None)


def _box(prefix: str, name: str, label: str, icon: str, draw: Callable[[], None]) -> None:
    """A button with a panel below it, whose contents are made when it is open."""
    box = st.popover(label, icon=f":material/{icon}:", key=f"{prefix}.{name}", on_change="rerun")
    if box.open:
        with box:
            draw()


def _assign(me: Actor, asked: Asked, chosen: RecordSelection, count: int) -> None:
    people = {person.id: person.name for person in service.users.colleagues(me)}
    to = st.selectbox(
        _("New handler") if asked.noun is Noun.TICKET else _("New owner"),
        list(people),
        format_func=lambda number: people.get(number, ""),
        index=None,
        placeholder=_("Choose"),
        key=f"{asked.prefix}.bulk.owner",
    )
    label = _("Hand over {count}", count=count)
    call = service.record_edit.assign
    _apply(
        asked,
        "assign",
        label,
        to is not None,
        lambda why: feedback.attempt(call, me, asked.noun, chosen, to or 0, reason=why),
    )


def _field(me: Actor, asked: Asked, chosen: RecordSelection, count: int) -> None:
    offered = {field.name: field for field in service.record_edit.fields(me, asked.noun)}
    key = f"{asked.prefix}.bulk"
    name = st.selectbox(_("Field"), list(offered), format_func=lambda n: offered[n].label, key=f"{key}.name")
    value = _custom(me, asked, name) if name.startswith(OWN) else _editor(offered[name], key)
    emptied = value in (None, "", [])
    sure = emptied and offered[name].emptied and st.checkbox(_("Empty this field"), key=f"{key}.empty")
    label = _("Empty for {count}", count=count) if sure else _("Set for {count}", count=count)
    call, said = service.record_edit.set_field, None if emptied else value
    ready = bool(sure) or not emptied
    _apply(
        asked, "field", label, ready, lambda why: feedback.attempt(call, me, asked.noun, chosen, name, said, reason=why)
    )


def _custom(me: Actor, asked: Asked, name: str) -> Any:
    own = {OWN + field.key: field for field in service.custom.fields(me, asked.noun)}
    return custom_inputs.draw(f"{asked.prefix}.bulk", [own[name]]).get(own[name].key)


def _editor(field: SettableField, key: str) -> Any:
    """An input of the field's own kind."""
    name = f"{key}.value.{field.name}"
    if field.choices:
        shown = st.selectbox(
            field.label,
            list(field.choices),
            format_func=lambda code: field.choices.get(code, code),
            index=None,
            placeholder=_("Choose"),
            key=name,
        )
        return shown == "true" if field.kind is CellKind.YESNO and shown else shown
    if field.kind is CellKind.DATE:
        return st.date_input(field.label, value=None, key=name)
    if field.kind is CellKind.NUMBER:
        return st.number_input(field.label, min_value=0, step=1, value=None, key=name)
    return st.text_input(field.label, key=name, max_chars=500)


def _remove(me: Actor, asked: Asked, chosen: RecordSelection, count: int) -> None:
    shown = format_number(count)
    st.markdown(_("**{count} records go to the recycle bin.** They can be restored from there.", count=shown))
    sure = st.checkbox(_("Yes, delete {count} records", count=shown), key=f"{asked.prefix}.bulk.sure")
    call = service.record_edit.remove
    label = _("Delete {count}", count=count)
    _apply(asked, "remove", label, sure, lambda why: feedback.attempt(call, me, asked.noun, chosen, reason=why))


def _apply(asked: Asked, name: str, label: str, ready: bool, call: Callable[[str], BulkResult | None]) -> None:
    """Reason and button; on a press the call is made and the list shown anew with its result."""
    key = f"{asked.prefix}.bulk.{name}"
    reason = st.text_input(_("Reason"), key=f"{key}.reason", max_chars=300, placeholder=_("Optional"))
    if not st.button(label, type="primary", key=f"{key}.go", disabled=not ready):
        return
    with st.spinner(_("Working …")):
        result = call(reason)
    if result is not None:
        bulk_result.keep(result, asked.prefix)
        st.rerun()


def _take_all(mark: str) -> None:
    st.session_state[state.LIST_ALL] = mark


def _none() -> None:
    st.session_state[state.LIST_ROUND] = st.session_state.get(state.LIST_ROUND, 0) + 1
    st.session_state.pop(state.LIST_ALL, None)
