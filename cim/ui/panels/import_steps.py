"""Steps of the import page: choose a file, see how it is read, decide, look at the check, and the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cim import words
from cim.config import settings
from cim.i18n import N_, _, format_datetime, format_number
from cim.models.imports import Failure, ImportKind, ImportMode, ImportPreview, ImportReport, OnDuplicate
from cim.permissions import Permission
from cim.service import imports
from cim.service.imports import BatchView, Prepared
from cim.tabular import CHOICES
from cim.ui import feedback, state
from cim.ui.text import safe
from cim.work import Actor

KINDS = {
    ImportKind.CUSTOMERS: N_("Customers"),
    ImportKind.CONTACTS: N_("Contacts"),
    ImportKind.ACTIVITIES: N_("Follow-ups"),
}
MODES = {
    ImportMode.ADD: N_("Only add"),
    ImportMode.UPSERT: N_("Add, and update those that are known"),
    ImportMode.UPDATE: N_("Only update those that are known"),
}
DUPLICATES = {
    OnDuplicate.REVIEW: N_("Add them and put the pairs up for review"),
    OnDuplicate.SKIP: N_("Leave them out"),
    OnDuplicate.UPDATE: N_("Update the customer when it is almost sure"),
}
COLUMNS = {
    "customer": N_("Customer (code, name or phone)"),
    "customer_name": N_("Customer name"),
    "type": N_("Type"),
    "at": N_("Time"),
    "by": N_("Followed up by"),
    "content": N_("Content"),
    "outcome": N_("Outcome"),
    "place": N_("Place"),
    "next_at": N_("Next follow-up"),
}
SHOWN = 500


def upload(me: Actor, round_: int) -> tuple[ImportKind, Any]:
    """What is in the file, and the file (None while there is none)."""
    kinds = list(KINDS)
    kind = st.segmented_control(
        _("What is in the file?"),
        kinds,
        default=kinds[0],
        required=True,
        format_func=lambda k: _(KINDS[k]),
        key="imports.kind",
    )
    megabytes = settings().max_upload_bytes // 1024**2
    file = st.file_uploader(
        _("CSV or Excel file, at most {size} MB", size=megabytes),
        type=["csv", "txt", "tsv", "xlsx", "xls"],
        max_upload_size=megabytes,
        key=f"imports.file.{round_}",
    )
    if file is None:
        empty = feedback.attempt(imports.template, me, kind)
        if empty is not None:
            st.download_button(_("Template"), empty, f"{kind}.xlsx", icon=":material/download:", on_click="ignore")
    return kind, file


def encoding() -> str | None:
    """The encoding to read with; None to detect it."""
    return st.selectbox(
        _("Encoding"),
        [None, *CHOICES],
        format_func=lambda choice: choice or _("Detect"),
        key="imports.encoding",
        help=_("Choose another one when the sample shows wrong characters."),
    )


def mapping(seen: ImportPreview, kind: ImportKind) -> dict[str, str]:
    """How the file is read, with its first rows; every header can be given another column."""
    delimiter = {",": "", "\t": _("Tab")}.get(seen.delimiter, seen.delimiter)
    facts = [_("{count} rows", count=format_number(seen.rows)), seen.encoding, delimiter, seen.sheet]
    st.caption(safe(" · ".join(filter(None, facts))))
    if seen.other_sheets:
        st.info(
            _(
                "Only the first sheet is read. The workbook also has: {sheets}",
                sheets=safe(", ".join(seen.other_sheets)),
            )
        )
    st.dataframe([dict(zip(seen.headers, row, strict=True)) for row in seen.sample], hide_index=True)
    options = ["", *seen.details["columns"]]
    with st.expander(_("Columns"), expanded=bool(seen.unknown_columns or seen.details["problem"])):
        if seen.unknown_columns:
            st.warning(
                _(
                    "Not recognised, will not be imported: {columns}",
                    columns=safe(", ".join(seen.unknown_columns)),
                )
            )
        grid = st.columns(3)
        chosen = {}
        for place, header in enumerate(h for h in seen.headers if h):
            chosen[header] = grid[place % 3].selectbox(
                safe(header),
                options,
                index=options.index(seen.mapping.get(header, "")),
                format_func=column_label,
                key=f"imports.column.{kind}.{place}.{header}",
            )
    return chosen


def column_label(name: str) -> str:
    """What a column is called in the interface."""
    if not name:
        return _("Leave out")
    return _(COLUMNS[name]) if name in COLUMNS else words.field(name)


def decisions(me: Actor, kind: ImportKind) -> dict[str, Any]:
    """Mode, duplicates, and whether unknown owners become users: the options of a check and of a run."""
    left, right = st.columns(2)
    modes = [ImportMode.ADD] if kind is ImportKind.ACTIVITIES else list(MODES)
    mode = left.selectbox(_("Mode"), modes, format_func=lambda m: _(MODES[m]), key=f"imports.mode.{kind}")
    double = right.selectbox(
        _("Possible duplicates"), list(DUPLICATES), format_func=lambda d: _(DUPLICATES[d]), key="imports.duplicates"
    )
    create = False
    if kind is ImportKind.CUSTOMERS and me.can(Permission.USER_MANAGE):
        create = st.checkbox(_("Create disabled accounts for unknown owners"), key="imports.create")
    return {"mode": mode, "on_duplicate": double, "create_missing": create}


def result(me: Actor, prepared: Prepared, report: ImportReport) -> None:
    """Counts, what failed and why, what to know, and the failed rows to take away."""
    names = {
        "rows": _("Rows"),
        "added": _("Added"),
        "updated": _("Updated"),
        "skipped": _("Skipped"),
        "failed": _("Failed"),
        "duplicates": _("Duplicates"),
    }
    with st.container(horizontal=True):
        for name, label in names.items():
            st.metric(label, format_number(getattr(report, name)), width="content")
    if report.failures:
        st.subheader(_("Failed rows"), anchor=False)
        _reasons(report.failures, key="imports.failures")
        sheet = feedback.attempt(imports.rejected, me, prepared, report)
        if sheet is not None:
            st.download_button(
                _("Failed rows as Excel"), sheet, "failed.xlsx", icon=":material/download:", on_click="ignore"
            )
    if report.warnings:
        with st.expander(_("{count} notes", count=len(report.warnings))):
            _reasons(report.warnings, key="imports.warnings")


def another() -> None:
    """Empty the upload box."""
    st.session_state[state.IMPORT_ROUND] = st.session_state.get(state.IMPORT_ROUND, 0) + 1


def history(batches: Sequence[BatchView]) -> None:
    """Imports of the past, newest first."""
    st.subheader(_("Imports so far"), anchor=False)
    rows = [
        {
            _("Number"): batch.id,
            _("Time"): format_datetime(batch.at, settings().zone),
            _("By"): batch.actor,
            _("File"): batch.filename,
            _("What"): _(KINDS[batch.kind]),
            _("Added"): batch.added,
            _("Updated"): batch.updated,
            _("Failed"): batch.failed,
            _("Customers"): f"/search?batch={batch.id}" if batch.kind is ImportKind.CUSTOMERS else None,
        }
        for batch in batches
    ]
    link = st.column_config.LinkColumn(_("Customers"), display_text=_("Show"))
    st.dataframe(rows, hide_index=True, key="imports.history", column_config={_("Customers"): link})


def _reasons(found: Sequence[Failure], *, key: str) -> None:
    rows = [{_("Row"): f.row, _("Column"): f.column, _("Value"): f.value, _("Reason"): f.reason} for f in found[:SHOWN]]
    st.dataframe(rows, hide_index=True, key=key)
    if len(found) > SHOWN:
        st.caption(_("... and {count} more", count=len(found) - SHOWN))
