"""The filters of the customer list. The URL is the only place they are kept, so a colleague can open the same list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from pydantic import ValidationError

from cim import service, words
from cim.i18n import _
from cim.models.customer import Grade, Lifecycle
from cim.models.listing import Contacted, CustomerFilter, Order
from cim.ui.text import safe
from cim.work import Actor

EMPTY = "-"
"""How the URL says "not filled in" for industry, source and grade."""
_OPTIONAL = ("industry", "source", "grade")


def customers(me: Actor) -> tuple[CustomerFilter, Order, int]:
    """Draw search box and filters; return what they say, the order, and the page."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _bind("q", str, "")
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
        if more.open:  # lists of people and regions are fetched for those who look at them
            with more:
                _more(me)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        _pills(
            "grade", [*(g.value for g in Grade if g), EMPTY], _("Grade"), lambda code: words.value("grade", _code(code))
        )
        _pills(
            "contacted", [c.value for c in Contacted], _("Last contact"), lambda code: words.value("contacted", code)
        )
    chosen = _read()
    _active(me, chosen)
    order = (
        Order(st.query_params.get("order", "newest")) if st.query_params.get("order") in set(Order) else Order.NEWEST
    )
    page = st.query_params.get("page", "1")
    return chosen, order, min(int(page), 10**6) if page.isdecimal() else 1


def order(current: Order) -> None:
    """Draw the choice of order."""
    _bind("order", str, current.value)
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


def turn_to(page: int) -> None:
    """Put a page number into the URL."""
    st.query_params["page"] = str(page)


def _more(me: Actor) -> None:
    people = {person.id: person.name for person in service.users.colleagues(me)}
    regions = {region.code: region.path for region in service.regions.tree(me)}
    choices = service.customers.choices(me)
    _select("owner", {"0": _("Public pool")} | {str(i): name for i, name in people.items()})
    _select("region", {EMPTY: _("Not filled in")} | regions)
    _select("lifecycle", {stage.value: words.value("lifecycle", stage) for stage in Lifecycle})
    _select("kind", {"company": words.value("kind", "company"), "person": words.value("kind", "person")})
    for name, values in (("industry", choices["industry"]), ("source", choices["source"])):
        _select(name, {EMPTY: _("Not filled in")} | {value: value for value in values})
    _select("tag", {value: value for value in choices["tags"]})
    _select("no_next_step", {"true": _("No next step"), "false": _("Next step planned")})
    _select("overdue", {"true": _("Follow-up overdue"), "false": _("Nothing overdue")})


def _active(me: Actor, chosen: CustomerFilter) -> None:
    """What narrows the list now, each removable by one click."""
    given = [name for name in CustomerFilter.model_fields if name != "q" and name in st.query_params]
    if not given:
        return
    with st.container(horizontal=True, gap="small"):
        for name in given:
            st.button(
                safe(_chip(me, name, getattr(chosen, name))),
                icon=":material/close:",
                key=f"search.drop.{name}",
                on_click=_drop,
                args=(name,),
                type="tertiary",
            )
        st.button(_("Clear all filters"), key="search.clear", on_click=st.query_params.clear, type="tertiary")


def _chip(me: Actor, name: str, value: Any) -> str:
    match name:
        case "owner":
            names = {person.id: person.name for person in service.users.colleagues(me)}
            shown = _("Public pool") if value == 0 else names.get(value, str(value))
        case "region":
            shown = {r.code: r.path for r in service.regions.tree(me)}.get(value, _("Not filled in"))
        case "grade" | "lifecycle" | "kind" | "contacted":
            shown = words.value(name, value)
        case "overdue" | "no_next_step":
            shown = _("yes") if value else _("no")
        case _:
            shown = str(value) or _("Not filled in")
    return f"{_label(name)}: {shown}"


def _label(name: str) -> str:
    labels = {
        "tag": _("Tag"),
        "contacted": _("Last contact"),
        "created_from": _("Created since"),
        "created_to": _("Created until"),
        "active_from": _("Contacted since"),
        "active_to": _("Contacted until"),
        "idle_days": _("Days without contact, at least"),
        "overdue": _("Follow-up overdue"),
        "no_next_step": _("No next step"),
        "batch": _("Import"),
        "duplicates_of": _("Possible duplicates of"),
    }
    return labels.get(name) or words.field(name)


def _read() -> CustomerFilter:
    given = {name: st.query_params[name] for name in CustomerFilter.model_fields if name in st.query_params}
    given |= {name: _code(given[name]) for name in _OPTIONAL if name in given}
    try:
        return CustomerFilter.model_validate(given)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        st.warning(_("The link holds filters that mean nothing here: {names}", names=", ".join(sorted(wrong))))
        return CustomerFilter.model_validate({k: v for k, v in given.items() if k not in wrong})


def _select(name: str, options: dict[str, str]) -> None:
    _bind(name, str, None)
    if st.session_state[f"search.{name}"] not in options:
        st.session_state[f"search.{name}"] = None
    st.selectbox(
        _label(name),
        list(options),
        format_func=lambda c: options.get(c, c),
        index=None,
        placeholder=_("Any"),
        key=f"search.{name}",
        on_change=_keep,
        args=(name,),
    )


def _pills(name: str, options: list[str], label: str, shown: Callable[[str], str]) -> None:
    _bind(name, str, None)
    if st.session_state[f"search.{name}"] not in options:
        st.session_state[f"search.{name}"] = None
    kept: dict[str, Any] = {"key": f"search.{name}", "on_change": _keep, "args": (name,)}
    st.pills(label, options, format_func=shown, width="content", wrap=True, **kept)


def _bind(name: str, convert: Callable[[str], Any], default: Any) -> None:
    """Let the widget show what the URL says."""
    value = st.query_params.get(name)
    st.session_state[f"search.{name}"] = convert(value) if value is not None else default


def _keep(name: str) -> None:
    """Put what the widget says into the URL, and begin at the first page."""
    value = st.session_state.get(f"search.{name}")
    st.query_params.pop("page", None)
    if value in (None, ""):
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = str(value)


def _drop(name: str) -> None:
    st.query_params.pop(name, None)
    st.query_params.pop("page", None)


def _code(shown: str) -> str:
    return "" if shown == EMPTY else shown
