"""Segments as bars, tiles, a heat map and a table; pressing a bar or a row opens exactly those customers."""

from __future__ import annotations

import streamlit as st

from cim import clock, service
from cim.i18n import _, format_number, language
from cim.models.listing import CustomerFilter
from cim.models.segment import Dimension, SegmentRowView, SegmentView
from cim.service.kpis import data_version
from cim.tabular.writing import write_csv
from cim.ui import charts, feedback, links
from cim.ui.panels import segment_names
from cim.ui.panels.segment_names import name
from cim.ui.text import safe
from cim.work import Actor

SHOWN = 20
"""Bars, and rows and columns of a heat map, at most; the table below holds all."""
WIDE = 12


def choose(me: Actor) -> tuple[str, str | None, str]:
    """Draw the choice of dimensions; return them with the region that is opened. All of it is in the URL."""
    names = segment_names.dimensions(me)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        _from_url("by", names, Dimension.REGION.value)
        by = st.segmented_control(
            _("Count by"),
            list(names),
            format_func=names.__getitem__,
            key="segments.by",
            required=True,
            wrap=True,
            on_change=_to_url,
            args=("by",),
        )
        others = [code for code in names if code != by]
        _from_url("and", others, None)
        second = st.selectbox(
            _("and by"),
            others,
            format_func=names.__getitem__,
            index=None,
            placeholder=_("nothing else"),
            key="segments.and",
            on_change=_to_url,
            args=("and",),
            width=200,
        )
    return by or Dimension.REGION.value, second or None, st.query_params.get("region", "")


def counted(me: Actor, by: str, second: str | None, region: str) -> tuple[SegmentView, str] | None:
    """The counts, from the store where the data has not changed since, and a name for this state of them."""
    version = feedback.attempt(data_version, me)
    if version is None:
        return None
    key = ("segments", me.user_id, version, clock.today(), language(), by, second, region)
    narrowed = CustomerFilter(region=region)
    found = charts.kept(key, lambda: feedback.attempt(service.segments.count, me, by, second=second, narrowed=narrowed))
    return (found, "-".join(str(part or "") for part in key[1:])) if found else None


def breadcrumb(view: SegmentView) -> None:
    """Where in the tree of regions the count stands, each step a way back."""
    if not view.path:
        return
    steps = [("", _("All regions")), *view.path]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for place, (code, label) in enumerate(steps):
            if place:
                st.markdown(":gray[/]", width="content")
            if place == len(steps) - 1:
                st.markdown(f"**{safe(label)}**", width="content")
            else:
                st.button(safe(label), key=f"segments.to.{code}", type="tertiary", on_click=_open_region, args=(code,))


def chart(view: SegmentView, state: str) -> SegmentRowView | None:
    """Draw the counts as bars, or as a heat map and tiles; the row that was pressed, if any."""
    alt = _("{total} customers by {what}", total=format_number(view.total), what=_what(view))
    if view.second is None:
        shown = view.rows[:SHOWN]
        figure = charts.kept(("bars", state), lambda: charts.bars([r.label for r in shown], [r.count for r in shown]))
        place = charts.show(figure, alt=alt, key=f"segments.bars.{state}", selectable=True)
        if (rest := len(view.rows) - SHOWN) > 0:
            st.caption(_("{count} smaller groups are in the table.", count=rest))
        return shown[place] if place is not None and place < len(shown) else None
    kinds = {"heat": _("Heat map"), "tiles": _("Tiles")}
    kind = st.segmented_control(
        _("Chart"), list(kinds), format_func=kinds.__getitem__, default="heat", required=True, key="segments.kind"
    )
    if kind == "tiles":
        cells = [(row.label, row.second_label, row.count) for row in view.rows]
        charts.show(charts.kept(("tiles", state), lambda: charts.tiles(cells)), alt=alt, key=f"segments.tiles.{state}")
        return None
    figure = charts.kept(("heat", state, charts.dark()), lambda: _heat(view))
    charts.show(figure, alt=alt, key=f"segments.heat.{state}")
    return None


def table(view: SegmentView, state: str) -> SegmentRowView | None:
    """Draw every group with its count and share, and the same as CSV; the row that was pressed, if any."""
    lines = [_line(view, row) for row in view.rows]
    pressed = st.dataframe(
        lines,
        column_config={
            _("Customers"): st.column_config.NumberColumn(format="localized"),
            _("Share"): st.column_config.NumberColumn(format="percent"),
        },
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"segments.table.{state}",
        alt=_("Table of the counts"),
    )
    csv = write_csv(list(lines[0]), [[str(cell) for cell in line.values()] for line in lines])
    file = f"segments-{view.dimension}{f'-{view.second}' if view.second else ''}.csv"
    st.download_button(
        _("Counts as CSV"), csv, file, "text/csv", icon=":material/download:", on_click="ignore", key="segments.csv"
    )
    chosen = pressed["selection"]["rows"]
    return view.rows[chosen[0]] if chosen and chosen[0] < len(view.rows) else None


def opener(view: SegmentView, row: SegmentRowView | None) -> None:
    """What can be done with the group that was pressed: open its customers, look below its region."""
    if row is None:
        st.caption(_("Press a bar or a row of the table to open those customers."))
        return
    both = " · ".join(safe(label) for label in (row.label, row.second_label) if label)
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="segments.chosen"):
        st.markdown(f"**{both}**: {format_number(row.count)}", width="content")
        if row.filter is not None:
            label = _("Open these {count} customers", count=format_number(row.count))
            query = links.customers(row.filter)
            st.page_link(links.SEARCH, label=label, icon=":material/arrow_forward:", query_params=query)
        if row.deeper and view.dimension == Dimension.REGION:
            st.button(
                _("Look inside {region}", region=safe(row.label)),
                key="segments.deeper",
                icon=":material/zoom_in:",
                on_click=_open_region,
                args=(row.value,),
            )


def _heat(view: SegmentView) -> charts.Figure:
    down = list(dict.fromkeys((row.value, row.label) for row in view.rows))[:SHOWN]
    across = list(dict.fromkeys((row.second, row.second_label) for row in view.rows))[:WIDE]
    counts = {(row.value, row.second): row.count for row in view.rows}
    cells = [[counts.get((d, a), 0) for a, _label in across] for d, _label in down]
    return charts.heat(
        [label for _value, label in down], [label for _value, label in across], cells, night=charts.dark()
    )


def _line(view: SegmentView, row: SegmentRowView) -> dict[str, str | int | float]:
    line: dict[str, str | int | float] = {name(view.dimension, view.labels): row.label}
    if view.second is not None:
        line[name(view.second, view.labels)] = row.second_label
    return {**line, _("Customers"): row.count, _("Share"): round(row.count / view.total, 4)}


def _what(view: SegmentView) -> str:
    return " × ".join(name(dimension, view.labels) for dimension in (view.dimension, view.second) if dimension)


def _open_region(code: str) -> None:
    if code:
        st.query_params["region"] = code
    else:
        st.query_params.pop("region", None)


def _from_url(parameter: str, options: object, otherwise: str | None) -> None:
    """The URL decides, so that a link and the way back show what they say."""
    asked = st.query_params.get(parameter)
    st.session_state[f"segments.{parameter}"] = asked if asked in options else otherwise  # type: ignore[operator]


def _to_url(parameter: str) -> None:
    value = st.session_state.get(f"segments.{parameter}")
    if value:
        st.query_params[parameter] = str(value)
    else:
        st.query_params.pop(parameter, None)
