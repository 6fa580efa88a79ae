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
        about = grade(rule.key)
        found[rule.key] = f"{_(rule.label)} ({about})" if about else _(rule.label)
    return found


def leads(me: Actor) -> bool:
    """Whether a person sees the customers of others."""
    return me.scope(Permission.CUSTOMER_READ) is not Scope.OWN


def explained(me: Actor) -> None:
    """A popover with every rule in force, as a sentence with its points."""
    label, icon = _("How it is ranked"), ":material/help:"
    box = st.popover(label, icon=icon, type="tertiary", key="worklist.rules", on_change="rerun")
    if not box.open:
        return
    with box:
        rules = feedback.attempt(service.worklist.rules, me) or []
        adding = [f"- {worklist_sentences.rule(r)} **+{r.points}**" for r in rules if r.active and not r.weighs]
        weights = [f"{grade(r.key)} {r.parameter:.0f} %" for r in rules if r.active and r.weighs]
        st.markdown("\n".join(adding))
        st.caption(
            _(
                "Being late, or several of a kind, counts up to double. The sum, at most {cap}, is weighted by grade: {weights}.",
                cap=table.CAP,
                weights=" · ".join(weights),
            )
        )


def grade(key: str) -> str:
    """The grade that a rule is about, such as "A"; "" for one that is about all."""
    beginning, _cut, code = key.partition("_")
    if beginning not in ("grade", "silent"):
        return ""
    return _("No grade") if code == "none" else code
