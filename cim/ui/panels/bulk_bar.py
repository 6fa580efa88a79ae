"""What can be done with the ticked customers: assign, set a field, tag, export, merge, remove."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from cim import service, words
from cim.i18n import _, format_number, language
from cim.models.custom import Noun
from cim.models.customer import Grade, Party
from cim.models.listing import BulkResult, CustomerList, Selection
from cim.permissions import Permission
from cim.service.bulk_edit import FIELDS, MOST_SELECTED
from cim.ui import columns, feedback, menu, state
from cim.ui.list_url import Asked
from cim.ui.panels import bulk_result, custom_inputs, export_panel
from cim.work import Actor

MOST_MERGED = 5


def show(me: Actor, asked: Asked, found: CustomerList, ids: list[int]) -> None:
    """The bar: how many are meant, and the actions this actor has. `ids` are ticked on this page."""
    whole = st.session_state.get(state.LIST_ALL) == asked.mark()
    count = found.total if whole else len(ids)
    chosen = Selection(narrowed=asked.narrowed) if whole else Selection(ids=ids)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="search.bulk"):
        st.markdown(f"**{_('{count} selected', count=format_number(count))}**", width="content")
        if not whole and len(ids) < found.total and not found.more and found.total <= MOST_SELECTED:
            every = _("Select all {total}", total=format_number(found.total))
            mark: dict[str, Any] = {"on_click": _take_all, "args": (asked.mark(),)}
            st.button(every, key="search.bulk.all", type="tertiary", icon=":material/select_all:", **mark)
        if me.can(Permission.CUSTOMER_ASSIGN):
            with _box("assign", _("Assign"), "person_raised_hand") as open_:
                if open_:
                    _assign(me, chosen, count)
        if me.can(Permission.CUSTOMER_WRITE):
            with _box("field", _("Set a field"), "edit") as open_:
                if open_:
                    _field(me, chosen, count)
            with _box("tags", _("Tag"), "label") as open_:
                if open_:
                    _tags(me, chosen, count)
        if me.can(Permission.EXPORT):
            with _box("export", _("Export"), "download") as open_:
                if open_:
                    export_panel.show(me, asked.narrowed, count, None if whole else ids)
        if me.can(Permission.CUSTOMER_WRITE):
            _merge(ids, whole)
            with _box("remove", _("Delete"), "delete") as open_:
                if open_:
                    _remove(me, chosen, count)
        st.button(
            "", key="search.bulk.none", type="tertiary", icon=":material/close:", on_click=_none, help=_("Untick")
        )


def dropped() -> None:
    """Nothing is ticked: nor is "all" meant any longer."""
    st.session_state.pop(state.LIST_ALL, None)


@contextmanager
def _box(name: str, label: str, icon: str) -> Iterator[bool]:
    """A button with a panel below it, whose contents are made when it is open."""
    box = st.popover(label, icon=f":material/{icon}:", key=f"search.bulk.{name}", on_change="rerun")
    with box:
        yield bool(box.open)


def _assign(me: Actor, chosen: Selection, count: int) -> None:
    people = {person.id: person.name for person in service.users.colleagues(me, assignable=True)}
    to = st.selectbox(
        _("New owner"),
        [*people, 0],
        format_func=lambda i: people.get(i, _("Public pool")),
        index=None,
        placeholder=_("Choose"),
        key="search.bulk.owner",
    )
    st.caption(_("Open tasks go along. Everything else stays with the customer."))
    _apply(
        "assign",
        _("Hand over {count}", count=count),
        to is not None,
        lambda reason: (service.bulk_edit.assign, me, chosen, to or None, {"reason": reason}),
    )


def _field(me: Actor, chosen: Selection, count: int) -> None:
    own = {columns.OWN + f.key: f for f in service.custom.fields(me, Noun.CUSTOMER) if not f.personal}
    name = st.selectbox(
        _("Field"),
        [*FIELDS, *own],
        format_func=lambda n: own[n].named(language()) if n in own else words.field(n),
        key="search.bulk.name",
    )
    value = custom_inputs.draw("search.bulk", [own[name]]).get(own[name].key) if name in own else _editor(me, name)
    emptied = value in (None, "", [])
    sure = emptied and st.checkbox(_("Empty this field"), key="search.bulk.empty")
    label = _("Empty for {count}", count=count) if sure else _("Set for {count}", count=count)
    _apply(
        "field",
        label,
        sure or not emptied,
        lambda reason: (service.bulk_edit.set_field, me, chosen, name, value, {"reason": reason}),
    )


def _editor(me: Actor, name: str) -> Any:
    """An input of the field's own kind."""
    key, empty = f"search.bulk.value.{name}", _("Not filled in")
    if name == "preference":
        return st.text_input(words.field(name), key=key, max_chars=500)
    if name in ("grade", "party"):
        codes = [each.value for each in (Grade if name == "grade" else Party) if each.value]
        shown: dict[str, Any] = {"format_func": lambda code: words.value(name, code), "key": key}
        return st.pills(words.field(name), codes, default=None, required=name == "party", **shown)
    if name == "region":
        paths = {region.code: region.path for region in service.regions.tree(me)}
        return st.selectbox(
            words.field(name),
            list(paths),
            format_func=lambda c: paths.get(c, c),
            index=None,
            placeholder=empty,
            key=key,
        )
    offered = service.customers.choices(me)[name]
    return st.selectbox(words.field(name), offered, index=None, placeholder=empty, key=key, accept_new_options=True)


