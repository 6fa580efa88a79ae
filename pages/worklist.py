"""The worklist: whom to contact today, and why."""

from typing import Any

import streamlit as st

from cim.i18n import _
from cim.models.worklist import WorklistState
from cim.permissions import Permission
from cim.ui import pickers, shell, url_choice
from cim.ui.panels import worklist_list, worklist_rules

me = shell.open_page(_("Whom to contact"), Permission.CUSTOMER_READ)

states = {
    WorklistState.OPEN.value: _("To do"),
    WorklistState.POSTPONED.value: _("Put off"),
    WorklistState.DISMISSED.value: _("Taken off"),
    WorklistState.DONE.value: _("Done"),
}
reasons = worklist_rules.names()
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="worklist.filters"):
    state = st.segmented_control(
        _("Show"),
        list(states),
        format_func=lambda code: states[code],
        required=True,
        width="content",
        **url_choice.bound("worklist.state", "state", states, WorklistState.OPEN.value),
    )
    with st.container(width=230):
        rule = st.selectbox(
            _("Reason"),
            list(reasons),
            format_func=lambda code: reasons.get(code, code),
            index=None,
            placeholder=_("Every reason"),
            **url_choice.bound("worklist.rule", "rule", reasons),
        )
    owner, team = None, False
    if worklist_rules.leads(me):
        with st.container(width=220):
            owner = pickers.person(me, key="worklist.owner", label=_("Whose"), url="owner", everybody=_("Everybody's"))
        team = owner is None
    worklist_rules.explained(me)

page = st.query_params.get("page", "1")
asked: dict[str, Any] = {"owner": owner, "team": team, "rule": rule, "state": WorklistState(state or "open")}
worklist_list.render(me, **asked, page=min(int(page), 10**6) if page.isdecimal() else 1)
