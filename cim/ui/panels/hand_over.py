"""Hand over all customers of one person, such as a leaver, in one change that can be taken back."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.work import Actor

POOL = 0


def show(me: Actor, *, key: str = "hand_over") -> None:
    """Draw the form; a hint where nobody in reach has a customer."""
    rows = [row for row in feedback.attempt(service.kpis.by_rep, me) or [] if row.owner_id and row.customers]
    if not rows:
        st.caption(_("Nobody here looks after a customer."))
        return
    givers = {row.owner_id: f"{row.name} ({format_number(row.customers)})" for row in rows}
    takers = {person.id: person.name for person in service.users.colleagues(me, assignable=True)}
    st.caption(_("All customers and the open tasks with them. Contacts, stages and grades stay as they are."))
    giver = st.selectbox(
        _("Customers of"), list(givers), format_func=givers.__getitem__, index=None, key=f"{key}.giver"
    )
    options = [taker for taker in (*takers, POOL) if taker != giver]
    taker = st.selectbox(
        _("New owner"),
        options,
        format_func=lambda i: takers.get(i, _("Public pool")),
        index=None,
        key=f"{key}.taker",
    )
    reason = st.text_input(_("Reason"), key=f"{key}.reason", max_chars=300)
    count = next((row.customers for row in rows if row.owner_id == giver), 0)
    label = _("Hand over {count} customers", count=format_number(count)) if count else _("Hand over")
    ready = giver is not None and taker is not None and bool(reason.strip())
    if st.button(label, type="primary", key=f"{key}.go", disabled=not ready) and giver is not None:
        _go(giver, taker or None, reason)


@gate.guarded(Permission.CUSTOMER_ASSIGN)
def _go(me: Actor, giver: int, taker: int | None, reason: str) -> None:
    moved = feedback.attempt(service.customers.hand_over, me, giver, taker, reason=reason)
    if moved is not None:
        feedback.flash(
            _(
                "{customers} customers and {tasks} open tasks were handed over. “Changes and undo” takes it back.",
                customers=format_number(moved.customers),
                tasks=format_number(moved.tasks),
            ),
            kind="success",
        )
        st.rerun()


def popover(me: Actor) -> None:
    """The same behind a button, for those who may assign."""
    if me.can(Permission.CUSTOMER_ASSIGN):
        with st.popover(_("Hand over"), icon=":material/move_group:", key="hand_over.box", on_change="rerun") as box:
            if box.open:
                show(me)
