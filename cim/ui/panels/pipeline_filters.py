"""Which opportunities the pipeline shows: owner, team, expected close, only those that need a look. All of it is in the URL."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock, service, words
from cim.analytics import periods
from cim.i18n import _
from cim.models.opportunity_view import PipelineFilter
from cim.permissions import Permission, Scope
from cim.ui import pickers
from cim.work import Actor

CLOSES = ("this_month", "next_month", "this_quarter", "last_month")


def draw(me: Actor, *, whose: bool = False) -> PipelineFilter:
    """Draw the filters (`whose`: only owner and team); what they ask for. The stage is chosen on the board (`?stage=`)."""
    asked: dict[str, Any] = {"stage_id": stage()}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="pipeline.filters"):
        if me.scope(Permission.SALES_READ) is not Scope.OWN:
            with st.container(width=200):
                asked["owner_id"] = pickers.person(me, key="pipeline.owner", label=_("Owner"), url="owner")
            asked["team_id"] = _team(me)
        if whose:
            return PipelineFilter.model_validate(asked)
        asked |= _closing()
        st.session_state["pipeline.warned"] = st.query_params.get("warned") == "1"
        asked["warned"] = st.toggle(
            _("Needs a look"), key="pipeline.warned", on_change=_to_url, args=("warned",), help=_("Stuck or overdue")
        )
    return PipelineFilter.model_validate(asked)


def stage() -> int | None:
    """The stage that the URL asks for."""
    raw = st.query_params.get("stage", "")
    return int(raw) if raw.isdecimal() and len(raw) < 10 else None


def choose_stage(stage_id: int | None) -> None:
    """Show one stage, or all of them (None)."""
    _put("stage", str(stage_id) if stage_id is not None else "")


def _team(me: Actor) -> int | None:
    teams = {team.id: team.name for team in service.users.teams(me)}
    raw = st.query_params.get("team", "")
    st.session_state["pipeline.team"] = int(raw) if raw.isdecimal() and int(raw) in teams else None
    return st.selectbox(
        _("Team"),
        list(teams),
        format_func=lambda i: teams.get(i, str(i)),
        index=None,
        placeholder=_("All teams"),
        key="pipeline.team",
        on_change=_to_url,
        args=("team",),
        width=180,
    )


def _closing() -> dict[str, Any]:
    raw = st.query_params.get("close", "")
    st.session_state["pipeline.close"] = raw if raw in CLOSES else None
    code = st.pills(
        _("Expected close"),
        list(CLOSES),
        format_func=words.within,
        key="pipeline.close",
        on_change=_to_url,
        args=("close",),
        wrap=True,
    )
    if not code:
        return {}
    days = periods.within(code, clock.today())
    return {"expected_from": days.first, "expected_until": days.last}


def _to_url(name: str) -> None:
    value = st.session_state.get(f"pipeline.{name}")
    _put(name, "" if value in (None, False) else "1" if value is True else str(value))


def _put(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
