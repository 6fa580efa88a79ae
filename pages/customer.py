"""One customer: card, next step, timeline, contacts; editing in place."""

import streamlit as st

from cim import service
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import client, feedback, shell
from cim.ui.panels import (
    composer,
    customer_card,
    customer_edit,
    customer_remove,
    customer_side,
    list_position,
    merge_done,
    task_list,
    timeline_list,
)

me = shell.open_page("", Permission.CUSTOMER_READ)

asked = st.query_params.get("id", "")
if not asked.isdecimal():
    st.info(_("Choose a customer from the list."))
    st.page_link("pages/search.py", label=_("Find customers"), icon=":material/search:")
    st.stop()
if customer_remove.gone(me, int(asked)) or merge_done.gone(me, int(asked)):
    st.stop()
view = feedback.attempt(service.customers.get, me, int(asked))
if view is None:
    st.page_link("pages/search.py", label=_("Find customers"), icon=":material/search:")
    st.stop()

changing = customer_edit.editing(view)
if not changing:
    list_position.show(view.id)
customer_card.header(me, view, actions=not changing)
if changing:
    customer_edit.show(me, view)
    st.stop()

# the columns stand under each other on a phone: what is done comes first there, then what there is, then the story
main, details, people = st.columns([5, 3, 3], gap="medium")
with main:
    task_list.next_step(me, view.id, due=view.next_due_at)
    if me.can(Permission.ACTIVITY_WRITE):
        composer.render(me, view.id, key="customer.composer")
    beside = st.container() if client.on_phone() else people
    timeline_list.customer(me, view.id, key="customer.timeline")
with details:
    customer_card.fields(me, view)
with beside:
    customer_side.show(me, view)
