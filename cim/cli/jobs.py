"""`jobs list` and `jobs run`: scheduled work."""

from __future__ import annotations

from typing import Annotated

import typer

from cim.cli import output
from cim.errors import Conflict
from cim.i18n import _, format_datetime
from cim.models.chore import ChoreView
from cim.models.job import JobStatus

app = typer.Typer(help="Scheduled work.", no_args_is_help=True)


def register(above: typer.Typer) -> None:
    """Add the group to the command line."""
    above.add_typer(app, name="jobs")


@app.command("list")
def everything(as_json: output.Json = False) -> None:
    """What is scheduled, and how the last run ended."""
    from cim.service import chores

    found = chores.everything(output.OPERATOR)
    output.show(found, as_json, lambda: [_line(view) for view in found])


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Which one, due or not; without a name all that are due.")] = "",
    as_json: output.Json = False,
) -> None:
    """Run scheduled work now, one turn."""
    from cim.service import chores

    done = [chores.run(output.OPERATOR, name)] if name else chores.run_due(output.OPERATOR)
    output.show(done, as_json, lambda: [_line(view) for view in done] or [_("Nothing is due.")])
    if failed := next((view for view in done if view.status is JobStatus.FAILED), None):
        raise Conflict("{name} failed: {problem}", name=failed.name, problem=failed.problem)


def _line(view: ChoreView) -> str:
    status = _("due") if view.due and view.status is None else str(view.status or "")
    when = format_datetime(view.started_at) if view.started_at else "-"
    result = " ".join(f"{key}={value}" for key, value in view.result.items())
    return "  ".join(part for part in (view.name, when, status, result, view.problem) if part)
