"""Moving an opportunity: the menu of stages, and the dialogs for what a move still needs: a reason, an amount, a field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from cim import clock, service
from cim.i18n import _
from cim.models.opportunity import OpportunityDraft, StageKind, StageView
from cim.models.opportunity_view import OpportunityCard, OpportunityView
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.panels import opportunity_dialog, opportunity_form
from cim.ui.text import safe
from cim.work import Actor

ELSEWHERE = ("lines", "steps")
"""What is filled in on the page of the opportunity, not in a dialog."""


def menu(card: OpportunityCard, stages: list[StageView]) -> None:
    """A button with the stages a card can go to; won and lost open a dialog."""
    key = f"opportunity.move.{card.id}.{card.version}"
    names = {stage.id: stage for stage in stages}
    st.menu_button(
        _("Move"),
        list(names),
        format_func=lambda i: _icon(names[i]) + safe(names[i].name),
        key=key,
        type="tertiary",
        icon=":material/arrow_forward:",
        on_click=_chosen,
        args=(key, card.id, card.version),
    )


def to(opportunity_id: int, stage_id: int, version: int) -> None:
    """Move an opportunity, in a callback; where the move needs more, `waiting` asks for it."""
    _go(opportunity_id, stage_id, version)


def waiting(me: Actor, opportunity_id: int | None = None) -> None:
    """Draw the dialog that a move asked for, until it is saved or dismissed."""
    asked = opportunity_dialog.asked(opportunity_id)
    if asked is None or not isinstance(asked[0], int):
        return
    stage_id, number, version = asked
    stage = next((s for s in service.stages.everything(me, retired=True) if s.id == stage_id), None)
    if stage is None:
        opportunity_dialog.close()
        return
    titles = {StageKind.WON: _("Won"), StageKind.LOST: _("Not won")}
    title = titles.get(stage.kind) or _("Move to “{stage}”", stage=safe(stage.name))
    forms = {StageKind.WON: _win, StageKind.LOST: _lose, StageKind.OPEN: _fill}
    opportunity_dialog.show(title, forms[stage.kind], number, stage_id, version)


def _icon(stage: StageView) -> str:
    return {StageKind.WON: ":material/trophy: ", StageKind.LOST: ":material/block: "}.get(stage.kind, "")


def _chosen(key: str, opportunity_id: int, version: int) -> None:
    if (stage_id := st.session_state.get(key)) is not None:
        to(opportunity_id, stage_id, version)


@gate.guarded(Permission.SALES_WRITE)
def _go(me: Actor, opportunity_id: int, stage_id: int, version: int) -> None:
    stage = next((s for s in service.stages.everything(me) if s.id == stage_id), None)
    missing = feedback.attempt(service.opportunities.lacking, me, opportunity_id, stage_id)
    if stage is None or missing is None:
        return
    if missing or stage.kind is not StageKind.OPEN:
        opportunity_dialog.ask(stage_id, opportunity_id, version)
    elif feedback.attempt(service.opportunities.advance, me, opportunity_id, stage_id, version=version):
        feedback.toast(_("Moved to “{stage}”.", stage=stage.name))


@gate.guarded(Permission.SALES_WRITE)
def _win(me: Actor, opportunity_id: int, _stage_id: int, version: int) -> None:
    view = _head(me, opportunity_id)
    if view is None:
        return
    key = f"opportunity.win.{opportunity_id}"
    amount = st.number_input(
        _("Amount agreed ({currency})", currency=view.currency),
        min_value=0.0,
        value=float(view.amount),
        step=1000.0,
        format="%.2f",
        key=f"{key}.amount",
    )
    reason, day = _why(me, key, StageKind.WON, view)
    if st.button(_("Won"), type="primary", icon=":material/trophy:", key=f"{key}.save"):
        given: dict[str, Any] = {"amount": Decimal(str(round(amount or 0, 2))), "reason": reason, "closed_on": day}
        feedback.attempt(service.opportunities.win, me, opportunity_id, version=version, **given)
        opportunity_dialog.saved(_("Congratulations: {name} is won.", name=view.name))


@gate.guarded(Permission.SALES_WRITE)
def _lose(me: Actor, opportunity_id: int, _stage_id: int, version: int) -> None:
    view = _head(me, opportunity_id)
    if view is None:
        return
    key = f"opportunity.lose.{opportunity_id}"
    reason, day = _why(me, key, StageKind.LOST, view)
    if st.button(_("Close as lost"), type="primary", key=f"{key}.save"):
        feedback.attempt(service.opportunities.lose, me, opportunity_id, reason, closed_on=day, version=version)
        opportunity_dialog.saved(_("{name} is closed as lost.", name=view.name))


@gate.guarded(Permission.SALES_WRITE)
def _fill(me: Actor, opportunity_id: int, stage_id: int, version: int) -> None:
    view = _head(me, opportunity_id)
    missing = feedback.attempt(service.opportunities.lacking, me, opportunity_id, stage_id)
    if view is None or missing is None:
        return
    key = f"opportunity.fill.{opportunity_id}"
    elsewhere = [name for name in missing if name in ELSEWHERE]
    if elsewhere:
        told = ", ".join(_(service.stages.REQUIRABLE[name]) for name in elsewhere)
        st.warning(_("First fill in on its page: {fields}.", fields=safe(told)))
        st.page_link("pages/opportunity.py", label=_("Open"), query_params={"id": str(opportunity_id)})
        return
    st.caption(_("This stage asks for:"))
    typed = opportunity_form.inputs(me, key, view.model_dump(), customer_id=view.customer_id, only=missing)
    if st.button(_("Move"), type="primary", key=f"{key}.save"):
        draft = OpportunityDraft.model_validate({"name": view.name, **typed})
        feedback.attempt(service.opportunities.advance, me, opportunity_id, stage_id, version=version, draft=draft)
        opportunity_dialog.saved(_("Moved."))


def _head(me: Actor, opportunity_id: int) -> OpportunityView | None:
    view = feedback.attempt(service.opportunities.get, me, opportunity_id)
    if view is not None:
        st.markdown(f"**{safe(view.name)}** · {safe(view.customer)}")
    return view


def _why(me: Actor, key: str, kind: StageKind, view: OpportunityView) -> tuple[str, date | None]:
    reason = st.selectbox(
        _("Reason"),
        service.opportunities.reasons(me, kind),
        index=None,
        accept_new_options=True,
        placeholder=_("Choose or type"),
        key=f"{key}.reason",
    )
    first = clock.local(view.created_at).date()
    day = st.date_input(_("Closed on"), value=clock.today(), min_value=first, max_value=clock.today(), key=f"{key}.day")
    return reason or "", day
