"""Import customers, contacts and follow-ups: file, mapping, check, import, report; and the imports so far."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.service import imports
from cim.ui import feedback, shell, state
from cim.ui.panels import import_steps

me = shell.open_page(_("Import"), Permission.IMPORT)

kind, file = import_steps.upload(me, st.session_state.setdefault(state.IMPORT_ROUND, 0))
if file is None:
    if past := imports.batches(me):
        import_steps.history(past)
    st.stop()

content = file.getvalue()
encoding = import_steps.encoding()
seen = feedback.attempt(imports.preview, me, content, filename=file.name, kind=kind, encoding=encoding)
if seen is None:
    st.stop()
mapping = import_steps.mapping(seen, kind)
options = import_steps.decisions(me, kind)

# what was checked is what is imported: any other choice asks for another check
asked = repr((file.file_id, kind, encoding, mapping, options))
with st.container(horizontal=True):
    check = st.button(_("Check"), key="imports.check", icon=":material/fact_check:")
    token = state.token("imports")
    run = st.button(
        _("Import"),
        key=f"imports.run.{token}",
        type="primary",
        icon=":material/upload:",
        disabled=not check and st.session_state.get(state.IMPORT_CHECKED) != asked,
        help=_("Check the file first."),
    )
if not (check or run):
    st.stop()

with st.spinner(_("Reading the file …")):
    prepared = feedback.attempt(
        imports.prepare, me, content, filename=file.name, kind=kind, mapping=mapping, encoding=encoding
    )
    if prepared is None:
        st.stop()
if check:
    with st.spinner(_("Checking …")):
        report = feedback.attempt(imports.check, me, prepared, **options)
    if report is not None:
        st.session_state[state.IMPORT_CHECKED] = asked
        st.info(_("Nothing has been imported yet. This is what would happen:"))
        import_steps.result(me, prepared, report)
    st.stop()

with feedback.progress(_("Importing … any other click stops it, and then nothing is imported.")) as told:
    report = feedback.attempt(imports.run, me, prepared, token=token, progress=told, **options)
if report is None:
    st.stop()
state.spend("imports")
st.session_state.pop(state.IMPORT_CHECKED, None)
st.success(_("Imported: {added} added, {updated} updated.", added=report.added, updated=report.updated))
if report.batch and kind.value == "customers":
    st.page_link("pages/search.py", label=_("Show this batch"), query_params={"batch": str(report.batch)})
import_steps.result(me, prepared, report)
st.button(_("Another file"), key="imports.again", on_click=import_steps.another)
