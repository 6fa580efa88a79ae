"""The service desk: counts that filter, filters in the address, and one list sorted by due time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st

from cim import clock, words
from cim.i18n import _, format_number
from cim.models.ticket import Priority, TicketStatus, TicketType
from cim.models.ticket_view import Desk, TicketFilter, TicketRow
from cim.permissions import Permission
from cim.service import skills, ticket_desk
from cim.ui import feedback, gate
from cim.ui.panels import ticket_hand_over, ticket_words
from cim.ui.text import safe
from cim.work import Actor

PAGE = 40
_WHOSE = ("all", "mine", "unassigned", "overdue")
_MORE = "desk.more"


def show(me: Actor) -> None:
    """The tab of the desk."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if me.can(Permission.TICKET_HANDLE):
            _absence(me)
        ticket_hand_over.popover(me)
    narrowed = _filters(me)
    desk = feedback.attempt(ticket_desk.desk, me, narrowed)
    if desk is None:
        return
    _counts(desk)
    if not desk.rows:
        st.info(
            _("Nothing to do here.") if narrowed == TicketFilter() else _("No ticket fits these filters."),
            icon=":material/inbox:",
        )
        return
    shown = desk.rows[: st.session_state.get(_MORE, PAGE)]
    groups: dict[str, list[TicketRow]] = {}
    for row in shown:
        groups.setdefault(_group(row), []).append(row)
    names = _names()
    for code, rows in groups.items():
        color, name = names[code]
        st.markdown(f":{color}[**{name}**] :gray[{len(rows)}]")
        st.markdown("\n\n".join(ticket_words.line(row) for row in rows))
    if desk.total > len(shown):
        label = _("Show more ({shown} of {total})", shown=len(shown), total=format_number(desk.total))
        st.button(label, key="desk.more.button", on_click=_show_more)


def _filters(me: Actor) -> TicketFilter:
    whose_names = {
        "all": _("Everybody's"),
        "mine": _("My tickets"),
        "unassigned": _("Not assigned"),
        "overdue": _("Overdue"),
    }
    whose_codes = [code for code in _WHOSE if code != "mine" or me.can(Permission.TICKET_HANDLE)]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _begin("whose", whose_codes)
        label, first = _("Show"), None if "desk.whose" in st.session_state else "all"
        whose = st.pills(label, whose_codes, format_func=whose_names.__getitem__, default=first, key="desk.whose")
        _keep("whose", "" if whose in (None, "all") else str(whose))
        kind = _choice(_("Type"), "ticket_type", [*TicketType], "type")
        priority = _choice(_("Priority"), "priority", [*Priority], "priority")
        status = _choice(_("Status"), "ticket_status", [*TicketStatus], "status")
    return TicketFilter(
        mine=whose == "mine",
        unassigned=whose == "unassigned",
        overdue=whose == "overdue",
        type=TicketType(kind) if kind else None,
        priority=Priority(priority) if priority else None,
        status=TicketStatus(status) if status else None,
    )


def _choice(label: str, vocabulary: str, values: list[Any], key: str) -> str:
    codes = ["", *(value.value for value in values)]
    names = {code: words.value(vocabulary, code) if code else _("Any") for code in codes}
    _begin(key, codes)
    chosen = st.selectbox(label, codes, format_func=names.__getitem__, key=f"desk.{key}", width=170) or ""
    _keep(key, chosen)
    return chosen


def _begin(name: str, codes: list[str]) -> None:
    """Let a filter begin with what the address says: codes, which mean the same in every language."""
    if f"desk.{name}" not in st.session_state and st.query_params.get(name) in codes:
        st.session_state[f"desk.{name}"] = st.query_params[name]


def _keep(name: str, chosen: str) -> None:
    if chosen:
        st.query_params[name] = chosen
    else:
        st.query_params.pop(name, None)


def _counts(desk: Desk) -> None:
    counts = desk.counts
    told = [
        (_("Not finished"), counts["open"], "blue"),
        (_("Overdue"), counts["overdue"], "red" if counts["overdue"] else "gray"),
        (_("First answer late"), counts["late_answer"], "orange" if counts["late_answer"] else "gray"),
        (_("Not assigned"), counts["unassigned"], "violet" if counts["unassigned"] else "gray"),
        (_("Waiting for the customer"), counts["waiting"], "gray"),
        (_("Resolved, not closed"), counts["resolved"], "green"),
    ]
    st.markdown(" ".join(f":{color}-badge[{name} {format_number(count)}]" for name, count, color in told))


def _names() -> dict[str, tuple[str, str]]:
    return {
        "overdue": ("red", _("Overdue")),
        "today": ("orange", _("Due today")),
        "tomorrow": ("blue", _("Due tomorrow")),
        "later": ("blue", _("Later")),
        "waiting": ("gray", _("Waiting for the customer")),
        "none": ("gray", _("Without due time")),
        "finished": ("green", _("Finished")),
    }


def _group(row: TicketRow) -> str:
    if row.status in ticket_words.FINISHED:
        return "finished"
    if row.status is TicketStatus.WAITING:
        return "waiting"
    if row.due_at is None:
        return "none"
    if row.overdue:
        return "overdue"
    day, today = clock.local(row.due_at).date(), clock.today()
    return "today" if day == today else "tomorrow" if day == today + timedelta(days=1) else "later"


def _absence(me: Actor) -> None:
    mate = next((one for one in feedback.attempt(skills.everyone, me) or [] if one.user_id == me.user_id), None)
    if mate is None:
        return
    if mate.away_until is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            text = _("You are away until {day}: no ticket comes to you by rule.", day=safe(mate.away_until.isoformat()))
            st.markdown(f":orange[:material/beach_access: {text}]", width="content")
            st.button(_("I am back"), key="desk.back", type="tertiary", on_click=_away, args=("",))
        return
    with st.popover(_("I am away"), icon=":material/beach_access:", type="tertiary", key="desk.away"):
        st.date_input(_("Until (included)"), clock.today(), min_value=clock.today(), key="desk.until")
        st.button(_("Save"), key="desk.away.save", type="primary", on_click=_away, args=("desk.until",))


@gate.guarded(Permission.TICKET_HANDLE)
def _away(me: Actor, key: str) -> None:
    feedback.attempt(skills.away, me, st.session_state[key] if key else None)


def _show_more() -> None:
    st.session_state[_MORE] = st.session_state.get(_MORE, PAGE) + PAGE
