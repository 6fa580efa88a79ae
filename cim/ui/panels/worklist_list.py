"""The worklist: whom to contact, why, and what to do about it: log, done, later, not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_date, format_number, format_relative
from cim.models.worklist import EntryView, WorklistState, WorklistView
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.panels import click_to_call, composer, worklist_sentences
from cim.ui.text import safe
from cim.work import Actor

SIZE = 20
GRADES = {"A": "red", "B": "orange", "C": "blue", "D": "gray"}
_LATER = ("tomorrow", "next_week", "month", "day", "dismiss")


def render(me: Actor, *, key: str = "worklist", **asked: Any) -> None:
    """Draw a page of the worklist; `asked` are the arguments of service.worklist.mine."""
    if me.can(Permission.CUSTOMER_READ):
        _list(key, asked)


@st.fragment
@gate.guarded(Permission.CUSTOMER_READ)
def _list(me: Actor, key: str, asked: dict[str, Any]) -> None:
    """A fragment: a decision redraws the list alone."""
    found = feedback.attempt(service.worklist.mine, me, size=SIZE, **asked)
    if found is None:
        return
    if (row := st.session_state.get(f"{key}.asked")) is not None:
        composer.told(_composer(key, row[0]))  # here, because the row may be gone with what was saved
    _undo_bar(key)
    if not found.entries:
        st.info(nothing(asked["state"]), icon=":material/task_alt:")
        return
    st.caption(_("{count} customers, the most urgent first.", count=format_number(found.total)))
    for entry in found.entries:
        _row(me, entry, key)
    _pages(found, key)


def nothing(of: WorklistState) -> str:
    """What to say where there is no entry."""
    if of is WorklistState.OPEN:
        return _("Nobody has to be contacted: well done. What comes up next appears here by itself.")
    return _("Nothing here.")


def line(entry: EntryView, *, owner: bool = False) -> str:
    """Who, how urgent and why, as Markdown of three lines at most."""
    grade = f" :{GRADES[entry.grade]}-badge[{entry.grade}]" if entry.grade in GRADES else ""
    head = f"[**{safe(entry.name)}**](/customer?id={entry.customer_id}){grade} :gray-badge[{entry.score}]"
    about = [safe(part) for part in (entry.owner if owner else "", _last(entry), _since(entry)) if part]
    phone = [click_to_call.link(entry.phone)] if entry.phone else []
    return f"{head}  \n{worklist_sentences.facts(entry)}  \n:gray[{' · '.join([*phone, *about])}]"


def _last(entry: EntryView) -> str:
    if entry.last_contact_at is None:
        return _("never contacted")
    day = format_relative(clock.local(entry.last_contact_at).date(), clock.today())
    return _("last contact {day}", day=day)


def _since(entry: EntryView) -> str:
    if entry.state is WorklistState.OPEN:
        return _("on the list since {day}", day=format_date(entry.since)) if entry.since < clock.today() else ""
    until = _("until {day}", day=format_date(entry.until)) if entry.until else ""
    return " · ".join(part for part in (entry.decided, entry.reason, until) if part)


def _row(me: Actor, entry: EntryView, key: str) -> None:
    own = f"{key}.{entry.customer_id}"
    told: dict[str, Any] = {"help": worklist_sentences.sum_of(entry), "width": "stretch"}
    with st.container(border=True, gap="xsmall", key=f"{own}.row"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
            st.markdown(line(entry, owner=entry.owner_id != me.user_id), **told)
            if entry.may_decide and me.can(Permission.ACTIVITY_WRITE):
                with st.container(horizontal=True, gap="small", width="content"):
                    _buttons(entry, key, own)
        _asked(me, entry, key, own)


def _buttons(entry: EntryView, key: str, own: str) -> None:
    act: dict[str, Any] = {"type": "tertiary"}
    number = entry.customer_id
    if entry.state is not WorklistState.OPEN:
        st.button(_("Put back on the list"), key=f"{own}.reopen", on_click=_reopen, args=(key, number), **act)
        return
    log: dict[str, Any] = {"icon": ":material/edit_note:", "on_click": _ask, "args": (key, number, "log")}
    st.button(_("Log"), key=f"{own}.log", **log, **act)
    done: dict[str, Any] = {"icon": ":material/check_circle:", "on_click": _done, "args": (key, number)}
    st.button(_("Done"), key=f"{own}.done", **done, **act)
    names = {
        "tomorrow": _("Tomorrow"),
        "next_week": _("Next week"),
        "month": _("In a month"),
        "day": _("On a day…"),
        "dismiss": _("Not at all…"),
    }
    later: dict[str, Any] = {"icon": ":material/schedule:", "on_click": _later, "args": (key, number)}
    st.menu_button(_("Later"), _LATER, format_func=lambda code: names[code], key=f"{own}.later", **later, **act)


def _asked(me: Actor, entry: EntryView, key: str, own: str) -> None:
    """What a button of this row has opened below it."""
    if st.session_state.get(f"{key}.asked") is None or st.session_state[f"{key}.asked"][0] != entry.customer_id:
        return
    what = st.session_state[f"{key}.asked"][1]
    if what == "log":
        composer.render(me, entry.customer_id, key=_composer(key, entry.customer_id))
        return
    with st.form(f"{own}.form", border=False):
        if what == "day":
            tomorrow = clock.today() + timedelta(days=1)
            st.date_input(_("Put off until"), value=tomorrow, min_value=tomorrow, key=f"{own}.until")
        label = _("Why nothing is to be done here") if what == "dismiss" else _("Reason (optional)")
        st.text_input(label, key=f"{own}.reason", max_chars=200)
        press = _("Take off the list") if what == "dismiss" else _("Put off")
        st.form_submit_button(press, type="primary", on_click=_decided, args=(key, entry.customer_id, what))


def _pages(found: WorklistView, key: str) -> None:
    pages = -(-found.total // found.size)
    if pages > 1:
        turned = st.pagination(pages, default=min(found.page, pages), key=f"{key}.page.{found.page}.{pages}")
        if turned != found.page:
            st.query_params["page"] = str(turned)
            st.rerun()


def _undo_bar(key: str) -> None:
    if (last := st.session_state.get(f"{key}.undo")) is None:
        return
    number, told = last
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":green[:material/check_circle: {safe(told)}]", width="content")
        back: dict[str, Any] = {"icon": ":material/undo:", "type": "tertiary", "on_click": _reopen}
        st.button(_("Undo"), key=f"{key}.undo.{number}", args=(key, number), **back)


def _composer(key: str, customer_id: int) -> str:
    return f"{key}.{customer_id}.composer"


# ---- callbacks
def _ask(key: str, customer_id: int, what: str) -> None:
    same = st.session_state.get(f"{key}.asked") == (customer_id, what)
    st.session_state[f"{key}.asked"] = None if same else (customer_id, what)


@gate.guarded(Permission.ACTIVITY_WRITE)
def _done(me: Actor, key: str, customer_id: int) -> None:
    _told(key, customer_id, feedback.attempt(service.worklist.done, me, customer_id), _("Done"))


@gate.guarded(Permission.ACTIVITY_WRITE)
def _later(me: Actor, key: str, customer_id: int) -> None:
    chosen = st.session_state.get(f"{key}.{customer_id}.later")
    today = clock.today()
    days = {"tomorrow": 1, "next_week": 7 - today.weekday(), "month": 30}
    if chosen not in days:
        return _ask(key, customer_id, str(chosen))
    until = today + timedelta(days=days[chosen])
    put = feedback.attempt(service.worklist.postpone, me, customer_id, until)
    return _told(key, customer_id, put, _("Put off until {day}", day=format_date(until)))


@gate.guarded(Permission.ACTIVITY_WRITE)
def _decided(me: Actor, key: str, customer_id: int, what: str) -> None:
    own = f"{key}.{customer_id}"
    reason = str(st.session_state.get(f"{own}.reason") or "")
    if what == "dismiss":
        put = feedback.attempt(service.worklist.dismiss, me, customer_id, reason=reason)
        return _told(key, customer_id, put, _("Taken off the list"))
    until = st.session_state[f"{own}.until"] or clock.today() + timedelta(days=1)
    put = feedback.attempt(service.worklist.postpone, me, customer_id, until, reason=reason)
    return _told(key, customer_id, put, _("Put off until {day}", day=format_date(until)))


@gate.guarded(Permission.ACTIVITY_WRITE)
def _reopen(me: Actor, key: str, customer_id: int) -> None:
    feedback.attempt(service.worklist.reopen, me, customer_id)
    st.session_state.pop(f"{key}.undo", None)


def _told(key: str, customer_id: int, done: bool | None, told: str) -> None:
    if done:
        st.session_state[f"{key}.undo"] = (customer_id, told)
        st.session_state[f"{key}.asked"] = None
