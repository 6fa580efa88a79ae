"""Hand over the unfinished tickets of one handler, to a colleague or each to whom the rule chooses."""

from __future__ import annotations

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.service import skills, ticket_escalation
from cim.ui import feedback, gate
from cim.work import Actor

RULE = 0
KEY = "desk.hand_over"


def popover(me: Actor) -> None:
    """The form behind a button, for those who assign tickets."""
    if not me.can(Permission.TICKET_ASSIGN):
        return
    with st.popover(
        _("Hand over tickets"), icon=":material/move_group:", type="tertiary", key=KEY, on_change="rerun"
    ) as box:
        if not box.open:
            return
        mates = {mate.user_id: mate for mate in feedback.attempt(skills.everyone, me) or []}
        givers = {number: _("{name}: {open} open", name=m.name, open=m.open) for number, m in mates.items() if m.open}
        if not givers:
            st.caption(_("Nobody has an unfinished ticket."))
            return
        takers = {RULE: _("By the rule"), **{number: mate.name for number, mate in mates.items()}}
        st.selectbox(_("Tickets of"), [*givers], format_func=givers.__getitem__, key=f"{KEY}.giver")
        st.selectbox(_("New handler"), [*takers], format_func=takers.__getitem__, key=f"{KEY}.taker")
        st.text_input(_("Reason"), key=f"{KEY}.reason", max_chars=300)
        st.button(_("Hand over"), key=f"{KEY}.go", type="primary", on_click=_go)


@gate.guarded(Permission.TICKET_ASSIGN)
def _go(me: Actor) -> None:
    giver, taker, reason = (st.session_state.get(f"{KEY}.{name}") for name in ("giver", "taker", "reason"))
    if giver is None:
        return
    moved = feedback.attempt(ticket_escalation.hand_over, me, giver, taker or None, reason=str(reason or ""))
    if moved is not None:
        feedback.flash(_("{count} tickets were handed over.", count=moved), kind="success")
