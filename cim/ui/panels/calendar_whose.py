"""Whose plan is shown: one's own, a person's in reach, or everybody's. The URL keeps the choice."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from cim import service
from cim.i18n import _
from cim.ui.text import safe
from cim.work import Actor

ME, TEAM = "me", "team"
PARAMETER = "person"


class Whose(NamedTuple):
    """`person` None and `team` False is oneself."""

    person: int | None = None
    team: bool = False


def choose(me: Actor, *, key: str) -> Whose:
    """Draw the choice where there is one, and return what is chosen (`?person=`)."""
    people = {str(planner.id): planner.name for planner in service.calendar.people(me) if planner.id != me.user_id}
    if not people:
        return Whose()
    names = {ME: _("My own"), TEAM: _("Everybody"), **people}
    asked = st.query_params.get(PARAMETER, ME)
    chosen = st.selectbox(
        _("Whose plan"),
        list(names),
        index=list(names).index(asked) if asked in names else 0,
        format_func=lambda code: safe(names[code]),
        key=key,
        on_change=_keep,
        args=(key,),
        label_visibility="collapsed",
        width=200,
    )
    if chosen in (ME, None):
        return Whose()
    return Whose(team=True) if chosen == TEAM else Whose(person=int(chosen))


def _keep(key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen in (None, ME):
        st.query_params.pop(PARAMETER, None)
    else:
        st.query_params[PARAMETER] = chosen
