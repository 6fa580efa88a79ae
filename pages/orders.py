"""Orders: the list, and recording one (`?new=1`, with `&customer=` for whom)."""

import streamlit as st

from cim.i18n import _
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.ui import feedback, pickers, shell
from cim.ui.panels import order_form, record_new, records

me = shell.open_page(_("Orders"), Permission.SALES_READ)

if st.query_params.get("new") and me.can(Permission.SALES_WRITE):
    key, page = "order.customer", "pages/orders.py"
    customer = record_new.whom(me, _("Record an order"), page=page, back=_("All orders"), key=key)
    made = order_form.add(me, customer) if customer is not None else None
    if made is not None:
        pickers.clear(key)
        feedback.flash(_("The order is recorded."), kind="success")
        st.switch_page("pages/order.py", query_params={"id": str(made)})
    st.stop()

if me.can(Permission.SALES_WRITE):
    st.page_link("pages/orders.py", label=_("Record an order"), icon=":material/add:", query_params={"new": "1"})
records.show(me, Noun.ORDER)
