import streamlit as st
from cim.i18n import _
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.ui import shell
from cim.ui.panels import records
me = shell.open_page("x", Permission.CUSTOMER_READ)
records.show(me, Noun(st.session_state.get("zz", "opportunity")))
