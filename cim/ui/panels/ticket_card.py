"""One ticket: its head with the reasons, what was said and done, and what stands beside it."""

from __future__ import annotations

import streamlit as st

from cim import words
from cim.i18n import _
from cim.models.custom import Noun
from cim.models.ticket_view import SimilarTicket, TicketView
from cim.service import ticket_advice
from cim.ui import feedback
from cim.ui.panels import custom_inputs, custom_shown, ticket_words
from cim.ui.text import safe, safe_lines
from cim.work import Actor


def header(view: TicketView) -> None:
    """Number, subject, whose, and by when and by whom, each with the reason of the rule."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(safe(view.subject), anchor=False, width="content")
        st.badge(words.value("ticket_status", view.status), color=ticket_words.STATUS_COLORS[view.status])  # type: ignore[arg-type]
        st.badge(words.value("priority", view.priority), color=ticket_words.PRIORITY_COLORS[view.priority])  # type: ignore[arg-type]
        st.badge(words.value("ticket_type", view.type), color="gray")
        if view.escalation:
            st.badge(_("Escalated"), color="red")
        if view.reopened:
            st.badge(_("Reopened {count} times", count=view.reopened), color="orange")
    facts = [safe(view.number), f"[{safe(view.customer)}](/customer?id={view.customer_id})"]
    facts += [f"{_('Owner')}: {safe(view.owner) if view.owner else _('Public pool')}"]
    opened = _("opened {when} by {name}", when=ticket_words.moment(view.opened_at), name=safe(view.opened_by or "–"))
    st.caption(" · ".join([*facts, opened]))
    due, who = st.columns(2)
    with due, st.container(border=True, gap="small"):
        st.markdown(f"**{_('Due')}** · {_due(view)}")
        st.caption(ticket_words.due_why(view.due_why))
    with who, st.container(border=True, gap="small"):
        handler = safe(view.handler) if view.handler else f":violet[{_('nobody yet')}]"
        st.markdown(f"**{_('Handler')}** · {handler}")
        st.caption(ticket_words.assigned_why(view.assigned_why) or _("Entered with the ticket."))


def body(me: Actor, view: TicketView) -> None:
    """What the customer said, and what solved it."""
    st.subheader(_("Content"), anchor=False)
    st.markdown(safe_lines(view.content) or f":gray[{_('Nothing more was written down.')}]")
    known = {
        _("Category"): safe(view.category),
        _("Product"): safe(view.product),
        _("Sales order"): f"[{safe(view.order)}](/order?id={view.order_id})" if view.order_id else "",
        _("Contact person"): safe(view.contact),
        _("Came by"): words.value("ticket_source", view.source),
    }
    st.caption(" · ".join(f"{name}: {value}" for name, value in known.items() if value))
    if view.custom:
        st.markdown(custom_shown.brief(custom_inputs.fields(me, Noun.TICKET), view.custom))
    if view.resolution:
        st.subheader(_("Resolution"), anchor=False)
        st.markdown(safe_lines(view.resolution))
    if view.satisfaction is not None:
        text = f"{ticket_words.stars(view.satisfaction)} {safe(view.rating_comment)}"
        st.markdown(f"**{_('Rating of the customer')}**: {text}")


def beside(me: Actor, view: TicketView) -> None:
    """What was done in similar cases, and this customer's last tickets."""
    found = feedback.attempt(ticket_advice.beside, me, view.id)
    if found is None:
        return
    st.subheader(_("Similar tickets"), anchor=False)
    if not found.similar:
        st.caption(_("No past ticket is like this one."))
    for one in found.similar:
        with st.container(border=True, gap="small"):
            st.markdown(ticket_words.line(one.ticket))
            st.caption(reasons(one))
            if one.ticket.resolution:
                st.markdown(f":green[:material/check:] {safe(one.ticket.resolution[:300])}")
    st.subheader(_("Other tickets of this customer"), anchor=False)
    if not found.last:
        st.caption(_("This is the first one."))
    for row in found.last:
        text = ticket_words.line(row, customer=False)
        if row.resolution:
            text += f"  \n:green[:material/check:] {safe(row.resolution[:160])}"
        st.markdown(text)


def reasons(one: SimilarTicket) -> str:
    """Why a ticket is similar, as Markdown."""
    said = [safe(text) for code, text in one.reasons if code == "words"]
    parts = [_("both say {words}", words=", ".join(said))] if said else []
    for code, text in one.reasons:
        match code:
            case "product":
                parts.append(_("same product {name}", name=safe(text)))
            case "category":
                parts.append(_("same category {name}", name=safe(text)))
            case "customer":
                parts.append(_("same customer"))
    return " · ".join(parts)


def _due(view: TicketView) -> str:
    if view.status in ticket_words.FINISHED:
        if view.closed_at is not None:
            return _("closed {when}", when=ticket_words.moment(view.closed_at))
        return _("resolved {when}", when=ticket_words.moment(view.resolved_at))
    text = ticket_words.due(view)
    if view.respond_by is not None and view.responded_at is None:
        answer = _("first answer by {when}", when=ticket_words.moment(view.respond_by))
        text += f"  \n:{'red' if view.late_answer else 'gray'}[{answer}]"
    elif view.responded_at is not None:
        text += f"  \n:green[{_('first answer {when}', when=ticket_words.moment(view.responded_at))}]"
    return text
