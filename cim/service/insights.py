"""Analyses by name, as data for other programs: the numbers that the pages show, in the words of the contract."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from cim import clock
from cim.i18n import _, format_date
from cim.permissions import Permission
from cim.service import kpis as numbers
from cim.service import quality as data_quality
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


@query(Permission.DASHBOARD_READ)
def quality(work: Work, *, asof: date | None = None) -> dict[str, Any]:
    """The mean data quality (None without customers), by owner ("" is the public pool), and the repairs worth most: code,
    what is wrong, how to repair it, the points it brings. Counted for today: an earlier day (`asof`) has only its mean.
    See cim/service/quality.py."""
    base, past = data_quality.overview(work), asof is not None and asof < clock.today()
    course = data_quality.trend(work, days=(clock.today() - asof).days) if asof and past else []
    groups = data_quality.by_owner(work)
    named = Counter(group.name for group in groups)
    return {
        "score": next((point.score for point in course if point.day == asof), None) if past else base.score,
        "customers": base.customers,
        "parts": base.parts,
        "by_owner": {
            group.name if named[group.name] == 1 else f"{group.name} ({group.id})": group.score for group in groups
        },
        "worst": [
            {
                "code": fix.code,
                "name": fix.name,
                "owner": fix.owner,
                "score": fix.score,
                "field": fix.field,
                "reason": _(fix.text, **fix.params),
                "fix": _(fix.fix),
                "points": fix.points,
                "worth": fix.worth,
            }
            for fix in data_quality.worst(work)
        ],
    }


def _shown(value: Any) -> str:
    return format_date(value) if isinstance(value, date) else str(value)
