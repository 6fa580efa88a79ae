"""Files of a customer: the list, saving one, adding several at once, renaming, removing and taking that back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cim import clock, file_types, service
from cim.i18n import _, format_date, format_number
from cim.models.customer_view import CustomerView
from cim.models.stored_file import FileView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.text import safe
from cim.work import Actor

_ICONS = {"application/pdf": "picture_as_pdf", "image": "image", "text": "description"}
SHOWN = 8


def show(me: Actor, view: CustomerView) -> None:
    """The files of one customer, with what this actor may do with them."""
    found = service.files.list(me, view.id)
    st.subheader(f"{_('Files')} :gray[{len(found)}]" if found else _("Files"), anchor=False)
    if not found:
        st.caption(_("No files yet. Keep contracts and photos here."))
    for file in found[:SHOWN]:
        line(me, file)
    if len(found) > SHOWN:
        with st.expander(
            _("{count} more", count=len(found) - SHOWN), key=f"files.more.{view.id}", on_change="rerun"
        ) as rest:
            for file in found[SHOWN:] if rest.open else ():
                line(me, file)
    if view.may_edit:
        _taken_back(me, view.id)
        with st.container(horizontal=True, gap="small"):
            _adding(me, view.id)
            _removed(me, view.id)


def matches(me: Actor, text: str) -> None:
    """Below the results of a search: files whose name holds what was typed."""
    found = service.files.find(me, text, limit=20) if len(text.strip()) > 1 else []
    if not found:
        return
    with st.expander(
        _("Files named “{text}”: {count}", text=safe(text.strip()), count=len(found)), icon=":material/attach_file:"
    ):
        for file in found:
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.markdown(_described(file), width="content")
                query = {"id": str(file.customer_id)}
                st.page_link("pages/customer.py", label=safe(file.customer), query_params=query, width="content")


def line(me: Actor, file: FileView) -> None:
    """One file, with what this actor may do with it."""
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        st.markdown(_described(file), width="stretch")
        if not file.may_remove:
            return
        more = st.popover(
            "",
            icon=":material/more_vert:",
            type="tertiary",
            help=_("More"),
            key=f"file.more.{file.id}",
            on_change="rerun",
        )
        if more.open:
            with more:
                _change(me, file)


def _described(file: FileView) -> str:
    """Name and facts. The name is a link to our own route, which asks for the session again; Streamlit's store of
    downloads would not."""
    kind = _ICONS.get(file.media_type) or _ICONS.get(file.media_type.partition("/")[0], "draft")
    name = f"[{safe(file.name)}](/files/{file.id})" if file.may_download else safe(file.name)
    facts = [_size(file.size), format_date(clock.local(file.created_at).date()), file.author, file.note]
    return f":material/{kind}: **{name}**  \n:gray[:small[{' · '.join(safe(fact) for fact in facts if fact)}]]"


def _size(count: int) -> str:
    if count < 1024 * 1024:
        return f"{format_number(max(1, round(count / 1024)))} KB"
    return f"{format_number(round(count / 1024 / 1024, 1), decimals=1)} MB"


def _change(me: Actor, file: FileView) -> None:
    with st.form(f"file.rename.{file.id}", border=False):
        name = st.text_input(
            _("File name"), value=file.name, max_chars=file_types.LONGEST_NAME, key=f"file.name.{file.id}"
        )
        note = st.text_input(_("Note"), value=file.note, max_chars=200, key=f"file.note.{file.id}")
        if st.form_submit_button(_("Save"), type="primary"):
            feedback.attempt(service.files.rename, me, file.id, name, note=note)
            if feedback.succeeded():
                st.rerun()
    st.button(
        _("Remove"),
        icon=":material/delete:",
        key=f"file.remove.{file.id}",
        on_click=_remove,
        args=(file.customer_id, file.id),
    )


@gate.guarded(Permission.CUSTOMER_WRITE)
def _remove(me: Actor, customer_id: int, file_id: int) -> None:
    feedback.attempt(service.files.remove, me, file_id)
    if feedback.succeeded():
        st.session_state[state.FILE_REMOVED] = (customer_id, file_id)


@gate.guarded(Permission.CUSTOMER_WRITE)
def _restore(me: Actor, file_id: int) -> None:
    feedback.attempt(service.files.restore, me, file_id)
    if feedback.succeeded():
        st.session_state.pop(state.FILE_REMOVED, None)


def _taken_back(me: Actor, customer_id: int) -> None:
    last = st.session_state.get(state.FILE_REMOVED)
    if last and last[0] == customer_id:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(_("The file was removed."), width="content")
            st.button(_("Undo"), key="file.undo", type="tertiary", on_click=_restore, args=(last[1],))


def _removed(me: Actor, customer_id: int) -> None:
    with st.popover(
        _("Removed files"),
        type="tertiary",
        icon=":material/restore_from_trash:",
        key="files.removed",
        on_change="rerun",
    ) as gone:
        if not gone.open:
            return
        found = service.files.list(me, customer_id, removed=True)
        if not found:
            st.caption(_("Nothing was removed."))
        for file in found[:30]:
            st.markdown(_described(file))
            st.button(_("Restore"), key=f"file.restore.{file.id}", on_click=_restore, args=(file.id,))


def _adding(me: Actor, customer_id: int) -> None:
    turn = st.session_state.get(state.FILE_ROUND, 0)
    with st.popover(_("Add files"), icon=":material/attach_file:", key=f"files.add.{turn}"):
        limit = service.files.largest(me)
        given = st.file_uploader(
            _("Files: {types}; at most {limit} MB each", types=file_types.ACCEPTED, limit=limit),
            type=file_types.ENDINGS,
            accept_multiple_files=True,
            max_upload_size=limit,
            key=f"files.upload.{customer_id}.{turn}",
        )
        note = st.text_input(_("Note"), max_chars=200, key=f"files.note.{customer_id}.{turn}")
        token = state.token(f"files.{customer_id}.{turn}")
        if st.button(_("Keep files"), type="primary", key=f"files.keep.{token}", disabled=not given):
            _keep(me, customer_id, given, note, token)


def _keep(me: Actor, customer_id: int, given: Sequence[Any], note: str, token: str) -> None:
    """Each file by itself: one that is refused does not keep the others out, and is named on the page that follows."""
    kept = 0
    with feedback.progress(_("Keeping files")) as told:
        for place, file in enumerate(given):
            told(place, len(given))
            key = f"{token[:40]}-{place}"
            done = feedback.attempt(
                service.files.add, me, customer_id, file.name, file.getvalue(), note=note, token=key
            )
            kept += done is not None
            for refusal in feedback.field_errors().values():
                feedback.flash(refusal or _("{name} was not kept.", name=file.name), kind="error")
    turn = st.session_state.get(state.FILE_ROUND, 0)
    state.spend(f"files.{customer_id}.{turn}")
    st.session_state[state.FILE_ROUND] = turn + 1
    if kept:
        feedback.flash(_("Files kept: {count}.", count=kept), kind="success")
    st.rerun()
