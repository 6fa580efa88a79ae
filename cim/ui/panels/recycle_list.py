"""The recycle bin: what was removed, by whom, when and why, each with a button that brings it back."""

from __future__ import annotations

from functools import partial

import streamlit as st

from cim import service
from cim.config import settings
from cim.i18n import N_, _, format_datetime, format_number
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.service.recycle import RemovedList, RemovedView
from cim.ui import feedback, state
from cim.ui.text import safe
from cim.work import Actor

SIZE = 20
CUSTOMERS, CONTACTS, FOLLOW_UPS = "customers", "contacts", "activities"
KINDS = {
    CUSTOMERS: N_("Customers"),
    CONTACTS: N_("Contacts"),
    FOLLOW_UPS: N_("Follow-ups"),
    Noun.OPPORTUNITY.value: N_("Opportunities"),
    Noun.ORDER.value: N_("Orders"),
    Noun.CONTRACT.value: N_("Contracts"),
    Noun.TICKET.value: N_("Tickets"),
    Noun.PRODUCT.value: N_("Products"),
}
_KIND = "recycle.kind"


def kind(me: Actor) -> str:
    """What is looked at."""
    offered = [CUSTOMERS, CONTACTS, *([FOLLOW_UPS] if me.can(Permission.ACTIVITY_WRITE) else [])]
    offered += [noun.value for noun in feedback.attempt(service.recycle.kinds, me) or []]
    chosen = st.segmented_control(
        _("What"),
        offered,
        default=offered[0],
        required=True,
        format_func=lambda name: _(KINDS[name]),
        key=_KIND,
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen if chosen in offered else offered[0]


def page(me: Actor, what: str) -> None:
    """One page of removed records."""
    number = int(st.session_state.get(f"recycle.page.{what}", 1))
    read = {
        CUSTOMERS: service.recycle.customers,
        CONTACTS: service.recycle.contacts,
        FOLLOW_UPS: service.recycle.follow_ups,
    }.get(what) or partial(service.recycle.records, noun=Noun(what))
    found: RemovedList | None = feedback.attempt(read, me, page=number, size=SIZE)
    if found is None:
        return
    if not found.rows:
        st.info(_("Nothing here. What is deleted waits here and can be brought back."), icon=":material/delete:")
        return
    st.caption(_("{count} records", count=format_number(found.total)))
    for row in found.rows:
        _row(me, what, row)
    pages = -(-found.total // SIZE)
    if pages > 1:
        turned = st.pagination(pages, default=min(number, pages), key=f"recycle.turn.{what}.{number}.{pages}")
        if turned != number:
            st.session_state[f"recycle.page.{what}"] = turned
            st.rerun()


def _row(me: Actor, what: str, row: RemovedView) -> None:
    place = f"[{safe(row.customer)}](/customer?id={row.customer_id})" if row.customer else ""
    owner = "" if what != CUSTOMERS else safe(row.owner) if row.owner else safe(_("Public pool"))
    facts = [f"**{safe(row.name)}**", safe(row.code), place, owner]
    when = format_datetime(row.removed_at, settings().zone)
    why = [_("Removed by {name}, {at}", name=row.removed_by or "—", at=when), row.reason]
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            told = " · ".join(part for part in facts if part)
            st.markdown(f"{told}  \n:gray[{safe(' · '.join(part for part in why if part))}]", width="stretch")
            press = st.button(
                _("Restore"), icon=":material/restore_from_trash:", key=f"recycle.{what}.{row.id}", width="content"
            )
        if press:
            _restore(me, what, row)
        if what == CUSTOMERS and st.session_state.get(state.RECYCLE_CODE) == row.id:
            _another_code(me, row)


def _restore(me: Actor, what: str, row: RemovedView, code: str = "") -> None:
    if what == CUSTOMERS:
        feedback.attempt(service.recycle.restore, me, row.id, code=code)
    elif what == CONTACTS:
        feedback.attempt(service.recycle.restore_contact, me, row.id)
    elif what == FOLLOW_UPS:
        feedback.attempt(service.recycle.restore_follow_up, me, row.id)
    else:
        feedback.attempt(service.recycle.restore_record, me, Noun(what), row.id)
    if feedback.succeeded():
        st.session_state.pop(state.RECYCLE_CODE, None)
        feedback.flash(_("{name} is back.", name=row.name), kind="success")
        st.rerun()
    st.session_state[state.RECYCLE_CODE] = row.id if what == CUSTOMERS else 0


def _another_code(me: Actor, row: RemovedView) -> None:
    """Asked for after the code turned out to be taken."""
    with st.form(f"recycle.code.{row.id}", border=False):
        code = st.text_input(_("Another customer code"), key=f"recycle.code.{row.id}.value", max_chars=40)
        if st.form_submit_button(_("Restore under this code"), type="primary") and (code or "").strip():
            _restore(me, CUSTOMERS, row, code or "")
