"""The freshness campaign: customers whose data nobody confirmed for long, confirmed by one press each."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_number, format_relative
from cim.models.listing import CustomerFilter
from cim.models.quality import ToConfirm
from cim.permissions import Permission
from cim.ui import feedback, links
from cim.work import Actor

MONTHS = (3, 6, 12, 24)


def show(me: Actor) -> None:
    """Draw the choice of months (in the URL) and the list."""
    if "quality.months" not in st.session_state and st.query_params.get("months", "").isdecimal():
        asked = int(st.query_params["months"])
        st.session_state["quality.months"] = asked if asked in MONTHS else 12
    months = st.segmented_control(
        _("Not changed or confirmed for"),
        MONTHS,
        format_func=lambda n: _("{count} months", count=n),
        default=None if "quality.months" in st.session_state else 12,
        required=True,
        key="quality.months",
    )
    st.query_params["months"] = str(months or 12)
    found = feedback.attempt(service.quality.campaign, me, months=months or 12)
    if found is None:
        return
    if not found.total:
        st.success(_("All data was changed or confirmed within this time."), icon=":material/task_alt:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_('{total} customers', total=format_number(found.total))}**", width="content")
        query = links.customers(CustomerFilter(confirmed_before_days=found.days))
        st.page_link(links.SEARCH, label=_("Open as a list"), icon=":material/arrow_forward:", query_params=query)
    st.caption(_("Look at the values, ask when in doubt, then confirm: the data counts as fresh again."))
    _table(me, found.rows)


def _table(me: Actor, rows: list[ToConfirm]) -> None:
    columns: dict[str, Any] = {
        "link": st.column_config.LinkColumn(_("Open"), display_text=":material/open_in_new:", width=50),
        "name": st.column_config.TextColumn(_("Customer"), pinned=True),
        "grade": st.column_config.TextColumn(_("Grade"), width=60),
        "phone": st.column_config.TextColumn(_("Phone"), width=115),
        "region": st.column_config.TextColumn(_("Region"), width=125),
        "owner": st.column_config.TextColumn(_("Owner"), width=80),
        "since": st.column_config.TextColumn(_("Last confirmed or changed"), width=120),
        "score": st.column_config.ProgressColumn(_("Data quality"), min_value=0, max_value=100, format="%d", width=90),
    }
    if me.can(Permission.CUSTOMER_WRITE):
        columns["confirm"] = st.column_config.ButtonColumn(
            _("Confirm"), type="tertiary", key="quality.confirm", on_click=_noted, width=90
        )
    data = [_cells(row) for row in rows]
    st.dataframe(data, column_config=columns, column_order=list(columns), hide_index=True, key="quality.campaign")
    pressed = st.session_state.get("quality.confirm")
    if pressed and pressed["row"] < len(rows):
        row = rows[pressed["row"]]
        feedback.attempt(service.quality.confirm, me, row.id)
        if feedback.succeeded():
            feedback.flash(_("{name}: confirmed.", name=row.name), kind="success")
            st.rerun()


def _cells(row: ToConfirm) -> dict[str, Any]:
    return {
        "link": f"/customer?id={row.id}",
        "name": row.name,
        "grade": row.grade.value,
        "phone": row.phone,
        "region": row.region,
        "owner": row.owner or _("Public pool"),
        "since": format_relative(clock.local(row.since).date(), clock.today()),
        "score": row.score,
        "confirm": _("Confirm"),
    }


def _noted() -> None:
    """A button column rings only when it has a callback; the page reads the click."""
