"""`insights NAME`: the analyses as data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import typer

from cim.cli import output
from cim.errors import Invalid
from cim.i18n import _, format_number, format_percent


class Name(StrEnum):
    """What can be asked for."""

    KPIS = "kpis"
    QUALITY = "quality"


AsOf = Annotated[
    str, typer.Option("--asof", metavar="DATE", help="The day to count for, as 2026-11-21; default today.")
]


def register(above: typer.Typer) -> None:
    """Add the command to the command line."""
    above.command("insights")(insights)


def insights(
    name: Annotated[Name, typer.Argument(help="Which analysis.")],
    user: output.As,
    asof: AsOf = "",
    as_json: output.Json = False,
) -> None:
    """An analysis over the customers in this user's reach."""
    from cim.service import insights as service

    day = _day(asof)
    analyses: dict[Name, tuple[Callable[..., Any], Callable[[Any], list[str]]]] = {
        Name.KPIS: (service.kpis, lambda found: [_line(kpi) for kpi in found]),
        Name.QUALITY: (service.quality, _quality),
    }
    analysis, lines = analyses[name]
    found = analysis(output.acting(user), asof=day)
    output.show(found, as_json, lambda: lines(found))


def _quality(found: dict[str, Any]) -> list[str]:
    if found["score"] is None:
        return [_("Nothing to count.")]
    lines = [_("Data quality: {score} of 100", score=found["score"])]
    lines += [f"  {name or _('Public pool')}  {score}" for name, score in found["by_owner"].items()]
    return lines + [
        f"  +{fix['points']}  {fix['code']}  {fix['name']}  {fix['reason']}: {fix['fix']}" for fix in found["worst"]
    ]


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError as error:
        raise Invalid("asof", "{typed} is no date: write it as 2026-11-21.", typed=typed) from error


def _line(kpi: dict[str, Any]) -> str:
    before = "" if kpi["previous"] is None else _("before: {number}", number=format_number(kpi["previous"]))
    change = "" if kpi["change"] is None else format_percent(kpi["change"])
    return "  ".join(part for part in (kpi["label"], format_number(kpi["value"]), before, change) if part)
