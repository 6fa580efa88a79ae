"""The export of a list of records: which columns, which format, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_number
from cim.permissions import EXPORT_CAP
from cim.ui import feedback
from cim.ui.record_url import Asked
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor, asked: Asked, total: int, ids: Sequence[int] | None = None) -> None:
    """The form, for inside a popover. `ids` are the selected records; without them the whole list that the filter lets
    through, `total` records, is exported."""
    if me.role is None or me.role not in EXPORT_CAP:
        return
    key = f"{asked.prefix}.export" if ids is None else f"{asked.prefix}.export.selected"
    cap, count = format_number(EXPORT_CAP[me.role]), format_number(total)
    told = _("{total} rows; your role may export {cap} at a time. Every export is recorded.", total=count, cap=cap)
    st.caption(told)
    fields: list[str] | None = None
    if not st.checkbox(_("All columns"), value=True, key=f"{key}.all"):
        offered = {column.name: column.header for column in service.exports.record_choices(me, asked.noun)}
        fields = st.multiselect(
            _("Choose columns"), list(offered), format_func=offered.__getitem__, key=f"{key}.fields"
        )
    format = st.segmented_control(_("Format"), ["xlsx", "csv"], default="xlsx", key=f"{key}.format", required=True)
    reason = st.text_input(_("Reason"), key=f"{key}.reason", max_chars=500, placeholder=_("What is the list for?"))
    wanted = bool(reason.strip()) and fields != []
    if st.button(_("Prepare file"), key=f"{key}.prepare", type="primary", disabled=not wanted):
        _made(me, asked, {"reason": reason, "format": format or "xlsx", "fields": fields, "ids": ids}, key)


def _made(me: Actor, asked: Asked, how: dict[str, Any], key: str) -> None:
    with st.spinner(_("Preparing the file")):
        content = feedback.attempt(service.exports.records, me, asked.noun, asked.narrowed, **how)
    if content is None:
        return
    name = f"{asked.noun.value}s-{clock.today():%Y%m%d}.{how['format']}"
    st.download_button(
        _("Save file ({count} rows)", count=format_number(content.rows)),
        content,
        name,
        icon=":material/download:",
        on_click="ignore",
        key=f"{key}.save",
    )
    st.caption(_("Audit reference {reference}", reference=safe(content.reference)))
