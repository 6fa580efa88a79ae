"""The list behind a number of the team page, as its address names it; comment, assign, and give work from there."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

from cim import clock, service, words
from cim.config import settings
from cim.i18n import _, format_date, format_datetime
from cim.models.task import TaskDraft
from cim.models.team_view import Behind, BehindRow
from cim.permissions import Permission
from cim.service import comments as commented
from cim.ui import feedback, gate, links, pickers, state
from cim.ui.panels import comments, worklist_sentences
from cim.ui.text import safe
from cim.work import Actor

PAGE = "pages/team.py"
SHOWN = 100


def names() -> dict[Behind, str]:
    """What the lists are called."""
    return {
        Behind.CALLS: _("Calls"),
        Behind.VISITS: _("Visits"),
        Behind.OTHERS: _("Other follow-ups"),
        Behind.CUSTOMERS: _("Customers contacted"),
        Behind.DONE: _("Tasks done"),
        Behind.OVERDUE: _("Tasks overdue"),
        Behind.TICKETS: _("Open tickets"),
        Behind.OPPORTUNITIES: _("Open opportunities"),
        Behind.POTENTIAL: _("Expected to close"),
    }


def linked(shown: str, what: Behind, person: int, **query: str) -> str:
    """A number that opens its list, as Markdown; plain where there is nothing behind it."""
    tab = st.query_params.get("tab", "")
    asked = {"tab": tab} if tab else {}
    return f"[{shown}]({links.address(PAGE, {**asked, **query, 'list': what.value, 'person': str(person)})})"


def show(me: Actor) -> None:
    """Draw the list that the address names; nothing where it names none."""
    what, person = st.query_params.get("list", ""), st.query_params.get("person", "")
    if what not in set(Behind) or not person.isdecimal():
        return
    period = st.query_params.get("period", "today")
    rows = feedback.attempt(service.team.behind, me, Behind(what), int(person), period=period, month=_month())
    if rows is None:
        return
    colleagues = {one.id: one.name for one in service.users.colleagues(me)}
    with st.container(horizontal=True, vertical_alignment="center", key="team.list.head"):
        name = safe(colleagues.get(int(person), ""))
        st.subheader(f"{names()[Behind(what)]} · {name} ({len(rows)})", anchor=False, width="content")
        st.button(_("Close"), icon=":material/close:", type="tertiary", key="team.list.close", on_click=_close)
    st.markdown("\n".join(_line(row) for row in rows[:SHOWN]))
    if len(rows) > SHOWN:
        st.caption(_("The first {count} are shown.", count=SHOWN))
    if rows:
        _act(me, rows)


def _line(row: BehindRow) -> str:
    name = f"[{safe(row.customer)}](/customer?id={row.customer_id})" if row.customer_id else ""
    moment = format_datetime(row.at, settings().zone) if row.at else format_date(row.day)
    amount = safe(worklist_sentences.money(row.amount)) if row.amount is not None else ""
    about = " · ".join(part for part in (f":gray[{safe(moment)}]" if moment else "", name, _kind(row), amount) if part)
    text = safe(row.text[:160]) if row.noun != "customer" else _("{count} follow-ups", count=row.text)
    return f"- {about}  \n  {text}"


def _kind(row: BehindRow) -> str:
    return words.value("activity", row.what) if row.noun == "activity" else ""


def _act(me: Actor, rows: list[BehindRow]) -> None:
    """What a leader does about one of the rows."""
    by_key = {f"{row.noun}.{row.id}": row for row in rows[:SHOWN]}
    chosen = st.selectbox(
        _("Comment on or assign"),
        list(by_key),
        format_func=lambda key: f"{by_key[key].customer} · {by_key[key].text[:40]}",
        index=None,
        placeholder=_("Choose a row"),
        key="team.list.row",
    )
    if chosen not in by_key:
        return
    row = by_key[chosen]
    if row.noun in commented.SUBJECTS:
        comments.show(me, row.noun, row.id)
    if row.customer_id is not None and me.can(Permission.CUSTOMER_ASSIGN):
        with st.container(horizontal=True, vertical_alignment="bottom", key="team.list.acts"):
            with st.container(width=240):
                taker = pickers.person(me, key="team.list.taker", label=_("To whom"), everybody=_("Choose"))
            act: dict[str, Any] = {"disabled": taker is None, "args": (row.customer_id, taker)}
            st.button(_("Hand the customer over"), key="team.list.assign", on_click=_assign, **act)
            st.button(_("Give a task for tomorrow"), key="team.list.task", on_click=_task, **act)


def _month() -> date | None:
    try:
        return date.fromisoformat(st.query_params.get("month", ""))
    except ValueError:
        return None


def _close() -> None:
    for name in ("list", "person"):
        st.query_params.pop(name, None)


@gate.guarded(Permission.CUSTOMER_ASSIGN)
def _assign(me: Actor, customer_id: int, taker: int) -> None:
    moved = feedback.attempt(service.customers.assign, me, customer_id, taker)
    if moved is not None:
        feedback.toast(_("The customer was handed over.") if moved else _("Nothing was different."))


@gate.guarded(Permission.TASK_WRITE)
def _task(me: Actor, customer_id: int, taker: int) -> None:
    due_at = datetime.combine(clock.today() + timedelta(days=1), time(9))
    draft = TaskDraft(title=_("Follow up"), due_at=due_at, customer_id=customer_id, assignee_id=taker)
    feedback.attempt(service.tasks.add, me, draft, token=state.token("team.list.task"))
    if feedback.succeeded():
        state.spend("team.list.task")
        feedback.toast(_("The task was given."))
