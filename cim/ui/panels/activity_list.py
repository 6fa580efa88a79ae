"""The timeline: follow-ups newest first, a heading per month, few elements for many entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

import streamlit as st

from cim import clock, labels, service, words
from cim.i18n import _, format_date, format_month
from cim.models.activity import ActivityType, ActivityView, Outcome
from cim.permissions import Permission
from cim.service.activities import ChangeView
from cim.ui import feedback, gate, pickers
from cim.ui.panels import activity_edit, change_list
from cim.ui.text import safe, safe_lines
from cim.work import Actor

PAGE = 50
_COLORS = {
    Outcome.NO_ANSWER: "gray",
    Outcome.NO_NEED: "gray",
    Outcome.PENDING: "orange",
    Outcome.INTERESTED: "blue",
    Outcome.DEAL: "green",
}


def render(
    me: Actor,
    *,
    customer_id: int | None = None,
    author_id: int | None = None,
    types: Sequence[ActivityType] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    key: str = "timeline",
) -> None:
    """Draw the timeline of one customer (with edits of its fields between the follow-ups) or of all in the actor's
    reach. `until` is exclusive; with it the list says how many there are."""
    if me.can(Permission.CUSTOMER_READ):
        wanted = {"customer_id": customer_id, "author_id": author_id, "types": tuple(types), "since": since}
        _list(wanted | {"until": until}, key)


@st.fragment
@gate.guarded(Permission.CUSTOMER_READ)
def _list(me: Actor, wanted: dict[str, Any], key: str) -> None:
    """A fragment: loading more redraws the list alone."""
    shown = int(st.session_state.get(f"{key}.pages", 1)) * PAGE
    entries = feedback.attempt(_entries, me, wanted, shown + 1)
    if entries is None:
        return
    more, entries = len(entries) > shown, entries[:shown]
    narrowed = wanted["author_id"] or wanted["types"]
    changes: list[ChangeView] = []
    if wanted["customer_id"] is not None and not narrowed:
        oldest = entries[-1].at if more else wanted["since"]
        changes = service.activities.history(me, wanted["customer_id"], since=oldest)
    if not entries and not changes:
        hint = (
            _("No matches. Remove a filter.")
            if narrowed or wanted["since"]
            else _("Nothing yet. Log the first call or visit.")
        )
        st.info(hint, icon=":material/event_note:")
        return
    if wanted["until"] is not None and not wanted["types"] and wanted["customer_id"] is None:
        total = service.activities.count(me, **{name: wanted[name] for name in ("author_id", "since", "until")})
        st.markdown(f"**{_('{count} follow-ups', count=total)}**")
    if any(entry.may_edit for entry in entries):
        activity_edit.chooser(me, [entry for entry in entries if entry.may_edit], key=f"{key}.edit")
    if changes and me.can(Permission.CUSTOMER_WRITE):
        change_list.chooser(me, wanted["customer_id"], key=f"{key}.undo")
    for month in _months(entries, changes, named=wanted["customer_id"] is None):
        st.markdown(month)
    if more:
        st.button(_("Load more"), key=f"{key}.more", on_click=_more, args=(key,), icon=":material/expand_more:")


def _entries(me: Actor, wanted: dict[str, Any], count: int) -> list[ActivityView]:
    """The newest `count`, read in pages by key."""
    found: list[ActivityView] = []
    while len(found) < count:
        before = (found[-1].at, found[-1].id) if found else None
        size = min(200, count - len(found))
        part = service.activities.timeline(me, **wanted, before=before, limit=size)
        found += part
        if len(part) < size:
            break
    return found


def _more(key: str) -> None:
    st.session_state[f"{key}.pages"] = int(st.session_state.get(f"{key}.pages", 1)) + 1


def _months(entries: Iterable[ActivityView], changes: Iterable[ChangeView], *, named: bool) -> list[str]:
    """One Markdown text per month: fifty entries as fifty elements would cost five times as much."""
    lines = [(entry.at, _entry(entry, named=named)) for entry in entries] + [(c.at, _change(c)) for c in changes]
    lines.sort(key=lambda line: line[0], reverse=True)
    texts = []
    for month, inside in groupby(lines, key=lambda line: _day(line[0]).replace(day=1)):
        days = [
            f"**{safe(format_date(day))}**\n\n" + "\n".join(text for _at, text in same)
            for day, same in groupby(inside, key=lambda line: _day(line[0]))
        ]
        texts.append("\n\n".join([f"### {safe(format_month(month))}", *days]))
    return texts


def _entry(entry: ActivityView, *, named: bool) -> str:
    facts = [f"{clock.local(entry.at):%H:%M}", pickers.type_name(entry.type)]
    if named:
        facts.append(f"[**{safe(entry.customer)}**](/customer?id={entry.customer_id})")
    facts.append(safe(entry.author))
    if entry.outcome:
        facts.append(f":{_COLORS[entry.outcome]}-badge[{words.value('outcome', entry.outcome)}]")
    details = [(_("Place"), entry.place), (_("Contact person"), entry.contact), (_("Purpose"), entry.purpose)]
    if entry.next_at:
        details.append((_("Next follow-up"), format_date(_day(entry.next_at))))
    if entry.imported:
        details.append((_("Imported"), ""))
    rest = " · ".join(f"{name} {safe(value)}".strip() for name, value in details if value or name == _("Imported"))
    body = [" · ".join(facts), *safe_lines(entry.content).split("\n"), *([f":gray[{rest}]"] if rest else [])]
    return "- " + "  \n  ".join(line.rstrip() for line in body if line.strip())


def _change(change: ChangeView) -> str:
    action = _(labels.ACTIONS[change.action]) if change.action in labels.ACTIONS else ""
    # a record that got its code has just been made: every field is in it, and none of them is news; so with a file
    made = "code" in change.fields or change.action.startswith("files.")
    fields = "" if made else ", ".join(change.labels.get(name) or _field(name) for name in change.fields)
    who = change.actor or _("System")
    text = " · ".join(part for part in (safe(who), safe(action), safe(fields)) if part)
    return f"- :gray[{clock.local(change.at):%H:%M} · :material/edit_note: {text}]"


def _field(name: str) -> str:
    return words.field(name) if name in words.FIELDS else _(labels.FIELDS.get(name, name))


def _day(moment: datetime) -> date:
    return clock.local(moment).date()
