"""One ticket: by when, by whom and why; what was said and done; similar ones beside it."""

import streamlit as st

from cim import service
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import feedback, shell
from cim.ui.panels import comments, public_link, ticket_actions, ticket_card, ticket_form, ticket_papers

me = shell.open_page("", Permission.TICKET_READ)

asked = st.query_params.get("id", "")
view = feedback.attempt(service.tickets.get, me, int(asked)) if asked.isdecimal() else None
if view is None:
    st.page_link("pages/tickets.py", label=_("To the service desk"), icon=":material/support_agent:")
    st.stop()

st.page_link("pages/tickets.py", label=_("Tickets"), icon=":material/arrow_back:")
ticket_card.header(view)
if "edit" in st.query_params and view.may_edit:
    ticket_form.edit(me, view)
    st.stop()
ticket_actions.show(me, view)

main, side = st.columns([5, 4], gap="medium")
with main:
    ticket_card.body(me, view)
    comments.show(me, "ticket", view.id)
    ticket_papers.show(me, view)
with side:
    ticket_card.beside(me, view)
    if view.resolved_at is not None:
        st.subheader(_("Rating by the customer"), anchor=False)
        public_link.rating(me, view.id, view.customer_id)
