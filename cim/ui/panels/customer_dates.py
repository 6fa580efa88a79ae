"""Birthdays and anniversaries of one customer and its people: what is stored, the next of each, adding and changing."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_date, format_relative
from cim.models.anniversary import AnniversaryDraft, AnniversaryView, DayCalendar
from cim.models.customer_view import CustomerView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor, view: CustomerView) -> None:
    """The days of one customer, with what this actor may do with them."""
    found = feedback.attempt(service.anniversaries.of, me, view.id)
    if found is None or not (found or view.may_edit):
        return
    st.subheader(_("Days to remember"), anchor=False)
    if not found:
        st.caption(_("Birthdays by the lunar calendar, the day a company was founded: you are reminded of them."))
    for day in found:
        with st.container(horizontal=True, vertical_alignment="top", gap="small"):
            st.markdown(_described(day), width="stretch")
            if view.may_edit:
                with st.popover(_("More"), icon=":material/more_vert:", type="tertiary", key=f"dates.more.{day.id}"):
                    _form(me, view, day)
                    label, icon = _("Remove"), ":material/delete:"
                    st.button(label, icon=icon, key=f"dates.remove.{day.id}", on_click=_remove, args=(day.id,))
    if view.may_edit:
        with st.popover(_("Add a day"), icon=":material/cake:"):
            _form(me, view, None)


def _described(day: AnniversaryView) -> str:
    name = day.label or _("Birthday")
    whose = f" · {safe(day.contact)}" if day.contact else ""
    icon = "cake" if day.birthday else "celebration"
    facts = [_date(day)]
    if day.next_on is not None:
        coming = format_relative(day.next_on, clock.today())
        facts.append(_("next on {day} ({coming})", day=format_date(day.next_on), coming=coming))
    return f":material/{icon}: **{safe(name)}**{whose}  \n:gray[:small[{' · '.join(safe(fact) for fact in facts)}]]"


def _date(day: AnniversaryView) -> str:
    number = f"{day.month}-{day.day}" if day.year is None else f"{day.year}-{day.month}-{day.day}"
    if day.calendar is DayCalendar.SOLAR:
        return number
    return _("lunar {date} (leap month)", date=number) if day.leap else _("lunar {date}", date=number)


def _form(me: Actor, view: CustomerView, day: AnniversaryView | None) -> None:
    held = f"dates.{day.id}.{day.version}" if day else f"dates.{view.id}.{state.token(f'dates.{view.id}')}"
    with st.form(f"{held}.form", border=False):
        typed = _fields(me, view, day, held)
        if not st.form_submit_button(_("Save"), key=f"{held}.save", type="primary"):
            return
    draft = AnniversaryDraft(**typed)
    if day is not None:
        feedback.attempt(service.anniversaries.update, me, day.id, draft, version=day.version)
    else:
        feedback.attempt(service.anniversaries.add, me, view.id, draft, token=state.token(f"dates.{view.id}"))
    if feedback.succeeded():
        if day is None:
            state.spend(f"dates.{view.id}")
        feedback.flash(_("Saved."), kind="success")
        st.rerun()


def _fields(me: Actor, view: CustomerView, day: AnniversaryView | None, held: str) -> dict[str, Any]:
    birthday = st.toggle(_("Birthday"), value=day.birthday if day else True, key=f"{held}.birthday")
    label = st.text_input(_("What day it is"), value=day.label if day else "", key=f"{held}.label", max_chars=60)
    people: dict[int | None, str] = {None: view.name}
    people |= {person.id: person.name for person in service.contacts.list(me, view.id)}
    ids = list(people)
    now = ids.index(day.contact_id) if day and day.contact_id in ids else 0
    whose = st.selectbox(
        _("Of whom"), ids, index=now, format_func=lambda number: safe(people[number]), key=f"{held}.whose"
    )
    names = {DayCalendar.SOLAR.value: _("Solar calendar"), DayCalendar.LUNAR.value: _("Lunar calendar")}
    calendar = st.segmented_control(
        _("Calendar"),
        list(names),
        default=(day.calendar if day else DayCalendar.SOLAR).value,
        format_func=names.__getitem__,
        required=True,
        key=f"{held}.calendar",
    )
    with st.container(horizontal=True, gap="small"):
        month = st.number_input(_("Month"), 1, 12, day.month if day else 1, key=f"{held}.month", width=110)
        on = st.number_input(_("Day"), 1, 31, day.day if day else 1, key=f"{held}.day", width=110)
        year = st.number_input(
            _("Year (if known)"), 1900, clock.today().year, day.year if day else None, key=f"{held}.year", width=130
        )
    leap = st.checkbox(_("Leap month (lunar calendar only)"), value=bool(day and day.leap), key=f"{held}.leap")
    lead = st.number_input(_("Remind (days before)"), 0, 60, day.lead_days if day else 3, key=f"{held}.lead")
    return {
        **{"birthday": birthday, "label": label, "contact_id": whose, "calendar": DayCalendar(calendar or "solar")},
        **{"month": int(month), "day": int(on), "year": None if year is None else int(year)},
        **{"leap": leap, "lead_days": int(lead)},
    }


@gate.guarded(Permission.CUSTOMER_WRITE)
def _remove(me: Actor, anniversary_id: int) -> None:
    feedback.attempt(service.anniversaries.remove, me, anniversary_id)
