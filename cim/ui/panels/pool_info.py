"""The public pool on a customer's page and on the dashboard: who is about to lose what, giving back, claiming, history."""

from __future__ import annotations

import streamlit as st

from cim import service, words
from cim.config import settings
from cim.i18n import _, format_date, format_datetime
from cim.models.customer_view import CustomerView
from cim.models.pool import PoolDue, PoolEvent, PoolStep
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.text import safe
from cim.work import Actor

SHOWN, COUNTED = 8, 100


def badge(me: Actor, view: CustomerView) -> None:
    """When the customer returns to the public pool, where that is soon."""
    due = feedback.attempt(service.pool.due_of, me, view.id) if view.owner_id is not None else None
    if due is not None:
        label = _("In the public pool from {day}", day=format_date(due.returns_on))
        st.badge(label, icon=":material/hourglass_bottom:", color="orange", help=reason(due))


def actions(me: Actor, view: CustomerView) -> None:
    """Claim out of the pool, or give back into it; and how the customer came to its owners."""
    if view.owner_id is None and me.can(Permission.CUSTOMER_CLAIM):
        _claim_button(me, view)
    label, icon = _("Owner history"), ":material/history:"
    mine = view.owner_id is not None and view.owner_id == me.user_id and me.can(Permission.CUSTOMER_CLAIM)
    if mine:
        label, icon = _("Give back"), ":material/move_down:"
    with st.popover(label, icon=icon, key="customer.pool", on_change="rerun") as box:
        if box.open and mine:
            _release(view)
        if box.open:
            _history(me, view)


def due_list(me: Actor) -> None:
    """On the dashboard: the customers that return to the public pool next; nothing where there are none."""
    found = feedback.attempt(service.pool.due, me, limit=COUNTED)
    if not found:
        return
    count = f"{COUNTED}+" if len(found) == COUNTED else str(len(found))
    with st.container(border=True, key="dashboard.pool"):
        st.markdown(f":material/hourglass_bottom: **{_('Soon in the public pool: {count}', count=count)}**")
        st.table([_cells(me, due) for due in found[:SHOWN]], border="horizontal", hide_index=True)
        if len(found) > SHOWN:
            more = f"{len(found) - SHOWN}{'+' if len(found) == COUNTED else ''}"
            st.caption(_("… and {count} more. A contact or a planned next step keeps a customer.", count=more))


def reason(due: PoolDue) -> str:
    """Why a customer returns: "Grade A, 92 days without contact, rule 90 days"."""
    return _(
        "{grade}, {days} days without contact, rule {rule} days",
        grade=_("Grade {grade}", grade=due.grade) if due.grade else words.value("grade", ""),
        days=due.idle_days,
        rule=due.rule_days,
    )


def _cells(me: Actor, due: PoolDue) -> dict[str, str]:
    owner = {} if due.owner_id == me.user_id else {_("Owner"): safe(due.owner)}
    return {
        _("Customer"): f"[{safe(due.name)}](/customer?id={due.id})",
        **owner,
        _("Returns on"): format_date(due.returns_on),
        _("Why"): reason(due),
    }


def _claim_button(me: Actor, view: CustomerView) -> None:
    allowed = feedback.attempt(service.pool.allowance, me)
    left = allowed.left if allowed is not None else None
    label = _("Claim") if left is None else _("Claim ({left} left)", left=left)
    st.button(
        label,
        icon=":material/front_hand:",
        key="customer.claim",
        on_click=_claimed,
        args=(view.id,),
        disabled=left == 0,
    )


@gate.guarded(Permission.CUSTOMER_CLAIM)
def _claimed(me: Actor, customer_id: int) -> None:
    if feedback.attempt(service.customers.claim, me, customer_id):
        feedback.toast(_("The customer is yours now."))


def _release(view: CustomerView) -> None:
    with st.form("customer.release", border=False):
        reason = st.text_input(_("Reason"), key="customer.release_reason", max_chars=300)
        st.caption(_("Any sales rep can claim it then. Planned tasks wait with it for the next owner."))
        if st.form_submit_button(_("Give back to the public pool"), type="primary"):
            _released(view.id, view.name, reason)


@gate.guarded(Permission.CUSTOMER_CLAIM)
def _released(me: Actor, customer_id: int, name: str, reason: str) -> None:
    feedback.attempt(service.pool.release, me, customer_id, reason=reason)
    if feedback.succeeded():
        feedback.flash(_("{name} is in the public pool now.", name=name), kind="success")
        st.rerun()


def _history(me: Actor, view: CustomerView) -> None:
    found = feedback.attempt(service.pool.history, me, view.id)
    for event in found or []:
        when = format_datetime(event.at, settings().zone)
        why = f" · {safe(event.reason)}" if event.reason else ""
        st.markdown(f"{safe(_told(event))}  \n:gray[:small[{when}{why}]]")


def _told(event: PoolEvent) -> str:
    by, before, after = event.by or _("the system"), event.before or _("nobody"), event.after or _("Public pool")
    match event.step:
        case PoolStep.CREATED:
            return _("Added by {by} for {after}", by=by, after=after)
        case PoolStep.CLAIMED:
            return _("Claimed by {by}", by=by)
        case PoolStep.ASSIGNED:
            return _("Given to {after} by {by}", after=after, by=by)
        case PoolStep.HANDED_OVER:
            return _("Handed over from {before} to {after} by {by}", before=before, after=after, by=by)
        case PoolStep.RELEASED:
            return _("Given back by {by}, until then with {before}", by=by, before=before)
        case PoolStep.RETURNED:
            return _("Returned to the public pool by rule, until then with {before}", before=before)
