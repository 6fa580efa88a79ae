"""The export of a list: which records, which columns, which format, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from cim import clock, service, words
from cim.i18n import _, format_number, language
from cim.models.imports import ImportKind
from cim.models.listing import CustomerFilter
from cim.permissions import EXPORT_CAP
from cim.ui import feedback
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor, chosen: CustomerFilter, total: int, ids: Sequence[int] | None = None) -> None:
    """The form, for inside a popover or dialog. `ids` are the selected customers; without them the whole list that the
    filter lets through, `total` rows, is exported."""
    key = "search.export" if ids is None else "search.export.selected"
    if me.role is None or me.role not in EXPORT_CAP:
        return
    _bounds(me, total if ids is None else len(ids))
    kinds = {
        ImportKind.CUSTOMERS: _("Customers"),
        ImportKind.CONTACTS: _("Their contacts"),
        ImportKind.ACTIVITIES: _("Their follow-ups"),
    }
    kind = st.segmented_control(
        _("Content"),
        list(kinds),
        format_func=kinds.__getitem__,
        default=ImportKind.CUSTOMERS,
        key=f"{key}.kind",
        required=True,
    )
    kind = kind or ImportKind.CUSTOMERS
    fields = _columns(me, kind, key)
    format = st.segmented_control(_("Format"), ["xlsx", "csv"], default="xlsx", key=f"{key}.format", required=True)
    reason = st.text_input(_("Reason"), key=f"{key}.reason", max_chars=500, placeholder=_("What is the list for?"))
    wanted = bool(reason.strip()) and fields != []
    if st.button(_("Prepare file"), key=f"{key}.prepare", type="primary", disabled=not wanted):
        _made(me, chosen, ids, kind, fields, "csv" if format == "csv" else "xlsx", reason, key)


def _bounds(me: Actor, total: int) -> None:
    assert me.role is not None
    st.caption(
        _(
            "{total} rows; your role may export {cap} at a time. Every export is recorded.",
            total=format_number(total),
            cap=format_number(EXPORT_CAP[me.role]),
        )
    )
    budget = service.exports.used_today(me)
    if budget.most and budget.used:
        st.caption(
            _(
                "Personal data of {used} customers looked up or exported today; {most} a day are allowed.",
                used=format_number(budget.used),
                most=format_number(budget.most),
            )
        )


def _columns(me: Actor, kind: ImportKind, key: str) -> list[str] | None:
    """The columns that are wanted; None for all."""
    if st.checkbox(_("All columns"), value=True, key=f"{key}.all"):
        return None
    offered = {column.name: column.header for column in service.exports.choices(me, kind)}
    return st.multiselect(
        _("Choose columns"),
        list(offered),
        format_func=lambda name: _called(name, offered[name]),
        key=f"{key}.fields.{kind.value}",
    )


def _called(name: str, header: str) -> str:
    """What a column is called here; the file itself has the headers that an import reads."""
    if language() == "zh" or name.startswith("custom."):
        return header
    return words.field(name) if name in words.FIELDS else name.replace("_", " ").capitalize()


def _made(
    me: Actor,
    chosen: CustomerFilter,
    ids: Sequence[int] | None,
    kind: ImportKind,
    fields: list[str] | None,
    format: Literal["csv", "xlsx"],
    reason: str,
    key: str,
) -> None:
    export = {
        ImportKind.CUSTOMERS: service.exports.customers,
        ImportKind.CONTACTS: service.exports.contacts,
        ImportKind.ACTIVITIES: service.exports.activities,
    }[kind]
    with st.spinner(_("Preparing the file")):
        content = feedback.attempt(export, me, chosen, reason=reason, format=format, fields=fields, ids=ids)
    if content is None:
        return
    name = f"{kind.value}-{clock.today():%Y%m%d}.{format}"
    st.download_button(
        _("Save file ({count} rows)", count=format_number(content.rows)),
        content,
        name,
        icon=":material/download:",
        on_click="ignore",
        key=f"{key}.save",
    )
    st.caption(_("Audit reference {reference}", reference=safe(content.reference)))
