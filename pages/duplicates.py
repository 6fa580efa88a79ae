"""Possible duplicates: the review queue, records side by side, merging, bulk merging and the scan."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui.panels import duplicate_scan, merge_done, merge_form, pair_list

me = shell.open_page(_("Duplicates"), Permission.CUSTOMER_WRITE)

merge_done.show(me)
if asked := merge_form.asked():
    merge_form.show(me, asked)
    st.stop()

if me.can(Permission.DUPLICATE_MANAGE):
    duplicate_scan.show(me)
pair_list.show(me)
