"""Analyses by name, as data for other programs: the numbers that the pages show, in the words of the contract."""

from __future__ import annotations

from datetime import date
from typing import Any

from cim.i18n import _, format_date
from cim.permissions import Permission
from cim.service import kpis as numbers
from cim.work import Work, query


@query(Permission.DASHBOARD_READ)
def kpis(work: Work, *, asof: date | None = None) -> list[dict[str, Any]]:
    """The dashboard's numbers: key, label, value, previous, change (a fraction or None), unit, definition; and the line
    of twelve values, the direction that is better, and the filter behind the number. See cim/service/kpis.py."""
    return [
        {
            "key": kpi.key,
            "label": _(kpi.label),
            "value": kpi.value,
            "previous": kpi.previous,
            "change": kpi.change,
            "unit": _(kpi.unit),
            "definition": _(kpi.definition, **{name: _shown(value) for name, value in kpi.params.items()}),
            "direction": kpi.direction.value,
            "spark": kpi.spark,
            "filter": kpi.filter.model_dump(mode="json", exclude_defaults=True) if kpi.filter else None,
            "follow_ups": kpi.follow_ups.model_dump(mode="json") if kpi.follow_ups else None,
        }
        for kpi in numbers.current(work, today=asof)
    ]


def _shown(value: Any) -> str:
    return format_date(value) if isinstance(value, date) else str(value)
