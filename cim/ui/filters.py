"""The filters of the customer list: the search box, quick ones in a row, the others behind a button, and what is in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cim import service, words
from cim.i18n import _
from cim.models.customer import Grade, Lifecycle, Party
from cim.models.listing import Contacted, Order
from cim.permissions import Permission
from cim.ui import custom_filters, filter_words, list_url
from cim.ui.list_url import EMPTY
from cim.ui.text import safe
from cim.work import Actor

CREATED = (
    "today",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_quarter",
    "last_30_days",
    "last_90_days",
)
DUE = ("today", "tomorrow", "this_week", "next_week", "this_month", "next_7_days", "next_30_days")
DAYS = (30, 60, 90, 180, 365)


def draw(me: Actor) -> None:
    """The search box, and under it a row of quick filters. Lists of people, regions and words are fetched for those who
    open them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state["search.q"] = st.query_params.get("q", "")
        st.text_input(
            _("Find"),
            key="search.q",
            type="search",
            placeholder=_("Name, pinyin, initials, phone or last 4 digits, e-mail, contact, code"),
            live="300ms",
            on_change=_keep,
            args=("q",),
            label_visibility="collapsed",
        )
        more = st.popover(_("More filters"), icon=":material/tune:", key="search.more", on_change="rerun")
        if more.open:
            with more:
                _more(me)
    with st.container(horizontal=True, gap="small"):
        _list("owner", lambda: _owners(me))
        _list("region", lambda: {EMPTY: _("Not filled in")} | {r.code: r.path for r in service.regions.tree(me)})
        _menu("grade", [*(g.value for g in Grade if g), EMPTY], lambda code: words.value("grade", list_url.code(code)))
        _menu("lifecycle", [stage.value for stage in Lifecycle], lambda code: words.value("lifecycle", code))
        _menu("contacted", [when.value for when in Contacted], lambda code: words.value("contacted", code))
        _list("tag", lambda: {tag: tag for tag in service.customers.choices(me, retired=True)["tags"]})
        tasks = {"true": _("Has an open task"), "false": _("No open task")}
        _menu("has_open_task", list(tasks), tasks.__getitem__)


def active(me: Actor, asked: list_url.Asked) -> None:
    """What narrows the list now, each removable by one click."""
    own = dict(custom_filters.chips(me, asked.narrowed.custom))
    for name in list_url.names():
        label = own.get(name) if name in own else filter_words.chip(me, name, getattr(asked.narrowed, name, None))
        st.button(
            safe(label),
            icon=":material/close:",
            key=f"search.drop.{name}",
            on_click=list_url.drop,
            args=(name,),
            type="tertiary",
        )
    st.button(_("Clear all filters"), key="search.clear", on_click=list_url.clear, type="tertiary")


def order(current: Order) -> None:
    """The choice of order."""
    st.session_state["search.order"] = current.value
    st.selectbox(
        _("Order"),
        [o.value for o in Order],
        format_func=lambda code: words.value("order", code),
        key="search.order",
        on_change=_keep,
        args=("order",),
        label_visibility="collapsed",
        width=180,
    )


def _more(me: Actor) -> None:
    choices = service.customers.choices(me, retired=True)
    left, right = st.columns(2)
    with left:
        _select("party", {p.value: words.value("party", p) for p in Party})
        _select("kind", {"company": words.value("kind", "company"), "person": words.value("kind", "person")})
        for name in ("industry", "source"):
            _select(name, {EMPTY: _("Not filled in")} | {value: value for value in choices[name]})
        _select("starred", {"true": _("yes"), "false": _("no")})
        _select("confirmed_before_days", {str(days): _("{days} days", days=days) for days in DAYS})
    with right:
        for name, codes in (("created_within", CREATED), ("contacted_within", CREATED), ("due_within", DUE)):
            _select(name, {code: words.within(code) for code in codes})
        _select("overdue", {"true": _("Follow-up overdue"), "false": _("Nothing overdue")})
        _select("idle_days", {str(days): _("{days} days", days=days) for days in (7, *DAYS)})
        _select("quality_most", {str(points): f"≤ {points}%" for points in (30, 50, 60, 70, 80, 90)})
    custom_filters.draw(me)


def _owners(me: Actor) -> dict[str, str]:
    people = {str(person.id): person.name for person in service.users.colleagues(me)}
    if me.can(Permission.CUSTOMER_ASSIGN) or not me.can(Permission.CUSTOMER_UNMASK):
        return {"0": _("Public pool")} | people
    return {"0": _("Public pool"), str(me.user_id): me.name}  # a rep sees his own, and the pool


def _menu(name: str, options: list[str], shown: Callable[[str], str]) -> None:
    """A quick filter with few values: one press opens it, one chooses."""
    kept: dict[str, Any] = {"key": f"search.{name}", "on_click": _keep, "args": (name,)}
    st.menu_button(filter_words.label(name), options, format_func=shown, type=_weight(name), **kept)


def _list(name: str, options: Callable[[], dict[str, str]]) -> None:
    """A quick filter with many values, to be searched by typing."""
    box = st.popover(filter_words.label(name), key=f"search.{name}.box", on_change="rerun", type=_weight(name))
    if box.open:
        with box:
            _select(name, options(), close=f"search.{name}.box")


def _weight(name: str) -> Any:
    return "primary" if name in st.query_params else "secondary"


def _select(name: str, options: dict[str, str], *, close: str = "") -> None:
    key = f"search.{name}"
    held = st.query_params.get(name)
    st.session_state[key] = held if held in options else None
    st.selectbox(
        filter_words.label(name),
        list(options),
        format_func=lambda c: options.get(c, c),
        index=None,
        placeholder=_("Any"),
        key=key,
        on_change=_keep,
        args=(name, close),
    )


def _keep(name: str, close: str = "") -> None:
    """Put what the widget says into the address, and close the box it is in."""
    list_url.put(name, st.session_state.get(f"search.{name}"))
    if close:
        st.session_state[close] = False
