"""Settings, service desk: the rules in order as sentences, who can do what, and numbers."""

from __future__ import annotations

import zlib
from typing import Any

import streamlit as st

from cim import words
from cim.i18n import _
from cim.models.ticket import Priority, RuleDraft, TicketType
from cim.models.ticket_view import Deskmate, RuleView
from cim.permissions import Permission
from cim.service import service_rules, skills
from cim.ui import feedback, gate, state
from cim.ui.panels import settings_values, ticket_words
from cim.ui.text import safe
from cim.work import Actor

TICKETS = "tickets."
_NEW = "service.new"


def show(me: Actor) -> None:
    """The tab: rules, people, numbers."""
    st.subheader(_("Rules"), anchor=False)
    st.caption(_("The first rule from above that fits a ticket decides by when it is due and which skill it takes."))
    rules = service_rules.everything(me)
    for place, rule in enumerate(rules):
        _row(rule, place, len(rules), [view.id for view in rules])
    with st.expander(_("Add a rule"), icon=":material/add:", key="service.adding"), st.form(_NEW, border=False):
        _inputs(_NEW, RuleView(id=0, position=0, type="", priority="", category="", respond_minutes=240,
                               resolve_minutes=1620, escalate_minutes=0, skill="", active=True, version=0))  # fmt: skip
        token = state.token(_NEW)
        st.form_submit_button(_("Add rule"), type="primary", key=f"{_NEW}.{token}", on_click=_added, args=(token,))
    st.subheader(_("Who can do what"), anchor=False)
    st.caption(
        _(
            "A ticket goes to who has its skill at the highest level, then to who has the fewest open tickets, then to whose "
            "last one is longest ago. Administrators get tickets only when they have a skill here."
        )
    )
    for mate in skills.everyone(me):
        _mate(mate)
    st.subheader(_("Numbers"), anchor=False)
    settings_values.show(me, lambda name: name.startswith(TICKETS))


def _row(rule: RuleView, place: int, count: int, ids: list[int]) -> None:
    key = f"service.rule.{rule.id}.{rule.version}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        text = ticket_words.rule(rule)
        st.markdown(f"{place + 1}. {text}" if rule.active else f":gray[{place + 1}. {text}]", width="stretch")
        for step, icon, name in ((-1, "arrow_upward", _("Up")), (1, "arrow_downward", _("Down"))):
            if 0 <= place + step < count:
                act: dict[str, Any] = {"on_click": _moved, "args": (ids, place, place + step)}
                st.button(name, icon=f":material/{icon}:", type="tertiary", key=f"{key}.{step}.{place}", **act)
        act = {"on_change": _switched, "args": (rule.id, rule.version, f"{key}.active")}
        st.toggle(_("In force"), rule.active, key=f"{key}.active", **act)
        with st.popover(_("Change"), icon=":material/edit:", type="tertiary", key=key):
            with st.form(f"{key}.form", border=False):
                _inputs(key, rule)
                args = (rule.id, rule.version, key)
                st.form_submit_button(_("Save"), type="primary", key=f"{key}.save", on_click=_changed, args=args)
            act = {"on_click": _removed, "args": (rule.id, rule.version)}
            st.button(_("Delete"), icon=":material/delete:", key=f"{key}.delete", **act)


def _inputs(key: str, rule: RuleView) -> None:
    kinds, priorities = ["", *(kind.value for kind in TicketType)], ["", *(level.value for level in Priority)]
    for column, name, label, codes, vocabulary in zip(
        st.columns(2),
        ("type", "priority"),
        (_("Type"), _("Priority")),
        (kinds, priorities),
        ("ticket_type", "priority"),
        strict=True,
    ):
        names = {code: words.value(vocabulary, code) if code else _("Any") for code in codes}
        index = codes.index(getattr(rule, name))
        column.selectbox(label, codes, index=index, format_func=names.__getitem__, key=f"{key}.{name}")
    left, right = st.columns(2)
    left.text_input(_("Category (empty: any)"), rule.category, key=f"{key}.category", max_chars=60)
    right.text_input(_("Skill (empty: anybody)"), rule.skill, key=f"{key}.skill", max_chars=60)
    labels = {
        "respond_minutes": _("Answer within (working minutes)"),
        "resolve_minutes": _("Resolve within (working minutes)"),
        "escalate_minutes": _("Escalate after (working minutes, 0: not)"),
    }
    for column, (name, label) in zip(st.columns(3), labels.items(), strict=True):
        column.number_input(
            label, min_value=0, max_value=525_600, value=getattr(rule, name), step=30, key=f"{key}.{name}"
        )


