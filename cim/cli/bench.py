"""`bench`."""

from __future__ import annotations

from typing import Annotated

import typer

from cim.cli import output


def register(above: typer.Typer) -> None:
    """Add the command to the command line."""
    above.command()(bench)


def bench(
    customers: Annotated[int, typer.Option(min=1000, help="Size of the base that is measured.")] = 20_000,
    only: Annotated[str, typer.Option(help="One part: pages, search, numbers, writing or import.")] = "",
    as_json: output.Json = False,
) -> int:
    """Measure the app beside baselines of the same run; touches no data of yours. Exits with 1 when a goal was missed."""
    from bench import run

    lines = run.measure(customers, say=output.say, only=only)
    output.show(run.report(lines, customers), as_json, lambda: run.text(lines, customers))
    return int(not all(line.ok for line in lines))
