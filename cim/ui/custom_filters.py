"""Filters by custom fields. In the URL each is `custom.KEY=…`, written as service/custom_filters.py reads it. `of` names the
list: the noun, the prefix of its widgets, and what puts a filter into its address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, language
from cim.models.custom import CustomFieldView, FieldType, Noun
from cim.service.custom_filters import EMPTY
from cim.service.custom_values import PREFIX
from cim.ui.text import safe
from cim.work import Actor

Put = Callable[[str, str], None]


@dataclass(frozen=True)
class Of:
    """The list that is filtered."""

    noun: Noun
    prefix: str
    put: Put


def _put_customers(name: str, value: str) -> None:
    from cim.ui import list_url  # which reads its custom fields here

    list_url.put(name, value)


CUSTOMERS = Of(Noun.CUSTOMER, "search", _put_customers)
_RANGES = (FieldType.NUMBER, FieldType.MONEY, FieldType.DATE)
_CHOOSING = (FieldType.CHOICE, FieldType.CHOICES)


def named() -> list[str]:
    """The parameters of the URL that ask custom fields."""
    return [name for name in st.query_params if name.startswith(PREFIX)]


def read(me: Actor, noun: Noun = Noun.CUSTOMER) -> dict[str, str]:
    """What the URL asks, by key. Fields that are not there are said and left out."""
    if not named():
        return {}
    known = {field.key for field in service.custom.fields(me, noun, retired=True)}
    asked = {name.removeprefix(PREFIX): st.query_params[name] for name in named()}
    if strange := sorted(asked.keys() - known):
        st.warning(_("The link holds filters that mean nothing here: {names}", names=safe(", ".join(strange))))
    return {key: value[:500] for key, value in asked.items() if key in known}


def parameters(asked: dict[str, str]) -> dict[str, str]:
    """The same as parameters of a URL."""
    return {PREFIX + key: value for key, value in asked.items()}


def draw(me: Actor, of: Of = CUSTOMERS) -> None:
    """One input for each field that can be filtered by, as the URL says it now."""
    fields = [field for field in service.custom.fields(me, of.noun) if not field.personal]
    columns = st.columns(2) if fields else []
    for place, field in enumerate(fields):
        with columns[place % 2]:
            _draw(field, of)


def chips(me: Actor, asked: dict[str, str], noun: Noun = Noun.CUSTOMER) -> list[tuple[str, str]]:
    """(parameter of the URL, what it narrows to) of each filter in force."""
    if not asked:
        return []
    fields = {field.key: field for field in service.custom.fields(me, noun, retired=True)}
    return [
        (PREFIX + key, f"{fields[key].named(language())}: {_said(fields[key], raw)}")
        for key, raw in asked.items()
        if key in fields
    ]


def _draw(field: CustomFieldView, of: Of) -> None:
    label, name = safe(field.named(language())), PREFIX + field.key
    raw = st.query_params.get(name, "")
    if field.type in _CHOOSING:
        options = [*field.options, *field.retired_options, EMPTY]
        st.session_state[f"{of.prefix}.{name}"] = [word for word in raw.split(";") if word in options]
        empty = _("Not filled in")
        st.multiselect(
            label,
            options,
            format_func=lambda word: empty if word == EMPTY else word,
            placeholder=_("Any"),
            key=f"{of.prefix}.{name}",
            on_change=_keep_words,
            args=(name, of),
        )
    elif field.type is FieldType.YESNO:
        names = {"yes": _("yes"), "no": _("no"), EMPTY: _("Not filled in")}
        key = f"{of.prefix}.{name}"
        st.session_state[key] = raw if raw in names else None
        told: dict[str, Any] = {"placeholder": _("Any"), "key": key, "on_change": _keep, "args": (name, of)}
        st.selectbox(label, list(names), format_func=names.__getitem__, index=None, **told)
    elif field.type in _RANGES:
        _range(field, label, raw, of)
    else:
        key = f"{of.prefix}.{name}"
        st.session_state[key] = raw
        st.text_input(label, key=key, placeholder=_("contains …"), on_change=_keep, args=(name, of))


def _range(field: CustomFieldView, label: str, raw: str, of: Of) -> None:
    name = PREFIX + field.key
    low, high = _ends(raw)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        for end, value, told in (("low", low, _("from")), ("high", high, _("up to"))):
            key = f"{of.prefix}.{name}.{end}"
            st.session_state[key] = value
            st.text_input(
                label if end == "low" else f"{label} {told}",
                key=key,
                placeholder=told,
                help=_("Such as 2026-01-31") if field.type is FieldType.DATE and end == "low" else None,
                label_visibility="visible" if end == "low" else "hidden",
                on_change=_keep_range,
                args=(name, of),
            )


def _ends(raw: str) -> tuple[str, str]:
    if raw == EMPTY:
        return "", ""
    if raw.startswith(">="):
        return raw[2:], ""
    if raw.startswith("<="):
        return "", raw[2:]
    low, parted, high = raw.partition("..")
    return (low, high) if parted else (raw, raw)


def _said(field: CustomFieldView, raw: str) -> str:
    if raw == EMPTY:
        return _("Not filled in")
    if field.type is FieldType.YESNO:
        return {"yes": _("yes"), "no": _("no")}.get(raw, raw)
    if field.type in _RANGES:
        low, high = _ends(raw)
        if low and low == high:
            return low
        return f"≥ {low}" if not high else f"≤ {high}" if not low else f"{low} – {high}"
    return raw.replace(";", " / ") if field.type in _CHOOSING else f"“{raw}”"


def _keep(name: str, of: Of) -> None:
    of.put(name, str(st.session_state.get(f"{of.prefix}.{name}") or "").strip())


def _keep_words(name: str, of: Of) -> None:
    words = list(st.session_state.get(f"{of.prefix}.{name}") or [])
    of.put(name, EMPTY if words[-1:] == [EMPTY] else ";".join(word for word in words if word != EMPTY))


def _keep_range(name: str, of: Of) -> None:
    low, high = (str(st.session_state.get(f"{of.prefix}.{name}.{end}") or "").strip() for end in ("low", "high"))
    of.put(name, f"{low}..{high}" if low and high else f">={low}" if low else f"<={high}" if high else "")
