"""`audit verify` and `audit list`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from cim.cli import output
from cim.config import settings
from cim.i18n import _, format_number
from cim.labels import ACTIONS
from cim.models.audit import AuditView, ChainReport, Result

app = typer.Typer(help="The audit log.", no_args_is_help=True)
Limit = Annotated[int, typer.Option(min=1, max=1000, help="Most entries to list.")]


def register(above: typer.Typer) -> None:
    """Add the group to the command line."""
    above.add_typer(app, name="audit")


@app.command()
def verify(
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Also compare every row with its newest entry.")
    ] = False,
    as_json: output.Json = False,
) -> None:
    """Whether the log is whole and unaltered. Exits 1, naming the place, when it is not."""
    from cim.service import audit

    report = audit.verify(output.OPERATOR, reconcile=reconcile)
    output.show(report, as_json, lambda: _said(report))
    for name in report.drifted[:20]:
        output.say(_("Changed outside CIM: {name}", name=name))
    if report.broken_at is not None:
        output.say(_("Entry {seq}: {problem}", seq=report.broken_at, problem=report.problem))
    elif report.problem:
        output.say(report.problem)
    if not report.ok:
        raise typer.Exit(1)


@app.command("list")
def entries(user: output.As, where: output.Where = "", limit: Limit = 50, as_json: output.Json = False) -> None:
    """Entries, newest first, personal values masked."""
    from cim.service import audit

    asked = output.filters(where, FILTERS)
    found = audit.entries(output.acting(user), **{"limit": limit, **asked})
    output.show(found, as_json, lambda: [_line(view) for view in found])


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=settings().zone)


FILTERS: dict[str, Any] = {
    **dict.fromkeys(("who", "action", "object_type", "object_id", "ip"), str),
    **dict.fromkeys(("since", "until"), _moment),
    **dict.fromkeys(("after_seq", "limit"), int),
    "result": Result,
}


def _said(report: ChainReport) -> str:
    if report.ok:
        count = format_number(report.entries)
        return _("The log is whole: {count} entries, head {head}", count=count, head=report.head[:12])
    return _("The log is NOT intact. Head {head}", head=report.head[:12])


def _line(view: AuditView) -> str:
    what = f"{view.object_type} {view.object_id}".strip()
    action = _(ACTIONS.get(view.action, view.action))
    return "  ".join(
        (str(view.seq), view.at.isoformat(timespec="seconds"), view.actor, action, what, ",".join(view.fields))
    )
