"""The fields of a customer, for adding and for editing: short first, more on demand, each with what it will become."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from cim import clock, service, words
from cim.i18n import _
from cim.models.customer import CustomerDraft, Gender, Grade, Kind, Party
from cim.models.customer_view import CustomerView
from cim.models.search import DraftPreview
from cim.permissions import Permission
from cim.ui import feedback
from cim.ui.panels import custom_inputs, region_input
from cim.ui.text import safe
from cim.work import Actor

_SEALED = ("phone", "phone2", "email", "wechat", "id_number", "address")


def fill(prefix: str, values: dict[str, Any]) -> None:
    """Put values into the inputs of the next run; what is not named becomes empty."""
    for name in CustomerDraft.model_fields:
        st.session_state[f"{prefix}.{name}"] = values.get(name, _blank(name))
    custom_inputs.fill(prefix, values.get("custom", {}))


def values_of(view: CustomerView) -> dict[str, Any]:
    """A record as the inputs hold it. Masked values stay out: an empty input then means "leave as it is"."""
    values = {name: getattr(view, name) for name in CustomerDraft.model_fields if hasattr(view, name)}
    values |= {
        name: value.value for name in ("kind", "party", "gender", "grade") if (value := values[name]) is not None
    }
    values["region"] = view.region_code
    return values | ({name: "" for name in _SEALED} if view.masked else {})


def draw(me: Actor, prefix: str, *, masked: CustomerView | None = None) -> CustomerDraft:
    """The inputs; returns what they say now. `masked` is the record whose hidden values show as placeholders."""
    choices = service.customers.choices(me)
    own, hidden = custom_inputs.fields(me), masked.custom if masked and masked.masked else None
    _short(prefix, masked)
    said = custom_inputs.draw(prefix, filter(custom_inputs.urgent, own), masked=hidden)
    with st.expander(_("More details"), expanded=masked is not None or bool(st.session_state.get(f"{prefix}.more"))):
        _reach(prefix, masked)
        _place(me, prefix, masked)
        _class(prefix, choices)
        if masked is None or me.can(Permission.CUSTOMER_ASSIGN):
            _owner(me, prefix)
        _words(prefix, choices)
        said |= custom_inputs.draw(prefix, [f for f in own if not custom_inputs.urgent(f)], masked=hidden)
    return _draft(me, prefix, masked, said)


def hints(prefix: str, draft: CustomerDraft, preview: DraftPreview) -> None:
    """What the typed values become, and what is wrong with them."""
    lines = [f"{safe(words.field(n))}: **{safe(v)}**" for n, v in preview.shown.items()]
    if lines:
        st.caption(_("Will be saved as") + " — " + " · ".join(lines))
    if preview.missing and draft.name:
        needed = ", ".join(safe(words.field(name)) for name in preview.missing)
        st.caption(f":orange[{_('Still to be filled in:')}] {needed}")
    for name, (msgid, params) in preview.wrong.items():
        if (name != "name" or draft.name) and not name.startswith("custom."):  # those say it at their input
            st.caption(f":red[{safe(words.field(name))}: {safe(_(msgid, **params))}]")
    refused = {k: v for k, v in feedback.field_errors().items() if k and k not in preview.wrong and k[:7] != "custom."}
    for name, message in refused.items():
        st.caption(f":red[{safe(words.field(name))}: {safe(message)}]")


def _short(prefix: str, masked: CustomerView | None) -> None:
    st.segmented_control(
        words.field("kind"),
        [k.value for k in Kind],
        format_func=lambda code: words.value("kind", code),
        key=f"{prefix}.kind",
        required=True,
        label_visibility="collapsed",
    )
    left, right = st.columns(2)
    left.text_input(words.field("name"), key=f"{prefix}.name", max_chars=200, live="400ms")
    right.text_input(
        words.field("phone"), key=f"{prefix}.phone", live="400ms", placeholder=masked.phone if masked else ""
    )
    left.text_input(words.field("contact"), key=f"{prefix}.contact", max_chars=60)
    with right:
        st.pills(words.field("grade"), [g.value for g in Grade if g], key=f"{prefix}.grade")


def _reach(prefix: str, masked: CustomerView | None) -> None:
    left, right = st.columns(2)
    for column, name in ((left, "email"), (right, "wechat"), (left, "phone2"), (right, "id_number")):
        held = getattr(masked, name) if masked and masked.masked else ""
        column.text_input(words.field(name), key=f"{prefix}.{name}", placeholder=held)
    left.text_input(words.field("uscc"), key=f"{prefix}.uscc", max_chars=40)
    with right:
        st.selectbox(
            words.field("gender"),
            [g.value for g in Gender],
            format_func=lambda c: words.value("gender", c),
            key=f"{prefix}.gender",
        )
    left.date_input(
        words.field("birthday"),
        key=f"{prefix}.birthday",
        value=None,
        min_value=date(1900, 1, 1),
        max_value=clock.today(),
    )


def _place(me: Actor, prefix: str, masked: CustomerView | None) -> None:
    left, right = st.columns(2)
    with left:
        region_input.draw(me, key=f"{prefix}.region")
    held = masked.address if masked and masked.masked else ""
    right.text_input(
        words.field("address"),
        key=f"{prefix}.address",
        placeholder=held or _("The region is read from it when you leave that empty"),
    )


def _class(prefix: str, choices: dict[str, list[str]]) -> None:
    left, right = st.columns(2)
    for column, name in ((left, "industry"), (right, "source")):
        with column:
            st.selectbox(
                words.field(name),
                _with(choices[name], prefix, name),
                index=None,
                placeholder=_("Not filled in"),
                key=f"{prefix}.{name}",
                accept_new_options=True,
            )
    with left:
        st.selectbox(
            words.field("party"),
            [p.value for p in Party],
            format_func=lambda c: words.value("party", c),
            key=f"{prefix}.party",
        )


def _owner(me: Actor, prefix: str) -> None:
    people = {person.id: person.name for person in service.users.colleagues(me, assignable=True)}
    if len(people) > 1 or me.can(Permission.CUSTOMER_ASSIGN):
        st.selectbox(
            words.field("owner"),
            [0, *people],
            format_func=lambda i: people.get(i, _("Public pool")),
            key=f"{prefix}.owner_id",
        )


def _words(prefix: str, choices: dict[str, list[str]]) -> None:
    held = st.session_state.get(f"{prefix}.tags") or []
    known, empty = list(dict.fromkeys([*choices["tags"], *held])), _("Not filled in")
    st.multiselect(words.field("tags"), known, placeholder=empty, key=f"{prefix}.tags", accept_new_options=True)
    st.text_input(words.field("preference"), key=f"{prefix}.preference", max_chars=500)
    st.text_area(words.field("notes"), key=f"{prefix}.notes", max_chars=5000, height=80)


def _draft(me: Actor, prefix: str, masked: CustomerView | None, custom: dict[str, Any]) -> CustomerDraft:
    given: dict[str, Any] = {}
    for name in CustomerDraft.model_fields:
        key = f"{prefix}.{name}"
        if name in ("code", "created_at", "imported_owner") or key not in st.session_state:
            continue
        value = st.session_state[key]
        if masked is not None and masked.masked and name in (*_SEALED, "birthday") and not value:
            continue
        given[name] = value if value is not None or name == "birthday" else ""
    owner = given.pop("owner_id", None)
    if owner is not None and (masked is None or me.can(Permission.CUSTOMER_ASSIGN)):
        given["owner_id"] = owner or None
    return CustomerDraft.model_validate(given | {"custom": custom})


def _with(options: list[str], prefix: str, name: str) -> list[str]:
    held = st.session_state.get(f"{prefix}.{name}")
    return list(dict.fromkeys([*options, *([held] if held else [])]))


def _blank(name: str) -> Any:
    match name:
        case "kind":
            return Kind.COMPANY.value
        case "party":
            return Party.CUSTOMER.value
        case "tags":
            return []
        case "custom":
            return {}
        case "birthday" | "region" | "industry" | "source" | "grade" | "owner_id" | "created_at":
            return None
    return ""
