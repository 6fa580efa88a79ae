"""Records side by side: which one stands, which value each field takes, what moves."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock, service, words
from cim.i18n import _, format_date
from cim.models.merge_view import MergeField, MergePreview, MergeSide
from cim.models.search import PairStatus
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.text import safe
from cim.work import Actor

TOGETHER = 0
"""Stands for "both texts" among the records a value may come from."""
_COUNTED = ("contacts", "activities", "tasks", "files")


def asked() -> list[int]:
    """The customers that the URL wants side by side (`?ids=1,2,3`)."""
    return [int(part) for part in st.query_params.get("ids", "").split(",") if part.strip().isdecimal()]


def leave() -> None:
    """Back to the queue. In a callback: a link to the page it stands on would leave the address as it is."""
    for name in ("ids", "pair"):
        st.query_params.pop(name, None)


def show(me: Actor, ids: list[int]) -> None:
    """The form for these customers."""
    st.button(
        _("Back to the list"), icon=":material/arrow_back:", type="tertiary", key="duplicates.back", on_click=leave
    )
    preview = feedback.attempt(service.customers.merge_preview, me, ids)
    if preview is None:
        return
    for record in preview.out_of_reach:
        whose = safe(record.owner or _("nobody"))
        st.warning(_("{name} is looked after by {owner} and is left out.", name=safe(record.name), owner=whose))
    sides = [side for side in preview.sides if side.may_change]
    for side in preview.sides:
        if not side.may_change:
            st.warning(_("You may see {name}, but not change it: it is left out.", name=safe(side.name)))
    if len(sides) < 2:
        st.info(_("There are not two records here that you can merge."))
        return
    winner = _winner(sides)
    choices = _choices(preview, sides, winner)
    _actions(me, sides, winner, choices)


def _winner(sides: list[MergeSide]) -> int:
    letters = _letters(sides)
    captions = [_facts(side) for side in sides]
    best = next((number for number, side in enumerate(sides) if side.best), 0)
    return st.radio(
        _("Which record stands?"),
        [side.id for side in sides],
        index=best,
        format_func=lambda i: next(f"{letters[i]} · **{safe(side.name)}**" for side in sides if side.id == i),
        captions=captions,
        key="duplicates.winner." + ".".join(str(side.id) for side in sides),
        horizontal=True,
    )


def _facts(side: MergeSide) -> str:
    made = format_date(clock.local(side.created_at).date())
    below = _below(side)
    facts = [safe(side.code), safe(side.owner) or _("Public pool"), made, f"{side.completeness} %", *below]
    return " · ".join(facts)


def _below(side: MergeSide) -> list[str]:
    """What belongs to a record, as far as there is anything."""
    told = {
        "contacts": _("{count} contacts", count=side.contacts),
        "activities": _("{count} follow-ups", count=side.activities),
        "tasks": _("{count} tasks", count=side.tasks),
        "files": _("{count} files", count=side.files),
    }
    return [text for name, text in told.items() if getattr(side, name)]


def _choices(preview: MergePreview, sides: list[MergeSide], winner: int) -> dict[str, int]:
    """A choice per differing field; returns those that were made otherwise than proposed too: each names its record."""
    ids = [winner, *(side.id for side in sides if side.id != winner)]
    chosen: dict[str, int] = {}
    st.subheader(_("What differs"), anchor=False)
    for field in (field for field in preview.fields if field.differs):
        source = _field(field, sides, ids)
        if source != TOGETHER:
            chosen[field.name] = source
    same = [field for field in preview.fields if not field.differs]
    with st.expander(_("The same everywhere ({count})", count=len(same))):
        lines = [f":gray[:small[{safe(_label(f))}]]  \n{_value(f, f.values[winner])}" for f in same]
        st.markdown("\n\n".join(lines) or "—")
    return chosen


def _field(field: MergeField, sides: list[MergeSide], ids: list[int]) -> int:
    """One row: the field with the choice, then its value in each record."""
    letters = _letters(sides)
    filled = next((i for i in ids if field.values[i] not in (None, "", [])), ids[0])
    options = [*([TOGETHER] if field.joined else []), *(side.id for side in sides)]
    choice, *places = st.columns([3, *(4 for _side in sides)], vertical_alignment="center")
    with choice:
        chosen = st.radio(
            _label(field),
            options,
            index=0 if field.joined else options.index(filled),
            format_func=lambda i: letters.get(i) or _("Keep all"),
            key=f"duplicates.{field.name}.{'.'.join(str(i) for i in ids)}",
            horizontal=True,
        )
    for place, side in zip(places, sides, strict=True):
        value = _value(field, field.values[side.id])
        taken = chosen in (side.id, TOGETHER)
        with place:
            st.markdown(f"{letters[side.id]} · **{value}**" if taken else f":gray[{letters[side.id]} · {value}]")
    return chosen


def _actions(me: Actor, sides: list[MergeSide], winner: int, choices: dict[str, int]) -> None:
    standing = next(side for side in sides if side.id == winner)
    moving = [text for side in sides if side.id != winner for text in _below(side)]
    moves = ", ".join(moving) or _("nothing else")
    st.markdown(
        _("To **{name}** move: {what}. The other records can be restored.", name=safe(standing.name), what=moves)
    )
    reason = st.text_input(_("Reason"), key="duplicates.reason", max_chars=300)
    token = state.token("duplicates.merge")
    with st.container(horizontal=True):
        label = _("Merge {count} records", count=len(sides))
        pressed = st.button(label, type="primary", icon=":material/join_inner:", key=f"duplicates.merge.{token}")
        pair = st.query_params.get("pair", "")
        if pair.isdecimal():
            icon = ":material/close:"
            st.button(_("Not duplicates"), icon=icon, key="duplicates.apart", on_click=_apart, args=(int(pair),))
    versions = _compared(sides)
    if not pressed:
        return
    losers = [side.id for side in sides if side.id != winner]
    st.session_state.pop(state.COMPARED, None)
    said: dict[str, Any] = {"choices": choices, "reason": reason, "versions": versions, "token": token}
    if feedback.attempt(service.customers.merge, me, winner, losers, **said) is not None:
        state.spend("duplicates.merge")
        st.session_state[state.MERGED] = (winner, losers[0], len(sides))
        leave()
        st.rerun()


@gate.guarded(Permission.CUSTOMER_WRITE)
def _apart(me: Actor, pair_id: int) -> None:
    if feedback.attempt(service.duplicates.decide, me, pair_id, PairStatus.DISMISSED):
        feedback.toast(_("Remembered: not duplicates."))
        leave()


def _compared(sides: list[MergeSide]) -> dict[int, int]:
    """The versions that the user compared: those of the first look at these records, not of the press of the button."""
    held = dict(st.session_state.get(state.COMPARED, []))
    if held.keys() != {side.id for side in sides}:
        held = {side.id: side.version for side in sides}
        st.session_state[state.COMPARED] = list(held.items())
    return held


def _letters(sides: list[MergeSide]) -> dict[int, str]:
    return {side.id: chr(ord("A") + number) for number, side in enumerate(sides)}


def _label(field: MergeField) -> str:
    return field.label or words.field(field.name)


def _value(field: MergeField, value: Any) -> str:
    """A value for people, as Markdown."""
    if value in (None, "", []):
        return f":gray[{_('empty')}]"
    if field.name in words.VALUES:
        return safe(words.value(field.name, value))
    if isinstance(value, list):
        return safe(", ".join(str(part) for part in value))
    return safe(str(value)[:200])
