"""Second step of the import: which column means what, values for columns the file lacks, and how rows are taken."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim.i18n import _
from cim.models.customer import Grade
from cim.models.imports import DeskView, ImportChoices, ImportKind, ImportMode, ImportPreview
from cim.permissions import Permission
from cim.service import customers, import_desk, users
from cim.ui import feedback
from cim.ui.panels import import_steps, import_words
from cim.ui.text import safe
from cim.work import Actor

POOL = "公海"
"""What a file says for the public pool; the importer knows it in every language."""


def show(me: Actor, key: str, desk: DeskView) -> None:
    """The columns of the file and the decisions about it. The button checks the file in the background."""
    how = {"encoding": desk.encoding, "delimiter": desk.delimiter, "sheet": desk.sheet}
    seen = feedback.attempt(import_desk.read, me, key, **how)
    if seen is None:
        import_steps.back_to(import_steps.FILE, key)
        return
    mapping = _columns(key, seen)
    mapped = set(mapping.values())
    defaults = _defaults(me, key, desk, mapped)
    choices = ImportChoices(**_decisions(me, key, desk, mapped), defaults=defaults)
    with st.container(horizontal=True):
        import_steps.back_to(import_steps.FILE, key)
        pressed = st.button(_("Check"), key="imports.check", type="primary", icon=":material/fact_check:")
    if pressed:
        feedback.attempt(import_desk.decide, me, key, mapping=mapping, choices=choices)
        if feedback.succeeded() and feedback.attempt(import_desk.check, me, key) is not None:
            import_steps.go(import_steps.CHECK, key=key)
            st.rerun()


def _columns(key: str, seen: ImportPreview) -> dict[str, str]:
    """Every header with the column it is taken for; a sample of its values beside it."""
    labels = seen.details["labels"]
    options = ["", *seen.details["columns"]]
    if seen.details["problem"]:
        st.warning(safe(seen.details["problem"]))
    st.subheader(_("Columns of the file"), anchor=False)
    chosen: dict[str, str] = {}
    grid = st.columns(3)
    for place, header in enumerate(seen.headers):
        if not header:
            continue
        values = [row[place] for row in seen.sample if row[place].strip()]
        chosen[header] = grid[len(chosen) % 3].selectbox(
            safe(header),
            options,
            index=options.index(seen.mapping.get(header, "")),
            format_func=lambda name: import_words.column(name, labels),
            key=f"imports.column.{key}.{place}",
            help=safe(" · ".join(values[:3])) or None,
        )
    twice = {name for name in chosen.values() if name and list(chosen.values()).count(name) > 1}
    if twice:
        names = ", ".join(import_words.column(name, labels) for name in sorted(twice))
        st.warning(_("Two columns of the file are mapped to {column}.", column=safe(names)))
    left = [header for header, name in chosen.items() if not name]
    if left:
        st.caption(_("Will not be imported: {columns}", columns=safe(", ".join(left))))
    return chosen


def _defaults(me: Actor, key: str, desk: DeskView, mapped: set[str]) -> dict[str, str]:
    """Values for all new customers, for columns that the file does not have."""
    if desk.kind is not ImportKind.CUSTOMERS:
        return {}
    lacking = [name for name in ("source", "industry", "owner", "grade", "tags") if name not in mapped]
    if not lacking:
        return {}
    held = desk.choices.defaults
    offered = feedback.attempt(customers.choices, me) or {}
    options = {
        "source": offered.get("source", []),
        "industry": offered.get("industry", []),
        "owner": [POOL, *(person.name for person in users.colleagues(me))],
        "grade": [grade.value for grade in Grade if grade],
        "tags": offered.get("tags", []),
    }
    given: dict[str, str] = {}
    with st.expander(_("Values for what the file does not say"), expanded=bool(held)):
        st.caption(_("They are given to new customers; customers that are known keep what they have."))
        grid = st.columns(3)
        for place, name in enumerate(lacking):
            value = _default(grid[place % 3], name, options[name], held.get(name, ""), f"imports.default.{key}.{name}")
            if value:
                given[name] = value
    return given


def _default(place: Any, name: str, options: list[str], held: str, key: str) -> str:
    label = import_words.column(name)
    if name == "tags":
        before = [tag for tag in held.split(";") if tag]
        chosen = place.multiselect(
            label, list(dict.fromkeys([*before, *options])), before, accept_new_options=True, key=key
        )
        return ";".join(chosen)
    every = list(dict.fromkeys([*([held] if held else []), *options]))
    value = place.selectbox(
        label,
        every,
        index=every.index(held) if held else None,
        accept_new_options=name in ("source", "industry"),
        placeholder=_("None"),
        key=key,
    )
    return value or ""


def _decisions(me: Actor, key: str, desk: DeskView, mapped: set[str]) -> dict[str, Any]:
    """Mode, duplicates, contacts from repeated rows, and whether unknown owners become users."""
    st.subheader(_("How rows are taken"), anchor=False)
    held = desk.choices
    modes = [ImportMode.ADD] if desk.kind in import_words.ONLY_ADDED else list(import_words.MODES)
    left, right = st.columns(2)
    mode = left.selectbox(
        _("Mode"),
        modes,
        index=modes.index(held.mode) if held.mode in modes else 0,
        format_func=lambda m: _(import_words.MODES[m]),
        key=f"imports.mode.{key}",
    )
    policies = list(import_words.DUPLICATES)
    if desk.kind not in (ImportKind.CUSTOMERS, ImportKind.CONTACTS):
        policies = policies[:2]
    double = right.selectbox(
        _("Possible duplicates"),
        policies,
        index=policies.index(held.on_duplicate) if held.on_duplicate in policies else 0,
        format_func=lambda d: _(import_words.DUPLICATES[d]),
        key=f"imports.duplicates.{key}",
        help=_("You can decide otherwise about single rows after the check."),
    )
    repeats = create = False
    if desk.kind is ImportKind.CUSTOMERS and "contact" in mapped:
        repeats = st.checkbox(
            _("Rows that repeat a company with another contact person are contacts of it"),
            value=held.repeats_are_contacts,
            key=f"imports.repeats.{key}",
        )
    if desk.kind is ImportKind.CUSTOMERS and me.can(Permission.USER_MANAGE):
        create = st.checkbox(
            _("Create disabled accounts for unknown owners"), value=held.create_missing, key=f"imports.create.{key}"
        )
    if desk.kind in import_words.WITH_CUSTOMERS and me.can(Permission.CUSTOMER_WRITE):
        create = st.checkbox(
            _("Add customers that are not known"), value=held.create_missing, key=f"imports.create.{key}"
        )
    return {"mode": mode, "on_duplicate": double, "repeats_are_contacts": repeats, "create_missing": create}
