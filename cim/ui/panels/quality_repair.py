"""The repairs worth most, and a grid in which those that a value repairs are typed in at once."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, format_number
from cim.models.listing import BulkResult, CellEdit
from cim.models.quality import FixView
from cim.permissions import Permission
from cim.service.quality import BY_HAND
from cim.ui import feedback, gate, state
from cim.ui.text import safe
from cim.work import Actor

TYPED = {"reach": "phone"}
"""Into which field a value goes that repairs this one."""


def show(me: Actor) -> None:
    """Draw what is to be repaired by typing, and below it what somebody has to decide."""
    fixes = feedback.attempt(service.quality.worst, me)
    if fixes is None:
        return
    if not fixes:
        st.success(_("Nothing to repair."), icon=":material/verified:")
        return
    st.caption(
        _(
            "The {count} repairs worth most: points, times the weight of the customer (grade, recent contact, double).",
            count=len(fixes),
        )
    )
    typed = [fix for fix in fixes if fix.field not in BY_HAND]
    if typed and me.can(Permission.CUSTOMER_WRITE):
        _grid(typed)
    elif typed:
        _list(typed)
    if others := [fix for fix in fixes if fix.field in BY_HAND]:
        st.subheader(_("To be decided"), anchor=False)
        _list(others)


def _grid(fixes: list[FixView]) -> None:
    held: dict[str, Any] = st.session_state.setdefault(state.QUALITY_TYPED, {})
    number = st.session_state.setdefault(state.QUALITY_ROUND, 0)
    rows = [_row(fix, *held.get(f"{fix.customer_id}.{fix.field}", ("", ""))) for fix in fixes]
    columns: dict[str, Any] = {
        "link": st.column_config.LinkColumn(_("Open"), display_text=":material/open_in_new:", width=50),
        "name": st.column_config.TextColumn(_("Customer"), pinned=True),
        "owner": st.column_config.TextColumn(_("Owner"), width=80),
        "problem": st.column_config.TextColumn(_("Problem")),
        "points": st.column_config.TextColumn(_("Brings"), width=60),
        "value": st.column_config.TextColumn(_("New value"), max_chars=200),
        "refused": st.column_config.TextColumn(_("Why it was not saved")),
    }
    order = [name for name in columns if name != "refused" or any(row["refused"] for row in rows)]
    edited = st.data_editor(
        rows,
        column_config=columns,
        column_order=order,
        disabled=[name for name in columns if name != "value"],
        hide_index=True,
        key=f"quality.grid.{number}",
        height="content",
    )
    filled = [(fix, str(row["value"]).strip()) for fix, row in zip(fixes, edited, strict=True) if _said(row)]
    label = _("Save {count}", count=len(filled)) if filled else _("Save")
    if st.button(label, type="primary", icon=":material/save:", key="quality.save", disabled=not filled):
        _save([fix for fix, _value in filled], [value for _fix, value in filled])


def _said(row: dict[str, Any]) -> bool:
    return bool(str(row["value"] or "").strip())


def _row(fix: FixView, value: str, refused: str) -> dict[str, Any]:
    return {
        "link": f"/customer?id={fix.customer_id}",
        "name": fix.name,
        "owner": fix.owner or _("Public pool"),
        "problem": f"{_(fix.text, **fix.params)} → {_(fix.fix)}",
        "points": f"+{format_number(fix.points)}",
        "value": value,
        "refused": refused,
    }


@gate.guarded(Permission.CUSTOMER_WRITE)
def _save(me: Actor, fixes: list[FixView], values: list[str]) -> None:
    fields = [TYPED.get(fix.field, fix.field) for fix in fixes]
    edits = [
        CellEdit(id=fix.customer_id, version=fix.version, field=field, value=value)
        for fix, field, value in zip(fixes, fields, values, strict=True)
    ]
    result = feedback.attempt(service.repairs.save, me, edits)
    if result is None:
        return
    said = {(skip.id, skip.field): _(skip.msgid, **skip.params) for skip in result.skipped}
    st.session_state[state.QUALITY_TYPED] = {
        f"{fix.customer_id}.{fix.field}": (value, said[fix.customer_id, field])
        for fix, field, value in zip(fixes, fields, values, strict=True)
        if (fix.customer_id, field) in said
    }
    st.session_state[state.QUALITY_ROUND] += 1  # the rows are others now: what was typed must not stay at their places
    _tell(result)
    st.rerun()


def _tell(result: BulkResult) -> None:
    if result.done:
        feedback.flash(_("{count} values were saved.", count=result.done), kind="success")
    if result.skipped:
        feedback.flash(_("{count} were not saved: the grid says why.", count=len(result.skipped)))


def _list(fixes: list[FixView]) -> None:
    rows = [
        {
            _("Customer"): f"[{safe(fix.name)}](/customer?id={fix.customer_id})",
            _("Owner"): safe(fix.owner) or _("Public pool"),
            _("Problem"): f"{safe(_(fix.text, **fix.params))} :gray[→ {safe(_(fix.fix))}]",
            _("Brings"): f"+{format_number(fix.points)}",
        }
        for fix in fixes
    ]
    st.table(rows, border="horizontal", hide_index=True)
