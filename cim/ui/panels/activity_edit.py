"""Work on a follow-up that is already in the timeline: correct, pin, remove, comment, put an earlier wording back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cim import clock, service, words
from cim.config import settings
from cim.i18n import _, format_datetime
from cim.models.activity import ActivityDraft, ActivityType, ActivityView, FormerView, Outcome
from cim.models.timeline import TimelineEntry
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.panels import comments
from cim.ui.text import safe, safe_lines
from cim.work import Actor


def chooser(me: Actor, entries: Sequence[TimelineEntry], *, key: str) -> None:
    """One button for the whole list: choose an entry and work on it. A button per entry would cost an element each."""
    if not entries or not me.can(Permission.ACTIVITY_WRITE):
        return
    label, icon = _("Work on an entry"), ":material/edit:"
    box = st.popover(label, icon=icon, type="tertiary", key=key, on_change="rerun")
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
            _work_on(me, known[chosen], key)


def _work_on(me: Actor, entry: TimelineEntry, key: str) -> None:
    view = feedback.attempt(service.activities.get, me, entry.id)
    if view is None:
        return
    if entry.may_pin:
        pinned = view.pinned_at is not None
        st.button(
            _("Unpin") if pinned else _("Pin to the top"),
            key=f"{key}.{view.id}.{view.version}.pin",
            icon=":material/keep_off:" if pinned else ":material/keep:",
            on_click=_pin,
            args=(view.id, not pinned),
        )
    if view.may_edit:
        _form(me, view, key)
        if view.version > 1:
            _former(me, view, key)
    comments.show(me, "activity", view.id)


def _form(me: Actor, view: ActivityView, key: str) -> None:
    held = f"{key}.{view.id}.{view.version}"
    with st.form(held, border=False):
        kind = st.selectbox(
            _("Type"),
            [kind.value for kind in ActivityType],
            index=list(ActivityType).index(view.type),
            format_func=lambda code: words.value("activity", code),
            key=f"{held}.type",
        )
        content = st.text_area(_("What was said or done"), view.content, key=f"{held}.content", max_chars=5000)
        outcome = st.selectbox(
            _("Outcome"),
            [outcome.value for outcome in Outcome],
            index=list(Outcome).index(view.outcome),
            format_func=lambda code: words.value("outcome", code),
            key=f"{held}.outcome",
        )
        place = st.text_input(_("Place"), view.place, key=f"{held}.place", max_chars=120)
        contact = st.text_input(_("Contact person"), view.contact, key=f"{held}.contact", max_chars=60)
        minutes = st.number_input(
            _("Duration (minutes)"), 1, 1440, view.minutes, key=f"{held}.minutes", step=5, placeholder="–"
        )
        wall = clock.local(view.at).replace(tzinfo=None)
        at = st.datetime_input(_("When"), wall, key=f"{held}.at", step=60)
        with st.container(horizontal=True):
            save = st.form_submit_button(_("Save"), key=f"{held}.save", type="primary")
            remove = {"key": f"{held}.remove", "icon": ":material/delete:"}
            st.form_submit_button(_("Remove"), on_click=_remove, args=(view.id, view.version), **remove)  # type: ignore[arg-type]
    if save:
        draft = ActivityDraft(type=ActivityType(kind), content=content or "", outcome=Outcome(outcome))
        draft.place, draft.contact, draft.minutes = place or "", contact or "", minutes
        if at and at.replace(second=0, microsecond=0) != wall.replace(second=0, microsecond=0):
            draft.at = at  # the seconds of an unchanged time stay
        _update(me, view, draft)


def _former(me: Actor, view: ActivityView, key: str) -> None:
    """Earlier wordings, read when they are asked for."""
    held = f"{key}.{view.id}.{view.version}.former"
    with st.expander(_("Earlier wordings"), icon=":material/history:", key=held, on_change="rerun") as box:
        if not box.open:
            return
        for old in service.activities.former(me, view.id):
            st.caption(f"{safe(format_datetime(old.at, settings().zone))} · {safe(old.actor or _('System'))}")
            st.markdown("  \n".join(_told(old)))
            again = {"key": f"{held}.{old.seq}", "icon": ":material/undo:", "type": "tertiary"}
            press = (view.id, old.seq, view.version)
            st.button(_("Put this back"), on_click=_restore, args=press, **again)  # type: ignore[arg-type]


def _told(old: FormerView) -> list[str]:
    named = {"type": _("Type"), "content": _("What was said or done"), "outcome": _("Outcome"), "at": _("When")}
    named |= {"place": _("Place"), "contact": _("Contact person"), "purpose": _("Purpose")}
    named |= {"minutes": _("Duration (minutes)")}
    lines = []
    for name, raw in old.values.items():
        value = words.value("activity" if name == "type" else name, raw) if name in ("type", "outcome") else raw
        lines.append(f":gray[{named[name]}] {safe_lines(value)}")
    return lines


def _update(me: Actor, view: ActivityView, draft: ActivityDraft) -> None:
    changed = feedback.attempt(service.activities.update, me, view.id, draft, version=view.version)
    if feedback.succeeded():
        feedback.flash(_("The entry was changed.") if changed else _("No changes."), kind="success")
        st.rerun()


@gate.guarded(Permission.ACTIVITY_WRITE)
def _pin(me: Actor, activity_id: int, on: bool) -> None:
    feedback.attempt(service.activities.pin if on else service.activities.unpin, me, activity_id)


@gate.guarded(Permission.ACTIVITY_WRITE)
def _restore(me: Actor, activity_id: int, seq: int, version: int) -> None:
    feedback.attempt(service.activities.restore, me, activity_id, seq, version=version)
    if feedback.succeeded():
        feedback.toast(_("The earlier wording is back."))


@gate.guarded(Permission.ACTIVITY_WRITE)
def _remove(me: Actor, activity_id: int, version: int) -> None:
    feedback.attempt(service.activities.remove, me, activity_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("The entry was removed from the timeline."))


def _title(entry: TimelineEntry) -> str:
    when = format_datetime(entry.at, settings().zone)
    return " · ".join((when, _(entry.title), entry.customer, entry.text[:20]))
