"""Settings, required fields and rules: the rules there are, and a form for another."""

from __future__ import annotations

import streamlit as st

from cim import words
from cim.i18n import _
from cim.models.custom import Noun
from cim.models.customer import Kind, Lifecycle
from cim.models.rule import FieldRuleDraft, FieldRuleView, RuleCheck
from cim.permissions import Permission
from cim.service import rulebook, rules
from cim.ui import feedback, gate
from cim.ui.text import safe
from cim.work import Actor

_NEW = "rules.new"


def show(me: Actor) -> None:
    """The tab: what holds now, and what is to hold."""
    st.caption(
        _(
            "A rule holds for what is saved from now on, by hand or by import. A record that breaks it already can still be edited."
        )
    )
    for rule in rules.everything(me):
        _row(rule)
    with st.expander(_("Add a rule"), icon=":material/add:", expanded=True, key="rules.adding"):
        _form()


def sentence(rule: FieldRuleView) -> str:
    """A rule in one line, as Markdown."""
    where = [words.value("noun", rule.noun)]
    where += [words.value("kind", rule.kind)] if rule.kind else []
    where += [words.value("lifecycle", rule.stage)] if rule.stage else []
    what = words.value("check", rule.check) + (f" {safe(rule.parameter)}" if rule.parameter else "")
    return f"**{safe(words.field(rule.field))}** · {what} · :gray[{' · '.join(where)}]"


def _row(rule: FieldRuleView) -> None:
    key = f"rules.{rule.id}.{rule.version}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        with st.container(gap=None, width="content"):
            st.markdown(sentence(rule), width="content")
            if rule.message:
                st.caption(safe(rule.message), width="content")
        with st.container(horizontal=True, gap="small", width="content", vertical_alignment="center"):
            act = {"on_change": _switched, "args": (rule.id, rule.version, rule.field, f"{key}.active")}
            st.toggle(_("In force"), rule.active, key=f"{key}.active", **act)  # type: ignore[arg-type]
            with st.popover(_("Change"), icon=":material/edit:", type="tertiary", key=key):
                _editor(rule, key)


def _editor(rule: FieldRuleView, key: str) -> None:
    with st.form(f"{key}.form", border=False):
        if rule.parameter:
            st.text_input(_parameter_label(rule.check), rule.parameter, key=f"{key}.parameter", max_chars=200)
        st.text_input(_("Message (optional)"), rule.message, key=f"{key}.message", max_chars=200)
        args = (rule.id, rule.version, rule.field, key)
        st.form_submit_button(_("Save"), type="primary", on_click=_changed, args=args)
    act = {"on_click": _removed, "args": (rule.id, rule.version)}
    st.button(_("Delete"), icon=":material/delete:", key=f"{key}.delete", **act)  # type: ignore[arg-type]


def _form() -> None:
    left, middle, right = st.columns(3)
    noun = left.selectbox(
        _("Kind of record"), list(rulebook.FIELDS), format_func=lambda n: words.value("noun", n), key=f"{_NEW}.noun"
    )
    check = middle.selectbox(
        _("Check"), list(RuleCheck), format_func=lambda c: words.value("check", c), key=f"{_NEW}.check"
    )
    noun, check = noun or Noun.CUSTOMER, check or RuleCheck.REQUIRED
    fields = [name for name in rulebook.FIELDS[noun] if name in rulebook.allowed(noun, check)]
    right.selectbox(
        _("Field"),
        fields,
        format_func=words.field,
        index=None,
        placeholder=_("Choose"),
        key=f"{_NEW}.field.{noun}.{check}",
    )
    _narrowed(check)
    st.text_input(
        _("Message (optional)"),
        key=f"{_NEW}.message",
        max_chars=200,
        placeholder=_("What people are told instead of our own sentence"),
    )
    if noun is Noun.CONTACT:
        st.caption(_("Kind and stage are those of the customer."))
    st.button(_("Add rule"), type="primary", key="rules.add", on_click=_added, args=(f"{_NEW}.field.{noun}.{check}",))


def _narrowed(check: RuleCheck) -> None:
    left, middle, right = st.columns(3)
    kinds, stages = ["", *(k.value for k in Kind)], ["", *(s.value for s in Lifecycle)]
    left.selectbox(
        _("Kind of customer"),
        kinds,
        format_func=lambda k: words.value("kind", k) if k else _("Any"),
        key=f"{_NEW}.kind",
    )
    middle.selectbox(
        _("Lifecycle stage"),
        stages,
        format_func=lambda s: words.value("lifecycle", s) if s else _("Any"),
        key=f"{_NEW}.stage",
    )
    if check in (RuleCheck.LENGTH, RuleCheck.PATTERN):
        right.text_input(_parameter_label(check), key=f"{_NEW}.parameter", max_chars=200)


def _parameter_label(check: RuleCheck) -> str:
    return _("Characters, such as 6-20") if check is RuleCheck.LENGTH else _("Pattern (regular expression)")


@gate.guarded(Permission.SETTINGS_MANAGE)
def _added(me: Actor, field_key: str) -> None:
    state = st.session_state
    field = state.get(field_key)
    if not field:
        return feedback.flash(_("Choose a field."))
    given = {name: state.get(f"{_NEW}.{name}") or "" for name in ("kind", "stage", "parameter", "message")}
    given |= {"noun": state[f"{_NEW}.noun"], "check": state[f"{_NEW}.check"], "field": field}
    if feedback.attempt(rules.add, me, FieldRuleDraft.model_validate(given)):
        for key in (field_key, f"{_NEW}.message", f"{_NEW}.parameter"):
            state.pop(key, None)
        feedback.toast(_("The rule is in force."))
    return None


@gate.guarded(Permission.SETTINGS_MANAGE)
def _switched(me: Actor, rule_id: int, version: int, field: str, key: str) -> None:
    draft = FieldRuleDraft(field=field, active=bool(st.session_state[key]))
    if feedback.attempt(rules.change, me, rule_id, draft, version=version):
        feedback.toast(_("The rule is in force.") if draft.active else _("The rule rests."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _changed(me: Actor, rule_id: int, version: int, field: str, key: str) -> None:
    names = ("parameter", "message")
    given = {name: st.session_state[f"{key}.{name}"] or "" for name in names if f"{key}.{name}" in st.session_state}
    draft = FieldRuleDraft.model_validate(given | {"field": field})
    if feedback.attempt(rules.change, me, rule_id, draft, version=version):
        feedback.toast(_("Saved."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _removed(me: Actor, rule_id: int, version: int) -> None:
    feedback.attempt(rules.remove, me, rule_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("Deleted."))
