"""`backup create`, `backup verify`, `backup list` and `restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cim.cli import output
from cim.config import settings
from cim.i18n import N_, _, format_datetime, format_number

app = typer.Typer(help="Backups.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="The backup; its manifest lies beside it as FILE.json.")]

KEY_APART = N_("The key file {path} is NOT in the backup. Keep a copy of it elsewhere: without it nobody can read one.")


def register(above: typer.Typer) -> None:
    """Add the group and the command `restore` to the command line."""
    above.add_typer(app, name="backup")
    above.command("restore")(restore)


@app.command()
def create(
    to: Annotated[Path | None, typer.Option(help="Folder; default CIM_HOME/backups.")] = None,
    as_json: output.Json = False,
) -> None:
    """Copy the running database consistently, and check the copy."""
    from cim.service import backups

    path = backups.create(output.OPERATOR, to)
    output.say(_(KEY_APART, path=str(settings().keys / "kek.key")))
    output.show(backups.verify(output.OPERATOR, path), as_json, lambda: str(path))


@app.command()
def verify(file: File, as_json: output.Json = False) -> None:
    """Whether a backup is whole, ours, and consistent."""
    from cim.service import backups

    view = backups.verify(output.OPERATOR, file)
    rows, head = format_number(view.rows), view.head[:12]
    output.show(view, as_json, lambda: _("The backup is good: {rows} rows, audit head {head}", rows=rows, head=head))


@app.command("list")
def available(as_json: output.Json = False) -> None:
    """The backups in CIM_HOME/backups, newest first."""
    from cim.service import backups

    found = backups.available(output.OPERATOR)
    output.show(
        found, as_json, lambda: [f"{format_datetime(v.created_at)}  {v.kind}  {v.size}  {v.path}" for v in found]
    )


def restore(file: File, as_json: output.Json = False) -> None:
    """Replace the database by a backup. CIM must not run; the database before is kept."""
    from cim.service import backups

    report = backups.restore(output.OPERATOR, file)
    if report.kept is not None:
        output.say(_("The previous database is kept in {path}", path=str(report.kept)))
    output.say(_("Everybody is signed out."))
    output.show(report, as_json, lambda: _("Restored: {path}", path=str(file)))
