"""One contract: days, money, files, the orders under it; editing in place."""

import streamlit as st

from cim import service
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import feedback, shell
from cim.ui.panels import comments, contract_card, contract_form, record_files

me = shell.open_page("", Permission.SALES_READ)

asked = st.query_params.get("id", "")
view = feedback.attempt(service.contracts.get, me, int(asked)) if asked.isdecimal() else None
if view is None:
    if not asked.isdecimal():
        st.info(_("Choose a contract from the list."))
    st.page_link("pages/contracts.py", label=_("All contracts"), icon=":material/contract:")
    st.stop()

changing = contract_card.editing(view)
contract_card.header(me, view, actions=not changing)
if changing:
    contract_form.edit(me, view, done=contract_card.close)
    st.stop()

main, side = st.columns([5, 3], gap="large")
with main:
    contract_card.orders(view)
    comments.show(me, "contract", view.id)
with side:
    contract_card.details(me, view)
    record_files.show(me, contract_id=view.id, may_edit=view.may_edit)
