"""One order: lines, payments, delivery, comments; editing in place."""

import streamlit as st

from cim import service
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import feedback, shell
from cim.ui.panels import comments, order_card, order_form, order_payments, record_files

me = shell.open_page("", Permission.SALES_READ)

asked = st.query_params.get("id", "")
view = feedback.attempt(service.orders.get, me, int(asked)) if asked.isdecimal() else None
if view is None:
    if not asked.isdecimal():
        st.info(_("Choose an order from the list."))
    st.page_link("pages/orders.py", label=_("All orders"), icon=":material/receipt_long:")
    st.stop()

changing = order_card.editing(view)
order_card.header(me, view, actions=not changing)
if changing:
    order_form.edit(me, view, done=order_card.close)
    st.stop()

main, side = st.columns([5, 3], gap="large")
with main:
    order_card.lines(view)
    order_payments.show(me, view)
    comments.show(me, "sales_order", view.id)
with side:
    order_card.details(me, view)
    record_files.show(me, order_id=view.id, may_edit=view.may_edit)
