"""A customer's data quality beside its name: the score, and on a press every lost point with what repairs it."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from cim import clock, service
from cim.i18n import N_, _, format_date, format_number
from cim.models.customer_view import CustomerView
from cim.models.quality import QualityView
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.text import safe
from cim.work import Actor

PARTS = {
    "complete": N_("Complete"),
    "valid": N_("Valid and consistent"),
    "unique": N_("Unique"),
    "fresh": N_("Fresh"),
}


def color(score: float) -> Literal["green", "orange", "red"]:
    """How a score is told by colour; it always stands beside the number."""
    return "green" if score >= 85 else "orange" if score >= 60 else "red"


def show(me: Actor, view: CustomerView) -> None:
    """The score as a button; its reasons are looked up when it is pressed."""
    label = f":{color(view.quality)}[{_('Data quality')} **{view.quality}**]"
    with st.popover(
        label, type="tertiary", icon=":material/verified:", key="customer.quality", on_change="rerun"
    ) as box:
        if box.open:
            _reasons(me, view)


def parts(held: dict[str, float], most: dict[str, int]) -> str:
    """The points by part in one line, as Markdown."""
    return " · ".join(f"{_(PARTS[name])} {format_number(held[name])}/{most[name]}" for name in PARTS if name in held)


def _reasons(me: Actor, view: CustomerView) -> None:
    told = feedback.attempt(service.quality.of, me, view.id)
    if told is None:
        return
    st.caption(parts(told.parts, told.most))
    st.markdown(_lines(told) or f":green[:material/check:] {_('Nothing to repair.')}")
    if told.confirmed_at is not None:
        st.caption(_("Confirmed on {date}", date=format_date(clock.local(told.confirmed_at).date())))
    if told.may_edit:
        st.button(
            _("Confirm data"),
            icon=":material/task_alt:",
            key="customer.confirm",
            help=_("You have looked at the values today and they are right."),
            on_click=_confirmed,
            args=(view.id,),
        )


def _lines(told: QualityView) -> str:
    return "  \n".join(
        f":red[−{format_number(reason.points)}] {safe(_(reason.text, **reason.params))} :gray[→ {safe(_(reason.fix))}]"
        for reason in told.reasons
    )


@gate.guarded(Permission.CUSTOMER_WRITE)
def _confirmed(me: Actor, customer_id: int) -> None:
    feedback.attempt(service.quality.confirm, me, customer_id)
    if feedback.succeeded():
        feedback.toast(_("Confirmed. The data counts as fresh from today."))
