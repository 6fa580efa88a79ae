"""Third step of the import: what would happen; rows that cannot be taken are mended in the grid, and possible
duplicates decided about, one by one. Nothing is imported before the button says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from cim.i18n import N_, _, format_number
from cim.models.imports import DeskView, Failure, GridRow, ImportReport, RowDouble
from cim.models.job import JobStatus
from cim.service import import_desk
from cim.ui import feedback
from cim.ui.panels import import_steps, job_progress
from cim.work import Actor

SHOWN = 200
"""Rows in a grid; the others are mended in the file of failed rows."""
DECISIONS = {"add": N_("Add as new"), "skip": N_("Leave out"), "update": N_("Update what is there")}


def show(me: Actor, key: str, desk: DeskView) -> None:
    """The check while it runs, then what it found."""
    if desk.report is None:
        _running(me, key, desk)
        return
    report = desk.report
    st.info(_("Nothing has been imported yet. This is what would happen:"), icon=":material/visibility:")
    counts(report)
    _mending(me, key, desk, report)
    notes(report.warnings, key="imports.warnings")
    count = report.added + report.updated
    with st.container(horizontal=True):
        import_steps.back_to(import_steps.COLUMNS, key)
        pressed = st.button(
            _("Import {count} rows", count=format_number(count)),
            key=f"imports.run.{desk.token}",
            type="primary",
            icon=":material/upload:",
            disabled=not count,
        )
    if pressed and (job := feedback.attempt(import_desk.run, me, key, token=desk.token)) is not None:
        import_steps.go(import_steps.IMPORT, key=key, job=job)
        st.rerun()


def counts(report: ImportReport | Mapping[str, Any]) -> None:
    """The numbers of a check or an import."""
    names = {
        "rows": _("Rows"),
        "added": _("Added"),
        "updated": _("Updated"),
        "skipped": _("Left out"),
        "failed": _("Failed"),
        "duplicates": _("Possible duplicates"),
        "contacts": _("Contacts"),
    }
    held = report if isinstance(report, Mapping) else report.model_dump(include=set(names))
    with st.container(horizontal=True, gap="medium"):
        for name, label in names.items():
            if name != "contacts" or held.get(name):
                st.metric(label, format_number(held.get(name, 0)), width="content")


def notes(found: Sequence[Failure], *, key: str) -> None:
    """What there is to know about rows that were taken or left out."""
    if found:
        with st.expander(_("{count} notes", count=format_number(len(found)))):
            rows = [{_("Row"): f.row, _("Column"): f.column, _("Value"): f.value, _("Note"): f.reason} for f in found]
            st.dataframe(rows[: 5 * SHOWN], hide_index=True, key=key)


def changed(
    rows: Sequence[GridRow], edited: Iterable[Mapping[str, Any]]
) -> tuple[dict[tuple[int, str], str], set[int]]:
    """What was typed into the grid: corrected cells by row and column, and the rows that are to be left out."""
    edits: dict[tuple[int, str], str] = {}
    dropped: set[int] = set()
    for row, now in zip(rows, edited, strict=True):
        if now["_out"]:
            dropped.add(row.row)
        for column, before in row.cells.items():
            after = now.get(column)
            text = "" if after is None or after != after else str(after)
            if text != before:
                edits[row.row, column] = text
    return edits, dropped


def chosen(found: Sequence[RowDouble], decisions: Iterable[str]) -> dict[int, str]:
    """The choices that were changed in the grid of possible duplicates, as the service takes them."""
    made: dict[int, str] = {}
    for double, word in zip(found, decisions, strict=True):
        update = next((option for option in double.options if option not in DECISIONS), "update")
        choice = update if word == "update" else word
        if choice != double.choice and choice in double.options:
            made[double.row] = choice
    return made


def _running(me: Actor, key: str, desk: DeskView) -> None:
    job = job_progress.show(me, desk.checking) if desk.checking is not None else None
    if job is not None and job.status is JobStatus.DONE:
        st.rerun()  # it ended between two looks
    with st.container(horizontal=True):
        import_steps.back_to(import_steps.COLUMNS, key)
        if job is not None and job.status is JobStatus.RUNNING:
            return
        again = st.button(_("Check"), key="imports.check", type="primary", icon=":material/fact_check:")
    if again and feedback.attempt(import_desk.check, me, key) is not None:
        st.rerun()


def _mending(me: Actor, key: str, desk: DeskView, report: ImportReport) -> None:
    rows = feedback.attempt(import_desk.grid, me, key, limit=SHOWN) or []
    doubles = report.doubles[:SHOWN]
    if not rows and not doubles:
        st.success(_("Every row can be taken."), icon=":material/check_circle:")
        return
    with st.form(f"imports.mend.{desk.token}", border=False):
        edited = _grid(rows, report, desk.token) if rows else []
        decisions = _doubles(doubles, report, desk.token) if doubles else []
        pressed = st.form_submit_button(_("Check again with these changes"), icon=":material/refresh:")
    if not pressed:
        return
    edits, dropped = changed(rows, edited)
    shown = {row.row for row in rows if row.dropped}
    drop = frozenset(dropped) if dropped != shown else None
    feedback.attempt(import_desk.mend, me, key, edits=edits, drop=drop, decided=chosen(doubles, decisions))
    if feedback.succeeded():
        st.rerun()


def _grid(rows: Sequence[GridRow], report: ImportReport, token: str) -> list[dict[str, Any]]:
    """The rows that cannot be taken; columns with wrong cells first, marked in their header."""
    import pandas as pd  # the service page would pay for it at its top

    st.subheader(_("Rows to mend"), anchor=False)
    st.caption(_("Change the cells here, or leave rows out. Only these rows are judged again."))
    wrong = {column for row in rows for column in row.wrong}
    order = sorted(rows[0].cells, key=lambda column: column not in wrong)
    table = pd.DataFrame(
        [
            {"_row": row.row, "_out": row.dropped, "_why": row.reasons, **{c: row.cells[c] for c in order}}
            for row in rows
        ]
    )
    named = {header: column for header, column in report.mapping.items()}
    headers = {column: header for header, column in named.items()}
    config: dict[str, Any] = {
        "_row": st.column_config.NumberColumn(_("Row"), disabled=True, width="small", pinned=True),
        "_out": st.column_config.CheckboxColumn(_("Leave out"), width="small"),
        "_why": st.column_config.TextColumn(_("What is wrong"), disabled=True, width="large"),
    }
    for column in order:
        label = headers.get(column, column)
        config[column] = st.column_config.TextColumn(f"⚠ {label}" if column in wrong else label)
    edited = st.data_editor(table, hide_index=True, column_config=config, key=f"imports.grid.{token}")
    if report.failed > len(rows):
        st.caption(_("... and {count} more", count=format_number(report.failed - len(rows))))
    return [dict(zip(table.columns, row, strict=True)) for row in edited.itertuples(index=False, name=None)]


def _doubles(found: Sequence[RowDouble], report: ImportReport, token: str) -> list[str]:
    """The possible duplicates with the decision about each."""
    import pandas as pd

    st.subheader(_("Possible duplicates"), anchor=False)
    words = {name: _(label) for name, label in DECISIONS.items()}
    table = pd.DataFrame(
        [
            {
                "row": d.row,
                "name": d.name,
                "other": d.other,
                "score": d.score,
                "choice": words.get(d.choice, words["update"]),
            }
            for d in found
        ]
    )
    config = {
        "row": st.column_config.NumberColumn(_("Row"), disabled=True, width="small"),
        "name": st.column_config.TextColumn(_("In the file"), disabled=True),
        "other": st.column_config.TextColumn(_("Resembles"), disabled=True),
        "score": st.column_config.NumberColumn(_("Points"), disabled=True, width="small"),
        "choice": st.column_config.SelectboxColumn(_("Decision"), options=list(words.values()), required=True),
    }
    edited = st.data_editor(table, hide_index=True, column_config=config, key=f"imports.doubles.{token}")
    if len(report.doubles) > len(found):
        st.caption(_("... and {count} more", count=format_number(len(report.doubles) - len(found))))
    codes = {label: name for name, label in words.items()}
    return [codes[label] for label in edited["choice"]]
