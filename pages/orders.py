"""Orders: the list, and recording one (`?new=1`, with `&customer=` for whom)."""

import streamlit as st

from cim.i18n import _
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.ui import feedback, pickers, shell
from cim.ui.panels import order_form, records

me = shell.open_page(_("Orders"), Permission.SALES_READ)

if st.query_params.get("new") and me.can(Permission.SALES_WRITE):
    asked = st.query_params.get("customer", "")
    pickers.preset(
        "order.customer", int(asked) if asked.isdecimal() and "order.customer.id" not in st.session_state else None
    )
    st.query_params.pop("customer", None)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(_("Record an order"), anchor=False, width="content")
        st.page_link("pages/orders.py", label=_("All orders"), icon=":material/arrow_back:", width="content")
    customer = pickers.customer(me, key="order.customer")
    if customer is not None:
        made = order_form.add(me, customer)
        if made is not None:
            pickers.clear("order.customer")
            feedback.flash(_("The order is recorded."), kind="success")
            st.switch_page("pages/order.py", query_params={"id": str(made)})
    st.stop()

if me.can(Permission.SALES_WRITE):
    st.page_link("pages/orders.py", label=_("Record an order"), icon=":material/add:", query_params={"new": "1"})
records.show(me, Noun.ORDER)
