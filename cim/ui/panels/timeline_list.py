"""The timeline: everything that happened, newest first, a heading per month, few elements for many entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _, format_month
from cim.models.activity import ActivityType
from cim.models.timeline import EventKind, Timeline, TimelineEntry
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.panels import activity_edit, change_list, comments, timeline_filters, timeline_lines
from cim.work import Actor

PAGE = 50
MOST_AT_ONCE = 200


def customer(me: Actor, customer_id: int, *, key: str = "timeline") -> None:
    """Draw the whole story of one customer, with filters, load more, and what can be done with an entry."""
    if me.can(Permission.CUSTOMER_READ):
        _story(customer_id, key)


def team(
    me: Actor,
    *,
    author_id: int | None = None,
    types: Sequence[ActivityType] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    key: str = "timeline",
) -> None:
    """Draw the follow-ups with all customers in the actor's reach. `until` is exclusive; with it the list says how many
    there are."""
    if me.can(Permission.CUSTOMER_READ):
        _team({"author_id": author_id, "types": tuple(types), "since": since, "until": until}, key)


def months(entries: Sequence[TimelineEntry], *, named: bool) -> list[str]:
    """One Markdown text per month: fifty entries as fifty elements would cost five times as much."""
    texts = []
    for month, inside in groupby(entries, key=lambda entry: timeline_lines.day(entry).replace(day=1)):
        texts.append("\n\n".join([f"### {format_month(month)}", *timeline_lines.days(list(inside), named=named)]))
    return texts


@st.fragment
@gate.guarded(Permission.CUSTOMER_READ)
def _story(me: Actor, customer_id: int, key: str) -> None:
    """A fragment: filtering and loading more redraw the list alone."""
    wanted = timeline_filters.asked()
    found = feedback.attempt(
        _read, lambda before, limit: service.timeline.of(me, customer_id, **wanted, before=before, limit=limit), key
    )
    if found is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        timeline_filters.draw(me, wanted, key=f"{key}.filter")
        activity_edit.chooser(me, _spoken(found), key=f"{key}.edit")
        if me.can(Permission.CUSTOMER_WRITE):
            change_list.chooser(me, customer_id, key=f"{key}.undo")
        about = st.popover(
            _("Comments"), icon=":material/comment:", type="tertiary", key=f"{key}.about", on_change="rerun"
        )
        if about.open:
            with about:
                comments.show(me, "customer", customer_id)
        st.page_link(
            "pages/print_timeline.py",
            label=_("Print"),
            icon=":material/print:",
            query_params={"id": str(customer_id), **_address()},
        )
    if not found.entries:
        narrowed = any(wanted.values())
        told = _("No matches. Remove a filter.") if narrowed else _("Nothing yet. Log the first call or visit.")
        st.info(told, icon=":material/event_note:")
        return
    if found.pinned:
        with st.container(border=True, key=f"{key}.pinned"):
            lines = timeline_lines.days(found.pinned, named=False)
            st.markdown("\n\n".join([f":material/keep: **{_('Pinned')}**", *lines]))
    _list(found, key, named=False)


@st.fragment
@gate.guarded(Permission.CUSTOMER_READ)
def _team(me: Actor, wanted: dict[str, Any], key: str) -> None:
    """A fragment: loading more redraws the list alone."""
    found = feedback.attempt(
        _read, lambda before, limit: service.timeline.follow_ups(me, **wanted, before=before, limit=limit), key
    )
    if found is None:
        return
    if not found.entries:
        narrowed = wanted["author_id"] or wanted["types"] or wanted["since"]
        told = _("No matches. Remove a filter.") if narrowed else _("Nothing yet. Log the first call or visit.")
        st.info(told, icon=":material/event_note:")
        return
    if wanted["until"] is not None and not wanted["types"]:
        total = service.activities.count(me, **{name: wanted[name] for name in ("author_id", "since", "until")})
        st.markdown(f"**{_('{count} follow-ups', count=total)}**")
    activity_edit.chooser(me, _spoken(found), key=f"{key}.edit")
    _list(found, key, named=True)


def _list(found: Timeline, key: str, *, named: bool) -> None:
    for month in months(found.entries, named=named):
        st.markdown(month)
    if found.more:
        st.button(_("Load more"), key=f"{key}.more", on_click=_more, args=(key,), icon=":material/expand_more:")


def _read(page: Callable[[Any, int], Timeline], key: str) -> Timeline:
    """The newest entries, as many as were asked for, read in pages by key."""
    wanted = int(st.session_state.get(f"{key}.pages", 1)) * PAGE
    found = page(None, min(MOST_AT_ONCE - 1, wanted))
    while found.more and len(found.entries) < wanted:
        part = page(found.entries[-1].mark, min(MOST_AT_ONCE - 1, wanted - len(found.entries)))
        found.entries += part.entries
        found.more = part.more
    return found


def _spoken(found: Timeline) -> list[TimelineEntry]:
    """The follow-ups among the entries, pinned ones first, each once."""
    entries = {entry.id: entry for entry in (*found.pinned, *found.entries) if entry.kind is EventKind.ACTIVITY}
    return list(entries.values())


def _address() -> dict[str, str]:
    names = (timeline_filters.SHOW, timeline_filters.WHO, timeline_filters.SINCE, timeline_filters.FIND)
    return {name: str(st.query_params[name]) for name in names if name in st.query_params}


def _more(key: str) -> None:
    st.session_state[f"{key}.pages"] = int(st.session_state.get(f"{key}.pages", 1)) + 1
