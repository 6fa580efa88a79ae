"""`db upgrade` and `db check`."""

from __future__ import annotations

from typing import Annotated

import typer

from cim import backup, db, schema
from cim.cli import output
from cim.i18n import _

app = typer.Typer(help="The database's schema.", no_args_is_help=True)


def register(above: typer.Typer) -> None:
    """Add the group to the command line."""
    above.add_typer(app, name="db")


@app.command()
def upgrade(
    without_backup: Annotated[bool, typer.Option(help="Do not copy the database first.")] = False,
    as_json: output.Json = False,
) -> None:
    """Bring the database to the newest schema; it is backed up first."""
    db.wait_for_server()
    before = schema.current()
    kept = backup.upgrade_with_backup(without_backup=without_backup)
    if kept is not None:
        output.say(_("The previous database is kept in {path}", path=str(kept)))
    result = {"from": before, "to": schema.current(), "backup": kept}
    output.show(result, as_json, lambda: _("The schema is {revision}", revision=schema.current() or ""))


@app.command()
def check(as_json: output.Json = False) -> None:
    """Compare the schema with the program's, and look for damage. Exits 1 when something is wrong."""
    db.wait_for_server()
    current = schema.current()
    differences = schema.differences() if current == schema.newest() else []
    wrong = [*differences, *backup.integrity()]
    good = current == schema.newest() and not wrong
    result = {"ok": good, "revision": current, "newest": schema.newest(), "problems": wrong}
    output.show(result, as_json, lambda: wrong or [_("The schema is {revision}", revision=current or "-")])
    if current != schema.newest():
        output.say(_("The schema is not the newest. Run `python -m cim db upgrade`."))
    if not good:
        raise typer.Exit(1)
