"""The form of a ticket: a new one by hand or from an e-mail, and an existing one to be changed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service, words
from cim.errors import CimError
from cim.i18n import _
from cim.models.custom import Noun
from cim.models.ticket import Priority, TicketDraft, TicketSource, TicketType
from cim.models.ticket_view import MailDraft, TicketView
from cim.permissions import Permission
from cim.service import products, ticket_advice, ticket_mail, tickets
from cim.ui import feedback, gate, pickers, state
from cim.ui.panels import custom_inputs, ticket_words
from cim.ui.text import safe
from cim.work import Actor

KEY = "ticket_new"
_SOURCES = (TicketSource.PHONE, TicketSource.EMAIL, TicketSource.WECHAT, TicketSource.PAGE)
_TOLD = f"{KEY}.told"


def show(me: Actor) -> None:
    """The tab for a new ticket. A link may name the customer (`?customer=12`); it is taken once."""
    asked = st.query_params.pop("customer", "") if "customer" in st.query_params else ""
    pickers.preset(f"{KEY}.customer", int(asked) if asked.isdecimal() else None)
    with st.expander(_("From an e-mail"), icon=":material/mail:", key=f"{KEY}.mail", on_change="rerun") as box:
        if box.open:
            _mail()
    if told := st.session_state.get(_TOLD):
        st.info(told, icon=":material/mail:")
    customer_id = pickers.customer(me, key=f"{KEY}.customer")
    token = state.token(KEY)
    with st.form(f"{KEY}.form", border=True):
        draft = _inputs(me, KEY, customer_id, None)
        pressed = st.form_submit_button(
            _("Open ticket"), key=f"{KEY}.save.{token}", type="primary", icon=":material/confirmation_number:"
        )
    if pressed and customer_id is None:
        st.error(_("Choose the customer first. What you wrote is still here."), icon=":material/error:")
    elif pressed and customer_id is not None:
        made = feedback.attempt(tickets.open, me, customer_id, draft, token=token)
        if made is not None:
            _empty()
            seen = tickets.get(me, made)
            feedback.flash(_opened(seen), kind="success")
            st.switch_page("pages/ticket.py", query_params={"id": str(made)})
        feedback.at_field("subject")
    subject = str(st.session_state.get(f"{KEY}.subject") or "")
    if len(subject) > 3:
        _alike(me, subject, customer_id)


def edit(me: Actor, view: TicketView) -> None:
    """The same form on a ticket that is there, in place."""
    key = f"ticket.edit.{view.id}.{view.version}"
    with st.form(key, border=True):
        draft = _inputs(me, key, view.customer_id, view)
        with st.container(horizontal=True):
            saved = st.form_submit_button(_("Save"), key=f"{key}.save", type="primary")
            left = st.form_submit_button(_("Cancel"), key=f"{key}.cancel")
    if saved:
        changed = feedback.attempt(tickets.update, me, view.id, draft, version=view.version)
        if changed is not None:
            feedback.flash(_("Saved.") if changed else _("Nothing was different."), kind="success")
    if left or (saved and feedback.succeeded()):
        st.query_params.pop("edit", None)
        st.rerun()


def _inputs(me: Actor, key: str, customer_id: int | None, view: TicketView | None) -> TicketDraft:
    first: dict[str, Any] = {} if view is None else view.model_dump(include=set(TicketDraft.model_fields))
    left, middle, right = st.columns(3)
    kind = left.selectbox(_("Type"), [*TicketType], format_func=lambda v: words.value("ticket_type", v),
                          index=[*TicketType].index(first.get("type", TicketType.COMPLAINT)), key=f"{key}.type")  # fmt: skip
    priority = middle.selectbox(_("Priority"), [*Priority], format_func=lambda v: words.value("priority", v),
                                index=[*Priority].index(first.get("priority", Priority.NORMAL)), key=f"{key}.priority")  # fmt: skip
    sources = [*_SOURCES, *([first["source"]] if first.get("source") and first["source"] not in _SOURCES else [])]
    source = right.selectbox(_("Came by"), sources, format_func=lambda v: words.value("ticket_source", v),
                             index=sources.index(first.get("source", TicketSource.PHONE)), key=f"{key}.source")  # fmt: skip
    subject = st.text_input(_("Subject"), **_begin(key, "subject", first), max_chars=200)
    content = st.text_area(_("What happened, what is wanted"), **_begin(key, "content", first), height=140)
    left, middle, right = st.columns(3)
    category = left.text_input(_("Category"), **_begin(key, "category", first), max_chars=60,
                               placeholder=_("Such as: leak, invoice, delivery"))  # fmt: skip
    with middle:
        product_id = _of(key, "product_id", _("Product"), _products(me), first)
    with right:
        contact_id = _of(key, "contact_id", _("Contact person"), _contacts(me, customer_id), first)
    own = custom_inputs.fields(me, Noun.TICKET)
    custom_inputs.prime(key, first.get("custom", {}))
    custom = custom_inputs.draw(key, own, masked=first.get("custom"))
    return TicketDraft(
        custom=custom,
        type=kind or TicketType.COMPLAINT,
        priority=priority or Priority.NORMAL,
        source=source or TicketSource.PAGE,
        subject=subject,
        content=content,
        category=category,
        product_id=product_id,
        contact_id=contact_id,
        order_id=first.get("order_id"),
    )


def _begin(key: str, name: str, first: dict[str, Any]) -> dict[str, Any]:
    """Key and beginning of a text: the value is given only where the session holds none."""
    held = f"{key}.{name}"
    return {"key": held} if held in st.session_state else {"key": held, "value": first.get(name, "")}


def _of(key: str, name: str, label: str, options: dict[int, str], first: dict[str, Any]) -> int | None:
    number = first.get(name)
    index = [*options].index(number) if number in options else None
    choose: dict[str, Any] = {"index": index, "placeholder": _("None"), "key": f"{key}.{name}"}
    chosen: int | None = st.selectbox(label, [*options], format_func=lambda i: options.get(i, str(i)), **choose)
    return chosen


def _contacts(me: Actor, customer_id: int | None) -> dict[int, str]:
    if customer_id is None:
        return {}
    return {person.id: person.name for person in feedback.attempt(service.contacts.list, me, customer_id) or []}


def _products(me: Actor) -> dict[int, str]:
    if not me.can(Permission.SALES_READ):
        return {}
    return {row.id: row.name for row in products.everything(me)}


def _mail() -> None:
    st.caption(_("Paste the e-mail with its lines From and Subject, or choose an .eml file. Attachments are left out."))
    st.text_area(_("E-mail"), key=f"{KEY}.raw", height=120)
    st.file_uploader(_("E-mail file (.eml)"), type=["eml"], key=f"{KEY}.file")
    st.button(_("Fill in the form"), key=f"{KEY}.read", icon=":material/input:", on_click=_read)


@gate.guarded(Permission.TICKET_OPEN)
def _read(me: Actor) -> None:
    held, typed = st.session_state.get(f"{KEY}.file"), str(st.session_state.get(f"{KEY}.raw") or "")
    try:
        found = ticket_mail.from_email(me, held.getvalue() if held is not None else typed)
    except CimError as error:
        feedback.flash(feedback.translated(error), kind="error")
        return
    pickers.clear(f"{KEY}.customer")
    pickers.preset(f"{KEY}.customer", found.customer_id)
    for name in ("subject", "content", "source"):
        st.session_state[f"{KEY}.{name}"] = getattr(found.draft, name)
    st.session_state[_TOLD] = _found(found)


def _found(found: MailDraft) -> str:
    if found.customer_id is not None:
        text = _("From {sender}: {customer}.", sender=safe(found.sender), customer=safe(found.customer))
    elif found.candidates:
        names = ", ".join(safe(name) for _number, name in found.candidates)
        text = _(
            "Several customers have the address {sender}: {names}. Choose one.", sender=safe(found.sender), names=names
        )
    elif found.sender:
        text = _("No customer in your reach has the address {sender}. Choose one.", sender=safe(found.sender))
    else:
        text = _("No sender was found. Choose the customer.")
    if found.attachments:
        text += " " + _("{count} attachments were left out.", count=found.attachments)
    return text + (" " + _("The text was shortened.") if found.shortened else "")


def _alike(me: Actor, subject: str, customer_id: int | None) -> None:
    found = feedback.attempt(ticket_advice.similar, me, subject, customer_id)
    if found:
        st.markdown(f"**{_('Similar tickets')}**")
        st.markdown("\n\n".join(ticket_words.line(one.ticket) for one in found))


def _opened(view: TicketView) -> str:
    if view.handler:
        return _("Ticket {number} was opened for {handler}.", number=view.number, handler=view.handler)
    return _("Ticket {number} was opened. Nobody has room for it yet.", number=view.number)


def _empty() -> None:
    state.spend(KEY)
    pickers.clear(f"{KEY}.customer")
    for name in ("subject", "content", "source", "category", "product_id", "contact_id", "raw", "told"):
        st.session_state.pop(f"{KEY}.{name}", None)
    custom_inputs.fill(KEY, {})
