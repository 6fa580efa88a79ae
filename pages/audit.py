"""The audit log: who did what to which record, before and after, and whether the log still holds."""

import streamlit as st

from cim.clock import now
from cim.i18n import _
from cim.permissions import Permission
from cim.service import audit
from cim.ui import feedback, shell
from cim.ui.panels import audit_entries

me = shell.open_page(_("Audit log"), Permission.AUDIT_READ)

wanted = audit_entries.filters()
actions = st.container(horizontal=True, vertical_alignment="center")
answer = st.container()
found = feedback.attempt(audit.entries, me, **wanted, limit=audit_entries.limit()) or []
chosen = audit_entries.table(found)
if chosen is not None:
    audit_entries.entry(me, chosen)

with actions:
    checked = st.button(_("Verify the chain"), icon=":material/verified_user:", key="audit.verify")
    compared = st.checkbox(_("Also compare every record"), key="audit.reconcile")
    asked = st.button(_("Prepare CSV"), icon=":material/download:", key="audit.export")
if checked:
    with answer, st.spinner(_("Verifying the log…")):
        report = feedback.attempt(audit.verify, me, reconcile=compared)
    if report is not None:
        with answer:
            audit_entries.verdict(report)
if asked:
    with answer:
        content = feedback.attempt(audit.export, me, **wanted)
    if content is not None:
        answer.download_button(
            _("Save the file"), content, file_name=f"audit-{now():%Y%m%d-%H%M}.csv", mime="text/csv", key="audit.file"
        )
