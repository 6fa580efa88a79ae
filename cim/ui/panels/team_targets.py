"""Plan against done: what each person is to reach in a month, and what was reached; who leads sets the plan here."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from cim import clock, service
from cim.analytics import periods
from cim.i18n import _, format_month, format_percent
from cim.models.team_view import Attainment, Metric, TargetDraft
from cim.permissions import Permission
from cim.ui import feedback, gate
from cim.ui.panels.team_growth import figure, metric_name
from cim.ui.text import safe
from cim.work import Actor

MONTHS = 6


def show(me: Actor) -> None:
    """The month, a table per metric of what was planned and reached, and the grid to plan with."""
    today = clock.today()
    months = [
        periods.within("next_month", today).first,
        *(span.first for span in reversed(periods.months(today, MONTHS))),
    ]
    codes = {month.isoformat(): month for month in months}
    chosen = st.selectbox(
        _("Month"),
        list(codes),
        format_func=lambda code: format_month(codes[code]),
        index=1,
        key="team.month",
        width=220,
    )
    month = codes[chosen]
    rows = feedback.attempt(service.targets.attainment, me, month)
    if rows is None:
        return
    by_person: dict[str, list[Attainment]] = defaultdict(list)
    for row in rows:
        by_person[row.name].append(row)
    if not by_person:
        st.info(_("Nobody of sales is in your team yet."))
        return
    st.table([_cells(name, theirs) for name, theirs in by_person.items()], border="horizontal", hide_index=True)
    if me.can(Permission.TARGET_MANAGE):
        with st.expander(_("Set targets"), icon=":material/flag:"):
            _plan(rows, month)


def _cells(name: str, rows: list[Attainment]) -> dict[str, str]:
    return {_("Colleague"): safe(name)} | {metric_name(row.metric): _cell(row) for row in rows}


def _cell(row: Attainment) -> str:
    done = safe(figure(row.metric, row.done))
    if row.target is None or row.rate is None:
        return f":gray[{done}]"
    color = "green" if row.rate >= 1 else "orange" if row.rate >= 0.5 else "red"
    return f"{done} / {safe(figure(row.metric, row.target))} :{color}-badge[{format_percent(row.rate, 0)}]"


def _plan(rows: list[Attainment], month: date) -> None:
    people = {row.user_id: row.name for row in rows}
    held = {(row.user_id, row.metric): row.target for row in rows}
    grid = [
        {"name": name, **{m.value: float(held[user_id, m] or 0) for m in Metric}} for user_id, name in people.items()
    ]
    config: dict[str, Any] = {"name": st.column_config.TextColumn(_("Colleague"), disabled=True, pinned=True)}
    for metric in Metric:
        step = 0.01 if metric is Metric.SALES else 1
        config[metric.value] = st.column_config.NumberColumn(metric_name(metric), min_value=0, step=step)
    key = f"team.targets.{month.isoformat()}"
    edited = st.data_editor(grid, column_config=config, hide_index=True, key=key)
    values = [
        (user_id, metric.value, str(line.get(metric.value) or 0))
        for user_id, line in zip(people, edited, strict=True)
        for metric in Metric
    ]
    st.button(_("Save targets"), type="primary", key="team.targets.save", on_click=_save, args=(month, values, key))


@gate.guarded(Permission.TARGET_MANAGE)
def _save(me: Actor, month: date, values: list[tuple[int, str, str]], key: str) -> None:
    drafts = [TargetDraft(user_id=i, metric=Metric(metric), value=Decimal(value)) for i, metric, value in values]
    changed = feedback.attempt(service.targets.set_many, me, month, drafts)
    if changed is not None:
        st.session_state.pop(key, None)
        feedback.toast(_("{count} targets set.", count=changed) if changed else _("Nothing was different."))
