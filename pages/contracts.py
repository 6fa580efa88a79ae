"""Contracts: the list, and putting one down (`?new=1`, with `&customer=` for whom)."""

import streamlit as st

from cim.i18n import _
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.ui import feedback, pickers, shell
from cim.ui.panels import contract_form, record_new, records

me = shell.open_page(_("Contracts"), Permission.SALES_READ)

if st.query_params.get("new") and me.can(Permission.SALES_WRITE):
    key, page = "contract.customer", "pages/contracts.py"
    customer = record_new.whom(me, _("Add a contract"), page=page, back=_("All contracts"), key=key)
    made = contract_form.add(me, customer) if customer is not None else None
    if made is not None:
        pickers.clear(key)
        feedback.flash(_("The contract is saved."), kind="success")
        st.switch_page("pages/contract.py", query_params={"id": str(made)})
    st.stop()

if me.can(Permission.SALES_WRITE):
    st.page_link("pages/contracts.py", label=_("Add a contract"), icon=":material/add:", query_params={"new": "1"})
records.show(me, Noun.CONTRACT)
