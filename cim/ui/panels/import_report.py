"""Last step of the import: progress, then the report with what failed, the rows that came, and the way back. And the
imports so far."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cim.config import settings
from cim.i18n import _, format_datetime, format_number
from cim.models.imports import ImportKind
from cim.models.job import JobStatus, JobView
from cim.permissions import Permission
from cim.service import import_desk, imports
from cim.service.imports import BatchView
from cim.ui import feedback
from cim.ui.panels import import_check, import_steps, import_words, job_progress, undo_button
from cim.work import Actor


def show(me: Actor, job_id: int, key: str) -> None:
    """An import while it runs, and what came of it."""
    job = job_progress.show(me, job_id)
    if job is None or job.status is JobStatus.RUNNING:
        return
    if job.status is not JobStatus.DONE:
        with st.container(horizontal=True):
            import_steps.back_to(import_steps.CHECK, key)
            _another(key)
        return
    _done(me, job)
    _another(key)


def history(me: Actor, batches: Sequence[BatchView]) -> None:
    """Imports of the past, newest first: choose one to take it back."""
    st.subheader(_("Imports so far"), anchor=False)
    rows = [
        {
            _("Number"): batch.id,
            _("Time"): format_datetime(batch.at, settings().zone),
            _("By"): batch.actor,
            _("File"): batch.filename,
            _("What"): _(import_words.KINDS[batch.kind]),
            _("Added"): batch.added,
            _("Updated"): batch.updated,
            _("Failed"): batch.failed,
            _("Status"): _("Undone") if batch.undone else _("Imported"),
            _("Customers"): f"/search?batch={batch.id}",
        }
        for batch in batches
    ]
    link = st.column_config.LinkColumn(_("Customers"), display_text=_("Show"))
    picked = st.dataframe(
        rows,
        hide_index=True,
        key="imports.history",
        column_config={_("Customers"): link},
        on_select="rerun",
        selection_mode="single-row",
    )
    chosen = picked["selection"]["rows"]
    if chosen and chosen[0] < len(batches):
        _undo(me, batches[chosen[0]])


def _done(me: Actor, job: JobView) -> None:
    result = job.result
    batch = result.get("batch")
    if batch:
        added, updated = (format_number(result[name]) for name in ("added", "updated"))
        st.success(
            _("Imported: {added} added, {updated} updated.", added=added, updated=updated),
            icon=":material/check_circle:",
        )
    else:
        st.info(_("Nothing was imported: no row was left to add or to update."), icon=":material/info:")
    import_check.counts(result)
    _failures(me, job)
    if not batch:
        return
    kind = ImportKind(result["kind"])
    label = _("Show this batch") if kind is ImportKind.CUSTOMERS else _("Show the customers of this batch")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("pages/search.py", label=label, icon=":material/list:", query_params={"batch": str(batch)})
        for known in imports.batches(me):
            if known.id == batch:
                _undo(me, known, contacts=result.get("contacts", 0))


def _failures(me: Actor, job: JobView) -> None:
    report = feedback.attempt(import_desk.reported, me, job.id)
    failed = job.result.get("failed", 0)
    if report is None:
        if failed:
            st.caption(_("The failed rows are kept for an hour only, because they are personal data."))
        return
    if report.failures:
        st.subheader(_("Failed rows"), anchor=False)
        rows = [
            {_("Row"): f.row, _("Column"): f.column, _("Value"): f.value, _("Reason"): f.reason}
            for f in report.failures[: import_check.SHOWN]
        ]
        st.dataframe(rows, hide_index=True, key="imports.failures")
        if len(report.failures) > len(rows):
            st.caption(_("... and {count} more", count=format_number(len(report.failures) - len(rows))))
        sheet = feedback.attempt(import_desk.rejected, me, job.id)
        if sheet:
            st.download_button(
                _("Failed rows as Excel"),
                sheet,
                "failed.xlsx",
                icon=":material/download:",
                on_click="ignore",
                key="imports.rejected",
            )
    import_check.notes(report.warnings, key="imports.notes")


def _undo(me: Actor, batch: BatchView, *, contacts: int = 0) -> None:
    if batch.undone:
        st.caption(_("This import was undone."))
    elif batch.change_set is not None and me.can(Permission.CUSTOMER_WRITE):
        undo_button.show(me, batch=batch.id, count=max(batch.added + batch.updated + contacts, 2))


def _another(key: str) -> None:
    st.button(
        _("Another file"),
        key="imports.another",
        icon=":material/add:",
        on_click=import_steps.leave,
        args=(key,),
    )
