"""The rules of the worklist for who works with it: their names, and what they ask."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.analytics import worklist as table
from cim.i18n import _
from cim.permissions import Permission, Scope
from cim.ui import feedback
from cim.ui.panels import worklist_sentences
from cim.work import Actor


def names() -> dict[str, str]:
    """The rules by key, in the language of the visitor."""
    found = {}
    for rule in table.RULES:
        grade = rule.key.removeprefix("silent_") if rule.key.startswith("silent_") else ""
        found[rule.key] = f"{_(rule.label)} ({grade})" if grade else _(rule.label)
    return found


def leads(me: Actor) -> bool:
    """Whether a person sees the customers of others."""
    return me.scope(Permission.CUSTOMER_READ) is not Scope.OWN


def explained(me: Actor) -> None:
    """A popover with every rule in force, as a sentence with its points."""
    with st.popover(_("How it is ranked"), icon=":material/help:", type="tertiary", key="worklist.rules"):
        rules = feedback.attempt(service.worklist.rules, me) or []
        adding = [
            f"- {worklist_sentences.rule(rule)} **+{rule.points}**" for rule in rules if rule.active and not rule.weighs
        ]
        weights = [f"{_weighed(rule.key)} {rule.parameter:.0f} %" for rule in rules if rule.active and rule.weighs]
        st.markdown("\n".join(adding))
        st.caption(
            _(
                "Being late, or several of a kind, counts up to double. The sum, at most {cap}, is weighted by grade: {weights}.",
                cap=table.CAP,
                weights=" · ".join(weights),
            )
        )


def _weighed(key: str) -> str:
    grade = key.removeprefix("grade_")
    return _("No grade") if grade == "none" else grade
