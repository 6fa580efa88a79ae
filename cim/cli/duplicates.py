"""`duplicates scan`: possible duplicates over the whole base."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cim.cli import output
from cim.i18n import _

User = Annotated[str, typer.Option("--as", metavar="USER", help="In whose name; without it the system looks.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look: put nothing up for review.")]


def register(above: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(help="Possible duplicates.", no_args_is_help=True)
    group.command("scan")(scan)
    above.add_typer(group, name="duplicates")


def scan(user: User = "", dry_run: DryRun = False, as_json: output.Json = False) -> None:
    """Compare all customers with each other, put new pairs up for review, and list the pairs, best first."""
    from cim.service import duplicates

    actor = output.acting(user) if user else output.OPERATOR
    report = duplicates.scan(actor, progress=_tell, store=not dry_run)
    found: list[dict[str, Any]] = [
        {
            "a": pair.a,
            "b": pair.b,
            "score": pair.score,
            "reasons": [f"{_(msgid, **params)}: {points:+d}" for msgid, params, points in pair.reasons],
        }
        for pair in report.pairs
    ]
    count = {"customers": report.customers, "candidates": report.candidates, "found": report.found}
    output.say(_("Compared {candidates} pairs of {customers} customers: {found} possible duplicates", **count))
    output.say(_("{new} are new, {dismissed} were judged before", new=report.new, dismissed=report.dismissed))
    lines = [f"{one['a']}  {one['b']}  {one['score']}  {'; '.join(one['reasons'])}" for one in found]
    output.show(found, as_json, lambda: lines)


def _tell(done: int, every: int) -> None:
    if done:
        output.say(_("{done} of {count}", done=done, count=every))
