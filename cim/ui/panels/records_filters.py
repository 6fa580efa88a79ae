"""The filters of a list of records: the search box, the facets of the noun in a row, the others behind a button, and what
is in force."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import service, words
from cim.i18n import _
from cim.models.custom import Noun
from cim.ui import custom_filters, feedback
from cim.ui.record_url import Asked
from cim.ui.text import safe
from cim.work import Actor

QUICK = 4
"""Facets that stand in the row; the others are behind the button."""
WITHIN = ("today", "this_week", "this_month", "next_month", "this_quarter", "last_30_days", "next_30_days")
_MONEY = (Noun.OPPORTUNITY, Noun.ORDER, Noun.CONTRACT)


def draw(me: Actor, asked: Asked) -> None:
    """The search box, and under it a row of quick filters. Lists of people and words are fetched for those who open
    them."""
    key = f"{asked.prefix}.q"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state[key] = st.query_params.get("q", "")
        st.text_input(
            _("Find"),
            key=key,
            type="search",
            placeholder=_("Name, number or customer") if asked.noun is not Noun.PRODUCT else _("Name or code"),
            live="300ms",
            on_change=_keep,
            args=(asked, "q"),
            label_visibility="collapsed",
        )
        more = st.popover(_("More filters"), icon=":material/tune:", key=f"{asked.prefix}.more", on_change="rerun")
        if more.open:
            with more:
                _more(me, asked)
    with st.container(horizontal=True, gap="small"):
        for name in list(asked.facets)[:QUICK]:
            _box(me, asked, name, asked.facets[name])
        if asked.noun is not Noun.PRODUCT:
            _box(me, asked, "owner", label(asked, "owner"))


def active(me: Actor, asked: Asked) -> None:
    """What narrows the list now, each removable by one click."""
    own = dict(custom_filters.chips(me, asked.narrowed.custom, asked.noun))
    for name in asked.names():
        st.button(
            safe(own[name] if name in own else _chip(me, asked, name)),
            icon=":material/close:",
            key=f"{asked.prefix}.drop.{name}",
            on_click=asked.drop,
            args=(name,),
            type="tertiary",
        )
    st.button(_("Clear all filters"), key=f"{asked.prefix}.clear", on_click=asked.clear, type="tertiary")


def label(asked: Asked, name: str) -> str:
    """What a filter is called."""
    main = service.records.main_date(asked.noun)
    labels = {
        "owner": _("Handler") if asked.noun is Noun.TICKET else _("Owner"),
        "mine": _("Mine"),
        "team": _("My team's"),
        "customer": _("Customer"),
        "within": main,
        "date_from": _("{date} from", date=main),
        "date_to": _("{date} until", date=main),
        "amount_from": _("Amount, at least"),
        "amount_to": _("Amount, at most"),
        "ids": _("Chosen records"),
        "batch": _("Import"),
    }
    return asked.facets.get(name) or labels.get(name, name)


def _chip(me: Actor, asked: Asked, name: str) -> str:
    told = label(asked, name)
    if name in asked.facets:
        raw = st.query_params[name]
        found = feedback.attempt(service.records.choices, me, asked.noun, name)
        names = found.choices if found else {}
        if raw == "true":
            return told
        return f"{told}: {' / '.join(names.get(code, code) for code in raw.split(';'))}"
    value = getattr(asked.narrowed, name, None)
    match name:
        case "owner":
            people = {person.id: person.name for person in service.users.colleagues(me)}
            return f"{told}: {_('Nobody') if value == 0 else people.get(value or 0, str(value))}"
        case "within":
            return f"{told}: {words.within(str(value))}"
        case "ids":
            return f"{told}: {len(asked.narrowed.ids)}"
        case "customer":
            view = feedback.attempt(service.customers.get, me, asked.narrowed.customer or 0)
            return f"{told}: {view.name if view else value}"
    return told if value is True else f"{told}: {_('no') if value is False else value}"


def _more(me: Actor, asked: Asked) -> None:
    left, right = st.columns(2)
    with left:
        for name in list(asked.facets)[QUICK:]:
            _select(me, asked, name)
    with right:
        codes = {code: words.within(code) for code in WITHIN}
        _choose(asked, "within", codes)
        for name in ("date_from", "date_to"):
            _typed(asked, name, "2026-01-31")
        if asked.noun in _MONEY:
            for name in ("amount_from", "amount_to"):
                _typed(asked, name, "10000")
    custom_filters.draw(me, custom_filters.Of(asked.noun, asked.prefix, asked.put))


def _box(me: Actor, asked: Asked, name: str, told: str) -> None:
    """A quick filter behind a button: its choices are fetched when it is opened."""
    weight: Any = "primary" if name in st.query_params else "secondary"
    key = f"{asked.prefix}.{name}.box"
    box = st.popover(told, key=key, on_change="rerun", type=weight)
    if box.open:
        with box:
            _select(me, asked, name, close=key)


def _select(me: Actor, asked: Asked, name: str, close: str = "") -> None:
    if name == "owner":
        people = {str(person.id): person.name for person in service.users.colleagues(me)}
        _choose(asked, name, {"0": _("Nobody")} | people, close)
        return
    found = feedback.attempt(service.records.choices, me, asked.noun, name)
    if found is not None:
        _choose(asked, name, found.choices, close)


def _choose(asked: Asked, name: str, options: dict[str, str], close: str = "") -> None:
    key = f"{asked.prefix}.{name}"
    held = st.query_params.get(name)
    st.session_state[key] = held if held in options else None
    st.selectbox(
        label(asked, name),
        list(options),
        format_func=lambda code: options.get(code, code),
        index=None,
        placeholder=_("Any"),
        key=key,
        on_change=_keep,
        args=(asked, name, close),
    )


def _typed(asked: Asked, name: str, example: str) -> None:
    key = f"{asked.prefix}.{name}"
    st.session_state[key] = st.query_params.get(name, "")
    st.text_input(label(asked, name), key=key, placeholder=example, on_change=_keep, args=(asked, name))


def _keep(asked: Asked, name: str, close: str = "") -> None:
    """Put what the widget says into the address, and close the box it is in."""
    asked.put(name, st.session_state.get(f"{asked.prefix}.{name}"))
    if close:
        st.session_state[close] = False
