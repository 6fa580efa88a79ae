"""Opportunities, orders, contracts, products and tickets that the words of the search box find, below the customers."""

from __future__ import annotations

import streamlit as st

from cim import service, words
from cim.i18n import _, format_date
from cim.models.record_list import RecordMatch, RecordMatches
from cim.ui import feedback, menu, record_url
from cim.ui.text import safe
from cim.work import Actor


def matches(me: Actor, q: str) -> None:
    """What was found, noun by noun, each a link to its page; nothing where there is none."""
    found = feedback.attempt(service.records.find, me, q) if q.strip() else None
    if not found:
        return
    there = {entry.path for entry in menu.existing()}
    for group in found:
        with st.container(gap="xsmall", key=f"search.found.{group.noun.value}"):
            st.markdown(f"**{words.value('nouns', group.noun)}**")
            for row in group.rows:
                _line(group, row, linked=record_url.PAGES[group.noun] in there)
            if group.more and (page := record_url.LISTS[group.noun]) in there:
                query = {"q": q, "view": "all", **record_url.TABS.get(group.noun, {})}
                st.page_link(page, label=_("Show all"), icon=":material/list:", query_params=query)


def _line(group: RecordMatches, row: RecordMatch, *, linked: bool) -> None:
    called = row.name if row.number in ("", row.name) else f"{row.number}  {row.name}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if linked:
            st.page_link(
                record_url.PAGES[group.noun],
                label=safe(called),
                icon=f":material/{record_url.ICONS[group.noun]}:",
                query_params={"id": str(row.id)},
                width="content",
            )
        else:
            st.markdown(safe(called), width="content")
        facts = [safe(row.customer), safe(row.state), format_date(row.at)]
        st.caption(" · ".join(fact for fact in facts if fact), width="content")
