"""Pickers: choose a customer, a colleague, a region, types of follow-up, a period. Each owns its key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import streamlit as st

from cim import clock, service, words
from cim.i18n import _, format_date
from cim.models.activity import ActivityType
from cim.models.customer_view import CustomerRow
from cim.models.listing import CustomerFilter
from cim.service import users
from cim.service.timeline_readers import ICONS
from cim.ui import feedback
from cim.ui.text import safe
from cim.work import Actor

SUGGESTIONS = 8
ENOUGH = 2
"""Characters typed before suggestions are looked up."""


def customer(me: Actor, *, key: str) -> int | None:
    """Choose one customer: type two characters or four digits, press a suggestion. Returns the id, None while none
    is chosen. `preset` puts one in beforehand, `clear` takes it out."""
    chosen: int | None = st.session_state.get(f"{key}.id")
    if chosen is not None:
        if (view := feedback.attempt(service.customers.get, me, chosen)) is not None:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":material/person: **{safe(view.name)}**", width="content")
                st.caption(_facts(view), width="content")
                change = {"icon": ":material/swap_horiz:", "type": "tertiary", "key": f"{key}.change"}
                st.button(_("Choose another"), on_click=clear, args=(key,), **change)  # type: ignore[arg-type]
            return chosen
        clear(key)
    typed = st.text_input(
        _("Customer"),
        key=f"{key}.q",
        type="search",
        live="300ms",
        placeholder=_("Name, pinyin, initials or the last 4 digits of the phone"),
    )
    if len((typed or "").strip()) >= ENOUGH:
        _suggestions(me, key, (typed or "").strip())
    return None


def preset(key: str, customer_id: int | None) -> None:
    """Put a customer into the picker of this key, before it is drawn."""
    if customer_id is not None:
        st.session_state[f"{key}.id"] = customer_id


def clear(key: str) -> None:
    """Empty the picker of this key. In a callback, or before it is drawn."""
    st.session_state.pop(f"{key}.id", None)
    st.session_state.pop(f"{key}.q", None)


def person(me: Actor, *, key: str, label: str = "", url: str = "", everybody: str = "") -> int | None:
    """Choose a colleague; None means everybody. `url` names the query parameter that keeps the choice."""
    people = {who.id: who.name for who in users.colleagues(me)}
    _from_url(key, url, lambda raw: int(raw) if raw.isdecimal() and int(raw) in people else None)
    return st.selectbox(
        label or _("Who"),
        list(people),
        format_func=lambda i: people.get(i, str(i)),
        index=None,
        placeholder=everybody or _("Everybody"),
        key=key,
        on_change=_to_url,
        args=(key, url),
    )


def region(me: Actor, *, key: str, label: str = "", url: str = "") -> str | None:
    """Choose a region by its path, parents included; None means all."""
    paths = {place.code: place.path for place in service.regions.tree(me)}
    _from_url(key, url, lambda raw: raw if raw in paths else None)
    return st.selectbox(
        label or _("Region"),
        list(paths),
        format_func=lambda code: paths.get(code, code),
        index=None,
        placeholder=_("Any"),
        key=key,
        on_change=_to_url,
        args=(key, url),
    )


def type_name(kind: ActivityType) -> str:
    """A type of follow-up with its symbol, as Markdown."""
    return f":material/{ICONS[kind]}: {words.value('activity', kind)}"


def types(*, key: str, label: str = "", url: str = "") -> list[ActivityType]:
    """Choose types of follow-up; an empty list means all."""
    codes = [kind.value for kind in ActivityType]
    _from_url(key, url, lambda raw: [code for code in raw.split(",") if code in codes])
    chosen = st.pills(
        label or _("Type"),
        codes,
        selection_mode="multi",
        format_func=lambda code: type_name(ActivityType(code)),
        key=key,
        on_change=_to_url,
        args=(key, url),
        wrap=True,
    )
    return [ActivityType(code) for code in chosen or []]


def period(*, key: str, label: str = "", url: str = "") -> datetime | None:
    """Choose how far back to look; returns the first moment, None for no limit. Days are local, weeks begin on
    Monday."""
    starts = _periods()
    _from_url(key, url, lambda raw: raw if raw in starts else None)
    chosen = st.pills(
        label or _("Period"),
        list(starts),
        format_func=lambda code: starts[code][0],
        key=key,
        on_change=_to_url,
        args=(key, url),
        wrap=True,
    )
    return clock.start_of(starts[chosen][1]) if chosen else None


def period_of(code: str) -> tuple[str, datetime] | None:
    """The name and the first moment of a period as the URL keeps it; None for a word that is none."""
    found = _periods().get(code)
    return (found[0], clock.start_of(found[1])) if found else None


def _periods() -> dict[str, tuple[str, date]]:
    today = clock.today()
    return {
        "today": (_("Today"), today),
        "week": (_("This week"), today - timedelta(days=today.weekday())),
        "month": (_("This month"), today.replace(day=1)),
        "quarter": (_("90 days"), today - timedelta(days=90)),
    }


def span(*, key: str) -> tuple[datetime | None, datetime | None]:
    """The days a link asks for (`?since=2026-11-16&until=2026-11-22`, both included), with a button to let go of them;
    first moment and the moment after the last, or None twice."""
    try:
        first, last = (date.fromisoformat(st.query_params[name]) for name in ("since", "until"))
    except (KeyError, ValueError):
        return None, None
    label = f"{format_date(first)} – {format_date(last)}"
    st.button(label, icon=":material/close:", key=key, on_click=_let_go, args=(("since", "until"),), type="tertiary")
    return clock.start_of(first), clock.start_of(last + timedelta(days=1))


def _let_go(names: tuple[str, ...]) -> None:
    for name in names:
        st.query_params.pop(name, None)


def _suggestions(me: Actor, key: str, typed: str) -> None:
    found = feedback.attempt(service.customers.search, me, CustomerFilter(q=typed[:80]), size=SUGGESTIONS)
    if found is None:
        return
    if not found.rows:
        st.caption(_("No customer fits “{typed}”.", typed=safe(typed)))
    for row in found.rows:
        label = f"**{safe(row.name)}** :gray[{_facts(row)}]"
        st.button(label, key=f"{key}.take.{row.id}", type="tertiary", on_click=preset, args=(key, row.id), wrap=True)
    if found.total > len(found.rows):
        st.caption(_("More matches: keep typing."))


def _facts(row: CustomerRow) -> str:
    return " · ".join(safe(value) for value in (row.code, row.phone, row.owner or _("Public pool")) if value)


def _from_url(key: str, url: str, read: Callable[[str], Any]) -> None:
    """Let the widget begin with what the URL says. The URL holds codes, so it means the same in every language."""
    if url and key not in st.session_state and url in st.query_params:
        st.session_state[key] = read(st.query_params[url])


def _to_url(key: str, url: str) -> None:
    value = st.session_state.get(key)
    if not url:
        return
    if value in (None, [], ""):
        st.query_params.pop(url, None)
    else:
        st.query_params[url] = ",".join(value) if isinstance(value, list) else str(value)
