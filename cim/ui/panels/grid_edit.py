"""The page's rows as a grid to type in: plain fields only, each cell checked by the service, nothing typed is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cim import service, words
from cim.i18n import _
from cim.models.customer import Grade, Party
from cim.models.customer_view import CustomerRow
from cim.models.listing import CellEdit
from cim.permissions import Permission
from cim.ui import feedback, gate, state, tables
from cim.ui.panels import bulk_result
from cim.work import Actor

SHOWN = ("grade", "party", "industry", "source", "region", "contact", "tags", "preference")


Stored = list[tuple[int, int, dict[str, Any]]]
"""Of each row: id, the version it was read at, and its values."""


def switch(me: Actor) -> None:
    """The toggle between list and grid, for those who may change customers."""
    if me.can(Permission.CUSTOMER_WRITE):
        st.toggle(_("Edit in grid"), key="search.grid", on_change=_begin)


def show(me: Actor, rows: Sequence[CustomerRow]) -> None:
    """The grid, and the button that saves it. A cell is saved at the version of its row when the grid was opened."""
    import pandas as pd

    held: dict[str, int] = st.session_state.setdefault(state.LIST_GRID, {})
    for row in rows:
        held.setdefault(str(row.id), row.version)
    key = tables.key_of(rows, key="search.cells")
    stored = [(row.id, held[str(row.id)], {name: _value(row, name) for name in SHOWN}) for row in rows]
    values = [{"name": row.name} | cells for row, (_id, _version, cells) in zip(rows, stored, strict=True)]
    st.caption(_("Change cells, also by pasting from a sheet, then save. Grey columns cannot be changed here."))
    st.data_editor(
        pd.DataFrame(values, columns=["name", *SHOWN]),
        column_config=_config(me, rows),
        disabled=["name"],
        hide_index=True,
        key=key,
        height="content",
        placeholder="",
        alt=_("Customers as a grid to edit"),
    )
    edits = _edits(stored, st.session_state.get(key))
    with st.container(horizontal=True, vertical_alignment="center"):
        label = _("Save {count} cells", count=len(edits)) if edits else _("Save")
        given: dict[str, Any] = {"on_click": _save, "args": (key, stored), "disabled": not edits}
        st.button(label, type="primary", icon=":material/check:", key="search.grid.save", **given)
        if edits:
            st.button(_("Discard"), icon=":material/undo:", key="search.grid.discard", type="tertiary", on_click=_begin)


def _config(me: Actor, rows: Sequence[CustomerRow]) -> dict[str, Any]:
    c, choices = st.column_config, service.customers.choices(me)
    paths = {region.code: region.path for region in service.regions.tree(me)}
    words_of = {
        n: list(dict.fromkeys([*choices[n], *(getattr(r, n) for r in rows if getattr(r, n))]))
        for n in choices
        if n != "tags"
    }
    tags = list(dict.fromkeys([*choices["tags"], *(tag for row in rows for tag in row.tags)]))
    return {
        "name": c.TextColumn(words.field("name"), pinned=True),
        "grade": c.SelectboxColumn(words.field("grade"), options=[g.value for g in Grade if g], width=70),
        "party": c.SelectboxColumn(
            words.field("party"),
            options=[p.value for p in Party],
            format_func=lambda code: words.value("party", str(code)),
            required=True,
            width=90,
        ),
        "industry": c.SelectboxColumn(words.field("industry"), options=words_of["industry"], width=120),
        "source": c.SelectboxColumn(words.field("source"), options=words_of["source"], width=110),
        "region": c.SelectboxColumn(
            words.field("region"),
            options=list(paths),
            format_func=lambda code: paths.get(str(code), str(code)),
            width=170,
        ),
        "contact": c.TextColumn(words.field("contact"), max_chars=60, width=90),
        "tags": c.MultiselectColumn(words.field("tags"), options=tags, accept_new_options=True, width=160),
        "preference": c.TextColumn(words.field("preference"), max_chars=500, width=180),
    }


def _value(row: CustomerRow, name: str) -> Any:
    """What a cell holds; an empty choice is None."""
    if name == "region":
        return row.region_code
    value = getattr(row, name)
    return list(value) if name == "tags" else (str(value) or None) if name not in ("contact", "preference") else value


def _edits(stored: Stored, typed: Any) -> list[CellEdit]:
    """The cells that differ from what is stored."""
    found = []
    for number, changes in ((typed or {}).get("edited_rows") or {}).items():
        if not 0 <= int(number) < len(stored):
            continue  # a browser may say anything
        customer_id, version, values = stored[int(number)]
        for name, value in changes.items():
            if name not in values or (value or None) != (values[name] or None):
                found.append(CellEdit(id=customer_id, version=version, field=str(name)[:60], value=value))
    return found


def _begin() -> None:
    """A fresh grid, with the rows as they are stored now."""
    st.session_state.pop(state.LIST_GRID, None)
    st.session_state[state.LIST_ROUND] = st.session_state.get(state.LIST_ROUND, 0) + 1


@gate.guarded(Permission.CUSTOMER_WRITE)
def _save(me: Actor, key: str, stored: Stored) -> None:
    """Read from the grid itself: what was typed last may have come with the press."""
    result = feedback.attempt(service.bulk_edit.cells, me, _edits(stored, st.session_state.get(key)))
    if result is None:
        return
    shown = st.session_state.get(state.LIST_ROUND, 0)
    bulk_result.keep(result)
    st.session_state.pop(state.LIST_GRID, None)
    if result.skipped:  # what could not be saved stays in its cell
        st.session_state[state.LIST_ROUND] = shown
    elif not result.done:
        st.session_state.pop(state.LIST_RESULT, None)
        feedback.toast(_("No changes."))
