"""Add a customer: short form, normalisation and possible duplicates shown while typing."""

import streamlit as st

from cim import service
from cim.errors import PossibleDuplicate
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import feedback, shell, state
from cim.ui.panels import customer_form, duplicate_hint, known

me = shell.open_page(_("Add customer"), Permission.CUSTOMER_WRITE)

PREFIX = "customer_entry"
if st.session_state.pop(state.ENTRY_CLEAR, f"{PREFIX}.name" not in st.session_state):
    customer_form.fill(PREFIX, {"name": st.query_params.get("name", ""), "owner_id": me.user_id})

draft = customer_form.draw(me, PREFIX)
preview = service.customers.preview(me, draft)
customer_form.hints(PREFIX, draft, preview)
reason = duplicate_hint.show(preview.duplicates, key=PREFIX)
duplicate_hint.sharing(preview.sharing)
known.show(me, draft.name)

token = state.token(PREFIX)
with st.container(horizontal=True):
    save = st.button(
        _("Save"),
        type="primary",
        icon=":material/check:",
        key=f"{PREFIX}.save.{token}",
        shortcut="Ctrl+Enter",
        disabled=not draft.name.strip(),
    )
    another = st.button(_("Save and add another"), key=f"{PREFIX}.another.{token}", disabled=not draft.name.strip())

if save or another:
    try:
        made = feedback.attempt(service.customers.create, me, draft, token=token, duplicate_reason=reason)
    except PossibleDuplicate as error:
        feedback.show(error)
        st.stop()
    if made is None:
        st.stop()
    state.spend(PREFIX)
    st.session_state[state.ENTRY_CLEAR] = True
    if save:
        feedback.flash(_("{name} has been added.", name=draft.name), kind="success")
        st.switch_page("pages/customer.py", query_params={"id": str(made)})
    feedback.toast(_("{name} has been added.", name=draft.name))
    st.rerun()
