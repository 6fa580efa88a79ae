"""Figures of the service desk: repeated problems with the tickets behind them, and how satisfied customers are."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import words
from cim.i18n import _, format_number, format_percent
from cim.models.ticket_view import Rated, Repeated, TicketFilter
from cim.service import ticket_desk, ticket_figures
from cim.ui import feedback
from cim.ui.panels import ticket_words
from cim.ui.text import safe
from cim.work import Actor

_DAYS = (30, 90, 365)


def repeated(me: Actor) -> None:
    """The tab of repeated problems: one line each; opened, it lists exactly what was counted."""
    days = _days("repeated", 90)
    found = feedback.attempt(ticket_figures.repeated, me, days)
    if found is None:
        return
    if not found:
        st.info(_("No problem came up twice in this time."), icon=":material/task_alt:")
    for problem in found:
        key = f"repeated.{problem.product_id}.{problem.category}"
        with st.expander(_title(problem), key=key, on_change="rerun") as box:
            if box.open:
                _behind(me, problem, days)


def satisfaction(me: Actor) -> None:
    """The tab of satisfaction: the whole, and by month, handler and type, each with the number of ratings."""
    days = _days("satisfaction", 365)
    found = feedback.attempt(ticket_figures.satisfaction, me, days)
    if found is None:
        return
    whole = found.whole
    for column, (label, value, told) in zip(st.columns(3), _cards(whole), strict=True):
        column.metric(label, value, help=told, border=True)
    if not whole.rated:
        st.info(_("Nobody has rated a ticket yet. Enter what customers say on the page of a resolved ticket."))
        return
    total = sum(found.scores.values())
    st.markdown("  \n".join(
        f"{ticket_words.stars(score)} {format_number(count)} :gray[({format_percent(count / total, 0)})]"
        for score, count in sorted(found.scores.items(), reverse=True)
    ))  # fmt: skip
    for label, rows, vocabulary in (
        (_("By month of opening"), found.by_month, ""),
        (_("By handler"), found.by_handler, ""),
        (_("By type"), found.by_type, "ticket_type"),
    ):
        st.subheader(label, anchor=False)
        _table(rows, vocabulary, label)


def _cards(whole: Rated) -> list[tuple[str, str, str]]:
    average = "–" if whole.average is None else format_number(whole.average, 2)
    good = "–" if whole.good is None else format_percent(whole.good)
    count = _("{rated} of {tickets}", rated=format_number(whole.rated), tickets=format_number(whole.tickets))
    return [
        (_("Average rating"), average, _("Of 5, over all rated tickets of this time.")),
        (_("Satisfied"), good, _("Share of ratings with 4 or 5 stars.")),
        (_("Rated tickets"), count, _("Tickets opened in this time, and how many of them were rated.")),
    ]


def _table(rows: list[Rated], vocabulary: str, label: str) -> None:
    import pyarrow as pa

    named = [words.value(vocabulary, row.group) if vocabulary else row.group for row in rows]
    columns: dict[str, Any] = {
        label: named,
        _("Tickets"): [row.tickets for row in rows],
        _("Rated"): [row.rated for row in rows],
        _("Average"): [row.average for row in rows],
        _("4 or 5 stars"): [None if row.good is None else round(row.good * 100, 1) for row in rows],
    }
    shown = {_("4 or 5 stars"): st.column_config.NumberColumn(format="%.1f %%")}
    st.dataframe(pa.table(columns), hide_index=True, column_config=shown, height="content", alt=label)


def _days(key: str, first: int) -> int:
    names = {str(days): _("{count} days", count=days) for days in _DAYS}
    held = f"tickets.{key}"
    if held not in st.session_state:
        asked = st.query_params.get("days")
        st.session_state[held] = asked if asked in names else str(first)
    chosen = st.segmented_control(_("Time"), [*names], format_func=names.__getitem__, key=held, required=True)
    st.query_params["days"] = chosen or str(first)
    return int(chosen or first)


def _title(problem: Repeated) -> str:
    what = " · ".join(safe(part) for part in (problem.product, problem.category) if part)
    text = _("{count} times, {customers} customers", count=problem.count, customers=problem.customers)
    if problem.complaints:
        text += ", " + _("{count} complaints", count=problem.complaints)
    if problem.open:
        text += ", " + _("{count} open", count=problem.open)
    if problem.satisfaction is not None:
        text += ", ★ " + format_number(problem.satisfaction, 1)
    return f"**{what}** :gray[{text}]"


def _behind(me: Actor, problem: Repeated, days: int) -> None:
    narrowed = TicketFilter(
        product_id=problem.product_id,
        without_product=problem.product_id is None,
        category=problem.category,
        since=ticket_figures.since(days),
    )
    rows = feedback.attempt(ticket_desk.found, me, narrowed) or []
    st.markdown("\n\n".join(ticket_words.line(row) for row in rows))
