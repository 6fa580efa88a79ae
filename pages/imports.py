"""Import customers, contacts and follow-ups: file, columns, check, import; and the imports so far."""

import streamlit as st

from cim.errors import NotFound
from cim.i18n import _
from cim.permissions import Permission
from cim.service import import_desk, imports
from cim.ui import feedback, shell
from cim.ui.panels import import_check, import_file, import_mapping, import_report, import_steps

me = shell.open_page(_("Import"), Permission.IMPORT)
step, key, job = import_steps.here()
try:
    desk = import_desk.look(me, key) if key else None
except NotFound:
    desk, key = None, ""

if job is not None and step == import_steps.IMPORT:
    import_steps.bar(step)
    import_report.show(me, job, key)
    st.stop()
if desk is None:
    if st.query_params.get("file"):
        st.query_params.clear()
        st.info(_("This import is no longer here: choose the file again."), icon=":material/info:")
    import_steps.bar(import_steps.FILE)
    import_file.choose(me)
    if past := feedback.attempt(imports.batches, me):
        import_report.history(me, past)
    st.stop()

import_steps.bar(step)
if step == import_steps.COLUMNS:
    import_mapping.show(me, key, desk)
elif step == import_steps.CHECK:
    import_check.show(me, key, desk)
else:
    import_file.reading(me, key, desk)
