"""Inputs for custom fields: drawn from their definition, so that a new field is in every form without a restart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import groupby
from typing import Any

import streamlit as st

from cim import service
from cim.errors import Invalid
from cim.i18n import _, language
from cim.models.custom import CustomFieldView, FieldType, Noun
from cim.service import custom_types, custom_values
from cim.ui import feedback
from cim.ui.text import safe
from cim.work import Actor

_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)
_EXAMPLES = {FieldType.NUMBER: "1234.5", FieldType.MONEY: "1.2万", FieldType.LINK: "https://"}


def fields(me: Actor, noun: Noun = Noun.CUSTOMER) -> list[CustomFieldView]:
    """The fields in use, by group; those without one first."""
    found = service.custom.fields(me, noun)
    order = {group: place for place, group in enumerate(dict.fromkeys(["", *(field.group for field in found)]))}
    return sorted(found, key=lambda field: order[field.group])


def fill(prefix: str, values: Mapping[str, Any]) -> None:
    """Let the inputs begin with these values in the next run; what is not named begins empty."""
    for key in [key for key in st.session_state if str(key).startswith(f"{prefix}.custom.")]:
        del st.session_state[key]
    st.session_state[f"{prefix}.custom"] = dict(values)


def prime(prefix: str, values: Mapping[str, Any]) -> None:
    """As `fill`, for a form that is drawn in every run: what was typed there stays."""
    st.session_state.setdefault(f"{prefix}.custom", dict(values))


def urgent(field: CustomFieldView) -> bool:
    """Whether a record cannot be saved without it: then it stands where it is seen at once."""
    return custom_values.ALWAYS in field.required_at


def draw(prefix: str, own: Iterable[CustomFieldView], *, masked: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The inputs, by group; returns what they say now, by key. `masked` are the values of a record whose personal ones
    are hidden: those inputs show the mask and, left empty, say nothing."""
    said: dict[str, Any] = {}
    columns: Any = ()
    for group, members in groupby(own, key=lambda field: field.group):
        if group:
            st.markdown(f"**{safe(group)}**")
        for place, field in enumerate(members):
            # a row at a time: on a phone the columns stand under each other, and the order is kept
            columns = columns if place % 2 else st.columns(2)
            with columns[place % 2]:
                hidden = field.personal and (masked or {}).get(field.key) == custom_types.MASK
                value = _input(prefix, field, hidden=hidden)
                if not (hidden and value in (None, "")):
                    said[field.key] = value
                _verdict(field, value)
    return said


def plain(value: Any) -> str:
    """A value as text, to tell whether it was changed."""
    return custom_types.written(value)


def _input(prefix: str, field: CustomFieldView, *, hidden: bool) -> Any:
    name = f"{prefix}.custom.{field.key}"
    label = field.named(language()) + (" *" if urgent(field) else "")
    held = st.session_state.get(f"{prefix}.custom", {}).get(field.key)
    shown: dict[str, Any] = {"key": name, "help": safe(field.hint) or None}
    if hidden:
        return st.text_input(safe(label), placeholder=custom_types.MASK, max_chars=custom_types.LONGEST, **shown)
    if name not in st.session_state:
        st.session_state[name] = _start(field, held)
    offered = custom_types.offered(field, held=custom_types.words_of(held))
    match field.type:
        case FieldType.DATE:
            return st.date_input(safe(label), min_value=_FIRST, max_value=_LAST, **shown)
        case FieldType.CHOICE:
            return st.selectbox(safe(label), offered, index=None, placeholder=_("Not filled in"), **shown)
        case FieldType.CHOICES:
            return st.multiselect(safe(label), offered, placeholder=_("Not filled in"), **shown)
        case FieldType.YESNO:
            names = {"yes": _("yes"), "no": _("no")}
            chosen = st.segmented_control(safe(label), list(names), format_func=names.__getitem__, **shown)
            return None if chosen is None else chosen == "yes"
    example = _EXAMPLES.get(field.type, "")
    return st.text_input(safe(label), placeholder=example, max_chars=custom_types.LONGEST, **shown)


def _start(field: CustomFieldView, held: Any) -> Any:
    """What an input begins with."""
    match field.type:
        case FieldType.DATE:
            return date.fromisoformat(held) if held else None
        case FieldType.CHOICES:
            return list(held or [])
        case FieldType.YESNO:
            return None if held is None else "yes" if held else "no"
        case FieldType.CHOICE:
            return held
    return held or ""


def _verdict(field: CustomFieldView, value: Any) -> None:
    """Under the input: what is wrong with the value, what it becomes, or what the last save said."""
    try:
        becomes = custom_values.judged(field, value)
    except Invalid as invalid:
        st.caption(f":red[{safe(feedback.translated(invalid))}]")
        return
    if isinstance(value, str) and becomes not in (None, value.strip()) and field.type not in custom_types.CHOOSING:
        st.caption(_("Will be saved as") + f" **{safe(becomes)}**")
    if becomes is None:
        feedback.at_field(custom_values.PREFIX + field.key)
