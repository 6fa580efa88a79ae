"""The board of the pipeline: a column per stage with its sums and largest opportunities, each moved by one press."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.i18n import _, format_date, format_number
from cim.models.opportunity import StageKind, StageView
from cim.models.opportunity_view import Board, Column, OpportunityCard, PipelineFilter
from cim.service import currency
from cim.ui import client, feedback
from cim.ui.panels import opportunity_move, opportunity_words, pipeline_filters
from cim.ui.text import safe
from cim.work import Actor

SHOWN = 8
"""Cards of a column while all stages are shown: one stage shows all it has."""
COLUMN, CARD = 215, 260
"""Pixels that a column and a card need at least."""


def show(me: Actor, asked: PipelineFilter) -> None:
    """Draw the board of what the filters ask for; on a phone one stage at a time."""
    everything = asked.model_copy(update={"stage_id": None})
    board = feedback.attempt(service.pipeline.board, me, everything)
    if board is None:
        return
    stages = feedback.attempt(service.stages.everything, me) or []
    opportunity_move.waiting(me)
    _sums(board)
    if not board.count:
        st.info(_("No open opportunity here. Add one from the page of a customer."), icon=":material/filter_alt:")
        return
    chosen = _stage(board, pipeline_filters.stage())
    if chosen is None:
        with st.grid(len(board.columns), min_column_width=COLUMN, gap="small", key="pipeline.board"):
            for column in board.columns:
                with st.container(gap="small", key=f"pipeline.column.{column.stage.id}"):
                    _column(column, stages)
        return
    column = next(column for column in board.columns if column.stage.id == chosen)
    st.caption(_figures(column))
    with st.grid(4, min_column_width=CARD, gap="small", key="pipeline.cards"):
        for card in column.cards:
            _card(card, stages)
    if column.count > len(column.cards):
        st.caption(_("The {count} largest of {total}.", count=len(column.cards), total=format_number(column.count)))


def _sums(board: Board) -> None:
    amount = opportunity_words.money(board.amount, board.currency)
    weighted = opportunity_words.money(board.weighted, board.currency)
    count = format_number(board.count)
    st.markdown(
        _("**{count}** open · **{amount}** · weighted **{weighted}**", count=count, amount=amount, weighted=weighted)
    )


def _stage(board: Board, asked: int | None) -> int | None:
    """The pills above the columns; the stage that is shown alone. A phone begins with the first one that has any."""
    ids = {column.stage.id: column for column in board.columns}
    key = "pipeline.stage"
    if key not in st.session_state:
        narrow = client.on_phone()
        first = next((i for i, column in ids.items() if column.count), None)
        st.session_state[key] = asked if asked in ids else first if narrow else None
    elif st.session_state[key] not in (None, *ids):
        st.session_state[key] = None
    return st.pills(
        _("Stage"),
        list(ids),
        format_func=lambda i: f"{safe(ids[i].stage.name)} ({format_number(ids[i].count)})",
        key=key,
        on_change=_chosen,
        label_visibility="collapsed",
        wrap=True,
    )


def _chosen() -> None:
    pipeline_filters.choose_stage(st.session_state.get("pipeline.stage"))


def _only(stage_id: int) -> None:
    st.session_state["pipeline.stage"] = stage_id
    _chosen()


def _column(column: Column, stages: list[StageView]) -> None:
    color = column.stage.color or "blue"
    st.markdown(
        f":{color}[**{safe(column.stage.name)}**] :gray[{format_number(column.count)}]  \n:gray[:small[{_figures(column)}]]"
    )
    for card in column.cards[:SHOWN]:
        _card(card, stages)
    if column.count > SHOWN:
        label = _("Show all {count}", count=format_number(column.count))
        act = {"on_click": _only, "args": (column.stage.id,), "type": "tertiary"}
        st.button(label, key=f"pipeline.more.{column.stage.id}", **act)  # type: ignore[arg-type]


def _figures(column: Column) -> str:
    money = opportunity_words.money
    base = currency.base()
    return _(
        "{amount}, weighted {weighted} ({chance}%)",
        amount=money(column.amount, base),
        weighted=money(column.weighted, base),
        chance=column.stage.probability,
    )


def _card(card: OpportunityCard, stages: list[StageView]) -> None:
    """Two elements: a text, and the menu of stages for who may move it."""
    close = f":material/event: {safe(format_date(card.expected_close))}" if card.expected_close else ""
    lines = [
        f"**{opportunity_words.linked(card)}**",
        f":small[{opportunity_words.customer(card)}]",
        f"**{opportunity_words.money(card.amount, card.currency)}** · {card.chance}%",
        f":small[:gray[{' · '.join(part for part in (close, safe(card.owner)) if part)}]]",
        *(f":small[:orange[:material/warning: {safe(warning)}]]" for warning in card.warnings),
    ]
    with st.container(border=True, gap="xsmall", key=f"pipeline.card.{card.id}"):
        st.markdown("  \n".join(line for line in lines if line))
        if card.may_edit:
            opportunity_move.menu(card, [s for s in stages if s.kind is not StageKind.OPEN or s.id != card.stage_id])