def _mate(mate: Deskmate) -> None:
    said = ", ".join(f"{safe(word)} {level}" for word, level in mate.skills.items()) or _("no skills")
    most = _("at most {count}", count=mate.capacity) if mate.capacity else _("no limit")
    key = f"service.mate.{mate.user_id}.{zlib.crc32(said.encode())}.{mate.capacity}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        text = f"**{safe(mate.name)}** · {said} · :gray[{_('{count} open', count=mate.open)}, {most}]"
        text += "" if mate.drawn else f" :gray-badge[{_('gets none by rule')}]"
        st.markdown(text, width="stretch")
        with (
            st.popover(_("Change"), icon=":material/edit:", type="tertiary", key=key),
            st.form(f"{key}.form", border=False),
        ):
            lines = "\n".join(f"{word} {level}" for word, level in mate.skills.items())
            hint = _("One a line, with the level: 1 knows it, 3 is the expert")
            st.text_area(_("Skills"), lines, key=f"{key}.skills", placeholder=hint, help=hint)
            label = _("Most open tickets (0: no limit)")
            st.number_input(label, min_value=0, max_value=1000, value=mate.capacity, key=f"{key}.capacity")
            args = (mate.user_id, key)
            st.form_submit_button(_("Save"), type="primary", key=f"{key}.save", on_click=_skilled, args=args)


def _draft(key: str) -> RuleDraft:
    names = [name for name in RuleDraft.model_fields if name != "active"]
    return RuleDraft.model_validate({name: st.session_state[f"{key}.{name}"] for name in names})


@gate.guarded(Permission.SETTINGS_MANAGE)
def _added(me: Actor, token: str) -> None:
    if feedback.attempt(service_rules.add, me, _draft(_NEW), token=token):
        state.spend(_NEW)
        feedback.toast(_("The rule is in force."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _changed(me: Actor, rule_id: int, version: int, key: str) -> None:
    changed = feedback.attempt(service_rules.change, me, rule_id, _draft(key), version=version)
    if changed is not None:
        feedback.toast(_("Saved.") if changed else _("Nothing was different."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _switched(me: Actor, rule_id: int, version: int, key: str) -> None:
    draft = RuleDraft(active=bool(st.session_state[key]))
    if feedback.attempt(service_rules.change, me, rule_id, draft, version=version):
        feedback.toast(_("The rule is in force.") if draft.active else _("The rule rests."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _removed(me: Actor, rule_id: int, version: int) -> None:
    feedback.attempt(service_rules.remove, me, rule_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("Deleted."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _moved(me: Actor, ids: list[int], place: int, to: int) -> None:
    ids[place], ids[to] = ids[to], ids[place]
    feedback.attempt(service_rules.arrange, me, ids)


@gate.guarded(Permission.SETTINGS_MANAGE)
def _skilled(me: Actor, user_id: int, key: str) -> None:
    levels: dict[str, int] = {}
    for line in str(st.session_state.get(f"{key}.skills") or "").splitlines():
        word, _space, level = line.strip().rpartition(" ")
        if level.isdecimal() and word:
            levels[word.strip()] = int(level)
        elif line.strip():
            levels[line.strip()] = 1
    capacity = int(st.session_state.get(f"{key}.capacity") or 0)
    changed = feedback.attempt(skills.set_person, me, user_id, levels, capacity=capacity)
    if changed is not None:
        feedback.toast(_("Saved.") if changed else _("Nothing was different."))