def _tags(me: Actor, chosen: Selection, count: int) -> None:
    known = service.customers.choices(me, retired=True)["tags"]
    given = st.multiselect(
        _("Add tags"), known, key="search.bulk.add", accept_new_options=True, placeholder=_("Choose")
    )
    taken = st.multiselect(_("Take tags away"), known, key="search.bulk.take", placeholder=_("Choose"))
    _apply(
        "tags",
        _("Tag {count}", count=count),
        bool(given or taken),
        lambda reason: (service.bulk_edit.tag, me, chosen, {"add": given, "remove": taken, "reason": reason}),
    )


def _remove(me: Actor, chosen: Selection, count: int) -> None:
    st.markdown(
        _("**{count} customers go to the recycle bin.** They can be restored from there.", count=format_number(count))
    )
    sure = st.checkbox(_("Yes, delete {count} customers", count=format_number(count)), key="search.bulk.sure")
    _apply(
        "remove",
        _("Delete {count}", count=count),
        sure,
        lambda reason: (service.bulk_edit.remove, me, chosen, {"reason": reason}),
    )


def _merge(ids: list[int], whole: bool) -> None:
    there = any(entry.url_path == "duplicates" for entry in menu.existing())
    if there and not whole and 2 <= len(ids) <= MOST_MERGED:
        query = {"ids": ",".join(map(str, ids))}
        st.page_link("pages/duplicates.py", label=_("Merge"), icon=":material/join_inner:", query_params=query)


def _apply(name: str, label: str, ready: bool, call: Callable[[str], tuple[Any, ...]]) -> None:
    """Reason and button; on a press the call is made and the list shown anew with its result."""
    reason = st.text_input(_("Reason"), key=f"search.bulk.{name}.reason", max_chars=300, placeholder=_("Optional"))
    if not st.button(label, type="primary", key=f"search.bulk.{name}.go", disabled=not ready):
        return
    function, *given, options = call(reason)
    with st.spinner(_("Working …")):
        result: BulkResult | None = feedback.attempt(function, *given, **options)
    if result is not None:
        bulk_result.keep(result)
        st.rerun()


def _take_all(mark: str) -> None:
    st.session_state[state.LIST_ALL] = mark


def _none() -> None:
    st.session_state[state.LIST_ROUND] = st.session_state.get(state.LIST_ROUND, 0) + 1
    st.session_state.pop(state.LIST_ALL, None)
