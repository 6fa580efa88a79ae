"""The head of an opportunity: what it is, where it stands, what can be done with it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_date
from cim.models.opportunity import StageKind, StageView
from cim.models.opportunity_view import OpportunityView
from cim.permissions import Permission, Scope
from cim.ui import feedback, gate
from cim.ui.panels import opportunity_dialog, opportunity_form, opportunity_move, opportunity_order, opportunity_words
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor, view: OpportunityView) -> None:
    """Draw the head with the actions that this actor has."""
    opportunity_move.waiting(me, view.id)
    stages = feedback.attempt(service.stages.everything, me) or []
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.header(safe(view.name), anchor=False, width="content")
            st.markdown(opportunity_words.badge(view), width="content")
        if view.may_edit:
            with st.container(horizontal=True, gap="small", width="content"):
                _actions(me, view, stages)
    owner = safe(view.owner) if view.owner else f":orange[{_('nobody')}]"
    told = [f"**{opportunity_words.customer(view)}** ({safe(view.customer_code)})", f"{_('Owner')}: {owner}"]
    told += [f"{_('Added')}: {safe(format_date(clock.local(view.created_at).date()))}"]
    st.markdown(" · ".join(told))
    if view.warnings:
        st.warning("  \n".join(safe(warning) for warning in view.warnings), icon=":material/hourglass_bottom:")
    _stages(view, stages)
    _figures(view)


def _actions(me: Actor, view: OpportunityView, stages: list[StageView]) -> None:
    if view.kind is StageKind.OPEN:
        for kind, label, icon in (
            (StageKind.WON, _("Won"), ":material/trophy:"),
            (StageKind.LOST, _("Not won"), ":material/block:"),
        ):
            stage = next((s for s in stages if s.kind is kind), None)
            if stage is not None:
                act: dict[str, Any] = {"on_click": opportunity_dialog.ask, "args": (stage.id, view.id, view.version)}
                act["type"] = "primary" if kind is StageKind.WON else "secondary"
                st.button(label, icon=icon, key=f"opportunity.{kind.value}", **act)
    else:
        act = {"on_click": _reopen, "args": (view.id, view.version)}
        st.button(_("Reopen"), icon=":material/undo:", key="opportunity.reopen", **act)
    opportunity_order.button(me, view)
    act = {"on_click": opportunity_dialog.ask, "args": (opportunity_dialog.EDIT, view.id, view.version)}
    st.button(_("Edit"), icon=":material/edit:", key="opportunity.edit", **act)
    opportunity_form.editing(view)
    with st.popover(_("More"), icon=":material/more_horiz:", key="opportunity.more", on_change="rerun") as box:
        if box.open:
            _more(me, view)


def _more(me: Actor, view: OpportunityView) -> None:
    if me.scope(Permission.SALES_WRITE) is not Scope.OWN:
        people = {who.id: who.name for who in service.users.colleagues(me, assignable=True) if who.id != view.owner_id}
        st.selectbox(_("New owner"), list(people), format_func=people.__getitem__, index=None, key="opportunity.owner")
        act = {"on_click": _assign, "args": (view.id, view.version)}
        st.button(_("Assign"), key="opportunity.assign", **act)  # type: ignore[arg-type]
    act = {"on_click": _remove, "args": (view.id, view.version)}
    st.button(_("Delete"), icon=":material/delete:", key="opportunity.remove", **act)  # type: ignore[arg-type]


def _stages(view: OpportunityView, stages: list[StageView]) -> None:
    """The open stages in a row; pressing one moves it there."""
    open_ = {stage.id: stage for stage in stages if stage.kind is StageKind.OPEN}
    if view.kind is not StageKind.OPEN or not view.may_edit or view.stage_id not in open_:
        # of the ends only the one it came to
        way = [s for s in stages if s.kind is StageKind.OPEN or s.id == view.stage_id]
        parts = [f"**{safe(s.name)}**" if s.id == view.stage_id else f":gray[{safe(s.name)}]" for s in way]
        st.markdown(" › ".join(parts))
        return
    key = f"opportunity.stage.{view.id}.{view.version}"
    st.segmented_control(
        _("Stage"),
        list(open_),
        format_func=lambda i: f"{safe(open_[i].name)} {open_[i].probability}%",
        default=view.stage_id,
        required=True,
        key=key,
        on_change=_staged,
        args=(key, view.id, view.version),
        label_visibility="collapsed",
        wrap=True,
    )


def _staged(key: str, opportunity_id: int, version: int) -> None:
    stage_id = st.session_state.pop(key, None)
    if stage_id is not None:
        opportunity_move.to(opportunity_id, stage_id, version)


def _figures(view: OpportunityView) -> None:
    money = opportunity_words.money
    tiles = [(_("Amount"), money(view.amount, view.currency))]
    if view.kind is StageKind.OPEN:
        close = safe(format_date(view.expected_close)) if view.expected_close else "—"
        tiles += [
            (_("Chance"), f"{view.chance}%"),
            (_("Expected close"), close),
            (_("In this stage"), opportunity_words.days(view.days)),
        ]
    elif view.closed_at is not None:
        tiles += [(_("Closed on"), safe(format_date(clock.local(view.closed_at).date())))]
        tiles += [(_("Reason"), safe(view.reason) or "—")]
    with st.grid(4, min_column_width=140, gap="small", key="opportunity.figures"):
        for label, value in tiles:
            st.markdown(f":gray[:small[{label}]]  \n**{value}**")


@gate.guarded(Permission.SALES_WRITE)
def _reopen(me: Actor, opportunity_id: int, version: int) -> None:
    if feedback.attempt(service.opportunities.reopen, me, opportunity_id, version=version):
        feedback.toast(_("Open again."))


@gate.guarded(Permission.SALES_WRITE)
def _assign(me: Actor, opportunity_id: int, version: int) -> None:
    owner = st.session_state.get("opportunity.owner")
    if owner and feedback.attempt(service.opportunities.assign, me, opportunity_id, owner, version=version):
        feedback.toast(_("Assigned."))


@gate.guarded(Permission.SALES_WRITE)
def _remove(me: Actor, opportunity_id: int, version: int) -> None:
    feedback.attempt(service.opportunities.remove, me, opportunity_id, version=version)
    if feedback.succeeded():
        feedback.flash(_("It is in the recycle bin. “Changes and undo” brings it back."), kind="success")
