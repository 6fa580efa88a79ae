"""One opportunity: where it stands, its products, the plan to win it, its history."""

import streamlit as st

from cim import service
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import feedback, shell
from cim.ui.panels import (
    comments,
    opportunity_details,
    opportunity_followups,
    opportunity_head,
    opportunity_order,
    opportunity_plan,
    opportunity_products,
)

me = shell.open_page("", Permission.SALES_READ)

asked = st.query_params.get("id", "")
view = feedback.attempt(service.opportunities.get, me, int(asked)) if asked.isdecimal() else None
if view is None:
    if not asked.isdecimal():
        st.info(_("Choose an opportunity from the pipeline."))
    st.page_link("pages/opportunities.py", label=_("Open the pipeline"), icon=":material/filter_alt:")
    st.stop()

opportunity_head.show(me, view)
main, side = st.columns([5, 3], gap="large")
with main:
    opportunity_plan.show(me, view)
    opportunity_products.show(me, view)
    opportunity_followups.show(me, view)
    comments.show(me, "opportunity", view.id)
with side:
    opportunity_order.orders(me, view)
    opportunity_details.fields(me, view)
    opportunity_details.history(me, view)
