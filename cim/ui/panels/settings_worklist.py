"""Settings, worklist: every rule with its points, its number, whether it is used, and how many entries it makes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.models.worklist import RuleView
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.panels import worklist_rules, worklist_sentences
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor) -> None:
    """The tab: what adds points, and what weighs them."""
    st.caption(
        _(
            "Each rule that fits a customer adds its points; the customers with most points stand on top. A change counts at once."
        )
    )
    _rules()


@st.fragment
@gate.guarded(Permission.SETTINGS_MANAGE)
def _rules(me: Actor) -> None:
    """A fragment: saving one rule redraws the rules alone."""
    rules = feedback.attempt(service.worklist.rules, me)
    if rules is None:
        return
    for rule in rules:
        if not rule.weighs:
            _row(rule)
    st.markdown(f"**{_('Weight of a grade')}**")
    for rule in rules:
        if rule.weighs:
            _row(rule)


def _row(rule: RuleView) -> None:
    key = f"worklist_rule.{rule.key}.{rule.version}"
    about = worklist_rules.grade(rule.key)
    name = f"{_(rule.label)} ({about})" if about else _(rule.label)
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="stretch"):
            points = "" if rule.weighs else f" :gray-badge[+{rule.points}]"
            st.markdown(f"**{safe(name)}**{points}  \n{worklist_sentences.rule(rule)}")
            if not rule.weighs:
                st.caption(_("{count} entries now", count=format_number(rule.entries)))
        with st.container(horizontal=True, gap="small", width="content", vertical_alignment="center"):
            act: dict[str, Any] = {"on_change": _switched, "args": (rule.key, rule.version, f"{key}.active")}
            st.toggle(_("In force"), rule.active, key=f"{key}.active", **act)
            with st.popover(_("Change"), icon=":material/edit:", type="tertiary", key=key):
                _editor(rule, key)


def _editor(rule: RuleView, key: str) -> None:
    with st.form(f"{key}.form", border=False):
        if not rule.weighs:
            shipped = _("At first {number}", number=rule.shipped_points)
            st.number_input(_("Points"), 0, 200, rule.points, step=1, key=f"{key}.points", help=shipped)
        if rule.unit:
            shipped = _("At first {number}", number=format_number(rule.shipped_parameter))
            labels = {"days": _("Days"), "percent": _("Percent"), "money": _("Amount")}
            number = int(rule.parameter)
            st.number_input(labels[rule.unit], 0, value=number, step=1, key=f"{key}.parameter", help=shipped)
        feedback.at_field("parameter")
        st.form_submit_button(_("Save"), type="primary", on_click=_changed, args=(rule.key, rule.version, key))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _switched(me: Actor, rule_key: str, version: int, key: str) -> None:
    active = bool(st.session_state[key])
    if feedback.attempt(service.worklist.change_rule, me, rule_key, active=active, version=version):
        feedback.toast(_("The rule is in force.") if active else _("The rule rests."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _changed(me: Actor, rule_key: str, version: int, key: str) -> None:
    typed = {name: st.session_state.get(f"{key}.{name}") for name in ("points", "parameter")}
    number = Decimal(int(typed["parameter"])) if typed["parameter"] is not None else None
    saved = feedback.attempt(
        service.worklist.change_rule, me, rule_key, points=typed["points"], parameter=number, version=version
    )
    if saved is not None:
        feedback.toast(_("Saved.") if saved else _("Nothing was different."))
