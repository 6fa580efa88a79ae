"""Correct or remove a follow-up that is already in the timeline."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cim import clock, service, words
from cim.config import settings
from cim.i18n import _, format_datetime
from cim.models.activity import ActivityDraft, ActivityType, ActivityView, Outcome
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.work import Actor


def chooser(me: Actor, entries: Sequence[ActivityView], *, key: str) -> None:
    """One button for the whole list: choose an entry, change or remove it. A button per entry would cost an element
    each."""
    box = st.popover(_("Correct an entry"), icon=":material/edit:", type="tertiary", key=key, on_change="rerun")
    if not box.open:
        return
    with box:
        known = {entry.id: entry for entry in entries}
        chosen = st.selectbox(
            _("Entry"),
            list(known),
            format_func=lambda i: _title(known[i]) if i in known else str(i),
            key=f"{key}.entry",
        )
        if chosen in known:
            _form(me, known[chosen], key)


def _form(me: Actor, entry: ActivityView, key: str) -> None:
    held = f"{key}.{entry.id}.{entry.version}"
    with st.form(held, border=False):
        kind = st.selectbox(
            _("Type"),
            [kind.value for kind in ActivityType],
            index=list(ActivityType).index(entry.type),
            format_func=lambda code: words.value("activity", code),
            key=f"{held}.type",
        )
        content = st.text_area(_("What was said or done"), entry.content, key=f"{held}.content", max_chars=5000)
        outcome = st.selectbox(
            _("Outcome"),
            [outcome.value for outcome in Outcome],
            index=list(Outcome).index(entry.outcome),
            format_func=lambda code: words.value("outcome", code),
            key=f"{held}.outcome",
        )
        place = st.text_input(_("Place"), entry.place, key=f"{held}.place", max_chars=120)
        wall = clock.local(entry.at).replace(tzinfo=None)
        at = st.datetime_input(_("When"), wall, key=f"{held}.at", step=60)
        with st.container(horizontal=True):
            save = st.form_submit_button(_("Save"), key=f"{held}.save", type="primary")
            st.form_submit_button(
                _("Remove"),
                key=f"{held}.remove",
                icon=":material/delete:",
                on_click=_remove,
                args=(entry.id, entry.version),
            )
    if save:
        draft = ActivityDraft(
            type=ActivityType(kind), content=content or "", outcome=Outcome(outcome), place=place or ""
        )
        if at and at.replace(second=0, microsecond=0) != wall.replace(second=0, microsecond=0):
            draft.at = at  # the seconds of an unchanged time stay
        _update(me, entry, draft)


def _update(me: Actor, entry: ActivityView, draft: ActivityDraft) -> None:
    changed = feedback.attempt(service.activities.update, me, entry.id, draft, version=entry.version)
    if feedback.succeeded():
        feedback.flash(_("The entry was changed.") if changed else _("No changes."), kind="success")
        st.rerun()


@gate.guarded(Permission.ACTIVITY_WRITE)
def _remove(me: Actor, activity_id: int, version: int) -> None:
    feedback.attempt(service.activities.remove, me, activity_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("The entry was removed from the timeline."))


def _title(entry: ActivityView) -> str:
    when = format_datetime(entry.at, settings().zone)
    return " · ".join((when, words.value("activity", entry.type), entry.customer, entry.content[:20]))
