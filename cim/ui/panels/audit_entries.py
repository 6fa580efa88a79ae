"""Parts of the audit page: filters, the list, one entry before and after, and the check of the chain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st

from cim import clock, labels, words
from cim.i18n import _, format_datetime, format_number
from cim.models.audit import AuditView, ChainReport, Result
from cim.permissions import Permission, Role
from cim.service import audit
from cim.ui import feedback, shell
from cim.ui.text import safe
from cim.work import Actor

PAGE = 50
MOST = 1000
FITTING = 14
"""Entries that are shown without a scroll bar of their own."""
_LIMIT, _CHOSEN, _TABLE = "audit.limit", "audit.chosen", "audit.shown"


def filters() -> dict[str, Any]:
    """The filters, each in the URL under its own name; returns the arguments of `service.audit.entries`."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        who = st.text_input(_("User name"), key="who", bind="query-params", width=140)
        action = st.selectbox(
            _("Action"),
            ["", *sorted(labels.ACTIONS, key=_action)],
            format_func=_action,
            key="action",
            bind="query-params",
            width=240,
        )
        kind = st.selectbox(
            _("Record"), ["", *labels.OBJECTS], format_func=_kind, key="object_type", bind="query-params", width=150
        )
        number = st.text_input(_("Record no."), key="object_id", bind="query-params", width=100)
        changed = st.selectbox(
            _("Changed field"),
            ["", *words.FIELDS],
            format_func=lambda name: words.field(name) if name else _("Any"),
            key="field",
            bind="query-params",
            width=150,
        )
        result = st.selectbox(
            _("Result"), ["", *Result], format_func=result_label, key="result", bind="query-params", width=120
        )
        first = st.date_input(_("From"), value=None, key="since", bind="query-params", width=140)
        last = st.date_input(_("To"), value=None, key="until", bind="query-params", width=140)
        ip = st.text_input(_("Address of the device"), key="ip", bind="query-params", width=150)
    asked = {"who": who, "action": action, "object_type": kind, "object_id": number.strip(), "ip": ip, "result": result}
    asked |= {"field": changed, "since": _day(first), "until": _day(last, days=1)}
    return {name: value for name, value in asked.items() if value}


def table(found: Sequence[AuditView]) -> AuditView | None:
    """The entries, newest first; returns the chosen one."""
    if not found:
        st.info(_("No entry matches these filters."), icon=":material/search_off:")
        return None
    rows = [
        {
            _("No."): view.seq,
            _("Time"): format_datetime(view.at, clock.local(view.at).tzinfo or "UTC"),
            _("User"): view.actor,
            _("Action"): _action(view.action),
            _("Record"): f"{_object(view.object_type)} {view.object_name or view.object_id}".strip(),
            _("Result"): result_label(view.result),
            _("Changed"): ", ".join(_called(view, name) for name in view.fields),
            _("Address of the device"): view.ip,
        }
        for view in found
    ]
    # a new entry moves every row by one: the choice is kept by its number, and the table begins anew
    key = f"audit.table.{found[0].seq}"
    event: Any = st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=key,
        height=560 if len(found) > FITTING else "content",
        alt=_("Entries of the audit log"),
    )
    if len(found) >= limit() and limit() < MOST:
        st.button(_("Show more"), key="audit.more", on_click=_more)
    number = st.text_input(_("Entry no."), key="entry", bind="query-params", width=140)
    chosen: list[int] = event.selection.rows
    if chosen and chosen[0] < len(found):
        st.session_state[_CHOSEN] = found[chosen[0]].seq
    elif st.session_state.get(_TABLE) == key:
        st.session_state.pop(_CHOSEN, None)
    st.session_state[_TABLE] = key
    wanted = number.strip() or str(st.session_state.get(_CHOSEN, ""))
    return next((view for view in found if str(view.seq) == wanted), None)


def limit() -> int:
    """How many entries the list shows."""
    return int(st.session_state.get(_LIMIT, PAGE))


def entry(me: Actor, view: AuditView) -> None:
    """One entry: who did what, and before and after of the changed fields. Revealing is recorded."""
    with st.container(border=True):
        st.subheader(safe(f"{view.seq} · {_action(view.action)}"), anchor=False)
        st.caption(safe(" · ".join(part for part in (*_who(view), view.ip, view.reason) if part)))
        hidden = any("*" in str(value) for pair in view.changes.values() for value in pair)
        shown = _revealed(me, view) if hidden and me.can(Permission.AUDIT_REVEAL) else view
        if not shown.changes:
            st.write(_("The values are gone, or this entry has none. Fields: {fields}", fields=safe(_names(view))))
            return
        st.table(
            [
                {_("Field"): safe(_called(shown, name)), _("Before"): _value(before), _("After"): _value(after)}
                for name, (before, after) in shown.changes.items()
            ]
        )


def _revealed(me: Actor, view: AuditView) -> AuditView:
    with (
        st.form(f"audit.reveal.{view.seq}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        reason = st.text_input(_("Reason for seeing personal values"), key=f"audit.reason.{view.seq}")
        if st.form_submit_button(_("Reveal"), icon=":material/visibility:", key="audit.reveal"):
            return feedback.attempt(audit.reveal, me, view.seq, reason) or view
    return view


def verdict(report: ChainReport) -> None:
    """What the check of the chain found. The head is short enough to be written down."""
    if report.ok:
        count = format_number(report.entries)
        st.success(_("The log is whole: {count} entries, head {head}", count=count, head=report.head[:12]))
        st.caption(_("Write the head down with today's date: it proves later that nothing was cut off."))
        return
    place = (
        _("Entry {seq}: {problem}", seq=report.broken_at, problem=report.problem)
        if report.broken_at
        else report.problem
    )
    st.error(safe(place or _("Rows were changed past the program.")), icon=":material/gpp_bad:")
    if report.drifted:
        st.caption(safe(_("Changed outside CIM: {name}", name=", ".join(report.drifted[:50]))))


def result_label(result: str) -> str:
    """The name of a result."""
    return {"ok": _("Done"), "denied": _("Refused"), "error": _("Failed")}.get(result, _("Any"))


def _who(view: AuditView) -> tuple[str, str, str]:
    role = shell.role_label(Role(view.role)) if view.role in set(Role) else _("System")
    ways = {"web": _("Web page"), "cli": _("Command line")}
    return view.actor, role, ways.get(view.source, "")


def _more() -> None:
    st.session_state[_LIMIT] = min(limit() + PAGE, MOST)


def _day(day: date | None, *, days: int = 0) -> Any:
    return clock.start_of(day + timedelta(days=days)) if day else None


def _action(code: str) -> str:
    return _(labels.ACTIONS.get(code, code)) if code else _("Any")


def _object(name: str) -> str:
    return _(labels.OBJECTS.get(name, name)) if name else ""


def _kind(name: str) -> str:
    return _object(name) or _("Any")


def _field(name: str) -> str:
    return _(labels.FIELDS.get(name, name))


def _names(view: AuditView) -> str:
    return ", ".join(_called(view, name) for name in view.fields) or "—"


def _called(view: AuditView, name: str) -> str:
    return view.labels.get(name) or _field(name)


def _value(value: Any) -> str:
    value = ", ".join(map(str, value)) if isinstance(value, list) else value
    return "—" if value in (None, "") else (_("yes") if value else _("no")) if isinstance(value, bool) else safe(value)
