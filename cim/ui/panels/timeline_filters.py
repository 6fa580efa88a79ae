"""What of a customer's timeline is shown: kinds, person, period, words. The choice is in the address."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import words
from cim.i18n import _
from cim.models.timeline import EventGroup
from cim.service import users
from cim.ui import pickers
from cim.ui.text import safe
from cim.work import Actor

SHOW, WHO, SINCE, FIND = "show", "who", "period", "find"
"""Query parameters."""


def asked() -> dict[str, Any]:
    """What the address asks for, as `service.timeline.of` takes it."""
    codes = str(st.query_params.get(SHOW, "")).split(",")
    who, since = str(st.query_params.get(WHO, "")), pickers.period_of(str(st.query_params.get(SINCE, "")))
    return {
        "groups": [group for group in EventGroup if group.value in codes],
        "person": int(who) if who.isdecimal() else None,
        "since": since[1] if since else None,
        "text": str(st.query_params.get(FIND, ""))[:80],
    }


def draw(me: Actor, wanted: dict[str, Any], *, key: str) -> None:
    """A button that opens the filters, and what is in force with a way to let go of it."""
    label, icon = _("Filter"), ":material/filter_list:"
    box = st.popover(label, icon=icon, type="tertiary", key=f"{key}.open", on_change="rerun")
    if told := _told(me, wanted):
        press: dict[str, Any] = {"icon": ":material/close:", "key": f"{key}.clear", "type": "tertiary"}
        st.button(" · ".join(told), on_click=clear, args=(key,), **press)
    if not box.open:
        return
    with box:
        text = f"{key}.find"
        st.session_state.setdefault(text, wanted["text"])
        st.text_input(_("Words in the text"), key=text, max_chars=80, type="search", on_change=_find, args=(text,))
        shown = f"{key}.show"
        st.session_state.setdefault(shown, [group.value for group in wanted["groups"]])
        st.pills(
            _("Kinds"),
            [group.value for group in EventGroup],
            selection_mode="multi",
            format_func=lambda code: words.value("event_group", code),
            key=shown,
            on_change=_show,
            args=(shown,),
            wrap=True,
        )
        pickers.person(me, key=f"{key}.who", url=WHO)
        pickers.period(key=f"{key}.period", url=SINCE)


def clear(key: str) -> None:
    """Show everything again."""
    for name in (SHOW, WHO, SINCE, FIND):
        st.query_params.pop(name, None)
    for name in ("find", "show", "who", "period"):
        st.session_state.pop(f"{key}.{name}", None)


def _told(me: Actor, wanted: dict[str, Any]) -> list[str]:
    told = [words.value("event_group", group.value) for group in wanted["groups"]]
    if wanted["person"] is not None:
        names = {who.id: who.name for who in users.colleagues(me)}
        told.append(safe(names.get(wanted["person"], str(wanted["person"]))))
    if wanted["since"] is not None and (since := pickers.period_of(str(st.query_params.get(SINCE, "")))):
        told.append(since[0])
    return told + ([f"“{safe(wanted['text'])}”"] if wanted["text"] else [])


def _show(key: str) -> None:
    _keep(SHOW, ",".join(st.session_state.get(key) or []))


def _find(key: str) -> None:
    _keep(FIND, str(st.session_state.get(key) or "").strip())


def _keep(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
