"""Messages that did not simply arrive: failed, unsure, or tried in vain and waiting; to be sent again or left."""

from __future__ import annotations

import streamlit as st

from cim.i18n import N_, _, format_datetime, format_number
from cim.models.notice import DeliveryStatus
from cim.models.notice_view import DeliveryView
from cim.permissions import Permission
from cim.service import delivery
from cim.ui import feedback, gate
from cim.ui.panels import notice_channels
from cim.ui.text import safe
from cim.work import Actor

STATUS = {
    DeliveryStatus.WAITING: (N_("waiting"), "blue"),
    DeliveryStatus.SENDING: (N_("being sent"), "blue"),
    DeliveryStatus.SENT: (N_("sent"), "green"),
    DeliveryStatus.FAILED: (N_("failed"), "red"),
    DeliveryStatus.UNSURE: (N_("unsure"), "orange"),
    DeliveryStatus.SKIPPED: (N_("not needed"), "gray"),
}
SHOWN = 50


def show(me: Actor) -> None:
    """The figures of a week, then each message that needs a look."""
    counted = delivery.counts(me)
    figures = " · ".join(f"{_(STATUS[status][0])} {format_number(count)}" for status, count in counted.items() if count)
    st.caption(_("Messages of the last seven days: {figures}", figures=figures or "0"))
    found = delivery.troubled(me, limit=SHOWN)
    if not found:
        st.success(_("Everything arrived."), icon=":material/mark_email_read:")
        return
    if any(view.status is DeliveryStatus.UNSURE for view in found):
        st.info(
            _(
                "Unsure: the connection or the server broke off after the message was handed over. It may have arrived, "
                "and is not sent again unless you say so."
            ),
            icon=":material/help:",
        )
    for view in found:
        _row(view)


def _row(view: DeliveryView) -> None:
    label, color = STATUS[view.status]
    key = f"delivery.{view.id}"
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="content"):
            st.markdown(f"{safe(view.subject)} :{color}-badge[{_(label)}]")
            to = view.user or _("the team")
            kind = _(notice_channels.TYPES[view.type])
            when = format_datetime(view.claimed_at) if view.claimed_at else ""
            attempts = _("attempt {count}", count=view.attempts)
            told = (to, kind, view.label, when, attempts, view.problem)
            st.caption(" · ".join(safe(word) for word in told if word))
            if view.status is DeliveryStatus.WAITING:
                st.caption(_("next: {when}", when=format_datetime(view.next_at)))
        if view.status in (DeliveryStatus.FAILED, DeliveryStatus.UNSURE):
            with st.container(horizontal=True, width="content", gap="small"):
                if view.can_resend:
                    st.button(
                        _("Send again"), icon=":material/send:", key=f"{key}.again", on_click=_again, args=(view.id,)
                    )
                st.button(_("Leave it"), type="tertiary", key=f"{key}.leave", on_click=_leave, args=(view.id,))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _again(me: Actor, delivery_id: int) -> None:
    if feedback.attempt(delivery.resend, me, delivery_id):
        feedback.toast(_("It is sent with the next turn."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _leave(me: Actor, delivery_id: int) -> None:
    feedback.attempt(delivery.leave, me, delivery_id)
