"""Settings, custom fields: what there is, in order, and what can be done to each. They work from the next click on."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from cim import service, words
from cim.i18n import _, language
from cim.models.custom import CustomFieldDraft, CustomFieldView, FieldType, Noun
from cim.models.customer import Lifecycle
from cim.permissions import Permission
from cim.service import custom_types, custom_values
from cim.ui import arranging, feedback, gate, state
from cim.ui.text import safe
from cim.work import Actor

_ARROW = re.compile(r"\s*(?:→|->|=>)\s*")
_ICONS = {
    FieldType.TEXT: "notes",
    FieldType.NUMBER: "tag",
    FieldType.MONEY: "payments",
    FieldType.DATE: "event",
    FieldType.CHOICE: "radio_button_checked",
    FieldType.CHOICES: "checklist",
    FieldType.YESNO: "toggle_on",
    FieldType.LINK: "link",
}


def show(me: Actor) -> None:
    """The tab: choose a kind of record; add, change, order and retire fields."""
    chosen = st.segmented_control(
        _("Fields of"),
        [noun.value for noun in Noun],
        format_func=lambda noun: words.value("nouns", noun),
        default=Noun.CUSTOMER.value,
        required=True,
        key="custom.noun",
        label_visibility="collapsed",
    )
    noun = Noun(chosen or Noun.CUSTOMER)
    found = service.custom.fields(me, noun, retired=True, counted=True)
    if not found:
        st.info(_("No field of your own yet. A new one is in every form, list, filter and file at once."))
    with st.container(key="custom.fields", gap=None):
        for place, field in enumerate(found):
            _row(field, [other.id for other in found], place)
    box = st.expander(_("Add a field"), icon=":material/add:", expanded=not found, key=f"custom.adding.{noun}")
    with box:
        _form(noun, None, f"custom.new.{noun}.{state.token('custom.new')}")


def _row(field: CustomFieldView, ids: list[int], place: int) -> None:
    key = f"custom.{field.id}.{field.version}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.markdown(f":material/{_ICONS[field.type]}: **{safe(field.named(language()))}**", width="content")
            facts = [words.value("field_type", field.type), safe(field.group), safe(field.key)]
            facts.append(_("{count} filled", count=field.used) if field.used else "")
            st.caption(" · ".join(fact for fact in facts if fact), width="content")
            for held, color, label in _badges(field):
                if held:
                    st.badge(label, color=color)
        with st.container(horizontal=True, gap="small", width="content", vertical_alignment="center"):
            arranging.arrows(ids, place, key=key, arranged=_arranged, of=field.noun.value)
            box = st.popover(_("Change"), icon=":material/edit:", type="tertiary", key=key, on_change="rerun")
            if box.open:
                with box:
                    _form(field.noun, field, f"{key}.form")
                    label = _("Use again") if field.retired else _("Retire")
                    act = {"on_click": _retired, "args": (field.id, field.version, not field.retired)}
                    st.button(label, key=f"{key}.retire", **act)  # type: ignore[arg-type]
                    st.caption(_("A retired field is in no form, list or file. Its values and their history stay."))


def _badges(field: CustomFieldView) -> list[tuple[bool, Any, str]]:
    always = custom_values.ALWAYS in field.required_at
    stages = ", ".join(words.value("lifecycle", stage) for stage in field.required_at if stage != custom_values.ALWAYS)
    return [
        (always, "orange", _("required")),
        (bool(stages) and not always, "orange", _("required: {stages}", stages=safe(stages))),
        (field.personal, "violet", _("personal")),
        (field.retired, "gray", _("Retired")),
    ]


def _form(noun: Noun, field: CustomFieldView | None, key: str) -> None:
    types = [kind.value for kind in FieldType]
    with st.form(key, border=False):
        left, right = st.columns(2)
        left.text_input(_("Name"), field.label if field else "", key=f"{key}.label", max_chars=60)
        right.text_input(_("English name"), field.label_en if field else "", key=f"{key}.label_en", max_chars=60)
        left.selectbox(
            _("Type"),
            types,
            types.index(field.type) if field else 0,
            format_func=lambda code: words.value("field_type", code),
            key=f"{key}.type",
            disabled=bool(field and field.used),
        )
        right.text_input(_("Group"), field.group if field else "", key=f"{key}.group", max_chars=60)
        if field is None or not field.used or field.type in custom_types.CHOOSING:
            st.text_area(_("Choices"), "\n".join(field.options) if field else "", key=f"{key}.options")
            st.caption(_arrow_told(field))
        st.text_input(_("Hint at the input"), field.hint if field else "", key=f"{key}.hint", max_chars=200)
        _stages(noun, field, key)
        if noun is not Noun.PRODUCT:  # personal data is sealed under the key of a customer
            st.toggle(
                _("Personal data: sealed, and masked like a phone number"),
                field.personal if field else False,
                key=f"{key}.personal",
                disabled=bool(field and (field.used or field.personal)),
            )
        said = (field.id, field.version) if field else (0, 0)
        st.form_submit_button(
            _("Save") if field else _("Add field"), type="primary", on_click=_saved, args=(noun.value, *said, key)
        )


def _stages(noun: Noun, field: CustomFieldView | None, key: str) -> None:
    stages = {custom_values.ALWAYS: _("Always")}
    if noun is Noun.CUSTOMER:
        stages |= {stage.value: words.value("lifecycle", stage) for stage in Lifecycle}
    st.pills(
        _("Must be filled"),
        list(stages),
        selection_mode="multi",
        default=field.required_at if field else [],
        format_func=stages.__getitem__,
        key=f"{key}.required_at",
        wrap=True,
    )


def _arrow_told(field: CustomFieldView | None) -> str:
    if field is None:
        return _("Only for choices: one a line, in order.")
    return _("One a line, in order. To rename one, write old → new: the records follow, each with its history.")


def _draft(noun: str, key: str) -> tuple[CustomFieldDraft, dict[str, str]]:
    """What a form says, and which choices it renames."""
    names = ("label", "label_en", "type", "group", "hint")
    said: dict[str, Any] = {name: st.session_state.get(f"{key}.{name}") or "" for name in names}
    lines = [line for line in str(st.session_state.get(f"{key}.options") or "").splitlines() if line.strip()]
    parted = [_ARROW.split(line.strip(), maxsplit=1) for line in lines]
    renamed = {parts[0]: parts[1] for parts in parted if len(parts) == 2}
    draft = CustomFieldDraft(
        noun=Noun(noun),
        options=[parts[-1] for parts in parted],
        required_at=list(st.session_state.get(f"{key}.required_at") or []),
        personal=bool(st.session_state.get(f"{key}.personal")),
        **said,
    )
    return draft, renamed


@gate.guarded(Permission.SETTINGS_MANAGE)
def _saved(me: Actor, noun: str, field_id: int, version: int, key: str) -> None:
    draft, renamed = _draft(noun, key)
    if field_id:
        feedback.attempt(service.custom.change, me, field_id, draft, version=version, renamed=renamed)
    elif feedback.attempt(service.custom.define, me, draft):
        state.spend("custom.new")  # the next field begins with an empty form
    if feedback.succeeded():
        feedback.toast(_("{name} has been saved.", name=draft.label))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _arranged(me: Actor, noun: str, ids: list[int]) -> None:
    feedback.attempt(service.custom.arrange, me, Noun(noun), ids)


@gate.guarded(Permission.SETTINGS_MANAGE)
def _retired(me: Actor, field_id: int, version: int, retired: bool) -> None:
    feedback.attempt(service.custom.retire, me, field_id, retired, version=version)
    if feedback.succeeded():
        feedback.toast(_("Retired.") if retired else _("In use again."))
