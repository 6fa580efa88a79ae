"""`undo`: take an import or any other change back, as the app does."""

from __future__ import annotations

from typing import Annotated

import typer

from cim.cli import output
from cim.errors import Invalid
from cim.i18n import _
from cim.models.undo import Bucket, Undone

SHOWN = 20


def register(above: typer.Typer) -> None:
    """Add the command to the command line."""
    above.command("undo")(undo)


def undo(
    user: output.As,
    batch: Annotated[int | None, typer.Argument(metavar="BATCH", help="The number of an import.")] = None,
    change: Annotated[
        int | None, typer.Option("--change", metavar="N", help="The number of any change, instead of an import.")
    ] = None,
    as_json: output.Json = False,
) -> None:
    """Take an import back, or with --change any change. What somebody changed since is kept. Recorded."""
    from cim.service import undo as undoing

    if (batch is None) is (change is None):
        raise Invalid("batch", "Give the number of an import, or --change with the number of a change.")
    me = output.acting(user)
    result = undoing.batch(me, batch) if batch is not None else undoing.change_set(me, change or 0)
    told = {
        "undone": result.undone,
        "kept": result.kept,
        "failed": result.failed,
        "change_set": result.change_set,
        "details": [detail.model_dump() | {"reason": _(detail.msgid, **detail.params)} for detail in result.details],
    }
    output.show(told, as_json, lambda: _lines(result))
    if result.failed and not result.undone:
        raise typer.Exit(1)


def _lines(result: Undone) -> list[str]:
    lines = [
        _("Undone {undone}, kept {kept}, failed {failed}.", **result.model_dump(include={"undone", "kept", "failed"}))
    ]
    odd = [detail for detail in result.details if detail.bucket is not Bucket.UNDONE]
    lines += [f"{detail.name or detail.object_id}: {_(detail.msgid, **detail.params)}" for detail in odd[:SHOWN]]
    if len(odd) > SHOWN:
        lines.append(_("... and {count} more", count=len(odd) - SHOWN))
    return lines
