"""The list of a noun: views, search box, filters, rows to open and to tick, columns, order, pages, export. One panel for
every noun: `records.show(me, Noun.ORDER)`."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, format_money, format_number
from cim.models.custom import Noun
from cim.models.record_list import RecordColumn, RecordList
from cim.models.saved_view import Shelf
from cim.permissions import Permission
from cim.service.custom_values import PREFIX as OWN
from cim.ui import feedback, list_url, menu, record_url
from cim.ui.panels import (
    bulk_result,
    records_bulk,
    records_columns,
    records_export,
    records_filters,
    records_table,
    view_bar,
)
from cim.ui.record_url import Asked
from cim.work import Actor


def show(me: Actor, noun: Noun) -> None:
    """Draw the list as the address says, and open the record whose name is pressed."""
    shelf = feedback.attempt(service.saved_views.everything, me, noun)
    if shelf is None:
        return
    asked = record_url.read(me, noun, shelf)
    view_bar.show(me, shelf, asked)
    records_filters.draw(me, asked)
    if asked.names() or asked.changed:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            records_filters.active(me, asked)
            view_bar.changed(me, asked)
    bulk_result.show(me, asked.prefix)
    offered = service.records.columns(me, noun)
    names = records_columns.chosen(asked, shelf, offered)
    found = feedback.attempt(
        service.records.search,
        me,
        noun,
        asked.narrowed,
        order=asked.order,
        page=asked.page,
        size=shelf.size,
        custom=[name.removeprefix(OWN) for name in names if name.startswith(OWN)],
    )
    if found is not None:
        _list(me, asked, shelf, offered, names, found)


def _list(
    me: Actor, asked: Asked, shelf: Shelf, offered: list[RecordColumn], names: list[str], found: RecordList
) -> None:
    ticked = records_table.picked(found.rows, key=asked.prefix)
    if ticked:
        records_bulk.show(me, asked, found, ticked)
    else:
        records_bulk.dropped()
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(_counted(found), width="content")
            with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
                records_columns.order(asked, offered)
                records_columns.choose(me, shelf, asked, offered, names)
                _export(me, asked, found)
    if not found.rows:
        st.info(_("No matches. Remove a filter, or type less.") if asked.values() else _("Nothing here yet."))
        return
    shown = [next(column for column in offered if column.name == name) for name in names]
    opened = records_table.show(found.rows, shown, key=asked.prefix, ticked=records_bulk.possible(me, asked.noun))
    page = record_url.PAGES[asked.noun]
    if opened is not None and any(entry.path == page for entry in menu.existing()):
        st.switch_page(page, query_params={"id": str(opened)})
    _pages(asked, found)


def _counted(found: RecordList) -> str:
    count = f"**{_('{total} in the list', total=format_number(found.total))}**"
    if not found.total_amount:
        return count
    return f"{count}  :gray[{_('worth {amount}', amount=format_money(found.total_amount, found.currency))}]"


def _export(me: Actor, asked: Asked, found: RecordList) -> None:
    if me.can(Permission.EXPORT) and me.role is not None and found.total:
        key = f"{asked.prefix}.export.box"
        box = st.popover(_("Export"), icon=":material/download:", key=key, on_change="rerun")
        if box.open:
            with box:
                records_export.show(me, asked, found.total)


def _pages(asked: Asked, found: RecordList) -> None:
    pages = -(-found.total // found.size)
    if pages > 1:
        current = min(asked.page, pages)
        turned = st.pagination(pages, default=current, key=f"{asked.prefix}.page.{asked.page}.{pages}")
        if turned != current:
            list_url.turn_to(turned)
            st.rerun()
