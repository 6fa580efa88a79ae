"""First step of the import: choose a file, or take a template; then see how it is read, and correct that."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from cim import clock
from cim.config import settings
from cim.i18n import _, format_number
from cim.models.imports import DeskView, ImportKind, ImportPreview
from cim.models.job import JobStatus
from cim.service import import_desk, imports, jobs
from cim.tabular import CHOICES, DELIMITERS
from cim.ui import feedback
from cim.ui.panels import import_steps, import_words
from cim.ui.text import safe
from cim.work import Actor

_ICONS = {JobStatus.RUNNING: ":material/hourglass_top:", JobStatus.DONE: ":material/check_circle:"}


def choose(me: Actor) -> None:
    """What is in the file, the file itself, and the template. A file that is taken leads to the next view."""
    _begun(me)
    needed = import_words.NEEDED
    kinds = [kind for kind in import_words.KINDS if kind not in needed or me.can(needed[kind])]
    kind = st.segmented_control(
        _("What is in the file?"),
        kinds,
        default=kinds[0],
        required=True,
        format_func=lambda k: _(import_words.KINDS[k]),
        key="imports.kind",
    )
    megabytes = settings().max_upload_bytes // 1024**2
    file = st.file_uploader(
        _("CSV or Excel file, at most {size} MB", size=megabytes),
        type=["csv", "txt", "tsv", "xlsx", "xls"],
        max_upload_size=megabytes,
        key="imports.file",
    )
    if file is not None:
        key = feedback.attempt(import_desk.put, me, file.getvalue(), filename=file.name, kind=kind)
        if key is not None:
            import_steps.go(import_steps.FILE, key=key)
            st.rerun()
    _template(me, kind)


def reading(me: Actor, key: str, desk: DeskView) -> None:
    """How the file is read: its first rows, with encoding, delimiter or sheet to choose."""
    with st.container(horizontal=True, vertical_alignment="center"):
        kind = _(import_words.KINDS[desk.kind])
        st.markdown(f":material/description: **{safe(desk.filename)}** · {kind}", width="content")
        st.button(
            _("Another file"),
            key="imports.again",
            icon=":material/swap_horiz:",
            type="tertiary",
            on_click=import_steps.leave,
            args=(key,),
        )
    how = _how(key, desk)
    seen = feedback.attempt(import_desk.read, me, key, **how)
    if seen is None:
        _candidates(me, key)
        return
    _sheet(key, desk, seen)
    _facts(seen)
    st.dataframe(
        [dict(zip(seen.headers, row, strict=True)) for row in seen.sample], hide_index=True, key="imports.sample"
    )
    import_steps.forward(import_steps.COLUMNS, key)


def _begun(me: Actor) -> None:
    """What is going on: an import that runs or ended within the hour, and a file that was left on the desk."""
    for job in jobs.mine(me, kind="imports.run", limit=1):
        if job.finished_at is None or clock.now() - job.finished_at < timedelta(hours=1):
            with st.container(horizontal=True, vertical_alignment="center"):
                icon = _ICONS.get(job.status, ":material/error:")
                st.markdown(f"{icon} {safe(job.title)}", width="content")
                st.button(
                    _("Show"),
                    key="imports.running",
                    type="tertiary",
                    on_click=import_steps.go,
                    args=(import_steps.IMPORT,),
                    kwargs={"job": job.id},
                )
    key = import_desk.open_one(me)
    if key is not None and (desk := feedback.attempt(import_desk.look, me, key)) and not desk.running:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                ":material/pending_actions: " + _("You have begun with {file}.", file=f"**{safe(desk.filename)}**"),
                width="content",
            )
            st.button(
                _("Go on"),
                key="imports.resume",
                on_click=import_steps.go,
                args=(import_steps.FILE,),
                kwargs={"key": key},
            )
            st.button(_("Discard"), key="imports.discard", type="tertiary", on_click=import_steps.leave, args=(key,))


def _template(me: Actor, kind: ImportKind) -> None:
    empty = feedback.attempt(imports.template, me, kind)
    if empty is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            _("Template"), empty, f"{kind}.xlsx", icon=":material/download:", on_click="ignore", key="imports.template"
        )
        st.caption(_("With notes, lists to choose from, and an example. Your own table works too."))


def _how(key: str, desk: DeskView) -> dict[str, str | None]:
    if desk.filename.lower().endswith((".xlsx", ".xls")):
        return {"sheet": st.session_state.get(f"imports.sheet.{key}", desk.sheet)}
    encodings, delimiters = [None, *CHOICES], [None, *DELIMITERS]
    left, right = st.columns(2)
    encoding = left.selectbox(
        _("Encoding"),
        encodings,
        index=encodings.index(desk.encoding),
        format_func=lambda choice: import_words.ENCODINGS[choice] if choice else _("Detect"),
        key=f"imports.encoding.{key}",
        help=_("Choose another one when the sample shows wrong characters."),
    )
    delimiter = right.selectbox(
        _("Delimiter"),
        delimiters,
        index=delimiters.index(desk.delimiter),
        format_func=lambda choice: _(import_words.DELIMITERS[choice]) if choice else _("Detect"),
        key=f"imports.delimiter.{key}",
    )
    return {"encoding": encoding, "delimiter": delimiter}


def _sheet(key: str, desk: DeskView, seen: ImportPreview) -> None:
    if not seen.other_sheets:
        return
    sheets = [seen.sheet, *seen.other_sheets]
    st.selectbox(_("Sheet"), sheets, key=f"imports.sheet.{key}", help=_("Each sheet is imported by itself."))


def _facts(seen: ImportPreview) -> None:
    delimiter = import_words.DELIMITERS.get(seen.delimiter)
    facts = [
        _("{count} rows", count=format_number(seen.rows)),
        import_words.ENCODINGS.get(seen.encoding, seen.encoding),
        _(delimiter) if delimiter else "",
        _("header in row {row}", row=seen.details["header_row"]),
    ]
    st.caption(safe(" · ".join(filter(None, facts))))


def _candidates(me: Actor, key: str) -> None:
    """A file whose encoding is not clear, as each encoding would read it."""
    for one in feedback.attempt(import_desk.peek, me, key) or []:
        if one.encoding and one.rows:
            st.caption(import_words.ENCODINGS.get(one.encoding, one.encoding))
            st.dataframe([{str(n + 1): cell for n, cell in enumerate(row)} for row in one.rows], hide_index=True)
