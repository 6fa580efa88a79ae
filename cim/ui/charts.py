"""Plotly figures as plain dicts, and the small store that keeps them until the data changes. No figure is built twice."""

from __future__ import annotations

import html
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, TypeVar

import streamlit as st

from cim.config import settings

R = TypeVar("R")
Figure = dict[str, Any]

KEPT = 200
CONFIG = {"displaylogo": False, "displayModeBar": False, "scrollZoom": False}
COLOR = "#1f7a8c"
"""The first chart colour of the theme, which has contrast enough on both backgrounds."""
COLORS = [COLOR, "#c8691c", "#4f5fb5", "#4d8a3d", "#a8518a", "#9a7b1f", "#5b7083", "#b5484a"]
SCALES = {False: [[0, "#e6f2f3"], [1, "#0d535f"]], True: [[0, "#17343b"], [1, "#2f8390"]]}
"""Few to many on a light and on a dark page. Opaque, or the text in the cells cannot choose its colour."""
_kept: OrderedDict[Hashable, Any] = OrderedDict()
_lock = Lock()


def kept(key: Hashable, build: Callable[[], R]) -> R:
    """What `build` returned for this key the last time; the 200 last used are kept, for all visitors of this process.

    The key must name whoever sees it (actor id), the state of the data (service.kpis.data_version), the day and the
    language. Counts and figures only: never a customer.
    """
    key = (settings().database_url, key)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]  # type: ignore[no-any-return]
    made = build()
    if made is None:  # a refusal: the next visitor asks again
        return made
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


def label(text: str, longest: int = 24) -> str:
    """A text as Plotly shows it: its few HTML tags are not obeyed, and what is too long is cut."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return html.escape(cut, quote=False)


def bars(names: Sequence[str], values: Sequence[int]) -> Figure:
    """Horizontal bars, first one on top. Two bars of the same name stay apart."""
    places = list(range(len(names)))
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": places,
        "x": list(values),
        "text": [f"{value:,}" for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": COLOR},
        # both text colours must be given: without them plotly 7.1 fails on the press, and nothing is selected
        "selected": {"textfont": {"color": COLOR}},
        "unselected": {"marker": {"opacity": 0.45}, "textfont": {"color": "#84939b"}},
        "customdata": [label(name, 80) for name in names],
        "hovertemplate": "%{customdata}: %{x:,}<extra></extra>",
    }
    axis = {"tickmode": "array", "tickvals": places, "ticktext": [label(n, 14) for n in names], "autorange": "reversed"}
    layout = {
        "height": 70 + 30 * len(names),
        "margin": {"l": 8, "r": 56, "t": 8, "b": 24},
        "bargap": 0.3,
        "yaxis": {**axis, "automargin": True, "fixedrange": True},
        "xaxis": {"rangemode": "tozero", "fixedrange": True, "nticks": 5},
        "dragmode": False,
        "clickmode": "event+select",
        "showlegend": False,
    }
    return {"data": [trace], "layout": layout}


def line(days: Sequence[str], values: Sequence[float], *, most: float | None = None, span: float = 1) -> Figure:
    """A line over days (ISO dates), a point each. `most` is the highest value there can be; less than `span` between the
    lowest and the highest is not magnified to fill the figure."""
    trace = {
        "type": "scatter",
        "mode": "lines+markers" if len(days) < 40 else "lines",
        "x": list(days),
        "y": list(values),
        "line": {"color": COLOR, "width": 2},
        "cliponaxis": False,  # a point at `most` stands on the edge
        "hovertemplate": "%{x}: %{y:,}<extra></extra>",
    }
    bottom, top = min(values, default=0), max(values, default=1)
    margin = (max(span, top - bottom) * 1.25 - (top - bottom)) / 2
    low, high = bottom - margin, top + margin
    layout = {
        "height": 280,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 24},
        "xaxis": {"type": "date", "fixedrange": True, "nticks": 6, "tickformat": "%m-%d", "showgrid": False},
        "yaxis": {"automargin": True, "fixedrange": True, "nticks": 5, "range": [max(0, low), min(most or high, high)]},
        "dragmode": False,
        "showlegend": False,
    }
    return {"data": [trace], "layout": layout}


def dark() -> bool:
    """Whether this visitor looks at the dark theme."""
    return st.context.theme.type == "dark"


def heat(down: Sequence[str], across: Sequence[str], table: Sequence[Sequence[int]], *, night: bool = False) -> Figure:
    """A table of counts as colours, with the count in each cell. No colour where there is nothing."""
    trace = {
        "type": "heatmap",
        "z": [[cell or None for cell in line] for line in table],
        "x": list(range(len(across))),
        "y": list(range(len(down))),
        "text": [[f"{cell:,}" if cell else "" for cell in line] for line in table],
        "customdata": [[[label(d, 80), label(a, 80)] for a in across] for d in down],
        "texttemplate": "%{text}",
        "hovertemplate": "%{customdata[0]} · %{customdata[1]}: %{z:,}<extra></extra>",
        "colorscale": SCALES[night],
        "hoverongaps": False,
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
    }
    layout = {
        "height": 110 + 34 * len(down),
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "yaxis": {**_named(down), "autorange": "reversed"},
        "xaxis": {**_named(across), "side": "top"},
        "dragmode": False,
    }
    return {"data": [trace], "layout": layout}


def tiles(cells: Sequence[tuple[str, str, int]]) -> Figure:
    """A treemap of (group, part, count); a part "" makes the group a tile of its own."""
    groups: dict[str, int] = {}
    for group, _part, count in cells:
        groups[group] = groups.get(group, 0) + count
    parts = [(group, part, count) for group, part, count in cells if part]
    order = {group: str(place) for place, group in enumerate(groups)}
    trace = {
        "type": "treemap",
        "ids": [*order.values(), *(f"{order[group]}/{place}" for place, (group, _p, _c) in enumerate(parts))],
        "labels": [*(label(group, 40) for group in groups), *(label(part, 40) for _g, part, _c in parts)],
        "parents": [*("" for _group in groups), *(order[group] for group, _p, _c in parts)],
        "values": [*groups.values(), *(count for _g, _p, count in parts)],
        "branchvalues": "total",
        "textinfo": "label+value",
        "hovertemplate": "%{label}: %{value:,}<extra></extra>",
        "tiling": {"pad": 2},
        "pathbar": {"visible": False},
    }
    return {
        "data": [trace],
        "layout": {"height": 420, "margin": {"l": 4, "r": 4, "t": 4, "b": 4}, "treemapcolorway": COLORS},
    }


def show(figure: Figure, *, alt: str, key: str, selectable: bool = False) -> int | None:
    """Draw a figure in the colours of the theme in force; the place of the bar that was pressed, or None."""
    if not selectable:
        st.plotly_chart(figure, alt=alt, key=key, config=CONFIG)
        return None
    pressed = st.plotly_chart(figure, alt=alt, key=key, config=CONFIG, on_select="rerun", selection_mode="points")
    points = pressed["selection"]["points"]
    return int(points[0]["point_index"]) if points else None


def _named(names: Sequence[str]) -> dict[str, Any]:
    ticks = {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": [label(name, 12) for name in names]}
    return {**ticks, "automargin": True, "fixedrange": True, "showgrid": False, "zeroline": False}
