"""`demo`."""

from __future__ import annotations

from typing import Annotated
from unicodedata import east_asian_width

import typer

from cim.cli import output, system
from cim.config import settings
from cim.i18n import N_, _

LOADED = N_("The demo company: {customers} customers, {contacts} contacts, {activities} follow-ups, {tasks} tasks.")


def register(above: typer.Typer) -> None:
    """Add the command to the command line."""
    above.command("demo")(load)


def load(
    force: Annotated[
        bool, typer.Option(help="Add it beside existing data; accounts of the same names stay as they are.")
    ] = False,
    as_json: output.Json = False,
) -> None:
    """Load the demo company: 6 accounts, 2,000 customers and two years of follow-ups, the same every time."""
    from cim import demo
    from cim.service import worklist

    system.prepare()
    marked = demo.mark()
    try:
        loaded = demo.load(output.OPERATOR, force=force, progress=_progress)
    except BaseException:
        if marked:
            demo.unmark()
        raise
    worklist.refresh(output.OPERATOR)
    accounts = [{"username": e.username, "password": demo.PASSWORD, "role": e.role} for e in loaded.accounts]
    numbers = {name: getattr(loaded, name) for name in ("customers", "contacts", "activities", "tasks")}
    url = f"http://{settings().host}:{settings().port}"
    sold = {name: getattr(loaded, name) for name in ("orders", "opportunities", "tickets")}
    result = {"accounts": accounts, **numbers, **sold, "duplicate_pairs": loaded.pairs, "url": url}
    output.show(result, as_json, lambda: [_(LOADED, **numbers), "", *_table(accounts), "", _next_step(url)])


def _progress(done: int, total: int) -> None:
    output.say(_("{done} of {total} customers", done=done, total=total))


def _table(accounts: list[dict[str, str]]) -> list[str]:
    """The accounts, one a line, in columns."""
    lines = [(_("User name"), _("Role"), _("Password")), *((a["username"], a["role"], a["password"]) for a in accounts)]
    return [_wide(name, 12) + _wide(role, 12) + password for name, role, password in lines]


def _wide(text: str, columns: int) -> str:
    """The text filled up to so many columns; a Chinese character takes two."""
    return text + " " * (columns - sum(1 + (east_asian_width(letter) in "WF") for letter in text))


def _next_step(url: str) -> str:
    return _("Start it with `python -m cim serve` and open {url}. It is offered on this machine only.", url=url)
